import type { Offset, Partition } from '#schemas/kernel/brand.js';
import { LogCorrupted, type StoredRecord } from '../change-log.js';
import { AUTO_OFFSET_RESET, type Driver, type DriverConsumer, type DriverError, type DriverMessage } from './driver.js';
import { BARRIER_HEADER, consumerSettings, type KafkaConnection } from './settings.js';

/** Messages that are turned into objects in one turn. */
const BATCH = 1_000;
/** Should a wake-up ever be missed, it is made good after this. */
const IDLE_MS = 1_000;
/** Positions beyond: `read` names the records it wants by `to`. */
const FOREVER = Number.MAX_SAFE_INTEGER;

export interface Range {
  readonly partition: Partition;
  readonly from: number;
  /** One past the last record that is wanted; null: goes on for ever. */
  readonly to: number | null;
  /** Aborted: ends after the batch at hand. */
  readonly signal: AbortSignal | null;
}

/** Lets a loop wait for a call that comes from elsewhere; a call that came before is not lost. */
class Bell {
  #rung = false;
  #wake: (() => void) | null = null;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  reset(): void {
    this.#rung = false;
  }

  wait(timeoutMs: number): Promise<void> {
    if (this.#rung) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = null;
        resolve();
      };
    });
  }
}

/**
 * Reads one partition from a place on, with a consumer of its own, assigned by hand; it ends with the iteration. Takes
 * what is ready, and when nothing is, waits until the driver says that something came: no thread waits meanwhile.
 * Records of the log's own (barriers) are passed over.
 */
export async function* readBatches(
  driver: Driver,
  connection: KafkaConnection,
  { partition, from, to, signal }: Range,
): AsyncGenerator<readonly StoredRecord[]> {
  const bell = new Bell();
  const consumer = new driver.KafkaConsumer(
    consumerSettings(connection, to !== null, () => bell.ring()),
    {},
  );
  const wake = (): void => bell.ring();
  let reached: number = from;
  let next: Promise<readonly DriverMessage[]> = Promise.resolve([]);
  consumer.on('event.error', () => undefined);
  consumer.on('partition.eof', ({ offset }) => {
    reached = Math.max(reached, offset);
  });
  signal?.addEventListener('abort', wake);
  await connected(consumer, connection.topic, signal);
  try {
    consumer.setDefaultConsumeTimeout(0);
    consumer.assign([{ topic: connection.topic, partition, offset: from }]);
    const end = to ?? FOREVER;
    const ask = (): void => {
      bell.reset();
      next = consume(consumer, connection.topic, reached);
      // Awaited later, perhaps never: a failure meanwhile is nobody's yet.
      next.catch(() => undefined);
    };
    ask();
    while (reached < end && signal?.aborted !== true) {
      const messages = await next;
      const last = messages.at(-1);
      if (last === undefined) {
        if (reached < end) await bell.wait(IDLE_MS);
        ask();
        continue;
      }
      reached = Math.max(reached, last.offset + 1);
      // The driver fetches the next ones while these are worked on.
      if (reached < end) ask();
      const batch = recordsOf(messages, end);
      if (batch.length > 0) yield batch;
    }
  } finally {
    signal?.removeEventListener('abort', wake);
    await next.catch(() => undefined);
    await new Promise<void>((resolve) => consumer.disconnect(() => resolve()));
  }
}

/** The broker may be away: a follower waits for it. */
async function connected(consumer: DriverConsumer, topic: string, signal: AbortSignal | null): Promise<void> {
  const attempt = (): Promise<DriverError | null> =>
    new Promise((resolve) => consumer.connect({ topic, timeout: 10_000 }, (error) => resolve(error ?? null)));
  for (;;) {
    const error = await attempt();
    if (error === null) return;
    if (signal === null || signal.aborted) throw error;
  }
}

function consume(consumer: DriverConsumer, topic: string, at: number): Promise<readonly DriverMessage[]> {
  return new Promise((resolve, reject) => {
    consumer.consume(BATCH, (error, messages) => {
      if (!error) resolve(messages);
      else if (error.code === AUTO_OFFSET_RESET) {
        reject(new LogCorrupted(topic, 0, at as Offset, 'the broker does not have this offset (any more)'));
        // Everything else passes: librdkafka goes on by itself when the broker is back.
      } else if (error.isFatal === true) reject(error);
      else resolve([]);
    });
  });
}

function recordsOf(messages: readonly DriverMessage[], end: number): StoredRecord[] {
  const records: StoredRecord[] = [];
  for (let i = 0; i < messages.length; i++) {
    const message = messages[i] as DriverMessage;
    if (message.offset >= end) break;
    const record = recordOf(message);
    if (record !== null) records.push(record);
  }
  return records;
}

function recordOf({ offset, value, key, timestamp, headers }: DriverMessage): StoredRecord | null {
  if (headers !== undefined && headers.length > 0) {
    const kept = headers.flatMap((header) =>
      Object.entries(header).map(([name, bytes]) => [name, Buffer.from(bytes)] as const),
    );
    if (kept.some(([name]) => name === BARRIER_HEADER)) return null;
    return { ...plain(offset, value, key, timestamp), headers: kept };
  }
  return plain(offset, value, key, timestamp);
}

const EMPTY = Buffer.alloc(0);

function plain(
  offset: number,
  value: Buffer | null,
  key: Buffer | string | null | undefined,
  timestamp: number | undefined,
): StoredRecord {
  return {
    offset: offset as Offset,
    key: key === null || key === undefined ? null : typeof key === 'string' ? Buffer.from(key) : key,
    value: value ?? EMPTY,
    timestampMs: timestamp ?? 0,
  };
}
