import { sharedKafka } from '../harness/shared-servers.js';
import { restartSuite } from './restart.suite.js';

const ROUNDS = 50;
const onKafka = async (): Promise<string> => `kafka://${(await sharedKafka()).bootstrap}/acceptance-restart-long`;

restartSuite('a node on the embedded log', () => Promise.resolve('embedded'), ROUNDS);
restartSuite('a node on Kafka', onKafka, ROUNDS);
