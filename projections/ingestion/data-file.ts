import { closeSync, openSync, readSync, statSync } from 'node:fs';
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

/**
 * What is wrong with an environment's file; null when nothing is, or there is none. LMDB maps the file and trusts what stands there: opening or reading one that is cut or
 * overwritten ends the process.
 */
export function damageOfDataFile(folder: string): string | null {
  const path = join(folder, 'data.mdb');
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return null;
  const file = openSync(path, 'r');
  try {
    const first = metaAt(file, 0);
    const pageSize = first?.readUInt32LE(PAGE_SIZE_AT) ?? 0;
    const second = first === null ? null : metaAt(file, pageSize);
    if (first === null || second === null) return `${path} is no LMDB file any more`;
    const newest = first.readBigUInt64LE(TRANSACTION_AT) > second.readBigUInt64LE(TRANSACTION_AT) ? first : second;
    const needed = (Number(newest.readBigUInt64LE(LAST_PAGE_AT)) + 1) * pageSize;
    return size < Math.max(needed, META_PAGES * pageSize)
      ? `${path} has ${size} bytes and should have ${needed}`
      : null;
  } finally {
    closeSync(file);
  }
}

function metaAt(file: number, position: number): Buffer | null {
  const meta = Buffer.alloc(META_BYTES);
  const read = readSync(file, meta, 0, META_BYTES, position);
  return read === META_BYTES && meta.readUInt32LE(MAGIC_AT) === MAGIC ? meta : null;
}
