import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Offset, Partition } from '#schemas/kernel/brand.js';
import { LogCorrupted, type StoredRecord } from '../change-log.js';
import { partitionFolder } from './partition-folder.js';
import { reached } from './reached-mark.js';
import { listSegments, readSegment, type SegmentEnd } from './segment.js';

/** How often a following reader looks for more. */
const POLL_MS = 50;

/** Damage that `verify` found. */
export interface Damage {
  readonly segment: string;
  readonly position: number;
  readonly offset: number;
  readonly what: string;
}

/** What `verify` came to. */
export interface Verified {
  readonly records: number;
  readonly damage: readonly Damage[];
  /** Bytes behind the last record that are the remains of a write that broke off; none is damage. */
  readonly tornBytes: number;
}

/**
 * Reads the embedded log's files while another process may be writing them: a record that is not whole yet is simply not
 * there yet. What stands in the files may be ahead of what is durable by one group commit.
 */
export class EmbeddedLogReader {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Every whole record from `from` on; with `follow`, waits for more until the signal aborts. */
  async *records(
    partition: Partition,
    from: Offset,
    follow: AbortSignal | null,
  ): AsyncIterable<readonly StoredRecord[]> {
    let at: number = from;
    for (;;) {
      const segments = await listSegments(partitionFolder(this.#folder, partition));
      for (let i = 0; i < segments.length; i++) {
        const segment = segments[i];
        const next = segments[i + 1];
        if (segment === undefined || (next !== undefined && next.first <= at)) continue;
        const stop = next?.first ?? Number.MAX_SAFE_INTEGER;
        const end: SegmentEnd = yield* readSegment(segment, at, stop, (await stat(segment.path)).size);
        if (next !== undefined && end.next < next.first) {
          const what = `records up to offset ${next.first} are missing`;
          throw new LogCorrupted(segment.path, end.position, end.next as Offset, what);
        }
        at = Math.max(at, end.next);
      }
      if (follow === null || follow.aborted) return;
      await sleep(POLL_MS, undefined, { signal: follow }).catch(() => undefined);
      if (follow.aborted) return;
    }
  }

  /** Walks every segment and reports all damage; behind damage it goes on with the next segment. */
  async verify(partition: Partition): Promise<Verified> {
    const folder = partitionFolder(this.#folder, partition);
    const segments = await listSegments(folder);
    const damage: Damage[] = [];
    let records = 0;
    let tornBytes = 0;
    for (let i = 0; i < segments.length; i++) {
      const segment = segments[i];
      const next = segments[i + 1];
      if (segment === undefined) continue;
      const must = next?.first ?? (await reached(folder));
      try {
        const all = Number.MAX_SAFE_INTEGER;
        const reading = readSegment(segment, segment.first, next?.first ?? all, all);
        let step = await reading.next();
        for (; step.done !== true; step = await reading.next()) records += step.value.length;
        const end = step.value;
        if (end.next < must) {
          const what = `records up to offset ${must} are missing`;
          damage.push({ segment: segment.path, position: end.position, offset: end.next, what });
        } else if (end.torn) tornBytes = (await stat(segment.path)).size - end.position;
      } catch (error) {
        if (!(error instanceof LogCorrupted)) throw error;
        damage.push({
          segment: error.segment,
          position: error.position,
          offset: error.offset,
          what: error.message,
        });
      }
    }
    return { records, damage, tornBytes };
  }
}
