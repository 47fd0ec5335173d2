import { SqlError } from '../sqlstate/sql-error.js';
import { Numeric } from './numeric.js';
import {
  absolute,
  compareNumeric,
  NUMERIC_INFINITY,
  NUMERIC_NAN,
  NUMERIC_NEGATIVE_INFINITY,
  NUMERIC_ONE,
  NUMERIC_ZERO,
  numericOverflow,
  powerOfTen,
  round,
  signOf,
  subtract,
  trimScale,
} from './numeric-basics.js';

/**
 * exp, ln, log and power of exact decimals with the result scales of PostgreSQL's numeric.c: sixteen significant digits or the arguments'
 * scale, whichever is more. Computed in fixed-point integers with guard digits, so that the last digit shown is right.
 */
const SIGNIFICANT_DIGITS = 16;
const RESULT_SCALE_MAX = 1_000;
const GUARD_DIGITS = 20;
/** Results of more digits before the point than this overflow. */
const WEIGHT_MAX = 131_072;
/** PostgreSQL gives up where e^n has more than about 2600 digits. */
const EXPONENT_MAX = 6_000;
/** Below so many digits an integer power is computed exactly. */
const EXACT_DIGITS_MAX = 20_000;
/** Series take time that grows with the square of the digits, and nobody else is served meanwhile. */
const SERIES_DIGITS_MAX = 20_000;
/** Bits carried beyond those that decimal digits need, against what some dozens of roundings lose. */
const GUARD_BITS = 128;

const clampScale = (scale: number): number => Math.min(Math.max(scale, 0), RESULT_SCALE_MAX);
const size = (n: bigint): bigint => (n < 0n ? -n : n);

/** e^n. */
export function exponential(n: Numeric): Numeric {
  if (n.special !== null) return n.special === '-Infinity' ? NUMERIC_ZERO : n;
  const weight = Math.max(
    -RESULT_SCALE_MAX * 2,
    Math.min(RESULT_SCALE_MAX * 2, Math.trunc(approximate(n) * Math.LOG10E)),
  );
  if (approximate(n) >= EXPONENT_MAX) throw numericOverflow();
  const scale = clampScale(Math.max(SIGNIFICANT_DIGITS - weight, n.scale));
  return exponentialAt(n, scale);
}

/** Natural logarithm. Throws 2201E unless n is positive. */
export function naturalLogarithm(n: Numeric): Numeric {
  checkPositive(n);
  if (n.special !== null) return n;
  const scale = clampScale(Math.max(SIGNIFICANT_DIGITS - logarithmWeight(n), n.scale));
  return logarithmAt(n, scale);
}

/** Logarithm of n to a base. Throws 2201E unless both are positive, 22012 for the base 1. */
export function logarithm(base: Numeric, n: Numeric): Numeric {
  if (base.special === 'NaN' || n.special === 'NaN') return NUMERIC_NAN;
  checkPositive(base);
  checkPositive(n);
  if (base.special !== null) return n.special !== null ? NUMERIC_NAN : NUMERIC_ZERO;
  if (n.special !== null) return n;
  const scale = clampScale(
    Math.max(SIGNIFICANT_DIGITS - (logarithmWeight(n) - logarithmWeight(base)), base.scale, n.scale),
  );
  const digits = scale + GUARD_DIGITS + Math.abs(logarithmWeight(base)) + Math.abs(logarithmWeight(n));
  const divisor = logarithmDigits(base, digits);
  if (divisor === 0n) throw new SqlError('division_by_zero', 'division by zero');
  return round(new Numeric((logarithmDigits(n, digits) * powerOfTen(digits)) / divisor, digits), scale);
}

