import { setTimeout as sleep } from 'node:timers/promises';
import type { Offset, Partition } from '#schemas/kernel/brand.js';
import { type LogRecord, LogUnavailable, OutcomeUnknown } from '../change-log.js';
import { readBatches } from './batches.js';
import type { Driver } from './driver.js';
import { type OwnedRecord, Producer, type ProducerEvents } from './producer.js';
import type { KafkaConnection } from './settings.js';
import { Settlement } from './settlement.js';

/** Sent and not answered at most: what has to be looked for when the broker goes away, and what librdkafka holds. */
const SENT_RECORDS_MAX = 20_000;
const SENT_BYTES_MAX = 64 << 20;
/**
 * While a group of appends is not answered others wait, to be sent together then, unless they are as many records as this: fewer requests, which are most of what a small record costs both
 * sides. With as many requests under way as librdkafka sends at most (five), its thread would ask without a pause whether it may send the next, and take a processor for that.
 */
const GROUP_RECORDS = 1_000;
/** Key, headers and the framing of a batch, beside the value. */
const FRAMING_BYTES = 512;
/** How exactly the append timeout is kept. */
const WATCH_INTERVAL_MS = 50;
const ATTEMPT_TIMEOUT_MS = 5_000;
const ATTEMPT_PAUSE_MS = 250;

export interface AppenderOptions {
  readonly driver: Driver;
  readonly connection: KafkaConnection;
  readonly partition: Partition;
  /** An append that has waited so long fails. */
  readonly appendTimeoutMs: number;
  /**
   * How long the log is looked at again after the barrier: a broker that was stopped in its tracks may still hold
   * requests of the old connection, and takes them up a moment after it goes on.
   */
  readonly settleGraceMs: number;
  /** One past the last record when the log was opened. */
  readonly end: number;
}

interface Pending {
  readonly id: number;
  readonly records: readonly OwnedRecord[];
  readonly bytes: number;
  readonly since: number;
  readonly resolve: (offset: Offset) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Appends to one partition of the topic, in the order of the calls.
 *
 * Owns the producer and two queues: what waits to be sent (while too much is under way, or while the broker is known to
 * be away), and what was sent and not answered. Invariants: acknowledgements come in the order of sending; after a
 * failure the producer is destroyed, the records that it had sent are looked for in the log, and nothing is taken until
 * it is known which of them stand there.
 */
export class Appender {
  readonly #options: AppenderOptions;
  readonly #events: ProducerEvents;
  #producer: Producer | null = null;
  #state: 'open' | 'settling' | 'closed' = 'open';
  #reachable = true;
  #waiting: Pending[] = [];
  #sent: Pending[] = [];
  /** Where `#sent` begins: the head of a queue that is cut now and then. */
  #sentFrom = 0;
  #sentRecords = 0;
  #sentBytes = 0;
  #lastId = 0;
  /** For each group that is sent and not answered the number of its last append. */
  #groups: number[] = [];
  #collecting = false;
  #waitingRecords = 0;
  /** One past the last record known to be durable. */
  #known: number;
  #watching: NodeJS.Timeout | null = null;
  #idle: Array<() => void> = [];

  constructor(options: AppenderOptions) {
    this.#options = options;
    this.#known = options.end;
    this.#events = {
      acknowledged: (id, offset) => this.#acknowledged(id, offset),
      failed: (error) => this.#fail(`the broker refused a record: ${error.message}`, error),
      reachable: (isReachable) => {
        this.#reachable = isReachable;
        this.#sendWaiting();
      },
    };
  }

  /** Rejects when no broker answers. */
  async open(timeoutMs: number): Promise<void> {
    this.#producer = await this.#openProducer(timeoutMs);
  }

