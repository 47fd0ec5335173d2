import type { Offset, Partition } from '#schemas/kernel/brand.js';

/** One record to append. */
export interface LogRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array;
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
 * Appends of one process to one partition keep the order of their calls. An append that fails poisons those called behind it and not yet acknowledged: their
 * transactions may stand on the failed one, so they fail too. Appends called after the failure was delivered begin anew.
 */
export interface ChangeLog {
  readonly partitions: number;
  /**
   * Appends records, in order. The bytes are copied or sent before the call returns. Resolves when all are durable, with the offset of the last one.
   * Rejects with LogUnavailable (none of them stands in the log, or ever will), or OutcomeUnknown (sent, and never answered).
   */
  append(partition: Partition, records: readonly LogRecord[]): Promise<Offset>;
  /** Batches from `from` on; waits at the end for more, until `signal` aborts. */
  tail(partition: Partition, from: Offset, signal: AbortSignal): AsyncIterable<readonly StoredRecord[]>;
  /** Batches of [from, to). */
  read(partition: Partition, from: Offset, to: Offset): AsyncIterable<readonly StoredRecord[]>;
  /** One past the last durable record. */
  end(partition: Partition): Promise<Offset>;
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

/** The records were sent and no answer came: they may stand in the log or not. Reading the log tells. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';
}

/** A record that the log holds is not as it was written. `segment` and `position` say where. */
export class LogCorrupted extends Error {
  override readonly name = 'LogCorrupted';
  readonly segment: string;
  /** Byte position in the segment. */
  readonly position: number;
  readonly offset: Offset;
  constructor(segment: string, position: number, offset: Offset, what: string) {
    super(`the log is corrupted in segment ${segment} at byte ${position} (offset ${offset}): ${what}`);
    this.segment = segment;
    this.position = position;
    this.offset = offset;
  }
}
