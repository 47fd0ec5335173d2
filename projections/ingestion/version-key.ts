import { createHash } from 'node:crypto';
import type { ObjectId, Offset } from '#schemas/kernel/brand.js';

/*
 * Keys of the store. All numbers are big-endian, so that the order of the bytes is theirs.
 *
 *   version = table:uint32 row offset:uint64 sequence:uint32
 *   row     = the encoded row key; of one that is too long for a key, its beginning and a digest of all of it
 *   time    = microseconds:uint64 offset:uint64
 *
 * Encoded row keys are self-delimiting: none of a table begins with another, so all versions of a row stand together, oldest first.
 */
const TABLE_BYTES = 4;
const PLACE_BYTES = 12;
const OFFSET_BYTES = 8;
/** LMDB takes keys of at most 1,978 bytes. */
const ROW_BYTES_MAX = 1_900;
const DIGEST_BYTES = 32;

/** Does the key hold the whole row key? Where it does not, the value must. */
export function fitsKey(rowKey: string): boolean {
  return rowKey.length <= ROW_BYTES_MAX;
}

function rowPart(rowKey: string): Buffer {
  const bytes = Buffer.from(rowKey, 'latin1');
  if (fitsKey(rowKey)) return bytes;
  return Buffer.concat([bytes.subarray(0, ROW_BYTES_MAX - DIGEST_BYTES), createHash('sha256').update(bytes).digest()]);
}

export function versionKey(table: ObjectId, rowKey: string, offset: Offset, sequence: number): Buffer {
  const row = rowPart(rowKey);
  const key = Buffer.allocUnsafe(TABLE_BYTES + row.length + PLACE_BYTES);
  key.writeUInt32BE(table, 0);
  row.copy(key, TABLE_BYTES);
  writeOffset(key, offset, TABLE_BYTES + row.length);
  key.writeUInt32BE(sequence, TABLE_BYTES + row.length + OFFSET_BYTES);
  return key;
}

/** The first key that a table's versions may have; of the table behind it, one past its last. */
export function tableStart(table: number): Buffer {
  const key = Buffer.allocUnsafe(TABLE_BYTES);
  key.writeUInt32BE(table, 0);
  return key;
}

/** Do two version keys belong to the same row? */
export function isSameRow(a: Buffer, b: Buffer): boolean {
  const length = a.length - PLACE_BYTES;
  return b.length === a.length && a.compare(b, 0, length, 0, length) === 0;
}

export function tableOfKey(key: Buffer): ObjectId {
  return key.readUInt32BE(0) as ObjectId;
}

export function offsetOfKey(key: Buffer): Offset {
  return readOffset(key, key.length - PLACE_BYTES);
}

/** The row key of a version whose key holds all of it. */
export function rowKeyOf(key: Buffer): string {
  return key.toString('latin1', TABLE_BYTES, key.length - PLACE_BYTES);
}

export function timeKey(micros: number, offset: Offset): Buffer {
  const key = Buffer.allocUnsafe(2 * OFFSET_BYTES);
  writeOffset(key, micros, 0);
  writeOffset(key, offset, OFFSET_BYTES);
  return key;
}

export function offsetOfTime(key: Buffer): Offset {
  return readOffset(key, OFFSET_BYTES);
}

/** A version id as the sixteen bytes that it is. */
export function idKey(id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}

function writeOffset(to: Buffer, value: number, at: number): void {
  to.writeUInt32BE(Math.floor(value / 2 ** 32), at);
  to.writeUInt32BE(value % 2 ** 32, at + 4);
}

function readOffset(from: Buffer, at: number): Offset {
  return (from.readUInt32BE(at) * 2 ** 32 + from.readUInt32BE(at + 4)) as Offset;
}
