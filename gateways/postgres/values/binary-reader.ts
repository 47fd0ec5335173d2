import { isUtf8 } from 'node:buffer';
import { SqlError } from '#schemas/sqlstate/sql-error.js';

/** Reads one value's binary form; every read is checked against its end. Throws 08P01 where data is missing, 22P03 where some is left. */
export class BinaryReader {
  #bytes: Buffer;
  #at: number;
  #end: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = 0;
    this.#end = this.#bytes.length;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#advance(1));
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#advance(2));
  }

  uint16(): number {
    return this.#bytes.readUInt16BE(this.#advance(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#advance(4));
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#advance(4));
  }

  int64(): bigint {
    return this.#bytes.readBigInt64BE(this.#advance(8));
  }

  float(): number {
    return this.#bytes.readFloatBE(this.#advance(4));
  }

  double(): number {
    return this.#bytes.readDoubleBE(this.#advance(8));
  }

  /** A view of the next bytes, not a copy. */
  bytes(length: number): Buffer {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** All that is left, as text. Throws 22021 when it is not UTF-8 or holds a zero byte. */
  text(): string {
    return decodeUtf8(this.bytes(this.left));
  }

  finish(): void {
    if (this.left !== 0) throw new SqlError('invalid_binary_representation', 'incorrect binary data format');
  }

  #advance(length: number): number {
    const start = this.#at;
    if (length < 0 || start + length > this.#end) {
      throw new SqlError('protocol_violation', 'insufficient data left in message');
    }
    this.#at = start + length;
    return start;
  }
}

/** Text from a client's bytes. Throws 22021 when they are not UTF-8 or hold a zero byte, which no text value can. */
function decodeUtf8(bytes: Buffer): string {
  if (!isUtf8(bytes) || bytes.includes(0)) {
    throw new SqlError(
      'character_not_in_repertoire',
      `invalid byte sequence for encoding "UTF8": ${firstFault(bytes)
        .map((byte) => `0x${byte.toString(16).padStart(2, '0')}`)
        .join(' ')}`,
    );
  }
  return bytes.toString('utf8');
}

/** The bytes that PostgreSQL names: as many as the first of the faulty sequence announces. */
function firstFault(bytes: Buffer): number[] {
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at] as number;
    const length = lead < 0x80 ? 1 : lead >= 0xf0 && lead < 0xf8 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    const sequence = bytes.subarray(at, at + (lead >= 0xf8 ? 1 : length));
    if (lead === 0 || !isUtf8(sequence)) return [...sequence];
    at += sequence.length;
  }
  return [];
}
