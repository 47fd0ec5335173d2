import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { Numeric } from '#schemas/values/numeric.js';
import {
  NUMERIC_INFINITY,
  NUMERIC_NAN,
  NUMERIC_ONE,
  NUMERIC_ZERO,
  numericToNumber,
  powerOfTen,
  printNumeric,
  round,
  signOf,
  subtract,
} from '#schemas/values/numeric-arithmetic.js';

/** Logarithms and exponentials of exact decimals, in fixed-point integers, at the result scales of PostgreSQL's numeric.c. */

const SIGNIFICANT = 16;
const SCALE_MAX = 1_000;
/** Digits carried beyond the result's, against the loss in roots and squarings. */
const GUARD = 24;

function clampScale(scale: number, least: number): number {
  return Math.min(Math.max(scale, least, 0), SCALE_MAX);
}

/** Power of ten of the first digit. */
function magnitude(n: Numeric): number {
  return (n.unscaled < 0n ? -n.unscaled : n.unscaled).toString().length - 1 - n.scale;
}

/** numeric.c's estimate_ln_dweight: the decimal weight of ln(n). */
function logarithmWeight(n: Numeric): number {
  if (signOf(n) <= 0) return 0;
  const value = numericToNumber(n);
  if (value >= 0.9 && value <= 1.1) {
    const rest = subtract(n, NUMERIC_ONE);
    return rest.unscaled === 0n ? 0 : magnitude(rest);
  }
  const digits = n.unscaled.toString().slice(0, 15);
  const ln = Math.log(Number(digits)) + (magnitude(n) - digits.length + 1) * Math.LN10;
  return Math.trunc(Math.log10(Math.abs(ln)));
}

function checkPositive(n: Numeric): void {
  const sign = signOf(n);
  if (sign > 0) return;
  throw new SqlError(
    'invalid_argument_for_logarithm',
    `cannot take logarithm of ${sign === 0 ? 'zero' : 'a negative number'}`,
  );
}

function root(n: bigint): bigint {
  let x = 1n << BigInt(Math.ceil(n.toString(16).length * 2));
  for (;;) {
    const next = (x + n / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}

/** ln of a positive fixed-point number, at `digits` digits. */
function lnFixed(value: bigint, digits: number): bigint {
  const one = powerOfTen(digits);
  let x = value;
  let doublings = 0n;
  while (x > (one * 11n) / 10n || x < (one * 9n) / 10n) {
    x = root(x * one);
    doublings++;
  }
  const y = ((x - one) * one) / (x + one);
  const square = (y * y) / one;
  let term = y;
  let sum = 0n;
  for (let k = 1n; term !== 0n; k += 2n) {
    sum += term / k;
    term = (term * square) / one;
  }
  return (2n * sum) << doublings;
}

function lnOf(n: Numeric, digits: number): bigint {
  // Small numbers lose digits as fixed point: powers of ten are taken out first.
  const shift = magnitude(n);
  const one = powerOfTen(digits);
  const mantissa = shift >= n.scale * -1 ? (n.unscaled * one) / powerOfTen(n.scale + shift) : n.unscaled * one;
  const ln = lnFixed(mantissa, digits);
  return shift === 0 ? ln : ln + BigInt(shift) * lnFixed(10n * one, digits);
}

export function naturalLogarithm(n: Numeric): Numeric {
  if (n.special === 'NaN' || n.special === 'Infinity') return n;
  checkPositive(n);
  const scale = clampScale(SIGNIFICANT - logarithmWeight(n), n.scale);
  const digits = scale + GUARD;
  return round(new Numeric(lnOf(n, digits), digits), scale);
}

export function logarithm(base: Numeric, n: Numeric): Numeric {
  if (base.special !== null || n.special !== null) {
    return base.special === 'NaN' || n.special === 'NaN'
      ? NUMERIC_NAN
      : base.special === null
        ? NUMERIC_INFINITY
        : NUMERIC_ZERO;
  }
  checkPositive(base);
  checkPositive(n);
  const scale = clampScale(SIGNIFICANT - (logarithmWeight(n) - logarithmWeight(base)), Math.max(base.scale, n.scale));
  const digits = scale + GUARD;
  const divisor = lnOf(base, digits);
  if (divisor === 0n) throw new SqlError('division_by_zero', 'division by zero');
  return round(new Numeric((lnOf(n, digits) * powerOfTen(digits)) / divisor, digits), scale);
}

export function exponential(n: Numeric): Numeric {
  if (n.special !== null) return n.special === '-Infinity' ? NUMERIC_ZERO : n;
  const weight = numericToNumber(n) * Math.LOG10E;
  if (weight > 131_072) throw new SqlError('numeric_value_out_of_range', 'value overflows numeric format');
  const scale = clampScale(SIGNIFICANT - Math.trunc(weight), n.scale);
  const digits = scale + GUARD + Math.max(0, Math.ceil(weight));
  const one = powerOfTen(digits);
  let x = (n.unscaled * one) / powerOfTen(n.scale);
  let halvings = 0;
  while ((x < 0n ? -x : x) > one / 100n) {
    x /= 2n;
    halvings++;
  }
  let term = one;
  let sum = one;
  for (let k = 1n; term !== 0n; k++) {
    term = (term * x) / (one * k);
    sum += term;
  }
  for (let i = 0; i < halvings; i++) sum = (sum * sum) / one;
  return round(new Numeric(sum, digits), scale);
}

/** Digits needed after the point. */
export function minimumScale(n: Numeric): number | null {
  if (n.special !== null) return null;
  const text = printNumeric(n);
  return text.includes('.') ? text.replace(/^.*\./, '').replace(/0+$/, '').length : 0;
}
