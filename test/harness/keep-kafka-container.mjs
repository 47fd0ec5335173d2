/**
 * Keeps one Kafka broker in a container for as long as this process lives, on the port of its first argument and of the version of its
 * second. Testcontainers' reaper removes the container when this process is gone, however that ended; SIGTERM removes it at once.
 * Prints `kafka: ready` when the broker serves. A process of its own, because the reaper watches the process that started the container,
 * and test workers come and go.
 */
import { GenericContainer, Wait } from 'testcontainers';

const [port, version] = process.argv.slice(2);
const START_TIMEOUT_MS = 60_000;
const topics = ['OFFSETS_TOPIC', 'TRANSACTION_STATE_LOG', 'SHARE_COORDINATOR_STATE_TOPIC'];

const container = await new GenericContainer(`apache/kafka:${version}`)
  .withExposedPorts({ container: 9092, host: Number(port) })
  .withEnvironment({
    KAFKA_NODE_ID: '1',
    KAFKA_PROCESS_ROLES: 'broker,controller',
    KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
    KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
    KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${port}`,
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
    // As the jars' broker: whoever needs a topic creates it, and the broker's own topics are small.
    KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
    KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
    ...Object.fromEntries(
      topics.flatMap((topic) => [
        [`KAFKA_${topic}_REPLICATION_FACTOR`, '1'],
        [`KAFKA_${topic}_NUM_PARTITIONS`, '4'],
      ]),
    ),
    KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
    KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR: '1',
  })
  .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
  .withStartupTimeout(START_TIMEOUT_MS)
  .start();

process.once('SIGTERM', () => {
  container.stop({ timeout: 0 }).finally(() => process.exit(0));
});
// The reaper's connection does not keep a process alive.
setInterval(() => undefined, 60_000);
console.log('kafka: ready');
