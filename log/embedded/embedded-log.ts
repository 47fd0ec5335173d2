import { mkdir, open, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Offset, Partition } from '#schemas/kernel/brand.js';
import { type ChangeLog, LogCorrupted, type LogRecord, type StoredRecord } from '../change-log.js';
import { lockFolder } from './folder-lock.js';
import { type LogDisk, realDisk } from './log-disk.js';
import { partitionFolder } from './partition-folder.js';
import { PartitionWriter, type WriterStatistics } from './partition-writer.js';
import { markReached, reached } from './reached-mark.js';
import { listSegments, readSegment, type Segment, type SegmentEnd } from './segment.js';

export interface EmbeddedLogOptions {
  readonly folder: string;
  readonly partitions?: number;
  /** A new segment is begun when the last one has reached this size. */
  readonly segmentBytesMax?: number;
  /** Told of each torn end that the opening has cut, of mere zeros excepted. */
  readonly onTornEnd?: (torn: TornEnd) => void;
  /** For tests. */
  readonly disk?: LogDisk;
}

/** What a write that broke off had left behind the last whole record; nothing of it was ever acknowledged. */
export interface TornEnd {
  readonly segment: string;
  /** Where the whole records end in the segment's file. */
  readonly position: number;
  /** Of the next record that will stand there. */
  readonly offset: Offset;
}

const SEGMENT_BYTES_MAX = 128 << 20;

/**
 * The log in files of this machine: a folder a partition, segments of records, group commit with one durable write for
 * all who wait.
 *
 * A torn end is cut when the log is opened; damage in the last segment stops the opening with LogCorrupted, damage in an
 * older one stops whoever reads it. One process writes (a lock file); others may read with EmbeddedLogReader.
 */
export class EmbeddedLog implements ChangeLog {
  readonly partitions: number;
  readonly #folder: string;
  readonly #writers: readonly PartitionWriter[];
  readonly #release: () => Promise<void>;
  readonly #waiting: ReadonlyArray<Set<() => void>>;
  #closed = false;

  private constructor(folder: string, writers: readonly PartitionWriter[], release: () => Promise<void>) {
    this.partitions = writers.length;
    this.#folder = folder;
    this.#writers = writers;
    this.#release = release;
    this.#waiting = writers.map((writer) => {
      const waiting = new Set<() => void>();
      writer.onDurable = () => {
        for (const wake of waiting) wake();
      };
      return waiting;
    });
  }

  /** Rejects with LogCorrupted or LogLocked. */
  static async open(options: EmbeddedLogOptions): Promise<EmbeddedLog> {
    const { folder, partitions = 1, segmentBytesMax = SEGMENT_BYTES_MAX, disk = realDisk, onTornEnd } = options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const release = await lockFolder(folder);
    const writers: PartitionWriter[] = [];
    try {
      for (let partition = 0; partition < partitions; partition++) {
        writers.push(await openPartition(partitionFolder(folder, partition), segmentBytesMax, disk, onTornEnd));
      }
      return new EmbeddedLog(folder, writers, release);
    } catch (error) {
      for (const writer of writers) await writer.close();
      await release();
      throw error;
    }
  }

  get statistics(): readonly WriterStatistics[] {
    return this.#writers.map((writer) => writer.statistics);
  }

  append(partition: Partition, records: readonly LogRecord[]): Promise<Offset> {
    return this.#writer(partition).append(records);
  }

  async *tail(partition: Partition, from: Offset, signal: AbortSignal): AsyncIterable<readonly StoredRecord[]> {
    const writer = this.#writer(partition);
    const waiting = this.#waiting[partition] as Set<() => void>;
    let wake = (): void => undefined;
    const woken = (): void => wake();
    let at: number = from;
    waiting.add(woken);
    signal.addEventListener('abort', woken);
    writer.recent.follow();
    try {
      while (!signal.aborted && !this.#closed) {
        if (at >= writer.durable) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        const recent = writer.recent.from(at);
        if (recent === null) {
          for await (const batch of this.read(partition, at as Offset, writer.durable as Offset)) {
            if (signal.aborted) return;
            at = behind(batch);
            yield batch;
          }
        } else {
          at = behind(recent);
          yield recent;
        }
      }
    } finally {
      writer.recent.unfollow();
      signal.removeEventListener('abort', woken);
      waiting.delete(woken);
    }
  }

  async *read(partition: Partition, from: Offset, to: Offset): AsyncIterable<readonly StoredRecord[]> {
    const writer = this.#writer(partition);
    const { segments } = writer;
    const end = Math.min(to, writer.durable);
    const limitOf = (segment: Segment): number =>
      segment === segments.at(-1) ? writer.durableBytes : Number.MAX_SAFE_INTEGER;
    yield* readSegments(segments, from, end, limitOf);
  }

  async end(partition: Partition): Promise<Offset> {
    return this.#writer(partition).durable as Offset;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (let partition = 0; partition < this.partitions; partition++) {
      const writer = this.#writer(partition as Partition);
      await writer.close();
      // A help only, and the disk may be full.
      await markReached(partitionFolder(this.#folder, partition), writer.durable).catch(() => undefined);
    }
    for (const waiting of this.#waiting) for (const wake of waiting) wake();
    await this.#release();
  }

  #writer(partition: Partition): PartitionWriter {
    const writer = this.#writers[partition];
    if (writer === undefined) throw new RangeError(`the log has no partition ${partition}`);
    return writer;
  }
}

