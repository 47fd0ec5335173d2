import { type Driver, type DriverMetadata, type DriverProducer, TOPIC_ALREADY_EXISTS } from './driver.js';
import type { KafkaConnection } from './settings.js';

const TIMEOUT_MS = 30_000;
/** After its creation a topic is not known to every broker at once. */
const KNOWN_AFTER_MS = 100;

/** Partitions of the log's topic, which is made first where it is missing. */
export async function ensureTopic(
  driver: Driver,
  connection: KafkaConnection,
  producer: DriverProducer,
  partitions: number,
): Promise<number> {
  const metadata = await metadataOf(producer, connection.topic);
  const found = partitionsIn(metadata, connection.topic);
  if (found > 0) return found;
  await createTopic(driver, connection, partitions, metadata.brokers.length);
  for (;;) {
    const made = partitionsIn(await metadataOf(producer, connection.topic), connection.topic);
    if (made > 0) return made;
    await new Promise((resolve) => setTimeout(resolve, KNOWN_AFTER_MS));
  }
}

function partitionsIn(metadata: DriverMetadata, topic: string): number {
  return metadata.topics.find(({ name }) => name === topic)?.partitions.length ?? 0;
}

function metadataOf(producer: DriverProducer, topic: string): Promise<DriverMetadata> {
  return new Promise((resolve, reject) => {
    producer.getMetadata({ topic, timeout: TIMEOUT_MS }, (error, metadata) =>
      error ? reject(error) : resolve(metadata),
    );
  });
}

/** History is the truth: nothing of it may ever be deleted by age or size. */
async function createTopic(
  driver: Driver,
  { base, topic, recordBytesMax }: KafkaConnection,
  partitions: number,
  brokers: number,
): Promise<void> {
  const replicas = brokers >= 3 ? 3 : 1;
  const admin = driver.AdminClient.create(base);
  try {
    await new Promise<void>((resolve, reject) => {
      const config = {
        'cleanup.policy': 'delete',
        'retention.ms': '-1',
        'retention.bytes': '-1',
        'compression.type': 'producer',
        'message.timestamp.type': 'CreateTime',
        'max.message.bytes': String(recordBytesMax),
        'min.insync.replicas': replicas === 3 ? '2' : '1',
        'unclean.leader.election.enable': 'false',
      };
      const wanted = { topic, num_partitions: partitions, replication_factor: replicas, config };
      admin.createTopic(wanted, TIMEOUT_MS, (error) => {
        if (error && error.code !== TOPIC_ALREADY_EXISTS) reject(error);
        else resolve();
      });
    });
  } finally {
    admin.disconnect();
  }
}
