import { sharedKafka } from '../harness/shared-servers.js';
import { projectionsSuite } from './projections.suite.js';

projectionsSuite(
  'projections over Kafka',
  async () => `kafka://${(await sharedKafka()).bootstrap}/acceptance-projections`,
);
