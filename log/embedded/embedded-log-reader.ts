import { readFile, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Offset, Partition } from '#schemas/kernel/brand.js';
import { LogCorrupted, type StoredRecord } from '../change-log.js';
import { partitionFolder } from './partition-folder.js';
import { reached } from './reached-mark.js';
import { findFrame } from './record-frame.js';
import { listSegments, readSegment, type Segment, type SegmentEnd } from './segment.js';

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

  /** Walks every segment and reports all damage: behind damage it looks for the next whole record and goes on there. */
  async verify(partition: Partition): Promise<Verified> {
    const folder = partitionFolder(this.#folder, partition);
    const segments = await listSegments(folder);
    const found: Findings = { records: 0, damage: [], tornBytes: 0 };
    for (let i = 0; i < segments.length; i++) {
      const next = segments[i + 1];
      const must = next?.first ?? (await reached(folder));
      await verifySegment(segments[i] as Segment, next?.first ?? Number.MAX_SAFE_INTEGER, must, found);
    }
    return found;
  }
}

interface Findings {
  records: number;
  readonly damage: Damage[];
  tornBytes: number;
}

/** Reads the segment's records up to `to`; there must be all before `must`. */
async function verifySegment(segment: Segment, to: number, must: number, found: Findings): Promise<void> {
  let from: Segment | null = segment;
  while (from !== null) {
    const start: number = from.index[0]?.[0] ?? from.first;
    try {
      const reading = readSegment(from, start, to, Number.MAX_SAFE_INTEGER);
      let step = await reading.next();
      for (; step.done !== true; step = await reading.next()) found.records += step.value.length;
      const { next, position, torn } = step.value;
      if (next < must) {
        const what = `records up to offset ${must} are missing`;
        found.damage.push({ segment: segment.path, position, offset: next, what });
      } else if (torn) found.tornBytes = (await stat(segment.path)).size - position;
      return;
    } catch (error) {
      if (!(error instanceof LogCorrupted)) throw error;
      const { position, offset, what } = error;
      found.damage.push({ segment: segment.path, position, offset, what });
      from = await resume(segment, position, offset);
    }
  }
}

/** The segment from the first whole record behind `position` on. */
async function resume(segment: Segment, position: number, offset: number): Promise<Segment | null> {
  const bytes = await readFile(segment.path);
  const frame = findFrame(bytes, position, bytes.length, offset);
  return frame === null ? null : { ...segment, index: [[frame.offset, frame.at]] };
}
