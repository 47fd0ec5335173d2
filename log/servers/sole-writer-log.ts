import type { Offset, Partition } from '#schemas/kernel/brand.js';
import type { Clock } from '#schemas/kernel/ports.js';
import { type ChangeLog, type LogRecord, OutcomeUnknown, type StoredRecord } from '../change-log.js';

/** Somebody else writes into a partition that this process took for its own: what it appends may be void. */
export class Overtaken extends Error {
  override readonly name = 'Overtaken';
  readonly offset: Offset;
  constructor(offset: Offset) {
    super(`another process writes into the log (at offset ${offset}): it has taken this server's place`);
    this.offset = offset;
  }
}

/**
 * One partition of a log that others can reach, too, for the one process that holds it. No append is acknowledged behind a record of somebody else: that may be the lease by
 * which this process is fenced, and then whoever folds the log passes over what stands behind it.
 *
 * Owns the offset that the next append must begin at. An append that begins later is held, and all behind it, until what stands in between was read: nothing (some logs leave
 * offsets out), or a record, and then everything from there on is rejected with Overtaken, and `overtaken` is told once.
 */
export class SoleWriterLog implements ChangeLog {
  readonly #log: ChangeLog;
  readonly #partition: Partition;
  readonly #clock: Clock;
  readonly #overtaken: (error: Overtaken) => void;
  #next: number;
  #looking: Promise<void> | null = null;
  #lost: Overtaken | null = null;

  /** `next`: one past this process's lease. */
  constructor(log: ChangeLog, partition: Partition, next: Offset, clock: Clock, overtaken: (error: Overtaken) => void) {
    this.#clock = clock;
    this.#log = log;
    this.#partition = partition;
    this.#next = next;
    this.#overtaken = overtaken;
  }

  get partitions(): number {
    return this.#log.partitions;
  }

  append(partition: Partition, records: readonly LogRecord[]): Promise<Offset> {
    if (partition !== this.#partition)
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

  /** Does any record stand in [from, to)? If the log cannot be read that stays open, and so does the answer. */
  async #look(from: Offset, to: Offset): Promise<void> {
    for (let offset = from; offset < to; ) {
      try {
        for await (const batch of this.#log.read(this.#partition, from, to)) {
          const [record] = batch;
          if (record !== undefined) return this.#lose(record.offset);
        }
        offset = to;
      } catch {
        await new Promise<void>((resolve) => this.#clock.after(READ_PAUSE_MS, resolve));
      }
    }
  }

  #lose(offset: Offset): void {
    this.#lost = new Overtaken(offset);
    this.#overtaken(this.#lost);
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
