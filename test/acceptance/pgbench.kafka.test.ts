import { sharedKafka } from '../harness/shared-servers.js';
import { pgbenchSuite } from './pgbench.suite.js';

const log = async (): Promise<string> => `kafka://${(await sharedKafka()).bootstrap}/acceptance-pgbench`;

pgbenchSuite('pgbench on Kafka', log, { scale: 1, seconds: 2, clients: 8 });
