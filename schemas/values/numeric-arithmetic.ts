import { SqlError } from '../sqlstate/sql-error.js';
import { Numeric } from './numeric.js';
import {
  compareNumeric,
  divideRounded,
  MAX_SCALE,
  MAX_WEIGHT,
  magnitude,
  NUMERIC_INFINITY,
  NUMERIC_NAN,
  NUMERIC_NEGATIVE_INFINITY,
  NUMERIC_ZERO,
  numericOverflow,
  powerOfTen,
  round,
  signOf,
  unscaledAt,
} from './numeric-basics.js';

// biome-ignore lint/performance/noBarrelFile: one subject in several files: callers need not know which holds which operation.
export {
  absolute,
  add,
  compareNumeric,
  NUMERIC_INFINITY,
  NUMERIC_NAN,
  NUMERIC_NEGATIVE_INFINITY,
  NUMERIC_ONE,
  NUMERIC_ZERO,
  negate,
  powerOfTen,
  round,
  signOf,
  subtract,
  trimScale,
} from './numeric-basics.js';
export { exponential, logarithm, naturalLogarithm, power } from './numeric-transcendental.js';

/**
 * Exact decimal arithmetic with PostgreSQL's result scales (its numeric.c): addition keeps the larger scale, multiplication the sum, division at
 * least sixteen significant digits.
 */
const MAX_DIGITS = 131_072;
const MIN_SIGNIFICANT_DIGITS = 16;
/** The largest scale that an inexact result is given. */
const MAX_RESULT_SCALE = 1_000;

export function parseNumeric(text: string): Numeric | null {
  const match = /^[ \t-\r]*([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d+))?[ \t-\r]*$/.exec(text);
  if (match === null) {
    const word = text.replace(/^[ \t-\r]+|[ \t-\r]+$/g, '').toLowerCase();
    if (word === 'nan') return NUMERIC_NAN;
    if (/^\+?inf(inity)?$/.test(word)) return NUMERIC_INFINITY;
    return /^-inf(inity)?$/.test(word) ? NUMERIC_NEGATIVE_INFINITY : null;
  }
  const fraction = match[3] ?? match[4] ?? '';
  const digits = BigInt((match[2] ?? '') + fraction || '0');
  const unscaled = match[1] === '-' ? -digits : digits;
  const scale = fraction.length - Number(match[5] ?? 0);
  if (scale > MAX_SCALE || -scale > MAX_DIGITS) throw numericOverflow();
  if (
    digits !== 0n &&
    (match[2] ?? '').length + Number(match[5] ?? 0) > MAX_DIGITS &&
    digits.toString().length - scale > MAX_DIGITS
  )
    throw numericOverflow();
  return scale >= 0 ? new Numeric(unscaled, scale) : new Numeric(unscaled * powerOfTen(-scale), 0);
}

