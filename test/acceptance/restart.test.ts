import { restartSuite } from './restart.suite.js';

restartSuite('a node on the embedded log', () => Promise.resolve('embedded'), { rounds: 4, withPgbench: false });
