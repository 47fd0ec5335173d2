import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { equalValues } from '#schemas/values/compare.js';
import type { SqlType } from '#schemas/values/type.js';
import type { SqlArray, Value } from '#schemas/values/value.js';
import type { OperatorDefinition } from '../definition.js';
import { infix, notSpecialised } from '../signature.js';

/** Elements of an array of any dimensions in storage order. */
export function flat(array: SqlArray): Value[] {
  const out: Value[] = [];
  for (const item of array) {
    if (Array.isArray(item)) out.push(...flat(item as SqlArray));
    else out.push(item);
  }
  return out;
}

/** The scalar type within an array type. */
export function elementType(type: SqlType): SqlType {
  return type.kind === 'array' ? elementType(type.element) : type;
}

export function dimensions(array: SqlArray): number[] {
  if (array.length === 0) return [];
  const sizes: number[] = [];
  let here: Value = array;
  while (Array.isArray(here)) {
    sizes.push(here.length);
    here = (here[0] ?? null) as Value;
  }
  return sizes;
}

/** array || array: of equal depth end to end; an array of one dimension less is one more element. */
export function concatenateArrays(a: SqlArray | null, b: SqlArray | null): SqlArray | null {
  if (a === null) return b;
  if (b === null) return a;
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const x = dimensions(a).length;
  const y = dimensions(b).length;
  if (x === y) return [...a, ...b];
  if (x === y + 1) return [...a, b];
  if (y === x + 1) return [a, ...b];
  throw new SqlError('array_subscript_error', 'cannot concatenate incompatible arrays', {
    detail: `Arrays of ${x} and ${y} dimensions are not compatible for concatenation.`,
  });
}

/** Elements that are null are never contained. */
function contains(types: readonly SqlType[]): (a: SqlArray, b: SqlArray) => boolean {
  const type = elementType(types[0] as SqlType);
  return (a, b) => {
    const mine = flat(a);
    return flat(b).every(
      (wanted) => wanted !== null && mine.some((item) => item !== null && equalValues(type, item, wanted)),
    );
  };
}

function overlaps(types: readonly SqlType[]): (a: SqlArray, b: SqlArray) => boolean {
  const type = elementType(types[0] as SqlType);
  return (a, b) => {
    const mine = flat(a);
    return flat(b).some(
      (wanted) => wanted !== null && mine.some((item) => item !== null && equalValues(type, item, wanted)),
    );
  };
}

export const ARRAY_OPERATORS: readonly OperatorDefinition[] = [
  { ...infix('||', 'anyarray', 'anyarray', 'anyarray', concatenateArrays), strict: false },
  {
    ...infix('||', 'anyarray', 'anyelement', 'anyarray', (a: SqlArray | null, e: Value) => [...(a ?? []), e]),
    strict: false,
  },
  {
    ...infix('||', 'anyelement', 'anyarray', 'anyarray', (e: Value, a: SqlArray | null) => [e, ...(a ?? [])]),
    strict: false,
  },
  { ...infix('@>', 'anyarray', 'anyarray', 'boolean', notSpecialised), specialise: contains },
  {
    ...infix('<@', 'anyarray', 'anyarray', 'boolean', notSpecialised),
    specialise: (types) => {
      const within = contains(types);
      return (a: SqlArray, b: SqlArray) => within(b, a);
    },
  },
  { ...infix('&&', 'anyarray', 'anyarray', 'boolean', notSpecialised), specialise: overlaps },
];
