import { setTimeout as sleep } from 'node:timers/promises';
import { ALL_BROKERS_DOWN, type DeliveryReport, type Driver, type DriverError, type DriverProducer } from './driver.js';
import { BARRIER_HEADER, type KafkaConnection, producerSettings } from './settings.js';

/** How often a broker that went away is asked for. */
const PROBE_INTERVAL_MS = 250;
const PROBE_TIMEOUT_MS = 2_000;
/** How soon a question that failed is asked again. */
const ASK_AGAIN_MS = 50;
/** Opaque of the barrier; records count from 1. */
const BARRIER = 0;

/** One record, its bytes owned by whoever made it. */
export interface OwnedRecord {
  readonly key: Buffer | null;
  readonly value: Buffer;
  readonly headers: readonly Readonly<Record<string, Buffer>>[] | undefined;
  readonly timestampMs: number;
}

export interface ProducerEvents {
  /** The record that was sent with `id` is durable at `offset`, and so is every record sent before it. */
  acknowledged(id: number, offset: number): void;
  /** A record will not be delivered, or nobody can say. */
  failed(error: Error): void;
  /** Nothing should be sent while the broker is away, so that it is certain that it was not. */
  reachable(isReachable: boolean): void;
}

/**
 * One idempotent producer of the driver for one partition. Its records stand in the log in the order of `send`, without
 * gaps: librdkafka is told never to give up a record, so that whoever uses it gives up all of them together (`destroy`).
 */
export class Producer {
  readonly #connection: KafkaConnection;
  readonly #partition: number;
  readonly #events: ProducerEvents;
  readonly #client: DriverProducer;
  #destroyed = false;
  #probing = false;
  #onBarrier: ((error: Error | null) => void) | null = null;

  private constructor(driver: Driver, connection: KafkaConnection, partition: number, events: ProducerEvents) {
    this.#connection = connection;
    this.#partition = partition;
    this.#events = events;
    this.#client = new driver.Producer(producerSettings(connection), {});
    this.#client.on('event.error', (error) => this.#error(error));
    this.#client.on('delivery-report', (error, report) => this.#report(error, report));
  }

  /** Rejects when no broker answers within the time. */
  static open(
    driver: Driver,
    connection: KafkaConnection,
    partition: number,
    events: ProducerEvents,
    timeoutMs: number,
  ): Promise<Producer> {
    const producer = new Producer(driver, connection, partition, events);
    const client = producer.#client;
    return new Promise((resolve, reject) => {
      client.connect({ topic: connection.topic, timeout: timeoutMs }, (error) => {
        if (error) {
          producer.#destroyed = true;
          reject(error);
        } else {
          client.setPollInBackground(true);
          resolve(producer);
        }
      });
    });
  }

  get client(): DriverProducer {
    return this.#client;
  }

  /** Throws what the driver refuses at once. `id` 0: its acknowledgement is not asked for. */
  send({ key, value, headers, timestampMs }: OwnedRecord, id: number): void {
    const { topic } = this.#connection;
    this.#client.produce(topic, this.#partition, value, key, timestampMs, id === 0 ? undefined : id, headers);
  }

  /** Resolves when a record that means nothing is durable: everything that came to the broker before it is decided. */
  barrier(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#onBarrier?.(new Error('the broker does not answer')), timeoutMs);
      this.#onBarrier = (error) => {
        clearTimeout(timer);
        this.#onBarrier = null;
        if (error === null) resolve();
        else reject(error);
      };
      const headers = [{ [BARRIER_HEADER]: Buffer.alloc(0) }];
      this.#client.produce(this.#connection.topic, this.#partition, null, null, Date.now(), BARRIER, headers);
    });
  }

  /** One past the last record of the partition. */
  end(timeoutMs: number): Promise<number> {
    return endOf(this.#client, this.#connection.topic, this.#partition, timeoutMs);
  }

  /** After this nothing of it is sent any more; no further event comes. Waits `flushMs` for what is under way. */
  destroy(flushMs: number): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      if (this.#destroyed) resolve();
      else this.#client.disconnect(flushMs, () => resolve());
    });
    this.#destroyed = true;
    return ended;
  }

  #report(error: DriverError | null, { opaque, offset }: DeliveryReport): void {
    if (opaque === BARRIER) this.#onBarrier?.(error);
    else if (this.#destroyed) return;
    else if (error) this.#events.failed(error);
    else if (opaque !== undefined) this.#events.acknowledged(opaque, offset);
  }

  #error(error: DriverError): void {
    if (this.#destroyed) return;
    if (error.isFatal === true) this.#events.failed(error);
    else if (error.code === ALL_BROKERS_DOWN && !this.#probing) {
      this.#probing = true;
      this.#events.reachable(false);
      this.#probe();
    }
  }

  #probe(): void {
    this.#client.getMetadata({ topic: this.#connection.topic, timeout: PROBE_TIMEOUT_MS }, (error) => {
      if (this.#destroyed) return;
      if (error) setTimeout(() => this.#destroyed || this.#probe(), PROBE_INTERVAL_MS).unref();
      else {
        this.#probing = false;
        this.#events.reachable(true);
      }
    });
  }
}

/**
 * The high watermark: one past the last record that all replicas in sync have. Asks again until the time is over: a
 * partition that has just been made, or has just lost its leader, has none for a moment.
 */
export async function endOf(
  client: DriverProducer,
  topic: string,
  partition: number,
  timeoutMs: number,
): Promise<number> {
  for (const until = performance.now() + timeoutMs; ; await sleep(ASK_AGAIN_MS)) {
    const left = Math.ceil(until - performance.now());
    const answer = await new Promise<number | DriverError>((resolve) => {
      client.queryWatermarkOffsets(topic, partition, left, (error, offsets) => resolve(error ?? offsets.highOffset));
    });
    if (typeof answer === 'number') return answer;
    if (left <= ASK_AGAIN_MS) throw answer;
  }
}
