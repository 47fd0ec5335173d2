import type { Offset, Partition } from '#schemas/kernel/brand.js';
import type { Clock } from '#schemas/kernel/ports.js';
import { type ChangeLog, type LogRecord, OutcomeUnknown, type StoredRecord } from '../change-log.js';

/** What a record of somebody else means to who holds the server id: it is void, it counts, or it takes the server id away. */
export type ForeignRecord = 'void' | 'counts' | 'lease';

/** Somebody else writes into a partition that this process took for its own: what it knows of the log is not all there is. */
export class Overtaken extends Error {
  override readonly name = 'Overtaken';
  readonly offset: Offset;
  /** By who holds the server id now: it makes no sense to start again. */
  readonly byLease: boolean;
  constructor(offset: Offset, byLease: boolean) {
    const what = byLease ? 'has taken the server id' : 'writes into the log';
    super(`another process ${what} (at offset ${offset})`);
    this.offset = offset;
    this.byLease = byLease;
  }
}

export interface SoleWriterOptions {
  readonly log: ChangeLog;
  readonly partition: Partition;
  /** One past the last record that this process has read or written. */
  readonly next: Offset;
  readonly clock: Clock;
  meaningOf(record: StoredRecord): ForeignRecord;
  overtaken(error: Overtaken): void;
}

/**
 * One partition of a log that others can reach, too, for the one process that holds it. No append is acknowledged behind a record of somebody else: that may be the lease by
 * which this process is fenced, and then whoever folds the log passes over what stands behind it.
 *
 * Owns the offset that the next append must begin at. An append that begins later is held, and all behind it, until what stands in between was read: nothing (some logs leave
 * offsets out), what is void (sent by an earlier holder, and late), or another record: then everything from there on is rejected with Overtaken, and `overtaken` is told once.
 */
export class SoleWriterLog implements ChangeLog {
  readonly #options: SoleWriterOptions;
  readonly #log: ChangeLog;
  #next: number;
  #looking: Promise<void> | null = null;
  #lost: Overtaken | null = null;

  constructor(options: SoleWriterOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#next = options.next;
  }

  get partitions(): number {
    return this.#log.partitions;
  }

  append(partition: Partition, records: readonly LogRecord[]): Promise<Offset> {
    if (partition !== this.#options.partition)
      return Promise.reject(new RangeError(`partition ${partition} is not this process's`));
    const count = records.length;
    return this.#log.append(partition, records).then(
      (offset) => this.#follows(offset, count),
      (error: unknown) => this.#failed(error, count),
    );
  }

  /** Acknowledgements come in the order of the appends, and leave here in the same. */
  #follows(offset: Offset, count: number): Offset | Promise<Offset> {
    if (this.#looking !== null) return this.#looking.then(() => this.#follows(offset, count));
    if (this.#lost !== null) throw this.#lost;
    const first = offset - count + 1;
    const from = this.#next;
    this.#next = offset + 1;
    if (first === from) return offset;
    this.#looking = this.#look(from as Offset, first as Offset).finally(() => {
      this.#looking = null;
    });
    return this.#looking.then(() => {
      if (this.#lost !== null) throw this.#lost;
      return offset;
    });
  }

  #failed(error: unknown, count: number): Promise<Offset> | never {
    if (this.#looking !== null) return this.#looking.then(() => this.#failed(error, count));
    if (!(error instanceof OutcomeUnknown)) throw error;
    const settled = error.settled.then((offset) => (offset === null ? null : this.#follows(offset, count)));
    // Whoever is overtaken ends; nobody need listen any more.
    settled.catch(() => undefined);
    throw new OutcomeUnknown(error.message, settled, error.cause === undefined ? {} : { cause: error.cause });
  }

  /** Does any record stand in [from, to) that means something? If the log cannot be read that stays open, and so does the answer. */
  async #look(from: Offset, to: Offset): Promise<void> {
    const { partition, clock, meaningOf } = this.#options;
    for (;;) {
      try {
        for await (const batch of this.#log.read(partition, from, to)) {
          for (const record of batch) {
            const meaning = meaningOf(record);
            if (meaning !== 'void') return this.#lose(record.offset, meaning === 'lease');
          }
        }
        return;
      } catch {
        await new Promise<void>((resolve) => clock.after(READ_PAUSE_MS, resolve));
      }
    }
  }

  #lose(offset: Offset, byLease: boolean): void {
    this.#lost = new Overtaken(offset, byLease);
    this.#options.overtaken(this.#lost);
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
    return this.#log.close();
  }
}

const READ_PAUSE_MS = 250;
