import type { Offset } from '#schemas/kernel/brand.js';
import type { LogRecord, StoredRecord } from '../change-log.js';
import { crc32c } from './crc32c.js';

/**
 * One record in a segment file, big-endian:
 *
 *   length      u32   bytes behind the checksum
 *   checksum    u32   CRC-32C of them
 *   offset      u48
 *   timestamp   u48   milliseconds since 1970
 *   key length  i32   -1 = no key
 *   key, value  bytes
 */
export const HEADER_BYTES = 8;
const FIXED_BYTES = 16;
/** A record this large was never written: a larger length is a sign of damage. */
export const RECORD_BYTES_MAX = 1 << 30;

export function frameBytes(record: LogRecord): number {
  return HEADER_BYTES + FIXED_BYTES + (record.key?.length ?? 0) + record.value.length;
}

/** Writes the frame at `at` and returns the position behind it. There must be room. */
export function encodeFrame(buffer: Buffer, at: number, record: LogRecord, offset: number): number {
  const keyBytes = record.key?.length ?? 0;
  const length = FIXED_BYTES + keyBytes + record.value.length;
  const body = at + HEADER_BYTES;
  buffer.writeUInt32BE(length, at);
  buffer.writeUIntBE(offset, body, 6);
  buffer.writeUIntBE(record.timestampMs, body + 6, 6);
  buffer.writeInt32BE(record.key === null ? -1 : keyBytes, body + 12);
  if (record.key !== null) buffer.set(record.key, body + FIXED_BYTES);
  buffer.set(record.value, body + FIXED_BYTES + keyBytes);
  buffer.writeUInt32BE(crc32c(buffer, body, body + length), at + 4);
  return body + length;
}

/** What stands at a position: a record, too few bytes for one, or something that is none. */
export type FrameResult = { readonly kind: 'record'; readonly record: StoredRecord; readonly end: number } | { readonly kind: 'short' } | { readonly kind: 'bad'; readonly what: string };

const SHORT: FrameResult = { kind: 'short' };

/** Decodes the frame at `at` of the bytes up to `limit`. `expected` is the offset that must stand there. Key and value are views. */
export function decodeFrame(buffer: Buffer, at: number, limit: number, expected: number): FrameResult {
  if (at + HEADER_BYTES > limit) return SHORT;
  const length = buffer.readUInt32BE(at);
  if (length < FIXED_BYTES || length > RECORD_BYTES_MAX) return { kind: 'bad', what: `record length ${length} is impossible` };
  const body = at + HEADER_BYTES;
  const end = body + length;
  if (end > limit) return SHORT;
  if (crc32c(buffer, body, end) !== buffer.readUInt32BE(at + 4)) return { kind: 'bad', what: 'checksum does not match' };
  const offset = buffer.readUIntBE(body, 6);
  if (offset !== expected) return { kind: 'bad', what: `offset ${offset} stands where ${expected} belongs` };
  const keyBytes = buffer.readInt32BE(body + 12);
  const value = body + FIXED_BYTES + Math.max(keyBytes, 0);
  if (keyBytes < -1 || value > end) return { kind: 'bad', what: 'key length does not fit the record' };
  const key = keyBytes < 0 ? null : buffer.subarray(body + FIXED_BYTES, value);
  return { kind: 'record', record: { offset: offset as Offset, timestampMs: buffer.readUIntBE(body + 6, 6), key, value: buffer.subarray(value, end) }, end };
}

/** Does any whole record with an offset of at least `from` stand behind `at`? Then what is bad before it is damage, not a torn end. */
export function recordStandsBehind(buffer: Buffer, at: number, limit: number, from: number): boolean {
  for (let position = at + 1; position + HEADER_BYTES + FIXED_BYTES <= limit; position++) {
    const length = buffer.readUInt32BE(position);
    if (length < FIXED_BYTES || position + HEADER_BYTES + length > limit) continue;
    const body = position + HEADER_BYTES;
    const offset = buffer.readUIntBE(body, 6);
    if (offset < from || offset > from + 1e9) continue;
    if (crc32c(buffer, body, body + length) === buffer.readUInt32BE(position + 4)) return true;
  }
  return false;
}
