import { stat } from 'node:fs/promises';
import type { Offset, Partition } from '#schemas/kernel/brand.js';
import { LogCorrupted, type StoredRecord } from '../change-log.js';
import { partitionFolder } from './embedded-log.js';
import { listSegments, readSegment, type SegmentEnd } from './segment.js';

/** How often a following reader looks for more. */
const POLL_MS = 100;

/** Damage that `verify` found. */
export interface Damage {
  readonly segment: string;
  readonly position: number;
  readonly offset: number;
  readonly what: string;
}

/**
 * Reads the embedded log's files while another process may be writing them: a record that is not whole yet is simply not there yet. What stands in the files may
 * be ahead of what is durable by one group commit.
 */
export class EmbeddedLogReader {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Every whole record from `from` on; with `follow`, waits for more until the signal aborts. */
  async *records(partition: Partition, from: Offset, follow: AbortSignal | null): AsyncIterable<readonly StoredRecord[]> {
    let at: number = from;
    for (;;) {
      const segments = await listSegments(partitionFolder(this.#folder, partition));
      for (let i = 0; i < segments.length; i++) {
        const segment = segments[i];
        const next = segments[i + 1];
        if (segment === undefined || (next !== undefined && next.first <= at)) continue;
        const reading = readSegment(segment, at, next?.first ?? Number.MAX_SAFE_INTEGER, (await stat(segment.path)).size);
        const end: SegmentEnd = yield* reading;
        if (next !== undefined && end.next < next.first) {
          throw new LogCorrupted(segment.path, end.position, end.next as Offset, `records up to offset ${next.first} are missing`);
        }
        at = end.next;
      }
      if (follow === null || follow.aborted) return;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      if (follow.aborted) return;
    }
  }

  /** Walks every segment and reports all damage; a torn end of the last segment is none. */
  async verify(partition: Partition): Promise<{ records: number; damage: Damage[]; tornBytes: number }> {
    const segments = await listSegments(partitionFolder(this.#folder, partition));
    const damage: Damage[] = [];
    let records = 0;
    let tornBytes = 0;
    for (let i = 0; i < segments.length; i++) {
      const segment = segments[i];
      const next = segments[i + 1];
      if (segment === undefined) continue;
      const { size } = await stat(segment.path);
      try {
        const reading = readSegment(segment, segment.first, Number.MAX_SAFE_INTEGER, size);
        let step = await reading.next();
        while (step.done !== true) {
          records += step.value.length;
          step = await reading.next();
        }
        const end = step.value;
        if (next === undefined) tornBytes = size - end.position;
        else if (end.torn || end.next !== next.first) {
          damage.push({ segment: segment.path, position: end.position, offset: end.next, what: `records up to offset ${next.first} are missing` });
        }
      } catch (error) {
        if (!(error instanceof LogCorrupted)) throw error;
        damage.push({ segment: error.segment, position: error.position, offset: error.offset, what: error.message });
      }
    }
    return { records, damage, tornBytes };
  }
}