  append(records: readonly LogRecord[]): Promise<Offset> {
    if (records.length === 0) return Promise.reject(new RangeError('an append without records'));
    if (this.#state !== 'open') {
      const what = this.#state === 'closed' ? 'the log is closed' : 'the outcome of earlier appends is being found out';
      return Promise.reject(new LogUnavailable('away', what));
    }
    const owned: OwnedRecord[] = [];
    let bytes = 0;
    const { recordBytesMax } = this.#options.connection;
    for (let i = 0; i < records.length; i++) {
      const record = ownedOf(records[i] as LogRecord);
      const size = record.value.length + (record.key?.length ?? 0) + FRAMING_BYTES;
      if (size > recordBytesMax) {
        return Promise.reject(new RangeError(`a record of ${size} bytes is larger than ${recordBytesMax}`));
      }
      bytes += size;
      owned.push(record);
    }
    const since = performance.now();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ id: ++this.#lastId, records: owned, bytes, since, resolve, reject });
      this.#waitingRecords += owned.length;
      this.#sendSoon();
    });
  }

  /** What is appended in one turn of the event loop is one group. */
  #sendSoon(): void {
    if (this.#collecting) return;
    this.#collecting = true;
    queueMicrotask(() => {
      this.#collecting = false;
      this.#sendWaiting();
    });
  }

  /** Waits at most `timeoutMs` for what is under way; what is not answered then is unknown for good. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#sent.length > this.#sentFrom || this.#waiting.length > 0) {
      await Promise.race([new Promise<void>((resolve) => this.#idle.push(resolve)), sleep(timeoutMs)]);
    }
    const { sent, waiting } = this.#takeAll();
    this.#state = 'closed';
    for (const { reject } of sent) reject(new OutcomeUnknown('the log was closed', new Promise(() => undefined)));
    for (const { reject } of waiting) reject(new LogUnavailable('away', 'the log was closed'));
    if (this.#watching !== null) clearTimeout(this.#watching);
    await this.#producer?.destroy(0);
    this.#producer = null;
  }

  #openProducer(timeoutMs: number): Promise<Producer> {
    const { driver, connection, partition } = this.#options;
    return Producer.open(driver, connection, partition, this.#events, timeoutMs);
  }

  #sendWaiting(): void {
    const producer = this.#producer;
    let taken = 0;
    const mayBegin = this.#groups.length === 0 || this.#waitingRecords >= GROUP_RECORDS;
    while (
      producer !== null &&
      mayBegin &&
      this.#reachable &&
      taken < this.#waiting.length &&
      this.#sentRecords < SENT_RECORDS_MAX &&
      this.#sentBytes < SENT_BYTES_MAX
    ) {
      const pending = this.#waiting[taken++] as Pending;
      const { records } = pending;
      this.#waitingRecords -= records.length;
      this.#sent.push(pending);
      this.#sentRecords += records.length;
      this.#sentBytes += pending.bytes;
      const last = records.length - 1;
      try {
        for (let i = 0; i < last; i++) producer.send(records[i] as OwnedRecord, 0);
        producer.send(records[last] as OwnedRecord, pending.id);
      } catch (error) {
        this.#waiting.splice(0, taken);
        this.#fail(`the driver refused a record: ${(error as Error).message}`, error as Error);
        return;
      }
    }
    if (taken > 0) {
      this.#groups.push((this.#waiting[taken - 1] as Pending).id);
      this.#waiting.splice(0, taken);
    }
    if (this.#watching === null && (this.#waiting.length > 0 || this.#sent.length > this.#sentFrom)) this.#watch();
  }

  #acknowledged(id: number, offset: number): void {
    const pending = this.#sent[this.#sentFrom];
    if (pending === undefined || pending.id !== id) {
      // Never seen; a wrong answer would be worse than none.
      this.#fail('the driver answered out of order', new Error(`answer to ${id}, expected ${pending?.id}`));
      return;
    }
    this.#sentFrom++;
    if (this.#sentFrom > 1_024 && this.#sentFrom * 2 > this.#sent.length) {
      this.#sent = this.#sent.slice(this.#sentFrom);
      this.#sentFrom = 0;
    }
    this.#sentRecords -= pending.records.length;
    this.#sentBytes -= pending.bytes;
    this.#known = offset + 1;
    if (this.#groups[0] === id) this.#groups.shift();
    pending.resolve(offset as Offset);
    if (this.#waiting.length > 0) this.#sendWaiting();
    else if (this.#sentFrom === this.#sent.length) for (const wake of this.#idle.splice(0)) wake();
  }

  /** Looks from time to time whether the oldest append has waited too long; stops when there is none. */
  #watch(): void {
    this.#watching = setTimeout(() => {
      this.#watching = null;
      const oldest = this.#sent[this.#sentFrom] ?? this.#waiting[0];
      if (oldest === undefined || this.#state !== 'open') return;
      const { appendTimeoutMs } = this.#options;
      if (performance.now() - oldest.since < appendTimeoutMs) this.#watch();
      else this.#fail(`no broker has answered for ${appendTimeoutMs} ms`, null);
    }, WATCH_INTERVAL_MS);
  }

  #takeAll(): { readonly sent: readonly Pending[]; readonly waiting: readonly Pending[] } {
    const sent = this.#sent.slice(this.#sentFrom);
    const waiting = this.#waiting;
    this.#sent = [];
    this.#sentFrom = 0;
    this.#sentRecords = 0;
    this.#sentBytes = 0;
    this.#groups = [];
    this.#waiting = [];
    this.#waitingRecords = 0;
    return { sent, waiting };
  }

  /** Fails everything: what was never sent for certain, what was sent until the log has been read. */
  #fail(what: string, cause: Error | null): void {
    if (this.#state !== 'open') return;
    const { sent, waiting } = this.#takeAll();
    const options = cause === null ? {} : { cause };
    if (sent.length > 0) {
      this.#state = 'settling';
      const settled = this.#settle(sent);
      sent.forEach((append, i) => {
        append.reject(
          new OutcomeUnknown(
            what,
            settled.then((offsets) => offsets[i] ?? null),
            options,
          ),
        );
      });
    }
    for (const { reject } of waiting) reject(new LogUnavailable('away', what, options));
    for (const wake of this.#idle.splice(0)) wake();
  }

  /** Finds out where the appends stand. Tries until it is known; never answers when the log is closed before. */
  async #settle(sent: readonly Pending[]): Promise<ReadonlyArray<Offset | null>> {
    const old = this.#producer;
    this.#producer = null;
    await old?.destroy(0);
    for (;;) {
      if (this.#isClosed()) return new Promise(() => undefined);
      let producer: Producer | null = null;
      try {
        producer = await this.#openProducer(ATTEMPT_TIMEOUT_MS);
        const offsets = await this.#find(producer, sent);
        if (!this.#isClosed()) {
          this.#producer = producer;
          this.#reachable = true;
          this.#state = 'open';
          return offsets;
        }
      } catch {
        // The broker is still away, or away again.
      }
      await producer?.destroy(0);
      await sleep(ATTEMPT_PAUSE_MS, undefined, { ref: false });
    }
  }

  /** A method, because the state changes while others wait. */
  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  async #find(producer: Producer, sent: readonly Pending[]): Promise<Array<Offset | null>> {
    const { driver, connection, partition, settleGraceMs } = this.#options;
    await producer.barrier(ATTEMPT_TIMEOUT_MS);
    await sleep(settleGraceMs);
    const to = await producer.end(ATTEMPT_TIMEOUT_MS);
    const settlement = new Settlement(sent);
    const range = { partition, from: this.#known, to, signal: null };
    for await (const batch of readBatches(driver, connection, range)) settlement.look(batch);
    this.#known = to;
    return sent.map((append) => settlement.offsetOf(append) as Offset | null);
  }
}

function ownedOf({ key, value, headers, timestampMs }: LogRecord): OwnedRecord {
  return {
    key: key === null ? null : Buffer.from(key),
    value: Buffer.from(value),
    headers:
      headers === undefined || headers.length === 0
        ? undefined
        : headers.map(([name, bytes]) => ({ [name]: Buffer.from(bytes) })),
    timestampMs,
  };
}
