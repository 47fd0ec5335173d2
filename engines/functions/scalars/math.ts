import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { checkBigint, checkInteger, roundHalfEven } from '#schemas/values/cast.js';
import { Numeric } from '#schemas/values/numeric.js';
import * as exact from '#schemas/values/numeric-arithmetic.js';
import type { EvaluationContext, ScalarFunction } from '../definition.js';
import { checkFloat, powerOfDoubles } from '../operators/arithmetic.js';
import { pure, volatile } from '../signature.js';

const NUMERIC_TEN = new Numeric(10n, 0);

function logDouble(log: (value: number) => number): (value: number) => number {
  return (value) => {
    if (value === 0) throw new SqlError('invalid_argument_for_logarithm', 'cannot take logarithm of zero');
    if (value < 0) throw new SqlError('invalid_argument_for_logarithm', 'cannot take logarithm of a negative number');
    return log(value);
  };
}

function inDomain(f: (value: number) => number, low: number, high: number): (value: number) => number {
  return (value) => {
    if (value < low || value > high) throw new SqlError('numeric_value_out_of_range', 'input is out of range');
    return f(value);
  };
}

function squareRoot(value: number): number {
  if (value < 0)
    throw new SqlError('invalid_argument_for_power_function', 'cannot take square root of a negative number');
  return Math.sqrt(value);
}

function gcd(a: bigint, b: bigint): bigint {
  let x = a < 0n ? -a : a;
  let y = b < 0n ? -b : b;
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

function lcm(a: bigint, b: bigint): bigint {
  if (a === 0n || b === 0n) return 0n;
  const product = (a / gcd(a, b)) * b;
  return product < 0n ? -product : product;
}

function factorial(n: bigint): Numeric {
  if (n < 0n) throw new SqlError('numeric_value_out_of_range', 'factorial of a negative number is undefined');
  if (n > 32_177n) throw new SqlError('numeric_value_out_of_range', 'value overflows numeric format');
  let product = 1n;
  for (let i = 2n; i <= n; i++) product *= i;
  return new Numeric(product, 0);
}

function widthBucket(value: number, low: number, high: number, count: number): number {
  if (count <= 0) throw new SqlError('invalid_argument_for_width_bucket_function', 'count must be greater than zero');
  if (Number.isNaN(value) || Number.isNaN(low) || Number.isNaN(high)) {
    throw new SqlError(
      'invalid_argument_for_width_bucket_function',
      'operand, lower bound, and upper bound cannot be NaN',
    );
  }
  if (!(Number.isFinite(low) && Number.isFinite(high))) {
    throw new SqlError('invalid_argument_for_width_bucket_function', 'lower and upper bounds must be finite');
  }
  if (low === high) {
    throw new SqlError('invalid_argument_for_width_bucket_function', 'lower bound cannot equal upper bound');
  }
  const at = low < high ? (value - low) / (high - low) : (low - value) / (low - high);
  if (at < 0) return 0;
  return at >= 1 ? checkInteger('integer', count + 1) : Math.floor(at * count) + 1;
}

function divisor(value: number): number {
  if (value === 0) throw exact.divisionByZero();
  return value;
}

function moduloBigint(a: bigint, b: bigint): bigint {
  if (b === 0n) throw exact.divisionByZero();
  return a % b;
}

const INTEGERS: readonly ScalarFunction[] = [
  pure('abs', ['smallint'], 'smallint', (n: number) => checkInteger('smallint', Math.abs(n))),
  pure('abs', ['integer'], 'integer', (n: number) => checkInteger('integer', Math.abs(n))),
  pure('abs', ['bigint'], 'bigint', (n: bigint) => checkBigint(n < 0n ? -n : n)),
  pure('mod', ['smallint', 'smallint'], 'smallint', (a: number, b: number) => (a % divisor(b)) | 0),
  pure('mod', ['integer', 'integer'], 'integer', (a: number, b: number) => (a % divisor(b)) | 0),
  pure('mod', ['bigint', 'bigint'], 'bigint', moduloBigint),
  pure('gcd', ['integer', 'integer'], 'integer', (a: number, b: number) =>
    checkInteger('integer', Number(gcd(BigInt(a), BigInt(b)))),
  ),
  pure('gcd', ['bigint', 'bigint'], 'bigint', (a: bigint, b: bigint) => checkBigint(gcd(a, b))),
  pure('lcm', ['integer', 'integer'], 'integer', (a: number, b: number) =>
    checkInteger('integer', Number(lcm(BigInt(a), BigInt(b)))),
  ),
  pure('lcm', ['bigint', 'bigint'], 'bigint', (a: bigint, b: bigint) => checkBigint(lcm(a, b))),
  pure('factorial', ['bigint'], 'numeric', factorial),
];

const NUMERICS: readonly ScalarFunction[] = [
  pure('abs', ['numeric'], 'numeric', exact.absolute),
  pure('mod', ['numeric', 'numeric'], 'numeric', exact.modulo),
  pure('div', ['numeric', 'numeric'], 'numeric', exact.divideInteger),
  pure('round', ['numeric'], 'numeric', (n: Numeric) => exact.round(n, 0)),
  pure('round', ['numeric', 'integer'], 'numeric', exact.round),
  pure('trunc', ['numeric'], 'numeric', (n: Numeric) => exact.truncate(n, 0)),
  pure('trunc', ['numeric', 'integer'], 'numeric', exact.truncate),
  pure('ceil', ['numeric'], 'numeric', exact.ceiling),
  pure('ceiling', ['numeric'], 'numeric', exact.ceiling),
  pure('floor', ['numeric'], 'numeric', exact.floor),
  pure('sign', ['numeric'], 'numeric', (n: Numeric) =>
    n.special === 'NaN' ? n : new Numeric(BigInt(exact.signOf(n)), 0),
  ),
  pure('sqrt', ['numeric'], 'numeric', exact.squareRoot),
  pure('power', ['numeric', 'numeric'], 'numeric', exact.power),
  pure('pow', ['numeric', 'numeric'], 'numeric', exact.power),
  pure('exp', ['numeric'], 'numeric', exact.exponential),
  pure('ln', ['numeric'], 'numeric', exact.naturalLogarithm),
  pure('log', ['numeric'], 'numeric', (n: Numeric) => exact.logarithm(NUMERIC_TEN, n)),
  pure('log10', ['numeric'], 'numeric', (n: Numeric) => exact.logarithm(NUMERIC_TEN, n)),
  pure('log', ['numeric', 'numeric'], 'numeric', exact.logarithm),
  pure('scale', ['numeric'], 'integer', (n: Numeric) => (n.special === null ? n.scale : null)),
  pure('min_scale', ['numeric'], 'integer', (n: Numeric) => (n.special === null ? exact.trimScale(n).scale : null)),
  pure('trim_scale', ['numeric'], 'numeric', exact.trimScale),
  pure(
    'width_bucket',
    ['numeric', 'numeric', 'numeric', 'integer'],
    'integer',
    (v: Numeric, l: Numeric, h: Numeric, c: number) =>
      widthBucket(exact.numericToNumber(v), exact.numericToNumber(l), exact.numericToNumber(h), c),
  ),
];

const degrees = (value: number): number => {
  const result = value / (Math.PI / 180);
  return checkFloat(result, !Number.isFinite(value), true);
};
const radians = (value: number): number => value * (Math.PI / 180);
const one = (name: string, f: (value: number) => number): ScalarFunction => pure(name, ['double'], 'double', f);

function exponentialDouble(value: number): number {
  return checkFloat(Math.exp(value), !Number.isFinite(value), !Number.isFinite(value));
}

/** A function of an angle: infinity is none. */
const ofAngle = (f: (value: number) => number) => (value: number) => {
  if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY)
    throw new SqlError('numeric_value_out_of_range', 'input is out of range');
  return f(value);
};

