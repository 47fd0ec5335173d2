import { SqlError } from '../sqlstate/sql-error.js';
import { floorDivide, MICROS_PER_DAY } from './calendar.js';
import { fitToType } from './coerce.js';
import type { Interval } from './interval.js';
import { checkedInterval } from './interval-text.js';
import { canonicalJsonb, parseJson } from './json.js';
import { Numeric } from './numeric.js';
import { numericFromFloat, numericFromInteger, numericToBigint, numericToNumber } from './numeric-arithmetic.js';
import { roundHalfEven } from './rounding.js';
import { type TextContext, textParser, textPrinter } from './text-form.js';
import { localToMoment, momentToLocal, offsetAt, printOffset } from './time-zone.js';
import { END_TIMESTAMP, parseTime, printTime, timetzOfMoment } from './timestamp-text.js';
import type { SqlType, TypeKind } from './type.js';
import { printTypeKind } from './type-name.js';
import { type SqlArray, TIMESTAMP_INFINITY, TIMESTAMP_NEGATIVE_INFINITY, type Value } from './value.js';

// biome-ignore lint/performance/noBarrelFile: callers look for the rounding of casts here; it lives apart to break a cycle.
export { roundHalfEven } from './rounding.js';

/** When a cast may happen: by itself in any expression, by itself when storing into a column, or only when written. */
export type CastMethod = 'implicit' | 'assignment' | 'explicit';

const STRINGS: ReadonlySet<TypeKind> = new Set<TypeKind>(['text', 'varchar', 'char', 'name', 'internalchar']);
const NUMBERS: readonly TypeKind[] = ['smallint', 'integer', 'bigint', 'numeric', 'real', 'double'];
const REG_TYPES: ReadonlySet<TypeKind> = new Set<TypeKind>(['regclass', 'regtype', 'regproc']);

/** Casts besides those among numbers and strings, as pg_cast has them. */
const OTHER: Readonly<Record<string, CastMethod>> = {
  'boolean>integer': 'explicit',
  'integer>boolean': 'explicit',
  'date>timestamp': 'implicit',
  'date>timestamptz': 'implicit',
  'timestamp>timestamptz': 'implicit',
  'timestamp>date': 'assignment',
  'timestamptz>date': 'assignment',
  'timestamptz>timestamp': 'assignment',
  'timestamp>time': 'assignment',
  'timestamptz>time': 'assignment',
  'timestamptz>timetz': 'assignment',
  'time>timetz': 'implicit',
  'timetz>time': 'assignment',
  'time>interval': 'implicit',
  'interval>time': 'assignment',
  'json>jsonb': 'assignment',
  'jsonb>json': 'assignment',
  'jsonb>boolean': 'explicit',
  'jsonb>smallint': 'explicit',
  'jsonb>integer': 'explicit',
  'jsonb>bigint': 'explicit',
  'jsonb>numeric': 'explicit',
  'jsonb>real': 'explicit',
  'jsonb>double': 'explicit',
  'integer>oid': 'implicit',
  'bigint>oid': 'implicit',
  'smallint>oid': 'implicit',
  'oid>integer': 'assignment',
  'oid>bigint': 'assignment',
  'integer>internalchar': 'explicit',
  'internalchar>integer': 'explicit',
};

