import { sharedKafka } from '../harness/shared-servers.js';
import { eventLogSuite } from './event-log.suite.js';

eventLogSuite('polylog log on Kafka', async () => `kafka://${(await sharedKafka()).bootstrap}/acceptance-events`);
