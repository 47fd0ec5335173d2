import { assert } from '../kernel/assert.js';
import { dimensionsOf, elementsOf, shapeArray } from './array-shape.js';
import { Interval } from './interval.js';
import { intervalSpan } from './interval-text.js';
import { type Json, JsonObject, parseJson, printJsonb } from './json.js';
import { Numeric } from './numeric.js';
import { powerOfTen, trimScale } from './numeric-arithmetic.js';
import type { SqlType } from './type.js';
import type { SqlArray, Value } from './value.js';

/**
 * Memcomparable keys: the order of the bytes is the SQL order of the values. A key is a *binary string* (each char code one byte), because V8 keeps such
 * strings one byte a character, compares them with `<` at memcmp speed, and takes them as Map keys.
 *
 * Grammar: key = column*; column = tag body. Tags: 0x01 NULL first, 0x02 a value, 0x03 NULL last. A descending column has every byte behind the tag inverted.
 * Bodies are self-delimiting, so one key's columns never run into each other:
 *   integers     fixed width, big-endian, sign bit flipped        double/real   IEEE bits, ordered, 8 bytes (NaN greatest, -0 as 0)
 *   text, bytea  bytes with 00 → 00 FF, closed by 00 00           numeric       sign/class, exponent, digits in pairs, terminator
 */
const NULL_FIRST = '\u0001';
const PRESENT = '\u0002';
const NULL_LAST = '\u0003';

/** How a column of a key is ordered. */
export interface KeyPart {
  readonly type: SqlType;
  readonly descending?: boolean;
  readonly nullsFirst?: boolean;
}

export type KeyEncoder = (values: readonly Value[]) => string;

/** An encoder for keys of these columns. Specialised for the commonest key of all, one ascending integer. */
export function keyEncoder(parts: readonly KeyPart[]): KeyEncoder {
  const encoders = parts.map(partEncoder);
  if (encoders.length === 1) {
    const only = encoders[0] as (value: Value) => string;
    return (values) => only(values[0] as Value);
  }
  return (values) => {
    let key = '';
    for (let i = 0; i < encoders.length; i++) key += (encoders[i] as (value: Value) => string)(values[i] as Value);
    return key;
  };
}

/** An encoder of one column of a key. */
export function partEncoder(part: KeyPart): (value: Value) => string {
  const body = bodyEncoder(part.type);
  const nullKey = part.nullsFirst === true ? NULL_FIRST : NULL_LAST;
  if (part.descending === true) return (value) => (value === null ? nullKey : PRESENT + inverted(body(value)));
  if (part.type.kind === 'integer' || part.type.kind === 'smallint' || part.type.kind === 'date') {
    return (value) => (value === null ? nullKey : int32Key(value as number));
  }
  return (value) => (value === null ? nullKey : PRESENT + body(value));
}