/** How a value of `from` becomes one of `to`; null when there is no cast. Text is cast from anything on assignment, and to anything explicitly. */
export function castMethod(from: SqlType, to: SqlType): CastMethod | null {
  const a = from.kind;
  const b = to.kind;
  if (from.kind === 'array' && to.kind === 'array') return castMethod(from.element, to.element);
  if (a === b || a === 'unknown') return 'implicit';
  if (STRINGS.has(a) && STRINGS.has(b)) {
    if (b === 'internalchar' || (a === 'name' && b !== 'text')) return 'assignment';
    return 'implicit';
  }
  const x = NUMBERS.indexOf(a);
  const y = NUMBERS.indexOf(b);
  if (x >= 0 && y >= 0) return x < y ? 'implicit' : 'assignment';
  const other = OTHER[`${a}>${b}`];
  if (other !== undefined) return other;
  if (REG_TYPES.has(a) || REG_TYPES.has(b)) {
    if (b === 'oid' || (a === 'oid' && REG_TYPES.has(b))) return 'implicit';
    if (b === 'integer' || b === 'bigint') return 'assignment';
    if (REG_TYPES.has(b) && (a === 'integer' || a === 'bigint' || a === 'smallint')) return 'implicit';
    if (b === 'regclass' && STRINGS.has(a)) return 'implicit';
  }
  if (b === 'text' || b === 'varchar' || b === 'char' || b === 'name') return 'assignment';
  return STRINGS.has(a) && b !== 'record' && b !== 'void' ? 'explicit' : null;
}

export type CastFunction = (value: Value) => Value;

/**
 * A function that turns non-null values of `from` into `to`, its modifiers included. `explicit` as in fitToType. regclass and its like pass through text here;
 * names are resolved by whoever has a catalog. Throws 42846 when there is no cast.
 */
export function castFunction(from: SqlType, to: SqlType, explicit: boolean, context: TextContext): CastFunction {
  const convert = conversion(from, to, context);
  return (value) => fitToType(to, convert(value), explicit);
}

function conversion(from: SqlType, to: SqlType, context: TextContext): CastFunction {
  const a = from.kind;
  const b = to.kind;
  if (from.kind === 'array' && to.kind === 'array') {
    const element = conversion(from.element, to.element, context);
    const each = (items: SqlArray): SqlArray =>
      items.map((item) => (item === null ? null : Array.isArray(item) ? each(item as SqlArray) : element(item)));
    return (v) => each(v as SqlArray);
  }
  if (a === b) return (v) => v;
  if (STRINGS.has(a) && STRINGS.has(b)) return b === 'internalchar' ? (v) => (v as string).slice(0, 1) : (v) => v;
  if (a === 'internalchar' && b === 'integer') return (v) => (v as string).charCodeAt(0) || 0;
  if (a === 'char') return fromPadded(from, to, context);
  if (STRINGS.has(a) || a === 'unknown') return textParser(to, context) as CastFunction;
  if (STRINGS.has(b)) return toText(from, to, context);
  const numeric = numberConversion(a, b);
  if (numeric !== null) return numeric;
  const time = timeConversion(a, b, context);
  if (time !== null) return time;
  if (a === 'jsonb' && (b === 'boolean' || NUMBERS.includes(b))) return jsonbConversion(b, context);
  if (a === 'json' && b === 'jsonb') return (v) => canonicalJsonb(v as string);
  if (a === 'jsonb' && b === 'json') return (v) => v;
  throw new SqlError('cannot_coerce', `cannot cast type ${printTypeKind(from)} to ${printTypeKind(to)}`);
}

/** What is no string reads a char(n) with its padding. */
function fromPadded(from: SqlType, to: SqlType, context: TextContext): CastFunction {
  const print = textPrinter(from, context);
  const parse = textParser(to, context);
  return (v) => parse(print(v));
}

function toText(from: SqlType, to: SqlType, context: TextContext): CastFunction {
  // A char(n) that becomes text has already lost its padding; booleans cast to words, though they print as letters.
  if (from.kind === 'boolean' && to.kind !== 'name' && to.kind !== 'internalchar')
    return (v) => (v === true ? 'true' : 'false');
  const print = textPrinter(from, context);
  return to.kind === 'char' ? (v) => print(v).replace(/ +$/, '') : print;
}

const INTEGER_LIMITS: Readonly<Record<string, readonly [low: bigint, high: bigint]>> = {
  smallint: [-32_768n, 32_767n],
  integer: [-2_147_483_648n, 2_147_483_647n],
  bigint: [-0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn],
};

