import { assert } from '../kernel/assert.js';
import { Interval } from '../values/interval.js';
import { Numeric } from '../values/numeric.js';
import { EXTENSION, NUMERIC_FORM } from './extension.js';

/** What can stand in a frame. Maps are plain objects. */
export type Packable =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Numeric
  | Interval
  | readonly Packable[]
  | object;

const INT64_MAX = 0x7fff_ffff_ffff_ffffn;
const INT64_MIN = -0x8000_0000_0000_0000n;
/** Below this a loop over char codes beats the call into the runtime. */
const SHORT_STRING = 48;

/**
 * A growing buffer of MessagePack. It owns `buffer`; bytes before `position` are written. Numbers and bigints stay apart: a number is written
 * as an integer of at most 32 bits or as a float64, a bigint always as an int64 (or as an extension when it does not fit one).
 *
 * Hot: one frame a statement goes through it, so it makes no objects and takes no closures.
 */
export class MessagePackWriter {
  buffer: Buffer;
  position = 0;

  constructor(size = 16_384) {
    this.buffer = Buffer.allocUnsafeSlow(size);
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    if (this.position + count <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.position + count));
    this.buffer.copy(larger, 0, 0, this.position);
    this.buffer = larger;
  }

  value(value: Packable): void {
    switch (typeof value) {
      case 'number':
        this.number(value);
        return;
      case 'string':
        this.string(value);
        return;
      case 'boolean':
        this.reserve(1);
        this.buffer[this.position++] = value ? 0xc3 : 0xc2;
        return;
      case 'bigint':
        this.bigint(value);
        return;
      case 'object':
        if (value === null) break;
        if (Array.isArray(value)) this.array(value);
        else this.object(value);
        return;
      default:
        assert(value === undefined, `a frame cannot hold a ${typeof value}`);
    }
    this.reserve(1);
    this.buffer[this.position++] = 0xc0;
  }

  array(values: readonly Packable[]): void {
    const count = values.length;
    this.arrayHeader(count);
    for (let i = 0; i < count; i++) this.value(values[i]);
  }

  arrayHeader(count: number): void {
    this.reserve(5);
    if (count < 16) {
      this.buffer[this.position++] = 0x90 | count;
    } else {
      this.buffer[this.position] = 0xdd;
      this.uint32(this.position + 1, count);
      this.position += 5;
    }
  }

  number(value: number): void {
    this.reserve(9);
    const { buffer } = this;
    if (value === (value | 0) && !(value === 0 && 1 / value < 0)) {
      if (value >= 0 && value < 128) {
        buffer[this.position++] = value;
      } else if (value < 0 && value >= -32) {
        buffer[this.position++] = value & 0xff;
      } else {
        buffer[this.position] = 0xd2;
        this.uint32(this.position + 1, value);
        this.position += 5;
      }
      return;
    }
    buffer[this.position] = 0xcb;
    buffer.writeDoubleBE(value, this.position + 1);
    this.position += 9;
  }

  bigint(value: bigint): void {
    if (value > INT64_MAX || value < INT64_MIN) {
      this.wideBigint(value);
      return;
    }
    this.reserve(9);
    this.buffer[this.position] = 0xd3;
    this.buffer.writeBigInt64BE(value, this.position + 1);
    this.position += 9;
  }

  string(text: string): void {
    const { length } = text;
    this.reserve(5 + length * 3);
    const { buffer } = this;
    const start = this.position;
    if (length < SHORT_STRING) {
      let at = start + (length < 32 ? 1 : 2);
      let i = 0;
      for (; i < length; i++) {
        const code = text.charCodeAt(i);
        if (code > 127) break;
        buffer[at++] = code;
      }
      if (i === length) {
        if (length < 32) {
          buffer[start] = 0xa0 | length;
        } else {
          buffer[start] = 0xd9;
          buffer[start + 1] = length;
        }
        this.position = at;
        return;
      }
    }
    const written = buffer.write(text, start + 5, 'utf8');
    buffer[start] = 0xdb;
    this.uint32(start + 1, written);
    this.position = start + 5 + written;
  }

  bytes(bytes: Uint8Array): void {
    this.reserve(5 + bytes.length);
    this.buffer[this.position] = 0xc6;
    this.uint32(this.position + 1, bytes.length);
    this.buffer.set(bytes, this.position + 5);
    this.position += 5 + bytes.length;
  }

  /** Writes 32 bits at an absolute place, with no range check. */
  uint32(at: number, value: number): void {
    const { buffer } = this;
    buffer[at] = value >>> 24;
    buffer[at + 1] = value >>> 16;
    buffer[at + 2] = value >>> 8;
    buffer[at + 3] = value;
  }

  private object(value: object): void {
    if (value instanceof Uint8Array) this.bytes(value);
    else if (value instanceof Numeric) this.numeric(value);
    else if (value instanceof Interval) this.interval(value);
    else this.map(value);
  }

  private map(value: object): void {
    const entries = Object.entries(value).filter((entry) => entry[1] !== undefined);
    this.reserve(5);
    this.buffer[this.position] = 0xdf;
    this.uint32(this.position + 1, entries.length);
    this.position += 5;
    for (const [key, item] of entries as Array<[string, Packable]>) {
      this.string(key);
      this.value(item);
    }
  }

  /** months and days as float64, so that no safe integer is cut; micros as int64. */
  private interval(value: Interval): void {
    assert(value.micros <= INT64_MAX && value.micros >= INT64_MIN, 'interval out of range');
    this.extensionHeader(EXTENSION.interval, 24);
    this.buffer.writeDoubleBE(value.months, this.position);
    this.buffer.writeDoubleBE(value.days, this.position + 8);
    this.buffer.writeBigInt64BE(value.micros, this.position + 16);
    this.position += 24;
  }

  /** form byte, scale as int32, then the unscaled number: int64, or its magnitude when it does not fit one. */
  private numeric(value: Numeric): void {
    const { unscaled } = value;
    if (value.special !== null) {
      this.extensionHeader(EXTENSION.numeric, 5);
      this.numericStart(NUMERIC_FORM[value.special], value.scale);
    } else if (unscaled <= INT64_MAX && unscaled >= INT64_MIN) {
      this.extensionHeader(EXTENSION.numeric, 13);
      this.numericStart(NUMERIC_FORM.int64, value.scale);
      this.buffer.writeBigInt64BE(unscaled, this.position);
      this.position += 8;
    } else {
      const magnitude = magnitudeOf(unscaled);
      this.extensionHeader(EXTENSION.numeric, 5 + magnitude.length);
      this.numericStart(unscaled < 0n ? NUMERIC_FORM.negative : NUMERIC_FORM.positive, value.scale);
      this.buffer.set(magnitude, this.position);
      this.position += magnitude.length;
    }
  }

  private numericStart(form: number, scale: number): void {
    this.buffer[this.position] = form;
    this.uint32(this.position + 1, scale);
    this.position += 5;
  }

  private wideBigint(value: bigint): void {
    const magnitude = magnitudeOf(value);
    this.extensionHeader(EXTENSION.bigint, 1 + magnitude.length);
    this.buffer[this.position++] = value < 0n ? 1 : 0;
    this.buffer.set(magnitude, this.position);
    this.position += magnitude.length;
  }

  /** Also reserves the room for `length` bytes of content. */
  private extensionHeader(type: number, length: number): void {
    this.reserve(6 + length);
    this.buffer[this.position] = 0xc9;
    this.uint32(this.position + 1, length);
    this.buffer[this.position + 5] = type;
    this.position += 6;
  }
}

/** The absolute value, big-endian. */
function magnitudeOf(value: bigint): Buffer {
  const hex = (value < 0n ? -value : value).toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
}
