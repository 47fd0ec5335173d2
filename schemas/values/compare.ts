import { dimensionsOf, elementsOf } from './array-shape.js';
import type { Interval } from './interval.js';
import { intervalSpan } from './interval-text.js';
import { compareJson, parseJson } from './json.js';
import type { Numeric } from './numeric.js';
import { compareNumeric } from './numeric-arithmetic.js';
import type { SqlType } from './type.js';
import type { SqlArray, Value } from './value.js';

export type Comparator = (a: Value, b: Value) => number;

/** The btree order of a type's values, none of them null: negative, zero or positive. Text is ordered by code point (collation "C"). */
export function comparator(type: SqlType): Comparator {
  switch (type.kind) {
    case 'smallint':
    case 'integer':
    case 'oid':
    case 'regclass':
    case 'regtype':
    case 'regproc':
    case 'date':
    case 'time':
      return compareIntegers;
    case 'real':
    case 'double':
      return compareFloats;
    case 'bigint':
    case 'timestamp':
    case 'timestamptz':
      return compareBigints;
    case 'numeric':
      return (a, b) => compareNumeric(a as Numeric, b as Numeric);
    case 'interval':
      return (a, b) => compareBigints(intervalSpan(a as Interval), intervalSpan(b as Interval));
    case 'boolean':
      return (a, b) => Number(a) - Number(b);
    case 'bytea':
      return (a, b) => Buffer.compare(a as Uint8Array, b as Uint8Array);
    case 'jsonb':
      return (a, b) => compareJson(parseJson(a as string), parseJson(b as string));
    case 'uuid':
    case 'internalchar':
      return compareAscii;
    case 'array': {
      const element = comparator(type.element);
      return (a, b) => compareArrays(a as SqlArray, b as SqlArray, element);
    }
    default:
      return compareText;
  }
}

const compareIntegers: Comparator = (a, b) => (a as number) - (b as number) || 0;

const compareBigints: Comparator = (a, b) =>
  (a as bigint) < (b as bigint) ? -1 : (a as bigint) > (b as bigint) ? 1 : 0;

/** NaN is greater than every number and equal to itself; -0 equals 0. */
const compareFloats: Comparator = (a, b) => {
  const x = a as number;
  const y = b as number;
  if (x < y) return -1;
  if (x > y) return 1;
  if (x === y) return 0;
  return Number.isNaN(x) ? (Number.isNaN(y) ? 0 : 1) : -1;
};

const compareAscii: Comparator = (a, b) => ((a as string) < (b as string) ? -1 : (a as string) > (b as string) ? 1 : 0);

/** By code point, which is the order of UTF-8 bytes; JavaScript's own order differs where surrogates meet U+E000 to U+FFFF. */
const compareText: Comparator = (a, b) => {
  const x = a as string;
  const y = b as string;
  if (x === y) return 0;
  const length = Math.min(x.length, y.length);
  for (let i = 0; i < length; i++) {
    const c = x.charCodeAt(i);
    const d = y.charCodeAt(i);
    if (c !== d) return c >= 0xd800 && d >= 0xd800 ? fixSurrogate(c) - fixSurrogate(d) : c - d;
  }
  return x.length - y.length;
};

/** Moves surrogates above the rest of the basic plane. */
function fixSurrogate(c: number): number {
  return c >= 0xe000 ? c - 0x800 : c + 0x2000;
}

/** As array_cmp: the elements in row order whatever the shape, then their number, then the dimensions. */
function compareArrays(a: SqlArray, b: SqlArray, element: Comparator): number {
  const [x, y] = [elementsOf(a), elementsOf(b)];
  const length = Math.min(x.length, y.length);
  for (let i = 0; i < length; i++) {
    const [left, right] = [x[i] as Value, y[i] as Value];
    if (left === null || right === null) {
      if (left !== right) return left === null ? 1 : -1;
      continue;
    }
    const order = element(left, right);
    if (order !== 0) return order;
  }
  if (x.length !== y.length) return x.length - y.length;
  const [shape, other] = [dimensionsOf(a), dimensionsOf(b)];
  if (shape.length !== other.length) return shape.length - other.length;
  for (let i = 0; i < shape.length; i++) {
    if (shape[i] !== other[i]) return (shape[i] as number) - (other[i] as number);
  }
  return 0;
}

/** Equality of two values of one type; null equals null here (IS NOT DISTINCT FROM). */
export function equalValues(type: SqlType, a: Value, b: Value): boolean {
  if (a === null || b === null) return a === b;
  return comparator(type)(a, b) === 0;
}
