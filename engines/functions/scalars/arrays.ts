import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { equalValues } from '#schemas/values/compare.js';
import type { SqlType } from '#schemas/values/type.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { SqlArray, Value } from '#schemas/values/value.js';
import type { EvaluationContext, ScalarFunction } from '../definition.js';
import { concatenateArrays, dimensions, elementType, flat } from '../operators/array.js';
import { arrayResult, lenient, pure, specialised } from '../signature.js';
import { printerOf } from '../text/printed.js';

/** array_to_string: nulls are left out, or shown as the third argument. */
function joinArray(
  types: readonly SqlType[],
): (a: SqlArray | null, separator: string | null, nulls: string | null, context: EvaluationContext) => string | null {
  const print = printerOf(elementType(types[0] as SqlType));
  return (a, separator, nulls, context) => {
    if (a === null || separator === null) return null;
    const parts: string[] = [];
    for (const item of flat(a)) {
      if (item !== null) parts.push(print(item, context));
      else if (nulls !== null) parts.push(nulls);
    }
    return parts.join(separator);
  };
}

export function splitToArray(text: string, delimiter: string | null, nullText: string | null): SqlArray {
  if (text === '') return [];
  const parts = delimiter === null ? [...text] : delimiter === '' ? [text] : text.split(delimiter);
  return nullText === null ? parts : parts.map((part) => (part === nullText ? null : part));
}

function arrayPosition(
  types: readonly SqlType[],
  all: boolean,
): (a: SqlArray | null, wanted: Value, from: unknown) => Value {
  const type = types[1] as SqlType;
  return (a, wanted, from) => {
    if (a === null) return null;
    if (dimensions(a).length > 1)
      throw new SqlError('feature_not_supported', 'searching for elements in multidimensional arrays is not supported');
    const found: number[] = [];
    for (let i = typeof from === 'number' ? from - 1 : 0; i < a.length; i++) {
      if (equalValues(type, a[i] as Value, wanted)) found.push(i + 1);
    }
    return all ? found : (found[0] ?? null);
  };
}

function positionOf(name: string, args: ScalarFunction['arguments'], all: boolean): ScalarFunction {
  const result = all ? arrayResult(TYPES.integer) : 'integer';
  return specialised({ name, arguments: args, result, strict: false, volatility: 'immutable' }, (types) =>
    arrayPosition(types, all),
  );
}

/** PostgreSQL's bound, which answers as it does. */
const ITEMS_MAX = 134_217_727;
/** What one call may ask of the engine's memory. */
const FILLED_ITEMS_MAX = 20_000_000;

function checkedFill(value: Value, sizes: SqlArray | null): SqlArray {
  if (sizes === null) throw new SqlError('null_value_not_allowed', 'dimension array or low bound array cannot be null');
  if (sizes.includes(null)) throw new SqlError('null_value_not_allowed', 'dimension values cannot be null');
  const items = (sizes as readonly number[]).reduce((product, size) => product * size, 1);
  if (items > ITEMS_MAX || (sizes as readonly number[]).some((size) => size < 0))
    throw new SqlError('program_limit_exceeded', `array size exceeds the maximum allowed (${ITEMS_MAX})`);
  if (items > FILLED_ITEMS_MAX)
    throw new SqlError('out_of_memory', `an array of more than ${FILLED_ITEMS_MAX} items needs too much memory`);
  return items === 0 ? [] : fill(value, sizes);
}

function fill(value: Value, sizes: SqlArray): SqlArray {
  const [first, ...rest] = sizes as readonly number[];
  if (first === undefined) return [];
  return Array.from({ length: first }, () => (rest.length === 0 ? value : fill(value, rest)));
}

const TEXTS = arrayResult(TYPES.text);

export const ARRAY_FUNCTIONS: readonly ScalarFunction[] = [
  pure('array_length', ['anyarray', 'integer'], 'integer', (a: SqlArray, d: number) => dimensions(a)[d - 1] ?? null),
  pure('array_upper', ['anyarray', 'integer'], 'integer', (a: SqlArray, d: number) => dimensions(a)[d - 1] ?? null),
  pure('array_lower', ['anyarray', 'integer'], 'integer', (a: SqlArray, d: number) =>
    dimensions(a)[d - 1] === undefined ? null : 1,
  ),
  pure('array_ndims', ['anyarray'], 'integer', (a: SqlArray) => dimensions(a).length || null),
  pure(
    'array_dims',
    ['anyarray'],
    'text',
    (a: SqlArray) =>
      dimensions(a)
        .map((n) => `[1:${n}]`)
        .join('') || null,
  ),
  pure('cardinality', ['anyarray'], 'integer', (a: SqlArray) => flat(a).length),
  lenient(
    pure('array_append', ['anyarray', 'anyelement'], 'anyarray', (a: SqlArray | null, e: Value) => [...(a ?? []), e]),
  ),
  lenient(
    pure('array_prepend', ['anyelement', 'anyarray'], 'anyarray', (e: Value, a: SqlArray | null) => [e, ...(a ?? [])]),
  ),
  lenient(pure('array_cat', ['anyarray', 'anyarray'], 'anyarray', concatenateArrays)),
  positionOf('array_position', ['anyarray', 'anyelement'], false),
  positionOf('array_position', ['anyarray', 'anyelement', 'integer'], false),
  positionOf('array_positions', ['anyarray', 'anyelement'], true),
  specialised(
    {
      name: 'array_remove',
      arguments: ['anyarray', 'anyelement'],
      result: 'anyarray',
      strict: false,
      volatility: 'immutable',
    },
    (types) => {
      const type = types[1] as SqlType;
      return (a: SqlArray | null, e: Value) => a?.filter((item) => !equalValues(type, item, e)) ?? null;
    },
  ),
  specialised(
    {
      name: 'array_replace',
      arguments: ['anyarray', 'anyelement', 'anyelement'],
      result: 'anyarray',
      strict: false,
      volatility: 'immutable',
    },
    (types) => {
      const type = types[1] as SqlType;
      return (a: SqlArray | null, from: Value, to: Value) =>
        a?.map((item) => (equalValues(type, item, from) ? to : item)) ?? null;
    },
  ),
  pure('trim_array', ['anyarray', 'integer'], 'anyarray', (a: SqlArray, n: number) => {
    if (n < 0 || n > a.length)
      throw new SqlError('array_subscript_error', `number of elements to trim must be between 0 and ${a.length}`);
    return a.slice(0, a.length - n);
  }),
  lenient(
    pure(
      'array_fill',
      ['anyelement', { arrayOf: 'integer' }],
      (types) => ({ kind: 'array', element: types[0] as SqlType }),
      checkedFill,
    ),
  ),
  specialised(
    { name: 'array_to_string', arguments: ['anyarray', 'text'], result: 'text', strict: true, volatility: 'stable' },
    (types) => {
      const join = joinArray(types);
      return (a: SqlArray, separator: string, context: EvaluationContext) => join(a, separator, null, context);
    },
  ),
  specialised(
    {
      name: 'array_to_string',
      arguments: ['anyarray', 'text', 'text'],
      result: 'text',
      strict: false,
      volatility: 'stable',
    },
    joinArray,
  ),
  lenient(
    pure('string_to_array', ['text', 'text'], TEXTS, (t: string | null, d: string | null) =>
      t === null ? null : splitToArray(t, d, null),
    ),
  ),
  lenient(
    pure('string_to_array', ['text', 'text', 'text'], TEXTS, (t: string | null, d: string | null, n: string | null) =>
      t === null ? null : splitToArray(t, d, n),
    ),
  ),
];