/** base^exponent. Throws 2201F where the result is undefined or complex, 22003 when it is too large. */
export function power(base: Numeric, exponent: Numeric): Numeric {
  if (base.special === 'NaN') return isZero(exponent) ? NUMERIC_ONE : NUMERIC_NAN;
  if (exponent.special === 'NaN') return compareNumeric(base, NUMERIC_ONE) === 0 ? NUMERIC_ONE : NUMERIC_NAN;
  const whole = exponent.special !== null || trimScale(exponent).scale === 0;
  if (isZero(base) && signOf(exponent) < 0) {
    throw new SqlError('invalid_argument_for_power_function', 'zero raised to a negative power is undefined');
  }
  if (signOf(base) < 0 && !whole) {
    throw new SqlError(
      'invalid_argument_for_power_function',
      'a negative number raised to a non-integer power yields a complex result',
    );
  }
  if (base.special !== null || exponent.special !== null) return infinitePower(base, exponent);
  const integer = trimScale(exponent);
  if (integer.scale === 0 && size(integer.unscaled) <= 0x7fff_ffffn)
    return integerPower(base, Number(integer.unscaled));
  if (isZero(base)) return new Numeric(0n, SIGNIFICANT_DIGITS);
  const raised = realPower(absolute(base), exponent);
  return signOf(base) < 0 && integer.unscaled % 2n !== 0n ? new Numeric(-raised.unscaled, raised.scale) : raised;
}

/** As C's pow(): at least one of the two is infinite. */
function infinitePower(base: Numeric, exponent: Numeric): Numeric {
  if (compareNumeric(base, NUMERIC_ONE) === 0 || isZero(exponent)) return NUMERIC_ONE;
  if (isZero(base)) return NUMERIC_ZERO;
  if (exponent.special !== null) {
    const order = compareNumeric(absolute(base), NUMERIC_ONE);
    if (order === 0) return NUMERIC_ONE;
    return order > 0 === (exponent.special === 'Infinity') ? NUMERIC_INFINITY : NUMERIC_ZERO;
  }
  if (signOf(exponent) < 0) return NUMERIC_ZERO;
  const odd = trimScale(exponent).unscaled % 2n !== 0n;
  return base.special === '-Infinity' && odd ? NUMERIC_NEGATIVE_INFINITY : NUMERIC_INFINITY;
}

function integerPower(base: Numeric, exponent: number): Numeric {
  const scale = clampScale(Math.max(SIGNIFICANT_DIGITS, base.scale));
  if (exponent === 0) return round(NUMERIC_ONE, scale);
  if (isZero(base)) return new Numeric(0n, scale);
  const times = Math.abs(exponent);
  const weight = exponent * decimalLogarithm(base);
  if (weight > WEIGHT_MAX) throw numericOverflow();
  if (weight + 1 < -scale) return new Numeric(0n, scale);
  const { unscaled, scale: baseScale } = trimScale(base);
  if (size(unscaled).toString().length * times <= EXACT_DIGITS_MAX) {
    const raised = unscaled ** BigInt(times);
    const raisedScale = baseScale * times;
    if (exponent > 0) return round(new Numeric(raised, raisedScale), scale);
    // One digit more than shown, and rounding away from an exact half cannot be wrong for a quotient cut at GUARD_DIGITS.
    return round(new Numeric(powerOfTen(scale + GUARD_DIGITS + raisedScale) / raised, scale + GUARD_DIGITS), scale);
  }
  const digits = scale + GUARD_DIGITS;
  const raised = binaryPower(absolute(base), times, digits + Math.max(0, Math.ceil(weight)));
  const shifted =
    exponent > 0 ? scaleByTwo(powerOfTen(digits) * raised.mantissa, raised.twos) : reciprocal(raised, digits);
  return round(new Numeric(signOf(base) < 0 && times % 2 === 1 ? -shifted : shifted, digits), scale);
}

/** mantissa × 2^twos. */
interface BinaryFloat {
  readonly mantissa: bigint;
  readonly twos: number;
}

const scaleByTwo = (n: bigint, twos: number): bigint => (twos < 0 ? n >> BigInt(-twos) : n << BigInt(twos));

