import { sharedKafka } from '../harness/shared-servers.js';
import { restartSuite } from './restart.suite.js';

const LONG = { rounds: 50, withPgbench: true };
const onKafka = async (): Promise<string> => `kafka://${(await sharedKafka()).bootstrap}/acceptance-restart-long`;

restartSuite('a node on the embedded log', () => Promise.resolve('embedded'), LONG);
restartSuite('a node on Kafka', onKafka, LONG);
