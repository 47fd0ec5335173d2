import { sharedKafka } from '../harness/shared-servers.js';
import { historySuite } from './history.suite.js';

historySuite(
  'tables of the past, over Kafka',
  async () => `kafka://${(await sharedKafka()).bootstrap}/acceptance-history`,
);