/** Tag and four bytes in one string operation: the hot path of point look-ups. */
function int32Key(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? '\u0002\u00ff\u00ff\u00ff\u00ff' : '\u0002\u0000\u0000\u0000\u0000';
  return String.fromCharCode(2, (value >>> 24) ^ 0x80, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

function inverted(body: string): string {
  let out = '';
  for (let i = 0; i < body.length; i++) out += String.fromCharCode(0xff - body.charCodeAt(i));
  return out;
}

/** The smallest key greater than every key that begins with `prefix`; null when there is none. */
export function keyPrefixEnd(prefix: string): string | null {
  let end = prefix.length;
  while (end > 0 && prefix.charCodeAt(end - 1) === 0xff) end--;
  return end === 0 ? null : prefix.slice(0, end - 1) + String.fromCharCode(prefix.charCodeAt(end - 1) + 1);
}

const scratch = Buffer.alloc(8);

function bodyEncoder(type: SqlType): (value: Value) => string {
  switch (type.kind) {
    case 'boolean':
      return (v) => (v === true ? '\u0001' : '\u0000');
    case 'smallint':
    case 'integer':
    case 'date':
      return (v) => int32Key(v as number).slice(1);
    case 'oid':
    case 'regclass':
    case 'regtype':
    case 'regproc':
    case 'time':
      return (v) => int64Body(BigInt(v as number));
    case 'bigint':
    case 'timestamp':
    case 'timestamptz':
      return (v) => int64Body(v as bigint);
    case 'real':
    case 'double':
      return (v) => doubleBody(v as number);
    case 'numeric':
      return (v) => numericBody(v as Numeric);
    case 'interval':
      return intervalBody;
    case 'uuid':
      return (v) => Buffer.from((v as string).replaceAll('-', ''), 'hex').toString('latin1');
    case 'bytea':
      return (v) => bytesBody(asBuffer(v as Uint8Array).toString('latin1'));
    case 'jsonb':
      return (v) => jsonDocumentBody(parseJson(v as string));
    case 'array': {
      const element = partEncoder({ type: type.element });
      // Each element behind 02, the end 01: a shorter array comes before a longer one with the same beginning. The shape decides last.
      return (v) => arrayBody(v as SqlArray, element);
    }
    default:
      return (v) => textBody(v as string);
  }
}

function arrayBody(array: SqlArray, element: (value: Value) => string): string {
  const dimensions = dimensionsOf(array);
  let body = '';
  for (const item of elementsOf(array)) body += `\u0002${element(item)}`;
  body += `\u0001${String.fromCharCode(dimensions.length)}`;
  if (dimensions.length > 1) for (const size of dimensions) body += int32Key(size).slice(1);
  return body;
}

function int64Body(value: bigint): string {
  scratch.writeBigInt64BE(value, 0);
  scratch[0] = (scratch[0] as number) ^ 0x80;
  return scratch.toString('latin1', 0, 8);
}

function doubleBody(value: number): string {
  if (Number.isNaN(value)) return '\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff';
  scratch.writeDoubleBE(value === 0 ? 0 : value, 0);
  if ((scratch[0] as number) & 0x80) for (let i = 0; i < 8; i++) scratch[i] = 0xff - (scratch[i] as number);
  else scratch[0] = (scratch[0] as number) | 0x80;
  return scratch.toString('latin1', 0, 8);
}

/** 00 becomes 00 FF and the end is 00 00: a prefix sorts before what it begins. */
function bytesBody(binary: string): string {
  return `${binary.includes('\0') ? binary.replaceAll('\0', '\0\u00ff') : binary}\0\0`;
}

function textBody(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) >= 0x80) return bytesBody(Buffer.from(text, 'utf8').toString('latin1'));
  }
  return bytesBody(text);
}

/** Equal spans are equal keys; the three counts follow so that the value comes back as it was only among equals of one spelling. */
function intervalBody(value: Value): string {
  const span = intervalSpan(value as Interval);
  // A span needs up to 91 bits: twelve bytes.
  const high = BigInt.asIntN(32, span >> 64n);
  scratch.writeInt32BE(Number(high), 0);
  scratch[0] = (scratch[0] as number) ^ 0x80;
  const top = scratch.toString('latin1', 0, 4);
  scratch.writeBigUInt64BE(BigInt.asUintN(64, span), 0);
  return top + scratch.toString('latin1', 0, 8);
}

const EMPTY_DOCUMENT = '\u0000';
const NUMERIC_NEGATIVE_INFINITY_KEY = '\u0000';
const NUMERIC_ZERO_KEY = '\u0002';
const NUMERIC_INFINITY_KEY = '\u0004';
const NUMERIC_NAN_KEY = '\u0005';

/**
 * class (01 negative, 03 positive), exponent of the first digit (int32, flipped), then the digits two to a byte (as 1..100), closed by 00. Negative numbers
 * have everything behind the class inverted. 1.0 and 1.00 are one key.
 */
