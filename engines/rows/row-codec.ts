import { assert } from '#schemas/kernel/assert.js';
import type { VersionId } from '#schemas/kernel/brand.js';
import { Interval } from '#schemas/values/interval.js';
import { Numeric } from '#schemas/values/numeric.js';
import type { Row, Value } from '#schemas/values/value.js';

/**
 * The form of a row on disk. Values say themselves what they are, so reading needs no table shape and rows outlive changes of it.
 *
 *   row    = version id (16 bytes), count (varint), value*
 *   value  = tag byte, body
 *   0 null · 1 false · 2 true · 3 integer (zigzag varint, 32 bits) · 4 double (8 bytes LE) · 5 bigint (int64 LE)
 *   6 numeric (scale zigzag, unscaled zigzag) · 7 numeric (scale zigzag, unscaled as decimal digits: varint length, ASCII) · 8 numeric NaN, Infinity, -Infinity (one byte)
 *   9 string of ASCII (varint length) · 10 string in UTF-8 (varint bytes) · 11 bytes (varint length) · 12 interval (months, days zigzag, micros int64 LE)
 *   13 array (varint count, value*)
 */
const SPECIALS = ['NaN', 'Infinity', '-Infinity'] as const;
const INITIAL_BYTES = 1 << 16;

/** Longest fixed part of any value: what is reserved before each. */
const VALUE_BYTES_MAX = 32;

const NIBBLES = new Uint8Array(128);
for (let i = 0; i < 16; i++) NIBBLES['0123456789abcdef'.charCodeAt(i)] = i;
/** Where the 16 bytes of a UUID stand in its text. */
const UUID_PLACES = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

/** Encodes rows into a buffer of its own. */
export class RowEncoder {
  #bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  #at = 0;

  /** The bytes of a row: a copy, the caller's own. */
  encode(id: VersionId, row: Row): Buffer {
    this.#at = 0;
    this.#uuid(id);
    this.#varint(row.length);
    for (let i = 0; i < row.length; i++) this.#value(row[i] ?? null);
    return Buffer.from(this.#bytes.subarray(0, this.#at));
  }

  #uuid(id: string): void {
    const bytes = this.#bytes;
    for (let i = 0; i < 16; i++) {
      const place = UUID_PLACES[i] as number;
      bytes[i] = ((NIBBLES[id.charCodeAt(place)] as number) << 4) | (NIBBLES[id.charCodeAt(place + 1)] as number);
    }
    this.#at = 16;
  }

  #value(value: Value): void {
    this.#reserve(VALUE_BYTES_MAX);
    if (value === null) this.#byte(0);
    else if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'string') this.#string(value);
    else if (typeof value === 'bigint') {
      this.#byte(5);
      this.#at = this.#bytes.writeBigInt64LE(value, this.#at);
    } else if (typeof value === 'boolean') this.#byte(value ? 2 : 1);
    else if (value instanceof Numeric) this.#numeric(value);
    else if (value instanceof Interval) {
      this.#byte(12);
      this.#zigzag(value.months);
      this.#zigzag(value.days);
      this.#at = this.#bytes.writeBigInt64LE(value.micros, this.#at);
    } else if (value instanceof Uint8Array) {
      this.#byte(11);
      this.#varint(value.length);
      this.#reserve(value.length);
      this.#bytes.set(value, this.#at);
      this.#at += value.length;
    } else {
      this.#byte(13);
      this.#varint(value.length);
      for (const element of value) this.#value(element);
    }
  }

  #number(value: number): void {
    if ((value | 0) === value && !Object.is(value, -0)) {
      this.#byte(3);
      this.#zigzag(value);
      return;
    }
    this.#byte(4);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  #numeric(value: Numeric): void {
    if (value.special !== null) {
      this.#byte(8);
      this.#byte(SPECIALS.indexOf(value.special));
      return;
    }
    const { unscaled } = value;
    if (unscaled >= -0x4000_0000n && unscaled < 0x4000_0000n) {
      this.#byte(6);
      this.#zigzag(value.scale);
      this.#zigzag(Number(unscaled));
      return;
    }
    this.#byte(7);
    this.#zigzag(value.scale);
    const digits = unscaled.toString();
    this.#varint(digits.length);
    this.#reserve(digits.length);
    this.#at += this.#bytes.write(digits, this.#at, 'latin1');
  }

  #string(value: string): void {
    const length = Buffer.byteLength(value);
    const ascii = length === value.length;
    this.#byte(ascii ? 9 : 10);
    this.#varint(length);
    this.#reserve(length);
    this.#at += this.#bytes.write(value, this.#at, ascii ? 'latin1' : 'utf8');
  }

  #byte(byte: number): void {
    this.#bytes[this.#at++] = byte;
  }

  #zigzag(value: number): void {
    this.#varint(((value << 1) ^ (value >> 31)) >>> 0);
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#at++] = rest;
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes + VALUE_BYTES_MAX;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

/** Reads rows, one after the other. */
export class RowDecoder {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  id(bytes: Buffer): VersionId {
    const hex = bytes.toString('hex', 0, 16);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}` as VersionId;
  }

  row(bytes: Buffer): Row {
    this.#bytes = bytes;
    this.#at = 16;
    const length = this.#varint();
    const row: Value[] = [];
    for (let i = 0; i < length; i++) row.push(this.#value());
    assert(this.#at === bytes.length, 'a row on disk is not of the length that it says');
    return row;
  }

  #value(): Value {
    const tag = this.#bytes[this.#at++] as number;
    switch (tag) {
      case 0:
        return null;
      case 1:
        return false;
      case 2:
        return true;
      case 3:
        return this.#zigzag();
      case 4:
        this.#at += 8;
        return this.#bytes.readDoubleLE(this.#at - 8);
      case 5:
        return this.#int64();
      case 6: {
        const scale = this.#zigzag();
        return new Numeric(BigInt(this.#zigzag()), scale);
      }
      case 7: {
        const scale = this.#zigzag();
        return new Numeric(BigInt(this.#take().toString('latin1')), scale);
      }
      case 8:
        return new Numeric(0n, 0, SPECIALS[this.#bytes[this.#at++] as number] ?? 'NaN');
      case 9: {
        const length = this.#varint();
        this.#at += length;
        return this.#bytes.toString('latin1', this.#at - length, this.#at);
      }
      case 10:
        return this.#take().toString('utf8');
      case 11:
        return Buffer.from(this.#take());
      case 12: {
        const months = this.#zigzag();
        return new Interval(months, this.#zigzag(), this.#int64());
      }
      default: {
        assert(tag === 13, `a value on disk has the unknown tag ${tag}`);
        const length = this.#varint();
        const elements: Value[] = [];
        for (let i = 0; i < length; i++) elements.push(this.#value());
        return elements;
      }
    }
  }

  #int64(): bigint {
    this.#at += 8;
    return this.#bytes.readBigInt64LE(this.#at - 8);
  }

  #take(): Buffer {
    const length = this.#varint();
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #zigzag(): number {
    const raw = this.#varint();
    return (raw >>> 1) ^ -(raw & 1);
  }

  #varint(): number {
    let value = 0;
    let shift = 0;
    for (;;) {
      const byte = this.#bytes[this.#at++] as number;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
      shift += 7;
    }
  }
}
