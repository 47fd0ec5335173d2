import type { RecordHeader } from '../change-log.js';

/**
 * Headers in a frame: for each one
 *
 *   name length   u8
 *   name          UTF-8
 *   value length  u16
 *   value         bytes
 */
const NAME_BYTES_MAX = 0xff;
const VALUE_BYTES_MAX = 0xffff;
const ALL_BYTES_MAX = 0xffff;

/** Bytes that the headers take. Throws RangeError for what does not fit. */
export function headersBytes(headers: readonly RecordHeader[]): number {
  let bytes = 0;
  for (const [name, value] of headers) {
    const nameBytes = Buffer.byteLength(name);
    if (nameBytes > NAME_BYTES_MAX || value.length > VALUE_BYTES_MAX) {
      throw new RangeError(`record header ${name.slice(0, 40)} is too long`);
    }
    bytes += 3 + nameBytes + value.length;
  }
  if (bytes > ALL_BYTES_MAX) throw new RangeError(`record headers take ${bytes} bytes, more than ${ALL_BYTES_MAX}`);
  return bytes;
}

/** Writes the headers at `at`; returns the position behind them. */
export function encodeHeaders(buffer: Buffer, at: number, headers: readonly RecordHeader[]): number {
  let position = at;
  for (const [name, value] of headers) {
    const nameBytes = buffer.write(name, position + 1);
    buffer[position] = nameBytes;
    position += 1 + nameBytes;
    buffer.writeUInt16BE(value.length, position);
    buffer.set(value, position + 2);
    position += 2 + value.length;
  }
  return position;
}

/** The headers that stand in [at, end); null when they do not fit exactly. Values are views. */
export function decodeHeaders(buffer: Buffer, at: number, end: number): RecordHeader[] | null {
  const headers: RecordHeader[] = [];
  let position = at;
  while (position < end) {
    const name = position + 1;
    const value = name + (buffer[position] as number) + 2;
    if (value > end) return null;
    const next = value + buffer.readUInt16BE(value - 2);
    if (next > end) return null;
    headers.push([buffer.toString('utf8', name, value - 2), buffer.subarray(value, next)]);
    position = next;
  }
  return headers;
}