/** Throws 22003 when `value` is outside the type. */
export function checkInteger(kind: 'smallint' | 'integer', value: number): number {
  const high = kind === 'integer' ? 2_147_483_647 : 32_767;
  if (value > high || value < -high - 1) throw outOfRange(kind);
  return value;
}

export function checkBigint(value: bigint): bigint {
  if (value > 0x7fff_ffff_ffff_ffffn || value < -0x8000_0000_0000_0000n) throw outOfRange('bigint');
  return value;
}

function outOfRange(kind: string): SqlError {
  return new SqlError('numeric_value_out_of_range', `${kind} out of range`);
}

function fromBigint(kind: TypeKind): (value: bigint) => Value {
  const limits = INTEGER_LIMITS[kind] as readonly [bigint, bigint];
  const small = kind !== 'bigint';
  return (value) => {
    if (value < limits[0] || value > limits[1]) throw outOfRange(kind);
    return small ? Number(value) : value;
  };
}

function oidFromBigint(value: Value): Value {
  const oid = Number(value);
  if (oid < 0 || oid > 0xffff_ffff) throw new SqlError('numeric_value_out_of_range', 'OID out of range');
  return oid;
}

function numberConversion(a: TypeKind, b: TypeKind): CastFunction | null {
  const oidLike = b === 'oid' || REG_TYPES.has(b);
  if (oidLike && (a === 'integer' || a === 'smallint' || a === 'bigint' || a === 'oid' || REG_TYPES.has(a)))
    return a === 'bigint' ? oidFromBigint : (v) => Number(v) >>> 0;
  if ((a === 'oid' || REG_TYPES.has(a)) && (b === 'integer' || b === 'bigint'))
    return b === 'bigint' ? (v) => BigInt(v as number) : (v) => (v as number) | 0;
  if (a === 'boolean' && b === 'integer') return (v) => (v === true ? 1 : 0);
  if (a === 'integer' && b === 'boolean') return (v) => v !== 0;
  if (a === 'integer' && b === 'internalchar') return (v) => (v === 0 ? '' : String.fromCharCode((v as number) & 0xff));
  const integerTarget = b === 'smallint' || b === 'integer' || b === 'bigint';
  switch (a) {
    case 'smallint':
    case 'integer':
      if (b === 'integer') return (v) => v;
      if (b === 'smallint') return (v) => checkInteger('smallint', v as number);
      if (b === 'bigint') return (v) => BigInt(v as number);
      if (b === 'numeric') return (v) => numericFromInteger(v as number);
      return b === 'double' ? (v) => v : b === 'real' ? (v) => Math.fround(v as number) : null;
    case 'bigint':
      if (integerTarget) return fromBigint(b) as CastFunction;
      if (b === 'numeric') return (v) => numericFromInteger(v as bigint);
      return b === 'double' ? (v) => Number(v) : b === 'real' ? (v) => Math.fround(Number(v)) : null;
    case 'numeric': {
      if (integerTarget) {
        const fit = fromBigint(b);
        return (v) => fit(numericToBigint(v as Numeric, b));
      }
      return b === 'double'
        ? (v) => numericToNumber(v as Numeric)
        : b === 'real'
          ? (v) => Math.fround(numericToNumber(v as Numeric))
          : null;
    }
    case 'real':
    case 'double':
      return floatConversion(a, b, integerTarget);
    default:
      return null;
  }
}

function floatConversion(a: 'real' | 'double', b: TypeKind, integerTarget: boolean): CastFunction | null {
  if (integerTarget) {
    const fit = fromBigint(b);
    return (v) => {
      const rounded = roundHalfEven(v as number);
      if (!Number.isFinite(rounded)) throw outOfRange(b);
      return fit(BigInt(rounded));
    };
  }
  if (b === 'numeric') return (v) => numericFromFloat(v as number, a === 'real' ? 6 : 15);
  if (b === 'double') return (v) => v;
  if (b !== 'real') return null;
  return (v) => {
    const narrowed = Math.fround(v as number);
    if (!Number.isFinite(narrowed) && Number.isFinite(v as number))
      throw new SqlError('numeric_value_out_of_range', 'value out of range: overflow');
    if (narrowed === 0 && v !== 0) throw new SqlError('numeric_value_out_of_range', 'value out of range: underflow');
    return narrowed;
  };
}

