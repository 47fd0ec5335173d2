import { pgbenchSuite } from './pgbench.suite.js';

pgbenchSuite('pgbench on the embedded log', () => Promise.resolve('embedded'), { scale: 1, seconds: 2, clients: 8 });
