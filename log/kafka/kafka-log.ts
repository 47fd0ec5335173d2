import { setTimeout as sleep } from 'node:timers/promises';
import type { Offset, Partition } from '#schemas/kernel/brand.js';
import { type ChangeLog, LogCorrupted, type LogRecord, LogUnavailable, type StoredRecord } from '../change-log.js';
import { Appender } from './appender.js';
import { readBatches } from './batches.js';
import type { Driver } from './driver.js';
import { type DriverSettings, loadDriver } from './driver.js';
import { parseKafkaUrl } from './kafka-url.js';
import { endOf, Producer } from './producer.js';
import { baseSettings, type KafkaConnection } from './settings.js';
import { ensureTopic } from './topic.js';

export interface KafkaLogOptions {
  /** kafka://HOST:PORT[,HOST:PORT…]/CLUSTER */
  readonly url: string;
  /** Partitions of the topic, where it is made; a topic that is there keeps what it has. */
  readonly partitions?: number;
  /** An append that no broker has answered in this time fails. */
  readonly appendTimeoutMs?: number;
  /** How long opening waits for a broker. */
  readonly openTimeoutMs?: number;
  /** See AppenderOptions. */
  readonly settleGraceMs?: number;
  /** Largest record; a topic that is there may take less, and then the broker refuses it. */
  readonly recordBytesMax?: number;
  /**
   * Several processes write the log: then each of their requests costs the broker and all the others something, and fewer and larger ones are worth that an acknowledgement takes some
   * 2 ms more.
   */
  readonly shared?: boolean;
  /** Further settings of librdkafka: security, above all. */
  readonly settings?: DriverSettings;
}

/** With 32 clients on two nodes: a third less of all processors' time a commit than with 0. */
const SHARED_LINGER_MS = 0.5;
const APPEND_TIMEOUT_MS = 15_000;
const OPEN_TIMEOUT_MS = 30_000;
const SETTLE_GRACE_MS = 1_000;
const RECORD_BYTES_MAX = 16 << 20;
const QUERY_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 5_000;
const READERS_TIMEOUT_MS = 2_000;

/**
 * The log on Apache Kafka: the topic `<cluster>.log`, every record acknowledged by all replicas in sync.
 *
 * Readers are assigned by hand from the offsets that they ask for; no group offsets are kept. Records of other processes
 * may stand between those of this one.
 */
export class KafkaLog implements ChangeLog {
  readonly partitions: number;
  readonly #driver: Driver;
  readonly #connection: KafkaConnection;
  readonly #asking: Producer;
  readonly #appenders: readonly Appender[];
  readonly #closing = new AbortController();
  readonly #reading = new Set<Promise<void>>();

  private constructor(driver: Driver, connection: KafkaConnection, asking: Producer, appenders: readonly Appender[]) {
    this.partitions = appenders.length;
    this.#driver = driver;
    this.#connection = connection;
    this.#asking = asking;
    this.#appenders = appenders;
  }

  /** Makes the topic where it is missing. Rejects with DriverMissing, TypeError (the URL), or LogUnavailable. */
  static async open(options: KafkaLogOptions): Promise<KafkaLog> {
    const { bootstrap, cluster } = parseKafkaUrl(options.url);
    const driver = await loadDriver();
    const connection: KafkaConnection = {
      base: baseSettings(bootstrap, options.settings ?? {}),
      topic: `${cluster}.log`,
      recordBytesMax: options.recordBytesMax ?? RECORD_BYTES_MAX,
      lingerMs: options.shared === true ? SHARED_LINGER_MS : 0,
    };
    const timeoutMs = options.openTimeoutMs ?? OPEN_TIMEOUT_MS;
    const { appendTimeoutMs = APPEND_TIMEOUT_MS, settleGraceMs = SETTLE_GRACE_MS } = options;
    let asking: Producer | null = null;
    const appenders: Appender[] = [];
    try {
      asking = await Producer.open(driver, connection, 0, SILENT, timeoutMs);
      const partitions = await ensureTopic(driver, connection, asking.client, options.partitions ?? 1);
      for (let i = 0; i < partitions; i++) {
        const end = await endOf(asking.client, connection.topic, i, timeoutMs);
        const partition = i as Partition;
        const appender = new Appender({ driver, connection, partition, appendTimeoutMs, settleGraceMs, end });
        appenders.push(appender);
        await appender.open(timeoutMs);
      }
      return new KafkaLog(driver, connection, asking, appenders);
    } catch (error) {
      await Promise.all([asking?.destroy(0), ...appenders.map((appender) => appender.close(0))]);
      throw unavailable(error, `no Kafka log can be opened at ${options.url}`);
    }
  }

  append(partition: Partition, records: readonly LogRecord[]): Promise<Offset> {
    const appender = this.#appenders[partition];
    if (appender === undefined) throw new RangeError(`the log has no partition ${partition}`);
    return appender.append(records);
  }

  tail(partition: Partition, from: Offset, signal: AbortSignal): AsyncIterable<readonly StoredRecord[]> {
    return this.#read(partition, from, null, AbortSignal.any([signal, this.#closing.signal]));
  }

  read(partition: Partition, from: Offset, to: Offset): AsyncIterable<readonly StoredRecord[]> {
    return this.#read(partition, from, to, null);
  }

  async *#read(
    partition: Partition,
    from: Offset,
    to: Offset | null,
    signal: AbortSignal | null,
  ): AsyncIterable<readonly StoredRecord[]> {
    const end = to === null ? null : Math.min(to, await this.end(partition));
    if (end !== null && end <= from) return;
    let done = (): void => undefined;
    const reading = new Promise<void>((resolve) => {
      done = resolve;
    });
    this.#reading.add(reading);
    try {
      yield* readBatches(this.#driver, this.#connection, { partition, from, to: end, signal });
    } catch (error) {
      throw unavailable(error, 'the log cannot be read');
    } finally {
      this.#reading.delete(reading);
      done();
    }
  }

  async end(partition: Partition): Promise<Offset> {
    if (this.#appenders[partition] === undefined) throw new RangeError(`the log has no partition ${partition}`);
    try {
      const end = await endOf(this.#asking.client, this.#connection.topic, partition, QUERY_TIMEOUT_MS);
      return end as Offset;
    } catch (error) {
      throw unavailable(error, 'the end of the log cannot be asked for');
    }
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    await Promise.all(this.#appenders.map((appender) => appender.close(CLOSE_TIMEOUT_MS)));
    // A reader that somebody has left in the middle does not come to its end.
    await Promise.race([Promise.all(this.#reading), sleep(READERS_TIMEOUT_MS, undefined, { ref: false })]);
    await this.#asking.destroy(0);
  }
}

/** Errors of the driver become LogUnavailable; ours stay as they are. */
function unavailable(error: unknown, what: string): Error {
  const isOurs = error instanceof LogUnavailable || error instanceof LogCorrupted;
  if (isOurs || !(error instanceof Error) || !('code' in error)) return error as Error;
  return new LogUnavailable('away', `${what}: ${error.message}`, { cause: error });
}

/** The client that answers questions sends no records. */
const SILENT = {
  acknowledged: () => undefined,
  failed: () => undefined,
  reachable: () => undefined,
};
