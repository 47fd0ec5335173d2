import { join } from 'node:path';
import type { Offset } from '#schemas/kernel/brand.js';
import { type LogRecord, LogUnavailable, OutcomeUnknown } from '../change-log.js';
import type { LogDisk } from './log-disk.js';
import { RecentGroups } from './recent-groups.js';
import { encodeFrame, frameBytes } from './record-frame.js';
import { noteIndex, type Segment, segmentName } from './segment.js';
import { SegmentWriter } from './segment-writer.js';

const BUFFER_BYTES = 1 << 20;
/** A group with this much in it takes no further append: the next goes into a group of its own. */
const GROUP_BYTES_MAX = 8 << 20;
/** How often a broken log tries to cut back to its last whole record. */
const REPAIR_INTERVAL_MS = 500;

interface Waiter {
  readonly offset: Offset;
  readonly resolve: (offset: Offset) => void;
  readonly reject: (error: Error) => void;
}

/** Appends that become durable together: frames of the records [first, next). */
interface Group {
  buffer: Buffer;
  bytes: number;
  readonly first: number;
  next: number;
  readonly waiters: Waiter[];
}

/** Counters for metrics. */
export interface WriterStatistics {
  appends: number;
  records: number;
  bytes: number;
  syncs: number;
}

export interface PartitionWriterOptions {
  readonly disk: LogDisk;
  readonly folder: string;
  readonly segments: Segment[];
  readonly segmentBytesMax: number;
  /** One past the last record that stands in the segments. */
  readonly next: number;
  /** Bytes of the last segment that hold records. */
  readonly position: number;
}

/** What the writer is doing. In `failing`, `repairing` and `closed` nothing may be encoded. */
type State = 'open' | 'failing' | 'repairing' | 'closed';

/**
 * The writing end of one partition: group commit. Appends encode into a group; while a group is being written, the next
 * one gathers. One durable write serves all who wait.
 *
 * Owns the last segment and the durable end. Invariants: groups are written one after the other, so what stands before a
 * group is durable; bytes behind the durable end belong to no acknowledged record; after a failed write nothing is
 * written until they are cut off.
 */
export class PartitionWriter {
  readonly segments: Segment[];
  readonly recent = new RecentGroups();
  readonly statistics: WriterStatistics = { appends: 0, records: 0, bytes: 0, syncs: 0 };
  readonly #options: PartitionWriterOptions;
  #segment: SegmentWriter;
  #durable: number;
  /** The group that gathers, and full ones before it. */
  #gathering: Group;
  #full: Group[] = [];
  #spare: Buffer | null = null;
  #writing = false;
  #scheduled = false;
  #state: State = 'open';
  /** Appends that failed, or came while the failure was being cleared away, in the order of their calls. */
  #doomed: Waiter[] = [];
  #refusal: LogUnavailable | null = null;
  #unsettled: Array<() => void> = [];
  #idle: Array<() => void> = [];
  onDurable: () => void = () => undefined;

  private constructor(options: PartitionWriterOptions, segment: SegmentWriter) {
    this.#options = options;
    this.segments = options.segments;
    this.#segment = segment;
    this.#durable = options.next;
    this.#gathering = this.#emptyGroup(options.next);
  }

  /** Opens the last segment for writing, or makes the first one. */
  static async open(options: PartitionWriterOptions): Promise<PartitionWriter> {
    const { disk, segments, next, position, segmentBytesMax } = options;
    const last = segments.at(-1);
    const fd = await new Promise<number>((resolve, reject) => {
      const opened = (error: Error | null, made: number): void => (error === null ? resolve(made) : reject(error));
      if (last === undefined) createSegment(options, next, opened);
      else disk.open(last.path, false, opened);
    });
    return new PartitionWriter(options, new SegmentWriter(disk, fd, position, segmentBytesMax));
  }

  /** One past the last durable record. */
  get durable(): number {
    return this.#durable;
  }

  /** Durable bytes of the last segment. */
  get durableBytes(): number {
    return this.#segment.position;
  }

  /** Hot: once a commit. One promise, no allocation besides. */
  append(records: readonly LogRecord[]): Promise<Offset> {
    if (records.length === 0) return Promise.reject(new RangeError('an append without records'));
    if (this.#state !== 'open') return this.#refuse();
    let bytes = 0;
    // Before anything is encoded: it may throw.
    for (let i = 0; i < records.length; i++) bytes += frameBytes(records[i] as LogRecord);
    if (this.#gathering.bytes + bytes > GROUP_BYTES_MAX && this.#gathering.bytes > 0) {
      this.#full.push(this.#gathering);
      this.#gathering = this.#emptyGroup(this.#gathering.next);
    }
    const group = this.#gathering;
    if (group.bytes + bytes > group.buffer.length) grow(group, group.bytes + bytes);
    let at = group.bytes;
    for (let i = 0; i < records.length; i++) {
      at = encodeFrame(group.buffer, at, records[i] as LogRecord, group.next, group.next - group.first);
      group.next++;
    }
    group.bytes = at;
    this.statistics.appends++;
    this.statistics.records += records.length;
    if (!this.#writing && !this.#scheduled) this.#schedule();
    const offset = (group.next - 1) as Offset;
    return new Promise((resolve, reject) => group.waiters.push({ offset, resolve, reject }));
  }

  #refuse(): Promise<Offset> {
    if (this.#state === 'failing') {
      // Answered together with those that failed, and behind them.
      return new Promise((resolve, reject) => this.#doomed.push({ offset: 0 as Offset, resolve, reject }));
    }
    return Promise.reject(this.#refusal ?? new LogUnavailable('away', 'the log is closed'));
  }

  /** At the end of this turn of the event loop, so that everything that is ready in it shares one write. */
  #schedule(): void {
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#writing) this.#writeNext();
    });
  }

