import type { Offset } from '#schemas/kernel/brand.js';
import type { LogRecord, StoredRecord } from '../change-log.js';
import { crc32c } from './crc32c.js';
import { decodeHeaders, encodeHeaders, headersBytes } from './record-headers.js';

/**
 * One record in a segment file, big-endian:
 *
 *   length          u32   bytes behind the checksum; 0 = nothing has been written here yet
 *   checksum        u32   CRC-32C of them
 *   offset          u48
 *   in group        u32   records of its group commit that stand before it
 *   timestamp       u48   milliseconds since 1970
 *   key length      i32   -1 = no key
 *   headers length  u16
 *   key, headers, value   bytes
 *
 * A group is written after the one before it is durable. So `in group` says what was durable when the record was
 * written, and that tells damage from a write that broke off: see `durableBefore`.
 */
const HEADER_BYTES = 8;
const FIXED_BYTES = 22;
const OFFSET_AT = 0;
const IN_GROUP_AT = 6;
const TIMESTAMP_AT = 10;
const KEY_LENGTH_AT = 16;
const HEADERS_LENGTH_AT = 20;
/** A record this large was never written: a larger length is a sign of damage. */
const RECORD_BYTES_MAX = 1 << 30;
/** Up to here a byte loop is quicker than the call of `set`. */
const SMALL_BYTES = 24;

export function frameBytes(record: LogRecord): number {
  const headers = record.headers === undefined ? 0 : headersBytes(record.headers);
  return HEADER_BYTES + FIXED_BYTES + (record.key === null ? 0 : record.key.length) + headers + record.value.length;
}

/** Hot: once a record. Writes the frame at `at` and returns the position behind it. There must be room. */
export function encodeFrame(buffer: Buffer, at: number, record: LogRecord, offset: number, inGroup: number): number {
  const { key, value, headers } = record;
  const body = at + HEADER_BYTES;
  const keyAt = body + FIXED_BYTES;
  const headersAt = key === null ? keyAt : copy(buffer, keyAt, key);
  const valueAt = headers === undefined ? headersAt : encodeHeaders(buffer, headersAt, headers);
  const end = copy(buffer, valueAt, value);
  putU48(buffer, body + OFFSET_AT, offset);
  putU32(buffer, body + IN_GROUP_AT, inGroup);
  putU48(buffer, body + TIMESTAMP_AT, record.timestampMs);
  putU32(buffer, body + KEY_LENGTH_AT, key === null ? -1 : key.length);
  const headersLength = valueAt - headersAt;
  buffer[body + HEADERS_LENGTH_AT] = headersLength >>> 8;
  buffer[body + HEADERS_LENGTH_AT + 1] = headersLength;
  putU32(buffer, at, end - body);
  putU32(buffer, at + 4, crc32c(buffer, body, end));
  return end;
}

function copy(buffer: Buffer, at: number, bytes: Uint8Array): number {
  const { length } = bytes;
  if (length <= SMALL_BYTES) for (let i = 0; i < length; i++) buffer[at + i] = bytes[i] as number;
  else buffer.set(bytes, at);
  return at + length;
}

function putU32(buffer: Buffer, at: number, value: number): void {
  buffer[at] = value >>> 24;
  buffer[at + 1] = value >>> 16;
  buffer[at + 2] = value >>> 8;
  buffer[at + 3] = value;
}

function putU48(buffer: Buffer, at: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  buffer[at] = high >>> 8;
  buffer[at + 1] = high;
  putU32(buffer, at + 2, value % 0x1_0000_0000);
}

/** What stands at a position: a record, too few bytes for one, nothing yet, or something that is no record. */
export type FrameResult =
  | { readonly kind: 'record'; readonly record: StoredRecord; readonly end: number }
  | { readonly kind: 'short' }
  | { readonly kind: 'empty' }
  | { readonly kind: 'bad'; readonly what: string };

const SHORT: FrameResult = { kind: 'short' };
const EMPTY: FrameResult = { kind: 'empty' };

