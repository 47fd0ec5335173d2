import { type ExternalRegistry, startRegistry } from '../harness/registry.js';
import { sharedKafka } from '../harness/shared-servers.js';
import { avroConsumerSuite } from './avro-consumer.suite.js';

avroConsumerSuite("a plain Avro consumer with the node's own registry", async () => {
  const { bootstrap } = await sharedKafka();
  return { bootstrap, cluster: 'acceptance-avro', registry: null };
});

describe('with Apicurio as the registry', () => {
  let registry: ExternalRegistry;

  afterAll(() => registry?.stop(), 60_000);

  avroConsumerSuite('a plain Avro consumer', async () => {
    const { bootstrap } = await sharedKafka();
    registry = await startRegistry();
    return { bootstrap, cluster: 'acceptance-avro-apicurio', registry: registry.url };
  });
});
