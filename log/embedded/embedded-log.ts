import { mkdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { Offset, Partition } from '#schemas/kernel/brand.js';
import { type ChangeLog, LogCorrupted, type LogRecord, type StoredRecord } from '../change-log.js';
import { lockFolder } from './folder-lock.js';
import { PartitionWriter, type WriterStatistics } from './partition-writer.js';
import { listSegments, readSegment, type Segment, type SegmentEnd } from './segment.js';

export interface EmbeddedLogOptions {
  readonly folder: string;
  readonly partitions?: number;
  /** A new segment is begun when the last one has reached this size. */
  readonly segmentBytesMax?: number;
}

const SEGMENT_BYTES_MAX = 128 << 20;

/**
 * The log in files of this machine: a folder a partition, segments of records, group commit with one fdatasync for all who wait.
 *
 * A torn end is cut when the log is opened; damage anywhere else stops the opening with LogCorrupted. One process writes (a lock file); others may read with
 * EmbeddedLogReader.
 */
export class EmbeddedLog implements ChangeLog {
  readonly partitions: number;
  readonly #writers: readonly PartitionWriter[];
  readonly #release: () => Promise<void>;
  readonly #waiting: Array<Set<() => void>>;
  #closed = false;

  private constructor(writers: readonly PartitionWriter[], release: () => Promise<void>) {
    this.partitions = writers.length;
    this.#writers = writers;
    this.#release = release;
    this.#waiting = writers.map((writer) => {
      const waiting = new Set<() => void>();
      writer.onDurable = () => {
        for (const wake of waiting) wake();
        waiting.clear();
      };
      return waiting;
    });
  }

  static async open(options: EmbeddedLogOptions): Promise<EmbeddedLog> {
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    const release = await lockFolder(options.folder);
    try {
      const writers: PartitionWriter[] = [];
      for (let partition = 0; partition < (options.partitions ?? 1); partition++) {
        writers.push(await openPartition(partitionFolder(options.folder, partition), options.segmentBytesMax ?? SEGMENT_BYTES_MAX));
      }
      return new EmbeddedLog(writers, release);
    } catch (error) {
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
    let at: number = from;
    while (!signal.aborted && !this.#closed) {
      if (at < writer.durable) {
        const to = writer.durable;
        for await (const batch of this.read(partition, at as Offset, to as Offset)) yield batch;
        at = to;
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#waiting[partition]?.add(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  async *read(partition: Partition, from: Offset, to: Offset): AsyncIterable<readonly StoredRecord[]> {
    const writer = this.#writer(partition);
    const end = Math.min(to, writer.durable);
    yield* readSegments(writer.segments, from, end, (segment) => (segment === writer.segments.at(-1) ? writer.durableBytes : Number.MAX_SAFE_INTEGER));
  }

  async end(partition: Partition): Promise<Offset> {
    return this.#writer(partition).durable as Offset;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const writer of this.#writers) await writer.close();
    for (const waiting of this.#waiting) for (const wake of waiting) wake();
    await this.#release();
  }

  #writer(partition: Partition): PartitionWriter {
    const writer = this.#writers[partition];
    if (writer === undefined) throw new RangeError(`the log has no partition ${partition}`);
    return writer;
  }
}

export function partitionFolder(folder: string, partition: number): string {
  return join(folder, String(partition));
}

/** Reads [from, to) across segments. Throws LogCorrupted when a record is missing before `to`. */
export async function* readSegments(segments: readonly Segment[], from: number, to: number, limitOf: (segment: Segment) => number): AsyncGenerator<readonly StoredRecord[]> {
  let at = from;
  for (let i = 0; i < segments.length && at < to; i++) {
    const segment = segments[i] as Segment;
    const next = segments[i + 1];
    if (next !== undefined && next.first <= at) continue;
    const stop = Math.min(to, next?.first ?? Number.MAX_SAFE_INTEGER);
    const end = yield* readSegment(segment, at, stop, limitOf(segment));
    if (end.next < stop && (end.torn || next !== undefined)) {
      throw new LogCorrupted(segment.path, end.position, end.next as Offset, `records up to offset ${stop} are missing`);
    }
    at = end.next;
  }
}

/** Reads the last segment to its end, cuts a torn tail, and opens it for writing. */
async function openPartition(folder: string, segmentBytesMax: number): Promise<PartitionWriter> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const segments = await listSegments(folder);
  const last = segments.at(-1);
  if (last === undefined) return new PartitionWriter(folder, segments, 0, 0, segmentBytesMax);
  const end = await drain(readSegment(last, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER));
  if (end.torn) await truncate(last.path, end.position);
  return new PartitionWriter(folder, segments, end.position, end.next, segmentBytesMax);
}

async function drain(records: AsyncGenerator<unknown, SegmentEnd>): Promise<SegmentEnd> {
  for (;;) {
    const step = await records.next();
    if (step.done === true) return step.value;
  }
}
