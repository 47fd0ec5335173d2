import { sharedKafka } from '../harness/shared-servers.js';
import { restartSuite } from './restart.suite.js';

restartSuite('a node on Kafka', async () => `kafka://${(await sharedKafka()).bootstrap}/acceptance-restart`, {
  rounds: 4,
  withPgbench: false,
});