function numericBody(n: Numeric): string {
  if (n.special !== null)
    return n.special === 'NaN'
      ? NUMERIC_NAN_KEY
      : n.special === 'Infinity'
        ? NUMERIC_INFINITY_KEY
        : NUMERIC_NEGATIVE_INFINITY_KEY;
  if (n.unscaled === 0n) return NUMERIC_ZERO_KEY;
  const negative = n.unscaled < 0n;
  const digits = (negative ? -n.unscaled : n.unscaled).toString();
  const exponent = digits.length - n.scale;
  let significant = digits.replace(/0+$/, '');
  if (significant.length % 2 === 1) significant += '0';
  let body = int32Key(exponent).slice(1);
  for (let i = 0; i < significant.length; i += 2) body += String.fromCharCode(Number(significant.slice(i, i + 2)) + 1);
  body += '\u0000';
  return negative ? `\u0001${inverted(body)}` : `\u0003${body}`;
}

/** An empty array at the top stands below all scalars: a scalar is kept as an array of one there. */
function jsonDocumentBody(value: Json): string {
  return Array.isArray(value) && value.length === 0 ? EMPTY_DOCUMENT : jsonBody(value);
}

function jsonBody(value: Json): string {
  if (value === null) return '\u0001';
  if (typeof value === 'string') return `\u0002${textBody(value)}`;
  if (value instanceof Numeric) return `\u0003${numericBody(value)}`;
  if (typeof value === 'boolean') return value ? '\u0004\u0001' : '\u0004\u0000';
  if (Array.isArray(value)) return `\u0005${int64Body(BigInt(value.length))}${value.map(jsonBody).join('')}`;
  return `\u0006${int64Body(BigInt(value.entries.size))}${[...value.entries].map(([k, v]) => jsonBody(k) + jsonBody(v)).join('')}`;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

// ── decoding ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * The values of a key. Values that SQL holds equal share a key, so what comes back is one spelling among equals: numeric without trailing zeros, interval
 * in days and micros, jsonb with such numbers.
 */
export function decodeKey(parts: readonly KeyPart[], key: string): Value[] {
  const reader = new KeyReader(key);
  return parts.map((part) => reader.part(part));
}

class KeyReader {
  #key: string;
  #at = 0;

  constructor(key: string) {
    this.#key = key;
  }

  part(part: KeyPart): Value {
    const tag = this.#key[this.#at++];
    if (tag === NULL_FIRST || tag === NULL_LAST) return null;
    assert(tag === PRESENT, 'a key column begins with an unknown tag');
    if (part.descending !== true) return this.#body(part.type);
    const inner = new KeyReader(inverted(this.#key.slice(this.#at)));
    const value = inner.#body(part.type);
    this.#at += inner.#at;
    return value;
  }

  #take(length: number): Buffer {
    const bytes = Buffer.from(this.#key.slice(this.#at, this.#at + length), 'latin1');
    assert(bytes.length === length, 'a key ends within a column');
    this.#at += length;
    return bytes;
  }

  #body(type: SqlType): Value {
    switch (type.kind) {
      case 'boolean':
        return this.#take(1)[0] === 1;
      case 'smallint':
      case 'integer':
        return this.#int32();
      case 'date': {
        const days = this.#int32();
        return days === 0x7fff_ffff
          ? Number.POSITIVE_INFINITY
          : days === -0x8000_0000
            ? Number.NEGATIVE_INFINITY
            : days;
      }
      case 'oid':
      case 'regclass':
      case 'regtype':
      case 'regproc':
      case 'time':
        return Number(this.#int64());
      case 'bigint':
      case 'timestamp':
      case 'timestamptz':
        return this.#int64();
      case 'real':
      case 'double':
        return this.#double();
      case 'numeric':
        return this.#numeric();
      case 'interval':
        return this.#interval();
      case 'uuid': {
        const hex = this.#take(16).toString('hex');
        return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
      }
      case 'bytea':
        return Buffer.from(this.#bytes(), 'latin1');
      case 'jsonb':
        return printJsonb(this.#json());
      case 'array': {
        const items: Value[] = [];
        while (this.#key[this.#at++] === '\u0002') items.push(this.part({ type: type.element }));
        const dimensions = this.#key.charCodeAt(this.#at++);
        return dimensions > 1
          ? shapeArray(
              items,
              Array.from({ length: dimensions }, () => this.#int32()),
            )
          : items;
      }
      default:
        return Buffer.from(this.#bytes(), 'latin1').toString('utf8');
    }
  }

  #int32(): number {
    const bytes = this.#take(4);
    return (bytes.readUInt32BE(0) ^ 0x8000_0000) | 0;
  }

  #int64(): bigint {
    const bytes = this.#take(8);
    bytes[0] = (bytes[0] as number) ^ 0x80;
    return bytes.readBigInt64BE(0);
  }

  #double(): number {
    const bytes = this.#take(8);
    if (bytes.every((b) => b === 0xff)) return Number.NaN;
    if ((bytes[0] as number) & 0x80) bytes[0] = (bytes[0] as number) & 0x7f;
    else for (let i = 0; i < 8; i++) bytes[i] = 0xff - (bytes[i] as number);
    return bytes.readDoubleBE(0);
  }

  #bytes(): string {
    let end = this.#key.indexOf('\0', this.#at);
    let escaped = false;
    while (end >= 0 && this.#key[end + 1] === '\u00ff') {
      escaped = true;
      end = this.#key.indexOf('\0', end + 2);
    }
    assert(end >= 0 && this.#key[end + 1] === '\0', 'a text column of a key is not closed');
    const body = this.#key.slice(this.#at, end);
    this.#at = end + 2;
    return escaped ? body.replaceAll('\0\u00ff', '\0') : body;
  }

  #numeric(): Numeric {
    const kind = this.#key[this.#at++];
    if (kind === NUMERIC_NAN_KEY) return new Numeric(0n, 0, 'NaN');
    if (kind === NUMERIC_INFINITY_KEY) return new Numeric(0n, 0, 'Infinity');
    if (kind === NUMERIC_NEGATIVE_INFINITY_KEY) return new Numeric(0n, 0, '-Infinity');
    if (kind === NUMERIC_ZERO_KEY) return new Numeric(0n, 0);
    const negative = kind === '\u0001';
    const plain = (c: number): number => (negative ? 0xff - c : c);
    const head = this.#take(4).map(plain);
    const exponent = (Buffer.from(head).readUInt32BE(0) ^ 0x8000_0000) | 0;
    let digits = '';
    for (;;) {
      const c = plain(this.#key.charCodeAt(this.#at++));
      assert(Number.isInteger(c), 'a numeric column of a key is not closed');
      if (c === 0) break;
      digits += String(c - 1).padStart(2, '0');
    }
    const scale = digits.length - exponent;
    const size = scale >= 0 ? BigInt(digits) : BigInt(digits) * powerOfTen(-scale);
    return trimScale(new Numeric(negative ? -size : size, Math.max(scale, 0)));
  }

  #interval(): Interval {
    const high = BigInt((this.#take(4).readUInt32BE(0) ^ 0x8000_0000) | 0);
    const span = (high << 64n) | this.#take(8).readBigUInt64BE(0);
    const days = span / 86_400_000_000n;
    const fits = days > -0x8000_0000n && days < 0x8000_0000n;
    return fits
      ? new Interval(0, Number(days), span % 86_400_000_000n)
      : new Interval(Number(days / 30n), Number(days % 30n), span % 86_400_000_000n);
  }

  #json(): Json {
    const kind = this.#key.charCodeAt(this.#at++);
    if (kind === 0) return [];
    if (kind === 1) return null;
    if (kind === 2) return Buffer.from(this.#bytes(), 'latin1').toString('utf8');
    if (kind === 3) return this.#numeric();
    if (kind === 4) return this.#take(1)[0] === 1;
    const length = Number(this.#int64());
    if (kind === 5) return Array.from({ length }, () => this.#json());
    return new JsonObject(Array.from({ length }, () => [this.#json() as string, this.#json()] as const));
  }
}
