import { kafkaThatRestarts } from './kafka-that-restarts.js';
import { killInTurnSuite } from './kill-in-turn.suite.js';

killInTurnSuite('a node on Kafka', () => kafkaThatRestarts('faults-in-turn'), ['broker', 'engine']);
