import { sharedKafka } from '../harness/shared-servers.js';
import { pgbenchSuite } from './pgbench.suite.js';

const SIZE = { scale: 10, seconds: 10, clients: 32 } as const;
const onKafka = async (): Promise<string> => `kafka://${(await sharedKafka()).bootstrap}/acceptance-pgbench-long`;

pgbenchSuite('pgbench, scale 10, on the embedded log', () => Promise.resolve('embedded'), SIZE);
pgbenchSuite('pgbench, scale 10, on Kafka', onKafka, SIZE);
