import type { DriverSettings } from './driver.js';

/** What every client of one log is opened with. */
export interface KafkaConnection {
  readonly base: DriverSettings;
  readonly topic: string;
  readonly recordBytesMax: number;
  /** How long a group of records is collected before it is sent. */
  readonly lingerMs: number;
}

/** Header of a record that holds nothing: it is written to learn that all earlier writes have been decided. */
export const BARRIER_HEADER = 'polylog-barrier';

/** For every client. What is said of speed here and below was measured with one broker and records of 300 bytes. */
export function baseSettings(bootstrap: string, extra: DriverSettings): DriverSettings {
  return {
    'bootstrap.servers': bootstrap,
    'client.id': 'polylog',
    'socket.keepalive.enable': true,
    'socket.nagle.disable': true,
    // A broker that is back is found again soon.
    'reconnect.backoff.ms': 50,
    'reconnect.backoff.max.ms': 1_000,
    ...extra,
  };
}

export function producerSettings({ base, recordBytesMax, lingerMs }: KafkaConnection): DriverSettings {
  return {
    ...base,
    'enable.idempotence': true,
    acks: 'all',
    // Anything but 0 costs an acknowledgement 2 ms where little is under way: librdkafka waits in whole milliseconds.
    'linger.ms': lingerMs,
    'compression.codec': 'zstd',
    'message.max.bytes': recordBytesMax,
    // Never: a record that librdkafka gives up would leave a gap before later ones. The appender gives up all of them.
    'message.timeout.ms': 0,
    'queue.buffering.max.messages': 1_000_000,
    'queue.buffering.max.kbytes': 1_048_576,
    dr_cb: true,
  };
}

/** `replay`: far from the end, where throughput counts; otherwise the memory of a follower is kept small. */
export function consumerSettings(connection: KafkaConnection, replay: boolean, onReady: () => void): DriverSettings {
  return {
    ...connection.base,
    // Asked for by the driver; no group is ever joined, because partitions are assigned by hand.
    'group.id': `${connection.topic}.reader`,
    'enable.auto.commit': false,
    'enable.auto.offset.store': false,
    // Offsets that are gone are lost history: an error, never another place.
    'auto.offset.reset': 'error',
    'enable.partition.eof': true,
    'fetch.min.bytes': 1,
    'fetch.wait.max.ms': 500,
    // After an empty fetch the next one is asked for at once.
    'fetch.queue.backoff.ms': 5,
    'fetch.message.max.bytes': replay ? 8 << 20 : 1 << 20,
    'fetch.max.bytes': Math.max(64 << 20, connection.recordBytesMax),
    'receive.message.max.bytes': Math.max(64 << 20, connection.recordBytesMax) + (1 << 20),
    'queued.min.messages': replay ? 1_000_000 : 10_000,
    'queued.max.messages.kbytes': replay ? 256 << 10 : 32 << 10,
    queue_non_empty_cb: onReady,
  };
}
