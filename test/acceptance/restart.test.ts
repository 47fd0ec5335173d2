import { restartSuite } from './restart.suite.js';

restartSuite('a node on the embedded log', () => Promise.resolve('embedded'), 4);
