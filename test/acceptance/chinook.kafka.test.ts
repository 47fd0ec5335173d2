import { sharedKafka } from '../harness/shared-servers.js';
import { chinookSuite } from './chinook.suite.js';

chinookSuite('Chinook on Kafka', async () => `kafka://${(await sharedKafka()).bootstrap}/acceptance-chinook`);
