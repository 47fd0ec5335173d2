import { comparator } from '#schemas/values/compare.js';
import type { SqlType, TypeKind } from '#schemas/values/type.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { Value } from '#schemas/values/value.js';
import type { OperatorDefinition } from '../definition.js';
import { infix, notSpecialised } from '../signature.js';

type Compare = (a: never, b: never) => boolean;
type Six = readonly [
  equal: Compare,
  notEqual: Compare,
  less: Compare,
  lessEqual: Compare,
  greater: Compare,
  greaterEqual: Compare,
];

const SYMBOLS = ['=', '<>', '<', '<=', '>', '>='] as const;

/** Plain numbers without NaN: the processor's own comparison. */
const NUMBERS: Six = [
  (a: number, b: number) => a === b,
  (a: number, b: number) => a !== b,
  (a: number, b: number) => a < b,
  (a: number, b: number) => a <= b,
  (a: number, b: number) => a > b,
  (a: number, b: number) => a >= b,
];

const BIGINTS: Six = [
  (a: bigint, b: bigint) => a === b,
  (a: bigint, b: bigint) => a !== b,
  (a: bigint, b: bigint) => a < b,
  (a: bigint, b: bigint) => a <= b,
  (a: bigint, b: bigint) => a > b,
  (a: bigint, b: bigint) => a >= b,
];

function ordered(compare: (a: Value, b: Value) => number): Six {
  return [
    (a: Value, b: Value) => compare(a, b) === 0,
    (a: Value, b: Value) => compare(a, b) !== 0,
    (a: Value, b: Value) => compare(a, b) < 0,
    (a: Value, b: Value) => compare(a, b) <= 0,
    (a: Value, b: Value) => compare(a, b) > 0,
    (a: Value, b: Value) => compare(a, b) >= 0,
  ];
}

/** Strings are equal when they are the same; their order is that of code points. */
function strings(type: SqlType): Six {
  const [, , less, lessEqual, greater, greaterEqual] = ordered(comparator(type));
  return [(a: string, b: string) => a === b, (a: string, b: string) => a !== b, less, lessEqual, greater, greaterEqual];
}

const BY_KIND: ReadonlyArray<readonly [TypeKind, Six]> = [
  ['smallint', NUMBERS],
  ['integer', NUMBERS],
  ['oid', NUMBERS],
  ['date', NUMBERS],
  ['time', NUMBERS],
  ['bigint', BIGINTS],
  ['timestamp', BIGINTS],
  ['timestamptz', BIGINTS],
  ['text', strings(TYPES.text)],
  ['char', strings(TYPES.text)],
  ['name', strings(TYPES.text)],
  ['internalchar', strings(TYPES.internalchar)],
  ['uuid', strings(TYPES.uuid)],
  ...(['real', 'double', 'numeric', 'boolean', 'bytea', 'interval', 'jsonb', 'timetz'] as const).map(
    (kind): readonly [TypeKind, Six] => [kind, ordered(comparator(TYPES[kind]))],
  ),
];

function six(kind: TypeKind, functions: Six, right: TypeKind = kind): OperatorDefinition[] {
  return SYMBOLS.map((symbol, i) => infix(symbol, kind, right, 'boolean', functions[i] as Compare));
}

/** Arrays compare by the order of their elements, so the functions are made for the element type. */
const ARRAYS: readonly OperatorDefinition[] = SYMBOLS.map((symbol, i) => ({
  ...infix(symbol, 'anyarray', 'anyarray', 'boolean', notSpecialised),
  specialise: (types: readonly SqlType[]) => ordered(comparator(types[0] as SqlType))[i] as Compare,
}));

/** = <> < <= > >= over every type that has an order. Operands of different types are first cast to one by the binder. */
export const COMPARISONS: readonly OperatorDefinition[] = [
  ...BY_KIND.flatMap(([kind, functions]) => six(kind, functions)),
  ...six('real', ordered(comparator(TYPES.double)), 'double'),
  ...six('double', ordered(comparator(TYPES.double)), 'real'),
  ...ARRAYS,
];
