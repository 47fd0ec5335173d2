import { chinookSuite } from './chinook.suite.js';

chinookSuite('Chinook on the embedded log', () => Promise.resolve('embedded'));
