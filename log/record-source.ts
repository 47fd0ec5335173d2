import type { Offset, Partition } from '#schemas/kernel/brand.js';
import type { ChangeLog, StoredRecord } from './change-log.js';

/** A log as who only reads it sees it: the files of another process, or a broker's topic. */
export interface RecordSource {
  /** Batches from `from` on; with `follow`, waits at the end for more until the signal aborts. An error of the log ends it, and is thrown. */
  records(partition: Partition, from: Offset, follow: AbortSignal | null): AsyncIterable<readonly StoredRecord[]>;
}

/** The records of a log that this process has open itself. */
export function recordsOf(log: ChangeLog): RecordSource {
  return {
    async *records(partition, from, follow) {
      yield* follow === null ? log.read(partition, from, await log.end(partition)) : log.tail(partition, from, follow);
    },
  };
}
