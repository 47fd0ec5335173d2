import { open, readFile, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Offset, Partition } from '#schemas/kernel/brand.js';
import { LogCorrupted, type StoredRecord } from '../change-log.js';
import { partitionFolder } from './partition-folder.js';
import { reached } from './reached-mark.js';
import { findFrame } from './record-frame.js';
import { listSegments, readSegment, type Segment, type SegmentEnd } from './segment.js';

/** How often a following reader looks for more. */
const POLL_MS = 50;
const PEEK_BYTES = 16;
/** For how long nothing can be read before a follower looks whether damage is why. */
const STALLED_MS = 1_000;

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

/** How far a reader has come. */
interface Place {
  /** Offset of the next record. */
  next: number;
  /** The segment that was read last, and to which position. */
  path: string;
  position: number;
  /** When it was last found further on. */
  movedAtMs: number;
  /** When the segment had last been written to as it was looked at for damage. */
  writtenAtMs: number;
}

/**
 * Reads what a segment has got since it was read last. This runs many times a second where a log is followed and nobody writes: a few bytes tell that nothing was added
 * (zeros are written ahead of the records), and what was is not looked for from the segment's beginning.
 */
async function* readOn(
  segment: Segment,
  following: Segment | undefined,
  place: Place,
  isFollowed: boolean,
): AsyncGenerator<readonly StoredRecord[], void> {
  const isSame = place.path === segment.path;
  const isTail = isFollowed && following === undefined && !(isSame && (await isSuspect(segment, place)));
  if (isSame && isTail && !(await holdsAnything(segment.path, place.position))) return;
  if (isSame) segment.index.push([place.next, place.position]);
  const stop = following?.first ?? Number.MAX_SAFE_INTEGER;
  const limit = (await stat(segment.path)).size;
  const end: SegmentEnd = yield* readSegment(segment, place.next, stop, limit, isTail);
  if (following !== undefined && end.next < following.first) {
    const what = `records up to offset ${following.first} are missing`;
    throw new LogCorrupted(segment.path, end.position, end.next as Offset, what);
  }
  if (!isSame || end.position > place.position) place.movedAtMs = performance.now();
  place.next = Math.max(place.next, end.next);
  place.path = segment.path;
  place.position = end.position;
}

/** Is the segment written to, and yet nothing of it to be read for a while? Looking for damage takes all that stands ahead, so it is done once for each time that somebody wrote. */
async function isSuspect({ path }: Segment, place: Place): Promise<boolean> {
  if (performance.now() - place.movedAtMs < STALLED_MS) return false;
  const { mtimeMs } = await stat(path);
  if (mtimeMs === place.writtenAtMs) return false;
  place.writtenAtMs = mtimeMs;
  return true;
}

/** Does anything but zeros stand at this position of a file? No record begins with as many of them. */
async function holdsAnything(path: string, position: number): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(PEEK_BYTES), 0, PEEK_BYTES, position);
    return buffer.subarray(0, bytesRead).some((byte) => byte !== 0);
  } finally {
    await file.close();
  }
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
    const place: Place = { next: from, path: '', position: 0, movedAtMs: performance.now(), writtenAtMs: 0 };
    for (;;) {
      const segments = await listSegments(partitionFolder(this.#folder, partition));
      for (let i = 0; i < segments.length; i++) {
        const segment = segments[i];
        const following = segments[i + 1];
        if (segment === undefined || (following !== undefined && following.first <= place.next)) continue;
        yield* readOn(segment, following, place, follow !== null);
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
