import type { Offset, Partition } from '#schemas/kernel/brand.js';
import type { Clock } from '#schemas/kernel/ports.js';
import { type ChangeLog, type LogRecord, OutcomeUnknown, type StoredRecord } from '../change-log.js';

export interface SharedLogOptions {
  readonly log: ChangeLog;
  readonly partition: Partition;
  /** One past the last record that this process has read. */
  readonly next: Offset;
  readonly clock: Clock;
  /** Takes the next record, whoever wrote it; true for one that this process has appended. */
  fold(record: StoredRecord): boolean;
  /** A record could not be taken: nothing behind it will be, and no append is acknowledged any more. */
  failed(error: Error): void;
}

interface Appended {
  left: number;
  readonly resolve: (offset: Offset) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One partition of a log that several processes write into, for one of them. An append is acknowledged when the process has read its own records back, in their place between those of
 * the others: whoever waits for it then knows everything that stands before it, and nothing that stands behind.
 *
 * Owns the reading of the log and the appends that have not been met there yet. They are met in the order of their calls, because the log keeps it.
 */
export class SharedLog implements ChangeLog {
  readonly #options: SharedLogOptions;
  readonly #log: ChangeLog;
  readonly #underWay: Appended[] = [];
  readonly #stop = new AbortController();
  #next: Offset;
  #lost: Error | null = null;

  constructor(options: SharedLogOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#next = options.next;
  }

  get partitions(): number {
    return this.#log.partitions;
  }

  /** Begins to read. Ends when the log is closed, or after `failed`. */
  async follow(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted && this.#lost === null) {
      try {
        for await (const batch of this.#log.tail(this.#options.partition, this.#next, signal)) await this.#take(batch);
      } catch (error) {
        if (this.#lost !== null) {
          this.#options.failed(error as Error);
          return;
        }
      }
      await new Promise<void>((resolve) => this.#options.clock.after(READ_PAUSE_MS, resolve));
    }
  }

  async #take(batch: readonly StoredRecord[]): Promise<void> {
    for (const record of batch) {
      let own: boolean;
      try {
        own = this.#options.fold(record);
      } catch (error) {
        this.#lost = error as Error;
        throw error;
      }
      this.#next = (record.offset + 1) as Offset;
      const first = own ? this.#underWay[0] : undefined;
      if (first === undefined || --first.left > 0) continue;
      this.#underWay.shift();
      first.resolve(record.offset);
      // Whoever waits for it goes on before the next record is taken: what it has written is older.
      await null;
    }
  }

  /** Handlers attached directly to the promise have run before the next record is taken. */
  append(partition: Partition, records: readonly LogRecord[]): Promise<Offset> {
    if (partition !== this.#options.partition)
      return Promise.reject(new RangeError(`partition ${partition} is not this process's`));
    if (this.#lost !== null) return Promise.reject(this.#lost);
    return new Promise((resolve, reject) => {
      const appended: Appended = { left: records.length, resolve, reject };
      this.#underWay.push(appended);
      // That it is acknowledged says nothing yet.
      this.#log
        .append(partition, records)
        .then(undefined, (error: unknown) => this.#notAcknowledged(appended, error as Error));
    });
  }

  #notAcknowledged(appended: Appended, error: Error): void {
    const forget = (): boolean => {
      const at = this.#underWay.indexOf(appended);
      if (at >= 0) this.#underWay.splice(at, 1);
      return at >= 0;
    };
    if (!(error instanceof OutcomeUnknown)) {
      forget();
      appended.reject(error);
      return;
    }
    // It is met in the log, or never will be. The one who waits is told meanwhile that nobody knows.
    const at = this.#underWay.indexOf(appended);
    if (at < 0) return;
    const settled = new Promise<Offset | null>((resolve) => {
      this.#underWay[at] = { left: appended.left, resolve, reject: () => resolve(null) };
      const waiting = this.#underWay[at];
      error.settled.then(
        (offset) => {
          const still = this.#underWay.indexOf(waiting);
          if (offset !== null || still < 0) return;
          this.#underWay.splice(still, 1);
          resolve(null);
        },
        () => undefined,
      );
    });
    appended.reject(
      new OutcomeUnknown(error.message, settled, error.cause === undefined ? {} : { cause: error.cause }),
    );
  }

  tail(partition: Partition, from: Offset, signal: AbortSignal): AsyncIterable<readonly StoredRecord[]> {
    return this.#log.tail(partition, from, signal);
  }

  read(partition: Partition, from: Offset, to: Offset): AsyncIterable<readonly StoredRecord[]> {
    return this.#log.read(partition, from, to);
  }

  end(partition: Partition): Promise<Offset> {
    return this.#log.end(partition);
  }

  close(): Promise<void> {
    this.#stop.abort();
    return this.#log.close();
  }
}

const READ_PAUSE_MS = 250;
