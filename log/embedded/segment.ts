import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Offset } from '#schemas/kernel/brand.js';
import { LogCorrupted, type StoredRecord } from '../change-log.js';
import { decodeFrame, durableBefore } from './record-frame.js';

/** Read at once from a segment; a longer record is read whole. */
const CHUNK_BYTES = 1 << 20;
/** Read first where somebody follows, who finds a moment's records and then zeros that were written ahead. */
const TAIL_CHUNK_BYTES = 128 << 10;
/** Distance of two entries of the sparse index. */
const INDEX_EVERY_BYTES = 256 << 10;

/** One segment file: `<first offset, 20 digits>.log`. */
export interface Segment {
  readonly path: string;
  readonly first: number;
  /** (offset, position) pairs, ascending, made as the file is written or read. */
  readonly index: Array<readonly [offset: number, position: number]>;
}

export function segmentName(first: number): string {
  return `${String(first).padStart(20, '0')}.log`;
}

/** Adds an entry where the last one is far enough away. */
export function noteIndex(segment: Segment, offset: number, position: number): void {
  const last = segment.index.at(-1);
  if (last === undefined || (position - last[1] >= INDEX_EVERY_BYTES && offset > last[0])) {
    segment.index.push([offset, position]);
  }
}

/** The segments of a folder, in order. */
export async function listSegments(folder: string): Promise<Segment[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{20}\.log$/.test(name)).sort();
  return names.map((name) => ({ path: join(folder, name), first: Number(name.slice(0, 20)), index: [] }));
}

/** What reading a segment came to: the position behind its last whole record and the next offset. */
export interface SegmentEnd {
  readonly position: number;
  readonly next: number;
  /** Bytes follow that are no whole record: a write that broke off, or that goes on just now. */
  readonly torn: boolean;
}

/**
 * Reads records of a segment with offsets in [from, to), batch by batch. Returns where it ended. Throws LogCorrupted for
 * a record that was durable and is damaged; the remains of a last write that broke off are told and not thrown. `limit`
 * bounds the bytes that may be looked at (durable so far). A `tail` is being written: what stands behind its last record is not looked at, and so not found damaged.
 */
export async function* readSegment(
  segment: Segment,
  from: number,
  to: number,
  limit: number,
  tail = false,
): AsyncGenerator<readonly StoredRecord[], SegmentEnd> {
  const file = await open(segment.path, 'r');
  try {
    let [offset, position] = startOf(segment, from);
    let chunk = tail ? TAIL_CHUNK_BYTES : CHUNK_BYTES;
    for (;;) {
      const { buffer, bytes } = await readChunk(file, position, Math.min(chunk, limit - position));
      const batch: StoredRecord[] = [];
      let at = 0;
      let result = offset < to ? decodeFrame(buffer, at, bytes, offset) : null;
      while (result?.kind === 'record') {
        noteIndex(segment, offset, position + at);
        if (offset >= from) batch.push(result.record);
        at = result.end;
        offset++;
        result = offset < to ? decodeFrame(buffer, at, bytes, offset) : null;
      }
      if (batch.length > 0) yield batch;
      const atEnd = bytes < chunk || position + bytes >= limit;
      if (result === null) return { position: position + at, next: offset, torn: false };
      if (result.kind !== 'short' || atEnd) {
        if (tail) return { position: position + at, next: offset, torn: result.kind !== 'empty' };
        const what = result.kind === 'bad' ? result.what : 'a record is missing';
        const torn = await remains(file, segment, position + at, limit, offset, what);
        return { position: position + at, next: offset, torn };
      }
      // A record longer than the chunk needs a longer chunk.
      chunk = at === 0 ? Math.max(chunk * 2, CHUNK_BYTES) : CHUNK_BYTES;
      position += at;
    }
  } finally {
    await file.close();
  }
}

/** Looks at what stands from `position` on, where no record can be read: false = nothing, true = a write that broke off. */
async function remains(
  file: FileHandle,
  segment: Segment,
  position: number,
  limit: number,
  offset: number,
  what: string,
): Promise<boolean> {
  const { buffer, bytes } = await readChunk(file, position, Math.max(0, limit - position));
  if (durableBefore(buffer, 0, bytes, offset)) {
    // Another process may have completed the record while its successors were being read: they stand only behind a whole one.
    const again = await readChunk(file, position, Math.max(0, limit - position));
    if (decodeFrame(again.buffer, 0, again.bytes, offset).kind === 'record') return true;
    throw new LogCorrupted(segment.path, position, offset as Offset, what);
  }
  for (let i = 0; i < bytes; i++) if (buffer[i] !== 0) return true;
  return false;
}

/** The last entry of the index at or before `from`. */
function startOf(segment: Segment, from: number): readonly [offset: number, position: number] {
  const { index } = segment;
  let low = 0;
  let high = index.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((index[middle] as readonly [number, number])[0] <= from) low = middle + 1;
    else high = middle;
  }
  return index[low - 1] ?? [segment.first, 0];
}

async function readChunk(
  file: FileHandle,
  position: number,
  length: number,
): Promise<{ readonly buffer: Buffer; readonly bytes: number }> {
  // A limit beyond the file's end must not make a buffer of its size.
  const wanted = length <= CHUNK_BYTES ? length : Math.min(length, Math.max(0, (await file.stat()).size - position));
  const buffer = Buffer.allocUnsafeSlow(Math.max(0, wanted));
  let bytes = 0;
  while (bytes < buffer.length) {
    const { bytesRead } = await file.read(buffer, bytes, buffer.length - bytes, position + bytes);
    if (bytesRead === 0) break;
    bytes += bytesRead;
  }
  return { buffer, bytes };
}
