import { closeSync, fstatSync, ftruncateSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';

/*
 * LMDB's data file (lmdb.h, mdb.c): pages of 4 KiB or another power of two; the first two are meta pages, written in turn.
 *
 *   meta page = header:16 bytes … magic:uint32 at 24 … page size:uint32 at 48 … last page:uint64 at 144, transaction:uint64 at 152
 */
const MAGIC = 0xbeefc0de;
const MAGIC_AT = 24;
const PAGE_SIZE_AT = 48;
const LAST_PAGE_AT = 144;
const TRANSACTION_AT = 152;
const META_BYTES = 160;
const META_PAGES = 2;
const DATA_FILE = 'data.mdb';

/**
 * What is wrong with an environment's file; null when nothing is, or there is none. LMDB maps the file and trusts what stands there: opening or reading one that is cut or
 * overwritten ends the process.
 */
export function damageOfDataFile(folder: string): string | null {
  const path = join(folder, DATA_FILE);
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return null;
  const file = openSync(path, 'r');
  try {
    const needed = bytesOf(file);
    if (needed === null) return `${path} is no LMDB file any more`;
    return size < needed ? `${path} has ${size} bytes and should have ${needed}` : null;
  } finally {
    closeSync(file);
  }
}

/**
 * Makes the file as long as its last commit says. LMDB leaves it shorter where the last pages that a transaction took were free again at its end, which would look like a file
 * that was cut. One that is shorter than it was (`before`) is left as it is. Answers with its length in bytes.
 */
export function lengthenDataFile(folder: string, before: number): number {
  const file = openSync(join(folder, DATA_FILE), 'r+');
  try {
    const { size } = fstatSync(file);
    const needed = bytesOf(file) ?? 0;
    if (size >= needed || size < before) return size;
    ftruncateSync(file, needed);
    return needed;
  } finally {
    closeSync(file);
  }
}

/** What the newest transaction needs; null for a file that is none of LMDB's. */
function bytesOf(file: number): number | null {
  const first = metaAt(file, 0);
  const pageSize = first?.readUInt32LE(PAGE_SIZE_AT) ?? 0;
  const second = first === null ? null : metaAt(file, pageSize);
  if (first === null || second === null) return null;
  const newest = first.readBigUInt64LE(TRANSACTION_AT) > second.readBigUInt64LE(TRANSACTION_AT) ? first : second;
  return Math.max(Number(newest.readBigUInt64LE(LAST_PAGE_AT)) + 1, META_PAGES) * pageSize;
}

function metaAt(file: number, position: number): Buffer | null {
  const meta = Buffer.alloc(META_BYTES);
  const read = readSync(file, meta, 0, META_BYTES, position);
  return read === META_BYTES && meta.readUInt32LE(MAGIC_AT) === MAGIC ? meta : null;
}
