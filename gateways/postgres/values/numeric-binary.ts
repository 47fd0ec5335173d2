import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { Numeric } from '#schemas/values/numeric.js';
import { powerOfTen, truncate } from '#schemas/values/numeric-arithmetic.js';
import type { BinaryReader } from './binary-reader.js';
import type { ByteSink } from './byte-sink.js';

/**
 * numeric_send's form: int16 count of digits, int16 weight of the first, uint16 sign, int16 display scale, then the digits, each of
 * them an int16 from 0 to 9999. The value is the sum of digit[i] × 10000^(weight - i).
 */
const POSITIVE = 0x0000;
const NEGATIVE = 0x4000;
const NAN = 0xc000;
const POSITIVE_INFINITY = 0xd000;
const NEGATIVE_INFINITY = 0xf000;
const DISPLAY_SCALE_MASK = 0x3fff;
/** What PostgreSQL sends there, a part of the sign in its own storage; no reader looks at it. */
const INFINITY_SCALE = 32;
const BASE_DIGITS = 4;

export function encodeNumeric(n: Numeric, sink: ByteSink): void {
  if (n.special !== null) {
    const sign = n.special === 'NaN' ? NAN : n.special === 'Infinity' ? POSITIVE_INFINITY : NEGATIVE_INFINITY;
    encodeHead(sink, 0, 0, sign, n.special === 'NaN' ? 0 : INFINITY_SCALE);
    return;
  }
  if (n.unscaled === 0n) {
    encodeHead(sink, 0, 0, POSITIVE, n.scale);
    return;
  }
  const negative = n.unscaled < 0n;
  let decimal = (negative ? -n.unscaled : n.unscaled).toString();
  // Base-10000 digits are aligned at the point: fill up on both sides of it.
  decimal += '0'.repeat((BASE_DIGITS - (n.scale % BASE_DIGITS)) % BASE_DIGITS);
  const fractionDigits = Math.ceil(n.scale / BASE_DIGITS);
  decimal = decimal.padStart(Math.ceil(decimal.length / BASE_DIGITS) * BASE_DIGITS, '0');
  const digits: number[] = [];
  for (let i = 0; i < decimal.length; i += BASE_DIGITS) digits.push(Number(decimal.slice(i, i + BASE_DIGITS)));
  // The first digit may be zero only by padding a number that is smaller than its scale suggests.
  let first = 0;
  while (digits[first] === 0) first++;
  let end = digits.length;
  while (digits[end - 1] === 0) end--;
  encodeHead(sink, end - first, digits.length - fractionDigits - 1 - first, negative ? NEGATIVE : POSITIVE, n.scale);
  for (let i = first; i < end; i++) sink.int16(digits[i] as number);
}

function encodeHead(sink: ByteSink, count: number, weight: number, sign: number, scale: number): void {
  sink.int16(count);
  sink.int16(weight);
  sink.int16(sign > 0x7fff ? sign - 0x1_0000 : sign);
  sink.int16(scale);
}

/** Digits beyond the display scale are cut off, as numeric_recv does. Throws 22P03. */
export function decodeNumeric(reader: BinaryReader): Numeric {
  const count = reader.uint16();
  const weight = reader.int16();
  const sign = reader.uint16();
  const scale = reader.uint16();
  if (sign === NAN) return new Numeric(0n, 0, 'NaN');
  if (sign === POSITIVE_INFINITY) return new Numeric(0n, 0, 'Infinity');
  if (sign === NEGATIVE_INFINITY) return new Numeric(0n, 0, '-Infinity');
  if (sign !== POSITIVE && sign !== NEGATIVE) throw malformed('sign');
  if ((scale & DISPLAY_SCALE_MASK) !== scale) throw malformed('scale');
  let decimal = '';
  for (let i = 0; i < count; i++) {
    const digit = reader.int16();
    if (digit < 0 || digit > 9_999) throw malformed('digit');
    decimal += String(digit).padStart(BASE_DIGITS, '0');
  }
  if (decimal === '') return new Numeric(0n, scale);
  const size = BigInt(decimal);
  const unscaled = sign === NEGATIVE ? -size : size;
  const digitScale = (count - 1 - weight) * BASE_DIGITS;
  if (digitScale >= 0) return truncate(new Numeric(unscaled, digitScale), scale);
  return new Numeric(unscaled * powerOfTen(-digitScale + scale), scale);
}

function malformed(part: string): SqlError {
  return new SqlError('invalid_binary_representation', `invalid ${part} in external "numeric" value`);
}
