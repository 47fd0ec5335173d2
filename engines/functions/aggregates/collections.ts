import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { dimensionsOf } from '#schemas/values/array-shape.js';
import { type Json, JsonObject, printJsonb, quoteJson } from '#schemas/values/json.js';
import type { SqlType } from '#schemas/values/type.js';
import type { SqlArray, Value } from '#schemas/values/value.js';
import type { Accumulator, AggregateFunction, EvaluationContext } from '../definition.js';
import { jsonOf, jsonTextOf, keyOf } from '../text/to-json.js';

class Collected implements Accumulator {
  readonly #take: (args: readonly Value[]) => void;
  readonly #finish: () => Value;
  constructor(take: (args: readonly Value[]) => void, finish: () => Value) {
    this.#take = take;
    this.#finish = finish;
  }
  add(args: readonly Value[]): void {
    this.#take(args);
  }
  finish(): Value {
    return this.#finish();
  }
}

function arrayAgg(types: readonly SqlType[]): Accumulator {
  const items: Value[] = [];
  const nested = types[0]?.kind === 'array';
  return new Collected(
    ([item]) => {
      if (nested) checkNested(items[0] as SqlArray | undefined, item as SqlArray | null);
      items.push(item as Value);
    },
    () => (items.length === 0 ? null : items),
  );
}

/** Arrays become one dimension more, so they are all of one shape. */
function checkNested(first: SqlArray | undefined, item: SqlArray | null): void {
  if (item === null) throw new SqlError('null_value_not_allowed', 'cannot accumulate null arrays');
  if (item.length === 0) throw new SqlError('array_subscript_error', 'cannot accumulate empty arrays');
  if (first !== undefined && dimensionsOf(first).join() !== dimensionsOf(item).join())
    throw new SqlError('array_subscript_error', 'cannot accumulate arrays of different dimensionality');
}

/** The separator in front of the first value is not shown. */
function stringAgg(): Accumulator {
  const parts: string[] = [];
  return new Collected(
    ([value, separator]) => {
      if (value === null) return;
      if (parts.length > 0) parts.push((separator as string | null) ?? '');
      parts.push(value as string);
    },
    () => (parts.length === 0 ? null : parts.join('')),
  );
}

function bytesAgg(): Accumulator {
  const parts: Uint8Array[] = [];
  return new Collected(
    ([value, separator]) => {
      if (value === null) return;
      if (parts.length > 0 && separator !== null) parts.push(separator as Uint8Array);
      parts.push(value as Uint8Array);
    },
    () => (parts.length === 0 ? null : Buffer.concat(parts)),
  );
}

function jsonAgg(types: readonly SqlType[], context: EvaluationContext): Accumulator {
  const print = jsonTextOf(types[0] as SqlType);
  const parts: string[] = [];
  return new Collected(
    (args) => parts.push(print(args[0] as Value, context)),
    () => (parts.length === 0 ? null : `[${parts.join(', ')}]`),
  );
}

function jsonbAgg(types: readonly SqlType[], context: EvaluationContext): Accumulator {
  const make = jsonOf(types[0] as SqlType);
  const items: Json[] = [];
  return new Collected(
    (args) => items.push(make(args[0] as Value, context)),
    () => (items.length === 0 ? null : printJsonb(items)),
  );
}

function fieldName(key: Value): Value {
  if (key === null) throw new SqlError('invalid_parameter_value', 'field name must not be null');
  return key;
}

function jsonObjectAgg(types: readonly SqlType[], context: EvaluationContext): Accumulator {
  const name = keyOf(types[0] as SqlType);
  const print = jsonTextOf(types[1] as SqlType);
  const parts: string[] = [];
  return new Collected(
    ([key, value]) =>
      parts.push(`${quoteJson(name(fieldName(key as Value), context))} : ${print(value as Value, context)}`),
    () => (parts.length === 0 ? null : `{ ${parts.join(', ')} }`),
  );
}

function jsonbObjectAgg(types: readonly SqlType[], context: EvaluationContext): Accumulator {
  const name = keyOf(types[0] as SqlType);
  const make = jsonOf(types[1] as SqlType);
  const members: Array<readonly [string, Json]> = [];
  return new Collected(
    ([key, value]) => members.push([name(fieldName(key as Value), context), make(value as Value, context)]),
    () => (members.length === 0 ? null : printJsonb(new JsonObject(members))),
  );
}

const arrayOfFirst = ([first]: readonly SqlType[]): SqlType =>
  first?.kind === 'array' ? first : { kind: 'array', element: first as SqlType };

/** Aggregates that keep every value. Nulls are kept by arrays and JSON. */
export const COLLECTIONS: readonly AggregateFunction[] = [
  { name: 'array_agg', arguments: ['any'], result: arrayOfFirst, strict: false, start: arrayAgg },
  { name: 'string_agg', arguments: ['text', 'text'], result: 'text', strict: false, start: stringAgg },
  { name: 'string_agg', arguments: ['bytea', 'bytea'], result: 'bytea', strict: false, start: bytesAgg },
  { name: 'json_agg', arguments: ['any'], result: 'json', strict: false, start: jsonAgg },
  { name: 'jsonb_agg', arguments: ['any'], result: 'jsonb', strict: false, start: jsonbAgg },
  { name: 'json_object_agg', arguments: ['any', 'any'], result: 'json', strict: false, start: jsonObjectAgg },
  { name: 'jsonb_object_agg', arguments: ['any', 'any'], result: 'jsonb', strict: false, start: jsonbObjectAgg },
];