  #emptyGroup(first: number): Group {
    const buffer = this.#spare ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
    this.#spare = null;
    return { buffer, bytes: 0, first, next: first, waiters: [] };
  }

  #writeNext(): void {
    let group = this.#full.shift();
    if (group === undefined) {
      group = this.#gathering;
      if (group.bytes === 0) {
        for (const wake of this.#idle.splice(0)) wake();
        return;
      }
      this.#gathering = this.#emptyGroup(group.next);
    }
    this.#writing = true;
    if (this.#segment.position < this.#options.segmentBytesMax) this.#write(group);
    else this.#roll(group);
  }

  #write(group: Group): void {
    const { buffer, bytes, first, next, waiters } = group;
    const segment = this.#segment;
    const { position } = segment;
    segment.append(buffer, bytes, (error) => {
      if (error !== null) {
        this.#fail(error, group);
        return;
      }
      noteIndex(this.segments.at(-1) as Segment, first, position);
      this.#durable = next;
      this.statistics.bytes += bytes;
      this.statistics.syncs++;
      this.recent.add(buffer, bytes, first, next);
      // A buffer that a large load has blown up is let go.
      if (buffer.length === BUFFER_BYTES) this.#spare = buffer;
      this.#writing = false;
      for (let i = 0; i < waiters.length; i++) {
        const waiter = waiters[i] as Waiter;
        waiter.resolve(waiter.offset);
      }
      this.onDurable();
      this.#writeNext();
    });
  }

  /** Goes on in a new segment. */
  #roll(group: Group): void {
    createSegment(this.#options, group.first, (error, fd) => {
      if (error !== null) {
        this.#fail(error, group);
        return;
      }
      // Its records are durable; what close may fail at is cutting off the zeros, which readers take for nothing.
      this.#segment.close(() => undefined);
      this.#segment = new SegmentWriter(this.#options.disk, fd, 0, this.#options.segmentBytesMax);
      this.#write(group);
    });
  }

  /** A write failed: what was written of it is cut off again, so that nothing of it ever appears. */
  #fail(error: Error, group: Group): void {
    this.#state = 'failing';
    const refusal = refusalOf(error);
    this.#refusal = refusal;
    this.#doomed = [...group.waiters, ...this.#full.flatMap(({ waiters }) => waiters), ...this.#gathering.waiters];
    this.#full = [];
    this.#gathering = this.#emptyGroup(this.#durable);
    this.#segment.cut((cutError) => {
      this.#writing = false;
      const doomed = this.#doomed.splice(0);
      if (cutError === null) {
        this.#state = 'open';
        for (const waiter of doomed) waiter.reject(refusal);
      } else {
        this.#state = 'repairing';
        this.#repairLater();
        for (const waiter of doomed) waiter.reject(this.#unknown(cutError));
      }
      for (const wake of this.#idle.splice(0)) wake();
    });
  }

  #unknown(cause: Error): OutcomeUnknown {
    // Once the file is cut, none of the records is there.
    const settled = new Promise<null>((resolve) => this.#unsettled.push(() => resolve(null)));
    const what = `the log can neither be written nor cut back to its last whole record: ${cause.message}`;
    return new OutcomeUnknown(what, settled, { cause });
  }

  #repairLater(): void {
    setTimeout(() => {
      if (this.#state !== 'repairing') return;
      this.#segment.cut((error) => {
        if (error !== null) {
          this.#repairLater();
          return;
        }
        for (const settle of this.#unsettled.splice(0)) settle();
        if (this.#state === 'repairing') this.#state = 'open';
      });
    }, REPAIR_INTERVAL_MS).unref();
  }

  /** Resolves when everything appended so far is durable or has failed, and the file is closed. */
  async close(): Promise<void> {
    if (this.#writing || this.#scheduled || this.#gathering.bytes > 0) {
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
    this.#refusal = null;
    this.#state = 'closed';
    // What may fail is cutting off the zeros, which readers take for nothing, and the next start does again.
    await new Promise<void>((resolve) => this.#segment.close(() => resolve()));
  }
}

function grow(group: Group, bytes: number): void {
  const larger = Buffer.allocUnsafeSlow(Math.max(group.buffer.length * 2, bytes));
  group.buffer.copy(larger, 0, 0, group.bytes);
  group.buffer = larger;
}

function createSegment(
  { disk, folder, segments }: PartitionWriterOptions,
  first: number,
  done: (error: Error | null, fd: number) => void,
): void {
  const path = join(folder, segmentName(first));
  disk.open(path, true, (error, fd) => {
    if (error !== null) {
      done(error, fd);
      return;
    }
    // The file's name must be as durable as what is written into it.
    disk.syncFolder(folder, (syncError) => {
      if (syncError === null) segments.push({ path, first, index: [] });
      done(syncError, fd);
    });
  });
}

function refusalOf(error: Error): LogUnavailable {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new LogUnavailable('full', 'no space is left on the disk that holds the log', { cause: error });
  }
  return new LogUnavailable('away', `the log cannot be written: ${error.message}`, { cause: error });
}
