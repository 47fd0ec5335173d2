import type { Offset, Partition } from '#schemas/kernel/brand.js';

/** Name and bytes. Names may repeat; order is kept. */
export type RecordHeader = readonly [name: string, value: Uint8Array];

/** One record to append. */
export interface LogRecord {
  /** An empty key is not kept apart from none. */
  readonly key: Uint8Array | null;
  readonly value: Uint8Array;
  /** For those who carry a record on (tracing); nothing is decided by them. Absent is the same as none. */
  readonly headers?: readonly RecordHeader[];
  /** Milliseconds since 1970: for people who look at the log; nothing is decided by it. */
  readonly timestampMs: number;
}

/** A record as it stands in the log. */
export interface StoredRecord extends LogRecord {
  readonly offset: Offset;
}

/**
 * The change log: records in one total order a partition, durable when acknowledged.
 *
 * **Order.** Appends of one process to one partition keep the order of their calls; nobody has to wait between them.
 * Other processes' records may stand between (Kafka), also between the records of one call; so does an offset that
 * holds no record: offsets of successive records ascend and are not always adjacent.
 *
 * **Failure.** Transactions called later may stand on earlier ones, so a failure fails every append of the partition
 * that was called before the caller could know: all that are not acknowledged are rejected in the order of their calls,
 * in one turn, so that every handler attached directly to an append's promise has run before anything that those
 * handlers start. What is appended after that begins anew. Appends are refused with LogUnavailable until the log has
 * recovered; it does that by itself.
 *
 * **Unknown outcomes.** Where the log cannot say whether records stand in it, it rejects with OutcomeUnknown and finds
 * out by reading; until it knows, it takes no further appends. `OutcomeUnknown.settled` tells.
 */
export interface ChangeLog {
  readonly partitions: number;
  /**
   * Appends records, in order. The bytes are copied or sent before the call returns. Resolves when all are durable, with
   * the offset of the last one. Rejects with LogUnavailable (none of them stands in the log, or ever will), or
   * OutcomeUnknown. At least one record; all go to one partition.
   */
  append(partition: Partition, records: readonly LogRecord[]): Promise<Offset>;
  /**
   * Batches from `from` on; waits at the end for more, until `signal` aborts. An error of the log ends it, and is thrown.
   * Keys and values are views that stay as they are.
   */
  tail(partition: Partition, from: Offset, signal: AbortSignal): AsyncIterable<readonly StoredRecord[]>;
  /** Batches of [from, to), at most to the durable end. */
  read(partition: Partition, from: Offset, to: Offset): AsyncIterable<readonly StoredRecord[]>;
  /** One past the last durable record. */
  end(partition: Partition): Promise<Offset>;
  /** Waits for what is under way, then lets go of everything. Tails end. */
  close(): Promise<void>;
}

/** The append did not happen and will not. */
export class LogUnavailable extends Error {
  override readonly name = 'LogUnavailable';
  /** 'full' = no space left on the disk; 'away' = the log cannot be reached. */
  readonly reason: 'full' | 'away';
  constructor(reason: 'full' | 'away', message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** The records were sent and no answer came: they may stand in the log or not. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';
  /**
   * Resolves when the log has found out: the offset of the append's last record when it stands in the log, null when it
   * does not and never will. Stays pending while the log cannot be reached, for good when it is closed before. Appends
   * that failed together settle in the order of their calls, and before any later append is taken.
   */
  readonly settled: Promise<Offset | null>;
  constructor(message: string, settled: Promise<Offset | null>, options?: ErrorOptions) {
    super(message, options);
    this.settled = settled;
  }
}

/** A record that the log holds is not as it was written. `segment` and `position` say where. */
export class LogCorrupted extends Error {
  override readonly name = 'LogCorrupted';
  readonly segment: string;
  /** Byte position in the segment. */
  readonly position: number;
  readonly offset: Offset;
  /** What is wrong there. */
  readonly what: string;
  constructor(segment: string, position: number, offset: Offset, what: string) {
    super(`the log is corrupted in segment ${segment} at byte ${position} (offset ${offset}): ${what}`);
    this.segment = segment;
    this.position = position;
    this.offset = offset;
    this.what = what;
  }
}