export function printNumeric(n: Numeric): string {
  if (n.special !== null) return n.special;
  if (n.scale === 0) return n.unscaled.toString();
  const digits = magnitude(n.unscaled)
    .toString()
    .padStart(n.scale + 1, '0');
  const point = digits.length - n.scale;
  return `${n.unscaled < 0n ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
}

export function numericFromInteger(value: number | bigint): Numeric {
  return new Numeric(BigInt(value), 0);
}

/** The decimal that PostgreSQL makes of a float: 15 significant digits of a double, 6 of a real. */
export function numericFromFloat(value: number, digits: 15 | 6): Numeric {
  if (Number.isNaN(value)) return NUMERIC_NAN;
  if (!Number.isFinite(value)) return value > 0 ? NUMERIC_INFINITY : NUMERIC_NEGATIVE_INFINITY;
  // Trailing zeros of the digits are no part of the value: 0.5, not 0.500000.
  return parseNumeric(value.toPrecision(digits).replace(/(\.\d*?)0+(?=e|$)/, '$1')) ?? NUMERIC_ZERO;
}

export function numericToNumber(n: Numeric): number {
  if (n.special === 'NaN') return Number.NaN;
  if (n.special !== null) return n.special === 'Infinity' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  return Number(printNumeric(n));
}

/** Rounded half away from zero. Throws 22003 or 0A000-class conditions for the special values. */
export function numericToBigint(n: Numeric, typeName: string): bigint {
  if (n.special !== null) {
    throw new SqlError(
      'feature_not_supported',
      `cannot convert ${n.special === 'NaN' ? 'NaN' : 'infinity'} to ${typeName}`,
    );
  }
  return unscaledAt(n, 0);
}

export function multiply(a: Numeric, b: Numeric): Numeric {
  if (a.special !== null || b.special !== null) {
    if (a.special === 'NaN' || b.special === 'NaN') return NUMERIC_NAN;
    const sign = signOf(a) * signOf(b);
    return sign === 0 ? NUMERIC_NAN : sign > 0 ? NUMERIC_INFINITY : NUMERIC_NEGATIVE_INFINITY;
  }
  const scale = a.scale + b.scale;
  const product = new Numeric(a.unscaled * b.unscaled, scale);
  return scale > MAX_SCALE ? round(product, MAX_SCALE) : product;
}

/** The scale that a quotient gets: numeric.c's select_div_scale, which counts in base-10000 digits. */
function quotientScale(a: Numeric, b: Numeric): number {
  const [weightA, firstA] = leading(a);
  const [weightB, firstB] = leading(b);
  let quotientWeight = weightA - weightB;
  if (firstA <= firstB) quotientWeight--;
  const scale = Math.max(MIN_SIGNIFICANT_DIGITS - quotientWeight * 4, a.scale, b.scale, 0);
  return Math.min(scale, MAX_RESULT_SCALE);
}

/** Weight of the first base-10000 digit (0 = units) and its value. */
function leading(n: Numeric): [weight: number, digit: number] {
  if (n.unscaled === 0n) return [0, 0];
  const digits = magnitude(n.unscaled).toString();
  const power = digits.length - 1 - n.scale;
  const weight = Math.floor(power / 4);
  const taken = power - weight * 4 + 1;
  return [weight, Number(digits.slice(0, taken).padEnd(taken, '0'))];
}

/** Throws 22012 for a zero divisor. */
export function divide(a: Numeric, b: Numeric): Numeric {
  if (a.special === 'NaN' || b.special === 'NaN') return NUMERIC_NAN;
  if (b.special === null && b.unscaled === 0n) throw divisionByZero();
  if (b.special !== null) return a.special !== null ? NUMERIC_NAN : NUMERIC_ZERO;
  if (a.special !== null) return signOf(a) * signOf(b) > 0 ? NUMERIC_INFINITY : NUMERIC_NEGATIVE_INFINITY;
  const scale = quotientScale(a, b);
  return new Numeric(divideRounded(a.unscaled * powerOfTen(scale + b.scale), b.unscaled * powerOfTen(a.scale)), scale);
}

/** Truncated integer quotient, as div(). */
export function divideInteger(a: Numeric, b: Numeric): Numeric {
  if (a.special !== null || b.special !== null) return divide(a, b);
  if (b.unscaled === 0n) throw divisionByZero();
  const scale = Math.max(a.scale, b.scale);
  return new Numeric(unscaledAt(a, scale) / unscaledAt(b, scale), 0);
}

export function modulo(a: Numeric, b: Numeric): Numeric {
  if (a.special === 'NaN' || b.special === 'NaN') return NUMERIC_NAN;
  if (b.special === null && b.unscaled === 0n) throw divisionByZero();
  if (a.special !== null) return NUMERIC_NAN;
  if (b.special !== null) return a;
  const scale = Math.max(a.scale, b.scale);
  return new Numeric(unscaledAt(a, scale) % unscaledAt(b, scale), scale);
}

export function truncate(n: Numeric, scale: number): Numeric {
  if (n.special !== null) return n;
  if (scale >= n.scale)
    return new Numeric(n.unscaled * powerOfTen(Math.min(scale, MAX_SCALE) - n.scale), Math.min(scale, MAX_SCALE));
  if (scale < -MAX_WEIGHT) return NUMERIC_ZERO;
  const cut = n.unscaled / powerOfTen(n.scale - scale);
  return scale >= 0 ? new Numeric(cut, scale) : new Numeric(cut * powerOfTen(-scale), 0);
}

export function ceiling(n: Numeric): Numeric {
  if (n.special !== null || n.scale === 0) return n;
  const cut = truncate(n, 0);
  return n.unscaled > 0n && compareNumeric(cut, n) !== 0 ? new Numeric(cut.unscaled + 1n, 0) : cut;
}

export function floor(n: Numeric): Numeric {
  if (n.special !== null || n.scale === 0) return n;
  const cut = truncate(n, 0);
  return n.unscaled < 0n && compareNumeric(cut, n) !== 0 ? new Numeric(cut.unscaled - 1n, 0) : cut;
}

/** Fits a value to numeric(precision, scale). Throws 22003 when it has too many digits before the point. */
export function fitNumeric(n: Numeric, precision: number, scale: number): Numeric {
  if (n.special === 'NaN') return n;
  if (n.special !== null)
    throw fieldOverflow(precision, scale, 'A field with precision %p, scale %s cannot hold an infinite value.');
  const fitted = round(n, scale);
  if (magnitude(unscaledAt(fitted, Math.max(scale, 0))) >= powerOfTen(precision + Math.max(-scale, 0))) {
    const digits = precision - scale;
    const limit = digits === 0 ? '1' : `10^${digits}`;
    throw fieldOverflow(
      precision,
      scale,
      `A field with precision %p, scale %s must round to an absolute value less than ${limit}.`,
    );
  }
  return fitted;
}

function fieldOverflow(precision: number, scale: number, detail: string): SqlError {
  return new SqlError('numeric_value_out_of_range', 'numeric field overflow', {
    detail: detail.replace('%p', String(precision)).replace('%s', String(scale)),
  });
}

export function divisionByZero(): SqlError {
  return new SqlError('division_by_zero', 'division by zero');
}

/** Square root at PostgreSQL's result scale: at least sixteen significant digits. */
export function squareRoot(n: Numeric): Numeric {
  if (n.special !== null) {
    if (n.special === '-Infinity')
      throw new SqlError('invalid_argument_for_power_function', 'cannot take square root of a negative number');
    return n;
  }
  if (n.unscaled < 0n)
    throw new SqlError('invalid_argument_for_power_function', 'cannot take square root of a negative number');
  const [weight] = leading(n);
  const scale = Math.min(Math.max(MIN_SIGNIFICANT_DIGITS - (weight * 2 + 1), n.scale, 0), MAX_RESULT_SCALE);
  const root = integerRoot(unscaledAt(n, 2 * scale + 2));
  return round(new Numeric(root, scale + 1), scale);
}

function integerRoot(n: bigint): bigint {
  if (n < 2n) return n;
  let x = 1n << BigInt(Math.ceil(n.toString(2).length / 2));
  for (;;) {
    const next = (x + n / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}

/** Every digit that a double has. */
export function numericFromDouble(value: number): Numeric {
  return parseNumeric(String(value)) ?? NUMERIC_NAN;
}
