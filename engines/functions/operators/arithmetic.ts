import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { checkBigint } from '#schemas/values/cast.js';
import type { Numeric } from '#schemas/values/numeric.js';
import * as exact from '#schemas/values/numeric-arithmetic.js';
import type { OperatorDefinition } from '../definition.js';
import { infix, prefix } from '../signature.js';

function outOfRange(type: string): SqlError {
  return new SqlError('numeric_value_out_of_range', `${type} out of range`);
}

/** Products of two 32-bit integers pass 2^53; those that do are out of range whatever their last digits. */
function integer(value: number): number {
  if (value > 2_147_483_647 || value < -2_147_483_648) throw outOfRange('integer');
  return value === 0 ? 0 : value;
}

function smallint(value: number): number {
  if (value > 32_767 || value < -32_768) throw outOfRange('smallint');
  return value === 0 ? 0 : value;
}

function small(kind: 'smallint' | 'integer', check: (value: number) => number): OperatorDefinition[] {
  const width = kind === 'integer' ? 31 : 31;
  const wrap = kind === 'integer' ? (v: number): number => v | 0 : (v: number): number => (v << 16) >> 16;
  return [
    infix('+', kind, kind, kind, (a: number, b: number) => check(a + b)),
    infix('-', kind, kind, kind, (a: number, b: number) => check(a - b)),
    infix('*', kind, kind, kind, (a: number, b: number) => check(a * b)),
    infix('/', kind, kind, kind, (a: number, b: number) => {
      if (b === 0) throw exact.divisionByZero();
      return check(Math.trunc(a / b));
    }),
    infix('%', kind, kind, kind, (a: number, b: number) => {
      if (b === 0) throw exact.divisionByZero();
      return (a % b) | 0;
    }),
    infix('&', kind, kind, kind, (a: number, b: number) => a & b),
    infix('|', kind, kind, kind, (a: number, b: number) => a | b),
    infix('#', kind, kind, kind, (a: number, b: number) => a ^ b),
    infix('<<', kind, 'integer', kind, (a: number, b: number) => wrap(a << (b & width))),
    infix('>>', kind, 'integer', kind, (a: number, b: number) => a >> (b & width)),
    prefix('-', kind, kind, (a: number) => check(-a)),
    prefix('+', kind, kind, (a: number) => a),
    prefix('~', kind, kind, (a: number) => ~a),
    prefix('@', kind, kind, (a: number) => check(Math.abs(a))),
  ];
}

const BIGINT: readonly OperatorDefinition[] = [
  infix('+', 'bigint', 'bigint', 'bigint', (a: bigint, b: bigint) => checkBigint(a + b)),
  infix('-', 'bigint', 'bigint', 'bigint', (a: bigint, b: bigint) => checkBigint(a - b)),
  infix('*', 'bigint', 'bigint', 'bigint', (a: bigint, b: bigint) => checkBigint(a * b)),
  infix('/', 'bigint', 'bigint', 'bigint', (a: bigint, b: bigint) => {
    if (b === 0n) throw exact.divisionByZero();
    return checkBigint(a / b);
  }),
  infix('%', 'bigint', 'bigint', 'bigint', (a: bigint, b: bigint) => {
    if (b === 0n) throw exact.divisionByZero();
    return a % b;
  }),
  infix('&', 'bigint', 'bigint', 'bigint', (a: bigint, b: bigint) => a & b),
  infix('|', 'bigint', 'bigint', 'bigint', (a: bigint, b: bigint) => a | b),
  infix('#', 'bigint', 'bigint', 'bigint', (a: bigint, b: bigint) => a ^ b),
  infix('<<', 'bigint', 'integer', 'bigint', (a: bigint, b: number) => BigInt.asIntN(64, a << BigInt(b & 63))),
  infix('>>', 'bigint', 'integer', 'bigint', (a: bigint, b: number) => a >> BigInt(b & 63)),
  prefix('-', 'bigint', 'bigint', (a: bigint) => checkBigint(-a)),
  prefix('+', 'bigint', 'bigint', (a: bigint) => a),
  prefix('~', 'bigint', 'bigint', (a: bigint) => ~a),
  prefix('@', 'bigint', 'bigint', (a: bigint) => checkBigint(a < 0n ? -a : a)),
];

