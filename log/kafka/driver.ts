/**
 * What this folder uses of @confluentinc/kafka-javascript: its callback interface, which is node-rdkafka's. Declared here
 * and not imported, because the package is optional: Polylog builds and runs without it where no Kafka log is configured.
 */
const PACKAGE: string = '@confluentinc/kafka-javascript';

export interface DriverError extends Error {
  readonly code: number;
  readonly isFatal?: boolean;
}

/** Error codes of librdkafka (negative: its own) and of the protocol that are told apart here. */
export const ALL_BROKERS_DOWN = -187;
export const AUTO_OFFSET_RESET = -140;
export const TOPIC_ALREADY_EXISTS = 36;

export type Answer<T> = (error: DriverError | null | undefined, result: T) => void;
export type DriverSettings = Readonly<Record<string, string | number | boolean | (() => void)>>;
export type DriverHeader = Readonly<Record<string, Buffer>>;

export interface DriverMetadata {
  readonly brokers: readonly { readonly id: number }[];
  readonly topics: readonly { readonly name: string; readonly partitions: readonly { readonly id: number }[] }[];
}

/** Opaque is what `produce` was given, when it was given any. */
export interface DeliveryReport {
  readonly partition: number;
  readonly offset: number;
  readonly opaque?: number;
}

export interface DriverMessage {
  readonly partition: number;
  readonly offset: number;
  readonly key?: Buffer | string | null;
  readonly value: Buffer | null;
  readonly timestamp?: number;
  readonly headers?: readonly Readonly<Record<string, Buffer | string>>[];
}

interface DriverClient {
  connect(options: { readonly timeout?: number; readonly topic?: string }, answer: Answer<DriverMetadata>): void;
  disconnect(answer: Answer<unknown>): void;
  on(event: 'event.error', listener: (error: DriverError) => void): void;
  getMetadata(options: { readonly timeout?: number; readonly topic?: string }, answer: Answer<DriverMetadata>): void;
  queryWatermarkOffsets(
    topic: string,
    partition: number,
    timeoutMs: number,
    answer: Answer<{ readonly lowOffset: number; readonly highOffset: number }>,
  ): void;
}

export interface DriverProducer extends DriverClient {
  /** The bytes are copied before it returns. Throws what is refused at once. */
  produce(
    topic: string,
    partition: number,
    value: Buffer | null,
    key: Buffer | null,
    timestampMs: number,
    opaque?: number,
    headers?: readonly DriverHeader[],
  ): void;
  setPollInBackground(on: boolean): void;
  /** Waits for what is under way at most `timeoutMs`. */
  disconnect(timeoutMs: number, answer: Answer<unknown>): void;
  disconnect(answer: Answer<unknown>): void;
  on(event: 'event.error', listener: (error: DriverError) => void): void;
  on(event: 'delivery-report', listener: (error: DriverError | null, report: DeliveryReport) => void): void;
}

export interface DriverConsumer extends DriverClient {
  assign(places: readonly { readonly topic: string; readonly partition: number; readonly offset: number }[]): void;
  /** At most `count` messages that are ready, after at most the default timeout. */
  consume(count: number, answer: Answer<readonly DriverMessage[]>): void;
  setDefaultConsumeTimeout(timeoutMs: number): void;
  on(event: 'event.error', listener: (error: DriverError) => void): void;
  on(event: 'partition.eof', listener: (place: { readonly offset: number }) => void): void;
}

interface DriverAdmin {
  createTopic(topic: NewTopic, timeoutMs: number, answer: (error?: DriverError) => void): void;
  disconnect(): void;
}

export interface NewTopic {
  readonly topic: string;
  readonly num_partitions: number;
  readonly replication_factor: number;
  readonly config: Readonly<Record<string, string>>;
}

/** The driver's module. */
export interface Driver {
  readonly Producer: new (settings: DriverSettings, topicSettings: DriverSettings) => DriverProducer;
  readonly KafkaConsumer: new (settings: DriverSettings, topicSettings: DriverSettings) => DriverConsumer;
  readonly AdminClient: { create(settings: DriverSettings): DriverAdmin };
}

/** The Kafka driver is not installed, or its native part cannot be loaded. The message says what to do. */
export class DriverMissing extends Error {
  override readonly name = 'DriverMissing';
}

/** Loads the driver. Rejects with DriverMissing. */
export async function loadDriver(): Promise<Driver> {
  let loaded: unknown;
  try {
    loaded = await import(PACKAGE);
  } catch (error) {
    const steps = 'run `npm ci --ignore-scripts`, then `node scripts/kafka-driver.mjs`, which builds its native part';
    throw new DriverMissing(`a Kafka log needs ${PACKAGE}, and it cannot be loaded: ${steps}`, { cause: error });
  }
  const module = (loaded as { readonly default?: unknown }).default ?? loaded;
  if (!isDriver(module)) throw new DriverMissing(`${PACKAGE} is not the version that Polylog was built with`);
  return module;
}

function isDriver(module: unknown): module is Driver {
  if (typeof module !== 'object' || module === null) return false;
  return 'Producer' in module && 'KafkaConsumer' in module && 'AdminClient' in module;
}