/** Of NaN and of -0 it is 0. */
const signOfDouble = (value: number): number => (value > 0 ? 1 : value < 0 ? -1 : 0);

/** Trigonometry in degrees is exact at the angles where people expect it to be. */
function sineOfDegrees(value: number): number {
  const angle = ((value % 360) + 360) % 360;
  const known = new Map([
    [0, 0],
    [30, 0.5],
    [90, 1],
    [150, 0.5],
    [180, 0],
    [210, -0.5],
    [270, -1],
    [330, -0.5],
  ]).get(angle);
  return known ?? Math.sin(radians(angle));
}

const DOUBLES: readonly ScalarFunction[] = [
  pure('abs', ['real'], 'real', (n: number) => Math.abs(n)),
  one('abs', Math.abs),
  one('round', roundHalfEven),
  one('trunc', Math.trunc),
  one('ceil', Math.ceil),
  one('ceiling', Math.ceil),
  one('floor', Math.floor),
  one('sign', signOfDouble),
  one('sqrt', squareRoot),
  one('cbrt', Math.cbrt),
  one('exp', exponentialDouble),
  one('ln', logDouble(Math.log)),
  one('log', logDouble(Math.log10)),
  one('log10', logDouble(Math.log10)),
  pure('power', ['double', 'double'], 'double', powerOfDoubles),
  pure('pow', ['double', 'double'], 'double', powerOfDoubles),
  pure('pi', [], 'double', () => Math.PI),
  one('degrees', degrees),
  one('radians', radians),
  one('sin', ofAngle(Math.sin)),
  one('cos', ofAngle(Math.cos)),
  one('tan', ofAngle(Math.tan)),
  one(
    'cot',
    ofAngle((v) => 1 / Math.tan(v)),
  ),
  one('asin', inDomain(Math.asin, -1, 1)),
  one('acos', inDomain(Math.acos, -1, 1)),
  one('atan', Math.atan),
  pure('atan2', ['double', 'double'], 'double', (y: number, x: number) => Math.atan2(y, x)),
  one('sinh', Math.sinh),
  one('cosh', Math.cosh),
  one('tanh', Math.tanh),
  one('asinh', Math.asinh),
  one('acosh', inDomain(Math.acosh, 1, Number.POSITIVE_INFINITY)),
  one('atanh', inDomain(Math.atanh, -1, 1)),
  one('sind', ofAngle(sineOfDegrees)),
  one(
    'cosd',
    ofAngle((v) => sineOfDegrees(v + 90)),
  ),
  one(
    'tand',
    ofAngle((v) => (v % 180 === 45 ? 1 : sineOfDegrees(v) / sineOfDegrees(v + 90))),
  ),
  one('asind', (v) => (v === 0.5 ? 30 : v === 1 ? 90 : degrees(inDomain(Math.asin, -1, 1)(v)))),
  one('acosd', (v) => (v === 0.5 ? 60 : v === 0 ? 90 : degrees(inDomain(Math.acos, -1, 1)(v)))),
  one('atand', (v) => (v === 1 ? 45 : degrees(Math.atan(v)))),
  pure('width_bucket', ['double', 'double', 'double', 'integer'], 'integer', widthBucket),
  volatile('random', [], 'double', (context: EvaluationContext) => context.random()),
];

export const MATH_FUNCTIONS: readonly ScalarFunction[] = [...INTEGERS, ...NUMERICS, ...DOUBLES];