const NUMERIC: readonly OperatorDefinition[] = [
  infix('+', 'numeric', 'numeric', 'numeric', exact.add),
  infix('-', 'numeric', 'numeric', 'numeric', exact.subtract),
  infix('*', 'numeric', 'numeric', 'numeric', exact.multiply),
  infix('/', 'numeric', 'numeric', 'numeric', exact.divide),
  infix('%', 'numeric', 'numeric', 'numeric', exact.modulo),
  infix('^', 'numeric', 'numeric', 'numeric', exact.power),
  prefix('-', 'numeric', 'numeric', exact.negate),
  prefix('+', 'numeric', 'numeric', (a: Numeric) => a),
  prefix('@', 'numeric', 'numeric', exact.absolute),
];

/** A finite operation that gives an infinity overflows; a nonzero product or quotient that gives zero underflows. */
export function checkFloat(result: number, inputInfinite: boolean, zeroIsValid: boolean): number {
  if (!Number.isFinite(result) && !Number.isNaN(result) && !inputInfinite) {
    throw new SqlError('numeric_value_out_of_range', 'value out of range: overflow');
  }
  if (result === 0 && !zeroIsValid) throw new SqlError('numeric_value_out_of_range', 'value out of range: underflow');
  return result;
}

const infinite = (a: number): boolean => a === Number.POSITIVE_INFINITY || a === Number.NEGATIVE_INFINITY;

type Float = 'real' | 'double';

/** The four operations of two floats, whose kinds may differ: then the result is a double. */
function fourOf(left: Float, right: Float, result: Float, fit: (value: number) => number): OperatorDefinition[] {
  return [
    infix('+', left, right, result, (a: number, b: number) => checkFloat(fit(a + b), infinite(a) || infinite(b), true)),
    infix('-', left, right, result, (a: number, b: number) => checkFloat(fit(a - b), infinite(a) || infinite(b), true)),
    infix('*', left, right, result, (a: number, b: number) =>
      checkFloat(fit(a * b), infinite(a) || infinite(b), a === 0 || b === 0),
    ),
    infix('/', left, right, result, (a: number, b: number) => {
      if (b === 0 && !Number.isNaN(a)) throw exact.divisionByZero();
      return checkFloat(fit(a / b), infinite(a), a === 0 || infinite(b));
    }),
  ];
}

function floats(kind: Float, fit: (value: number) => number): OperatorDefinition[] {
  return [
    ...fourOf(kind, kind, kind, fit),
    prefix('-', kind, kind, (a: number) => -a),
    prefix('+', kind, kind, (a: number) => a),
    prefix('@', kind, kind, (a: number) => Math.abs(a)),
  ];
}

/** a ^ b of doubles, with the errors of PostgreSQL's dpow. */
export function powerOfDoubles(a: number, b: number): number {
  if (a === 1 || b === 0) return 1;
  if (a === 0 && b < 0) {
    throw new SqlError('invalid_argument_for_power_function', 'zero raised to a negative power is undefined');
  }
  if (a < 0 && Number.isFinite(b) && Math.floor(b) !== b) {
    throw new SqlError(
      'invalid_argument_for_power_function',
      'a negative number raised to a non-integer power yields a complex result',
    );
  }
  return checkFloat(a ** b, infinite(a) || infinite(b), a === 0 || infinite(a) || infinite(b));
}

function squareRoot(a: number): number {
  if (a < 0) throw new SqlError('invalid_argument_for_power_function', 'cannot take square root of a negative number');
  return Math.sqrt(a);
}

/** Arithmetic and bit operators on numbers. */
export const ARITHMETIC: readonly OperatorDefinition[] = [
  ...small('integer', integer),
  ...small('smallint', smallint),
  ...BIGINT,
  ...NUMERIC,
  ...floats('double', (v) => v),
  ...floats('real', Math.fround),
  ...fourOf('real', 'double', 'double', (v) => v),
  ...fourOf('double', 'real', 'double', (v) => v),
  infix('^', 'double', 'double', 'double', powerOfDoubles),
  prefix('|/', 'double', 'double', squareRoot),
  prefix('||/', 'double', 'double', Math.cbrt),
];