const bitLength = (n: bigint): number => n.toString(16).length * 4;

/** A positive number to the power of a positive integer, right in so many decimal digits: squares, each cut to the bits that count. */
function binaryPower(base: Numeric, times: number, digits: number): BinaryFloat {
  const bits = Math.ceil(digits * Math.log2(10)) + GUARD_BITS;
  const cut = ({ mantissa, twos }: BinaryFloat): BinaryFloat => {
    const spare = bitLength(mantissa) - bits;
    return spare > 0 ? { mantissa: mantissa >> BigInt(spare), twos: twos + spare } : { mantissa, twos };
  };
  const divisor = powerOfTen(base.scale);
  const up = bits + bitLength(divisor);
  const one = cut({ mantissa: (base.unscaled << BigInt(up)) / divisor, twos: -up });
  let power = one;
  for (const bit of times.toString(2).slice(1)) {
    power = cut({ mantissa: power.mantissa * power.mantissa, twos: power.twos * 2 });
    if (bit === '1') power = cut({ mantissa: power.mantissa * one.mantissa, twos: power.twos + one.twos });
  }
  return power;
}

/** 1 / n × 10^digits. */
function reciprocal(n: BinaryFloat, digits: number): bigint {
  const one = powerOfTen(digits);
  return n.twos < 0 ? (one << BigInt(-n.twos)) / n.mantissa : one / (n.mantissa << BigInt(n.twos));
}

function checkSeries(digits: number): void {
  if (digits > SERIES_DIGITS_MAX)
    throw new SqlError('program_limit_exceeded', `value has more than ${SERIES_DIGITS_MAX} digits`);
}

/** e^(exponent × ln base), for a positive base. */
function realPower(base: Numeric, exponent: Numeric): Numeric {
  // The weight comes from a logarithm of eight digits, as PostgreSQL's does: it decides how many digits are shown.
  const roughScale = Math.max(0, 8 - logarithmWeight(base));
  const ln = logarithmAt(base, roughScale);
  const rough = approximate(round(new Numeric(ln.unscaled * exponent.unscaled, ln.scale + exponent.scale), roughScale));
  if (Math.abs(rough) > EXPONENT_MAX + 20) {
    if (rough > 0) throw numericOverflow();
    return new Numeric(0n, RESULT_SCALE_MAX);
  }
  const weight = Math.trunc(rough * Math.LOG10E);
  const scale = clampScale(Math.max(SIGNIFICANT_DIGITS - weight, base.scale, exponent.scale));
  const digits =
    scale + Math.max(0, weight) + GUARD_DIGITS + exponent.unscaled.toString().length + logarithmMagnitude(base);
  checkSeries(digits);
  const product = (logarithmDigits(base, digits) * exponent.unscaled) / powerOfTen(exponent.scale);
  return exponentialAt(new Numeric(product, digits), scale);
}

function exponentialAt(n: Numeric, scale: number): Numeric {
  const weight = Math.ceil(approximate(n) * Math.LOG10E);
  if (weight > WEIGHT_MAX) throw numericOverflow();
  if (weight < -scale - 2) return new Numeric(0n, scale);
  // Squaring doubles the error each time, so every halving costs a bit.
  const bits = Math.max(0, size(n.unscaled / powerOfTen(n.scale)).toString(2).length) + 8;
  const digits = scale + Math.max(0, weight) + GUARD_DIGITS + Math.ceil(bits * 0.31);
  checkSeries(digits);
  const one = powerOfTen(digits);
  const x = (n.unscaled * one) / powerOfTen(n.scale) / (1n << BigInt(bits));
  let term = one;
  let sum = one;
  for (let k = 1n; term !== 0n; k++) {
    term = (term * x) / (one * k);
    sum += term;
  }
  for (let i = 0; i < bits; i++) sum = (sum * sum) / one;
  return round(new Numeric(sum, digits), scale);
}