function behind(batch: readonly StoredRecord[]): number {
  return (batch.at(-1) as StoredRecord).offset + 1;
}

/** Reads [from, to) across segments. Throws LogCorrupted when a record is missing before `to`. */
async function* readSegments(
  segments: readonly Segment[],
  from: number,
  to: number,
  limitOf: (segment: Segment) => number,
): AsyncGenerator<readonly StoredRecord[]> {
  let at = from;
  for (let i = 0; i < segments.length && at < to; i++) {
    const segment = segments[i] as Segment;
    const next = segments[i + 1];
    if (segment.first > at) {
      throw new LogCorrupted(segment.path, 0, at as Offset, `the segment with offset ${at} is missing`);
    }
    if (next !== undefined && next.first <= at) continue;
    const stop = Math.min(to, next?.first ?? Number.MAX_SAFE_INTEGER);
    const end = yield* readSegment(segment, at, stop, limitOf(segment));
    if (end.next < stop) {
      const what = `records up to offset ${stop} are missing`;
      throw new LogCorrupted(segment.path, end.position, end.next as Offset, what);
    }
    at = end.next;
  }
}

/** Reads the last segment to its end, cuts a torn tail, and opens it for writing. */
async function openPartition(
  folder: string,
  segmentBytesMax: number,
  disk: LogDisk,
  onTornEnd: EmbeddedLogOptions['onTornEnd'],
): Promise<PartitionWriter> {
  const made = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (made !== undefined) await syncFolder(dirname(folder));
  const segments = await listSegments(folder);
  const last = segments.at(-1);
  const known = await reached(folder);
  if (last === undefined) {
    if (known > 0)
      throw new LogCorrupted(folder, 0, 0 as Offset, `all segments are missing, offset ${known} was reached`);
    return PartitionWriter.open({ disk, folder, segments, segmentBytesMax, next: 0, position: 0 });
  }
  const all = Number.MAX_SAFE_INTEGER;
  const end = await drain(readSegment(last, all, all, all));
  if (end.next < known) {
    const what = `no whole record stands here, and offset ${known} was reached`;
    throw new LogCorrupted(last.path, end.position, end.next as Offset, what);
  }
  // Also where only zeros stand: what is behind the end is the writer's to allocate.
  await truncate(last.path, end.position);
  if (end.torn) onTornEnd?.({ segment: last.path, position: end.position, offset: end.next as Offset });
  return PartitionWriter.open({ disk, folder, segments, segmentBytesMax, next: end.next, position: end.position });
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function drain(records: AsyncGenerator<unknown, SegmentEnd>): Promise<SegmentEnd> {
  for (;;) {
    const step = await records.next();
    if (step.done === true) return step.value;
  }
}
