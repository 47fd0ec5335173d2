import { EVERY_PROCESS, killInTurnSuite } from './kill-in-turn.suite.js';

const embedded = { log: 'embedded', outsiders: [], stop: () => Promise.resolve() };

killInTurnSuite('a node on the embedded log', () => Promise.resolve(embedded), EVERY_PROCESS);