/** Decodes the frame at `at` of the bytes up to `limit`. `expected` is the offset that must stand there. Bytes are views. */
export function decodeFrame(buffer: Buffer, at: number, limit: number, expected: number): FrameResult {
  if (at + HEADER_BYTES > limit) return SHORT;
  const length = buffer.readUInt32BE(at);
  if (length === 0) return EMPTY;
  if (length < FIXED_BYTES || length > RECORD_BYTES_MAX) {
    return { kind: 'bad', what: `record length ${length} is impossible` };
  }
  const body = at + HEADER_BYTES;
  const end = body + length;
  if (end > limit) return SHORT;
  if (crc32c(buffer, body, end) !== buffer.readUInt32BE(at + 4))
    return { kind: 'bad', what: 'checksum does not match' };
  const offset = buffer.readUIntBE(body + OFFSET_AT, 6);
  if (offset !== expected) return { kind: 'bad', what: `offset ${offset} stands where ${expected} belongs` };
  return decodeBody(buffer, body, end, offset as Offset);
}

function decodeBody(buffer: Buffer, body: number, end: number, offset: Offset): FrameResult {
  const keyBytes = buffer.readInt32BE(body + KEY_LENGTH_AT);
  const headersBytesHere = buffer.readUInt16BE(body + HEADERS_LENGTH_AT);
  const keyAt = body + FIXED_BYTES;
  const headersAt = keyAt + Math.max(keyBytes, 0);
  const valueAt = headersAt + headersBytesHere;
  if (keyBytes < -1 || valueAt > end) return { kind: 'bad', what: 'key length does not fit the record' };
  const key = keyBytes < 0 ? null : buffer.subarray(keyAt, headersAt);
  const value = buffer.subarray(valueAt, end);
  const timestampMs = buffer.readUIntBE(body + TIMESTAMP_AT, 6);
  if (headersBytesHere === 0) return { kind: 'record', record: { offset, timestampMs, key, value }, end };
  const headers = decodeHeaders(buffer, headersAt, valueAt);
  if (headers === null) return { kind: 'bad', what: 'headers do not fit the record' };
  return { kind: 'record', record: { offset, timestampMs, key, value, headers }, end };
}

/** Decodes frames that this process has encoded itself: of the group in `bytes` that begins with offset `first`, those from `from` on. */
export function decodeGroup(bytes: Buffer, first: number, from: number): StoredRecord[] {
  const records: StoredRecord[] = [];
  let offset = first;
  for (let at = 0; at < bytes.length; ) {
    const body = at + HEADER_BYTES;
    const end = body + bytes.readUInt32BE(at);
    if (offset >= from) {
      const result = decodeBody(bytes, body, end, offset as Offset);
      if (result.kind === 'record') records.push(result.record);
    }
    at = end;
    offset++;
  }
  return records;
}

/** A whole record found among bytes. */
export interface FoundFrame {
  readonly at: number;
  readonly offset: number;
  /** Records of its group that stand before it. */
  readonly inGroup: number;
}

/** The first whole record at or behind `at` whose offset is above `above` by no more than can stand between. */
export function findFrame(buffer: Buffer, at: number, limit: number, above: number): FoundFrame | null {
  for (let position = at; position + HEADER_BYTES + FIXED_BYTES <= limit; position++) {
    const length = buffer.readUInt32BE(position);
    if (length < FIXED_BYTES || length > RECORD_BYTES_MAX || position + HEADER_BYTES + length > limit) continue;
    const body = position + HEADER_BYTES;
    const offset = buffer.readUIntBE(body + OFFSET_AT, 6);
    if (offset <= above || offset - above > position - at) continue;
    if (crc32c(buffer, body, body + length) !== buffer.readUInt32BE(position + 4)) continue;
    return { at: position, offset, inGroup: buffer.readUInt32BE(body + IN_GROUP_AT) };
  }
  return null;
}

/**
 * Was the record with offset `missing`, which cannot be read at `at`, durable once? It was, when any whole record behind
 * it belongs to a group that began after it: then it has been damaged. When none does, it belongs to the last group,
 * whose write broke off, and nobody was told that it is there.
 */
export function durableBefore(buffer: Buffer, at: number, limit: number, missing: number): boolean {
  let found = findFrame(buffer, at, limit, missing);
  while (found !== null) {
    if (found.offset - found.inGroup > missing) return true;
    found = findFrame(buffer, found.at + 1, limit, found.offset);
  }
  return false;
}