function timeConversion(a: TypeKind, b: TypeKind, context: TextContext): CastFunction | null {
  const zone = context.timeZone;
  switch (`${a}>${b}`) {
    case 'date>timestamp':
      return (v) => dateToTimestamp(v as number);
    case 'date>timestamptz':
      return (v) =>
        Number.isFinite(v as number) ? localToMoment(zone, dateToTimestamp(v as number)) : dateToTimestamp(v as number);
    case 'timestamp>timestamptz':
      return (v) => (isInfinite(v as bigint) ? v : localToMoment(zone, v as bigint));
    case 'timestamptz>timestamp':
      return (v) => (isInfinite(v as bigint) ? v : momentToLocal(zone, v as bigint));
    case 'timestamp>date':
      return (v) => timestampToDate(v as bigint);
    case 'timestamptz>date':
      return (v) => timestampToDate(isInfinite(v as bigint) ? (v as bigint) : momentToLocal(zone, v as bigint));
    case 'timestamp>time':
      return (v) => (isInfinite(v as bigint) ? null : Number(floorDivide(v as bigint, MICROS_PER_DAY)[1]));
    case 'timestamptz>time':
      return (v) =>
        isInfinite(v as bigint) ? null : Number(floorDivide(momentToLocal(zone, v as bigint), MICROS_PER_DAY)[1]);
    case 'time>interval':
      return (v) => checkedInterval(0, 0, BigInt(v as number));
    case 'interval>time':
      return (v) => Number(floorDivide((v as Interval).micros, MICROS_PER_DAY)[1]);
    case 'time>timetz':
      return (v) => printTime(v as number) + printOffset(offsetAt(zone, context.nowMicros));
    case 'timetz>time':
      return (v) => parseTime((v as string).replace(/[+-][\d:]+$/, ''), context);
    case 'timestamptz>timetz':
      return (v) => (isInfinite(v as bigint) ? null : timetzOfMoment(v as bigint, zone));
    default:
      return null;
  }
}

function isInfinite(micros: bigint): boolean {
  return micros === TIMESTAMP_INFINITY || micros === TIMESTAMP_NEGATIVE_INFINITY;
}

function dateToTimestamp(days: number): bigint {
  if (days === Number.POSITIVE_INFINITY) return TIMESTAMP_INFINITY;
  if (days === Number.NEGATIVE_INFINITY) return TIMESTAMP_NEGATIVE_INFINITY;
  const micros = BigInt(days) * MICROS_PER_DAY;
  if (micros >= END_TIMESTAMP) throw new SqlError('datetime_field_overflow', 'date out of range for timestamp');
  return micros;
}

function timestampToDate(micros: bigint): number {
  if (micros === TIMESTAMP_INFINITY) return Number.POSITIVE_INFINITY;
  if (micros === TIMESTAMP_NEGATIVE_INFINITY) return Number.NEGATIVE_INFINITY;
  return Number(floorDivide(micros, MICROS_PER_DAY)[0]);
}

function jsonbConversion(b: TypeKind, context: TextContext): CastFunction {
  return (v) => {
    const json = parseJson(v as string);
    if (b === 'boolean' && typeof json === 'boolean') return json;
    if (b !== 'boolean' && json instanceof Numeric)
      return conversion({ kind: 'numeric', precision: null, scale: null }, { kind: b } as SqlType, context)(json);
    const name =
      json === null
        ? 'null'
        : typeof json === 'object'
          ? Array.isArray(json)
            ? 'array'
            : json instanceof Numeric
              ? 'numeric'
              : 'object'
          : typeof json;
    throw new SqlError(
      'invalid_parameter_value',
      `cannot cast jsonb ${name} to type ${printTypeKind({ kind: b } as SqlType)}`,
    );
  };
}