function logarithmAt(n: Numeric, scale: number): Numeric {
  const digits = scale + GUARD_DIGITS;
  return round(new Numeric(logarithmDigits(n, digits), digits), scale);
}

/** ln n × 10^digits. */
function logarithmDigits(n: Numeric, digits: number): bigint {
  const shift = decimalWeight(n);
  const working = digits + GUARD_DIGITS;
  const one = powerOfTen(working);
  const below = n.scale + shift;
  const mantissa = below >= 0 ? (n.unscaled * one) / powerOfTen(below) : n.unscaled * one * powerOfTen(-below);
  // Close to 1 from below the mantissa is 9.99…: taking out ten times it would lose what is asked for.
  const nearTen = mantissa > 5n * one;
  const ln = fixedLogarithm(nearTen ? mantissa / 10n : mantissa, working);
  const tens = BigInt(shift + (nearTen ? 1 : 0));
  const total = tens === 0n ? ln : ln + tens * fixedLogarithm(10n * one, working);
  return total / powerOfTen(GUARD_DIGITS);
}

/** ln of a fixed-point number near 1: roots bring it closer, then the series of the inverse hyperbolic tangent. */
function fixedLogarithm(value: bigint, digits: number): bigint {
  const one = powerOfTen(digits);
  let x = value;
  let doublings = 0n;
  while (size(x - one) * 10n > one) {
    x = squareRootOf(x * one);
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

function squareRootOf(n: bigint): bigint {
  let x = 1n << BigInt(Math.ceil(n.toString(16).length * 2));
  for (;;) {
    const next = (x + n / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}

function checkPositive(n: Numeric): void {
  const sign = signOf(n);
  if (n.special === 'NaN' || sign > 0) return;
  throw new SqlError(
    'invalid_argument_for_logarithm',
    `cannot take logarithm of ${sign === 0 ? 'zero' : 'a negative number'}`,
  );
}

function isZero(n: Numeric): boolean {
  return n.special === null && n.unscaled === 0n;
}

/** Power of ten of the first digit. */
function decimalWeight(n: Numeric): number {
  return size(n.unscaled).toString().length - 1 - n.scale;
}

/** Nearest double; infinite when it is larger than any. */
function approximate(n: Numeric): number {
  const digits = size(n.unscaled).toString();
  const head = Number(digits.slice(0, 17)) * 10 ** Math.min(308, digits.length - Math.min(17, digits.length));
  const value =
    n.scale > 300
      ? Number(`${digits.slice(0, 17)}e${digits.length - Math.min(17, digits.length) - n.scale}`)
      : head / 10 ** n.scale;
  return n.unscaled < 0n ? -value : value;
}

/** log10 |n| to a double's precision, for any n but zero. */
function decimalLogarithm(n: Numeric): number {
  const difference = subtract(absolute(n), NUMERIC_ONE);
  if (difference.unscaled !== 0n && Math.abs(approximate(difference)) < 1e-3)
    return Math.log1p(approximate(difference)) * Math.LOG10E;
  const digits = size(n.unscaled).toString();
  const head = Number(`0.${digits.slice(0, 17)}`);
  return Math.log10(head) + digits.length - n.scale;
}

/** Digits that ln(n) loses when n is close to 1. */
function logarithmMagnitude(n: Numeric): number {
  return Math.max(0, -logarithmWeight(n));
}

/** numeric.c's estimate_ln_dweight: the decimal weight of ln(n). */
function logarithmWeight(n: Numeric): number {
  if (signOf(n) <= 0) return 0;
  const value = approximate(n);
  if (value >= 0.9 && value <= 1.1) {
    const rest = subtract(n, NUMERIC_ONE);
    return rest.unscaled === 0n ? 0 : decimalWeight(rest);
  }
  return Math.trunc(Math.log10(Math.abs(decimalLogarithm(n) / Math.LOG10E)));
}
