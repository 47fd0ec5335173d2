import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Offset } from '#schemas/kernel/brand.js';
import { LogCorrupted, type StoredRecord } from '../change-log.js';
import { decodeFrame, recordStandsBehind } from './record-frame.js';

/** Read at once from a segment; a longer record is read whole. */
const CHUNK_BYTES = 4 << 20;
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

export function noteIndex(segment: Segment, offset: number, position: number): void {
  const last = segment.index.at(-1);
  if (last === undefined || (position - last[1] >= INDEX_EVERY_BYTES && offset > last[0])) segment.index.push([offset, position]);
}

/** The segments of a folder, in order. */
export async function listSegments(folder: string): Promise<Segment[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{20}\.log$/.test(name)).sort();
  return names.map((name) => ({ path: join(folder, name), first: Number(name.slice(0, 20)), index: [] }));
}

/** What reading a segment came to: the position behind its last whole record and the next offset; `torn` when bytes follow that are no record. */
export interface SegmentEnd {
  readonly position: number;
  readonly next: number;
  readonly torn: boolean;
}

/**
 * Reads records of a segment with offsets in [from, to), batch by batch. Returns where it ended. Throws LogCorrupted for damage; bytes behind the last record that
 * are no whole record and have none behind them are a torn end, told and not thrown. `limit` bounds the bytes that may be looked at (durable so far).
 */
export async function* readSegment(segment: Segment, from: number, to: number, limit: number): AsyncGenerator<readonly StoredRecord[], SegmentEnd> {
  const file = await open(segment.path, 'r');
  try {
    let [offset, position] = startOf(segment, from);
    let chunk = CHUNK_BYTES;
    for (;;) {
      const { buffer, bytes } = await readChunk(file, position, Math.min(chunk, limit - position));
      const batch: StoredRecord[] = [];
      let at = 0;
      let result = decodeFrame(buffer, at, bytes, offset);
      while (result.kind === 'record' && offset < to) {
        noteIndex(segment, offset, position + at);
        if (offset >= from) batch.push(result.record);
        at = result.end;
        offset++;
        result = decodeFrame(buffer, at, bytes, offset);
      }
      if (batch.length > 0) yield batch;
      if (offset >= to) return { position: position + at, next: offset, torn: false };
      const atFileEnd = bytes < Math.min(chunk, limit - position) || position + bytes >= limit;
      if (result.kind === 'bad') {
        const rest = await readChunk(file, position + at, Math.max(0, limit - position - at));
        if (recordStandsBehind(rest.buffer, 0, rest.bytes, offset)) throw new LogCorrupted(segment.path, position + at, offset as Offset, result.what);
        return { position: position + at, next: offset, torn: true };
      }
      if (atFileEnd) {
        const torn = at < bytes;
        if (torn) {
          const rest = await readChunk(file, position + at, limit - position - at);
          if (recordStandsBehind(rest.buffer, 0, rest.bytes, offset)) throw new LogCorrupted(segment.path, position + at, offset as Offset, 'record length does not fit');
        }
        return { position: position + at, next: offset, torn };
      }
      // A record longer than the chunk needs a longer chunk.
      chunk = at === 0 ? chunk * 2 : CHUNK_BYTES;
      position += at;
    }
  } finally {
    await file.close();
  }
}

function startOf(segment: Segment, from: number): readonly [offset: number, position: number] {
  let best: readonly [number, number] = [segment.first, 0];
  for (const entry of segment.index) {
    if (entry[0] > from) break;
    best = entry;
  }
  return best;
}

async function readChunk(file: FileHandle, position: number, length: number): Promise<{ buffer: Buffer; bytes: number }> {
  const { size } = await file.stat();
  const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(length, size - position)));
  let bytes = 0;
  while (bytes < buffer.length) {
    const { bytesRead } = await file.read(buffer, bytes, buffer.length - bytes, position + bytes);
    if (bytesRead === 0) break;
    bytes += bytesRead;
  }
  return { buffer, bytes };
}
