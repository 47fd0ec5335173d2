import { kafkaThatRestarts } from './kafka-that-restarts.js';
import { EVERY_PROCESS, killInTurnSuite } from './kill-in-turn.suite.js';

const ROUNDS = 5;
const rounds = (names: readonly string[]): readonly string[] => Array.from({ length: ROUNDS }, () => names).flat();
const embedded = { log: 'embedded', outsiders: [], stop: () => Promise.resolve() };

killInTurnSuite('a node on the embedded log, for longer', () => Promise.resolve(embedded), rounds(EVERY_PROCESS));
killInTurnSuite(
  'a node on Kafka, for longer',
  () => kafkaThatRestarts('faults-in-turn-long'),
  rounds(['broker', ...EVERY_PROCESS]),
);
