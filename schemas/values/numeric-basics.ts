import { SqlError } from '../sqlstate/sql-error.js';
import { Numeric } from './numeric.js';

/** What all arithmetic of exact decimals rests on: scales, rounding, order, sums. */
export const MAX_SCALE = 16_383;
/** No number has so many digits before the point. */
export const MAX_WEIGHT = 131_073;

export const NUMERIC_NAN = new Numeric(0n, 0, 'NaN');
export const NUMERIC_INFINITY = new Numeric(0n, 0, 'Infinity');
export const NUMERIC_NEGATIVE_INFINITY = new Numeric(0n, 0, '-Infinity');
export const NUMERIC_ZERO = new Numeric(0n, 0);
export const NUMERIC_ONE = new Numeric(1n, 0);

const POWERS: bigint[] = [1n];

/** 10^n. */
export function powerOfTen(n: number): bigint {
  if (n > 4_096) return 10n ** BigInt(n);
  while (POWERS.length <= n) POWERS.push((POWERS[POWERS.length - 1] as bigint) * 10n);
  return POWERS[n] as bigint;
}

/** |x|. */
export const magnitude = (x: bigint): bigint => (x < 0n ? -x : x);

/** Quotient rounded half away from zero. */
export function divideRounded(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  const remainder = magnitude(dividend % divisor);
  if (remainder * 2n < magnitude(divisor)) return quotient;
  return dividend < 0n === divisor < 0n ? quotient + 1n : quotient - 1n;
}

/** Unscaled value at another scale; digits that go are rounded half away from zero. */
export function unscaledAt(n: Numeric, scale: number): bigint {
  if (scale === n.scale) return n.unscaled;
  if (scale > n.scale) return n.unscaled * powerOfTen(scale - n.scale);
  return divideRounded(n.unscaled, powerOfTen(n.scale - scale));
}

/** SQL order: NaN above everything and equal to itself. */
export function compareNumeric(a: Numeric, b: Numeric): number {
  if (a.special !== null || b.special !== null) return rank(a) - rank(b);
  if (a.scale === b.scale) return a.unscaled < b.unscaled ? -1 : a.unscaled > b.unscaled ? 1 : 0;
  const scale = Math.max(a.scale, b.scale);
  const x = unscaledAt(a, scale);
  const y = unscaledAt(b, scale);
  return x < y ? -1 : x > y ? 1 : 0;
}

function rank(n: Numeric): number {
  return n.special === null ? 1 : n.special === '-Infinity' ? 0 : n.special === 'Infinity' ? 2 : 3;
}

export function signOf(n: Numeric): number {
  if (n.special !== null) return n.special === '-Infinity' ? -1 : 1;
  return n.unscaled < 0n ? -1 : n.unscaled > 0n ? 1 : 0;
}

export function negate(n: Numeric): Numeric {
  if (n.special !== null)
    return n.special === 'NaN' ? n : n.special === 'Infinity' ? NUMERIC_NEGATIVE_INFINITY : NUMERIC_INFINITY;
  return new Numeric(-n.unscaled, n.scale);
}

export function absolute(n: Numeric): Numeric {
  if (n.special !== null) return n.special === 'NaN' ? n : NUMERIC_INFINITY;
  return n.unscaled < 0n ? new Numeric(-n.unscaled, n.scale) : n;
}

export function add(a: Numeric, b: Numeric): Numeric {
  if (a.special !== null || b.special !== null) return addSpecial(a, b);
  if (a.scale === b.scale) return new Numeric(a.unscaled + b.unscaled, a.scale);
  const scale = Math.max(a.scale, b.scale);
  return new Numeric(unscaledAt(a, scale) + unscaledAt(b, scale), scale);
}

function addSpecial(a: Numeric, b: Numeric): Numeric {
  if (a.special === 'NaN' || b.special === 'NaN') return NUMERIC_NAN;
  if (a.special !== null && b.special !== null && a.special !== b.special) return NUMERIC_NAN;
  return a.special !== null ? a : b;
}

export function subtract(a: Numeric, b: Numeric): Numeric {
  return add(a, negate(b));
}

/** Half away from zero; a negative scale rounds before the point. */
export function round(n: Numeric, scale: number): Numeric {
  if (n.special !== null) return n;
  if (scale >= 0) return new Numeric(unscaledAt(n, Math.min(scale, MAX_SCALE)), Math.min(scale, MAX_SCALE));
  if (scale < -MAX_WEIGHT) return NUMERIC_ZERO;
  return new Numeric(unscaledAt(n, scale) * powerOfTen(-scale), 0);
}

/** Without trailing zeros after the point. */
export function trimScale(n: Numeric): Numeric {
  if (n.special !== null) return n;
  let { unscaled, scale } = n;
  while (scale > 0 && unscaled % 10n === 0n) {
    unscaled /= 10n;
    scale--;
  }
  return new Numeric(unscaled, scale);
}

export function numericOverflow(): SqlError {
  return new SqlError('numeric_value_out_of_range', 'value overflows numeric format');
}
