import { closeSync, fdatasync, fsyncSync, ftruncate, openSync, write } from 'node:fs';
import { join } from 'node:path';
import type { Offset } from '#schemas/kernel/brand.js';
import { type LogRecord, LogUnavailable, OutcomeUnknown } from '../change-log.js';
import { encodeFrame, frameBytes } from './record-frame.js';
import { noteIndex, type Segment, segmentName } from './segment.js';

const BUFFER_BYTES = 1 << 20;

interface Waiter {
  readonly offset: Offset;
  readonly resolve: (offset: Offset) => void;
  readonly reject: (error: Error) => void;
}

/** Counters for metrics. */
export interface WriterStatistics {
  appends: number;
  records: number;
  bytes: number;
  syncs: number;
}

/**
 * The writing end of one partition: group commit. Appends encode into one buffer; while a write and its fdatasync are under way, the next group gathers. One fdatasync
 * serves all who wait.
 *
 * Owns the last segment's descriptor and the durable end. Invariant: bytes behind `#durableBytes` belong to no acknowledged record.
 */
export class PartitionWriter {
  readonly #folder: string;
  readonly #segmentBytesMax: number;
  readonly segments: Segment[];
  readonly statistics: WriterStatistics = { appends: 0, records: 0, bytes: 0, syncs: 0 };
  #fd: number;
  #durableBytes: number;
  #durable: number;
  #next: number;
  #buffer: Buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #spare: Buffer | null = Buffer.allocUnsafe(BUFFER_BYTES);
  #used = 0;
  #waiters: Waiter[] = [];
  #flushing = false;
  #scheduled = false;
  #broken: Error | null = null;
  #idle: Array<() => void> = [];
  onDurable: () => void = () => undefined;

  constructor(folder: string, segments: Segment[], bytes: number, next: number, segmentBytesMax: number) {
    this.#folder = folder;
    this.segments = segments;
    this.#segmentBytesMax = segmentBytesMax;
    this.#durableBytes = bytes;
    this.#durable = next;
    this.#next = next;
    const last = segments.at(-1);
    if (last === undefined) this.#fd = this.#create(next);
    else this.#fd = openSync(last.path, 'r+');
  }

  /** One past the last durable record. */
  get durable(): number {
    return this.#durable;
  }

  /** Durable bytes of the last segment. */
  get durableBytes(): number {
    return this.#durableBytes;
  }

  append(records: readonly LogRecord[]): Promise<Offset> {
    if (this.#broken !== null) {
      if (!this.#flushing) this.#repair();
      return Promise.reject(this.#broken);
    }
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as LogRecord;
      const end = this.#used + frameBytes(record);
      if (end > this.#buffer.length) this.#grow(end);
      this.#used = encodeFrame(this.#buffer, this.#used, record, this.#next++);
    }
    this.statistics.appends++;
    this.statistics.records += records.length;
    if (!this.#flushing && !this.#scheduled) {
      // At the end of this turn of the event loop, so that everything that is ready in it shares one write.
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        if (!this.#flushing) this.#flush();
      });
    }
    const offset = (this.#next - 1) as Offset;
    return new Promise((resolve, reject) => this.#waiters.push({ offset, resolve, reject }));
  }

  #grow(bytes: number): void {
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, bytes));
    this.#buffer.copy(larger, 0, 0, this.#used);
    this.#buffer = larger;
  }

  #flush(): void {
    if (this.#used === 0) {
      for (const wake of this.#idle.splice(0)) wake();
      return;
    }
    this.#flushing = true;
    const waiters = this.#waiters;
    const buffer = this.#buffer;
    const bytes = this.#used;
    const next = this.#next;
    this.#waiters = [];
    this.#buffer = this.#spare ?? Buffer.allocUnsafe(BUFFER_BYTES);
    this.#spare = null;
    this.#used = 0;
    try {
      if (this.#durableBytes >= this.#segmentBytesMax) this.#roll();
    } catch (error) {
      this.#fail(error as Error, waiters);
      return;
    }
    this.#write(buffer, 0, bytes, (error) => {
      if (error !== null) {
        this.#fail(error, waiters);
        return;
      }
      fdatasync(this.#fd, (syncError) => {
        if (syncError !== null) {
          this.#fail(syncError, waiters);
          return;
        }
        noteIndex(this.segments.at(-1) as Segment, this.#durable, this.#durableBytes);
        this.#durableBytes += bytes;
        this.#durable = next;
        this.statistics.bytes += bytes;
        this.statistics.syncs++;
        // Small buffers are kept for the next group; one that a large load has blown up is let go.
        if (buffer.length <= 8 * BUFFER_BYTES) this.#spare = buffer;
        this.#flushing = false;
        for (const waiter of waiters) waiter.resolve(waiter.offset);
        this.onDurable();
        this.#flush();
      });
    });
  }

  #write(buffer: Buffer, from: number, bytes: number, done: (error: Error | null) => void): void {
    write(this.#fd, buffer, from, bytes - from, this.#durableBytes + from, (error, written) => {
      if (error !== null) done(error);
      else if (from + written < bytes) this.#write(buffer, from + written, bytes, done);
      else done(null);
    });
  }

  /** A write failed: what was written of it is cut off again, so that nothing of it ever appears. Those behind it fail as well. */
  #fail(error: Error, waiters: readonly Waiter[]): void {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOSPC' || (error as NodeJS.ErrnoException).code === 'EDQUOT' ? 'full' : 'away';
    const refusal = new LogUnavailable(reason, reason === 'full' ? 'no space is left for the log' : `the log cannot be written: ${error.message}`, { cause: error });
    this.#broken = refusal;
    const failed = [...waiters, ...this.#waiters];
    this.#waiters = [];
    this.#used = 0;
    this.#next = this.#durable;
    this.#cut((cutError) => {
      this.#flushing = false;
      const answer = cutError === null ? refusal : new OutcomeUnknown(`the log cannot be written, nor cut back to its last whole record: ${cutError.message}`, { cause: error });
      this.#broken = cutError === null ? null : refusal;
      for (const waiter of failed) waiter.reject(answer);
      for (const wake of this.#idle.splice(0)) wake();
    });
  }

  #cut(done: (error: Error | null) => void): void {
    ftruncate(this.#fd, this.#durableBytes, (error) => {
      if (error !== null) done(error);
      else fdatasync(this.#fd, done);
    });
  }

  #repair(): void {
    this.#flushing = true;
    this.#cut((error) => {
      this.#flushing = false;
      if (error === null) this.#broken = null;
    });
  }

  #roll(): void {
    const fd = this.#create(this.#durable);
    closeSync(this.#fd);
    this.#fd = fd;
    this.#durableBytes = 0;
  }

  #create(first: number): number {
    const path = join(this.#folder, segmentName(first));
    const fd = openSync(path, 'w', 0o600);
    // The file's name must be as durable as what is written into it.
    const folder = openSync(this.#folder, 'r');
    fsyncSync(folder);
    closeSync(folder);
    this.segments.push({ path, first, index: [] });
    return fd;
  }

  /** Resolves when everything appended so far is durable or has failed. */
  async close(): Promise<void> {
    if (this.#flushing || this.#used > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    closeSync(this.#fd);
  }
}
