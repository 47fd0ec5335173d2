import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { type Json, JsonObject, jsonAtPath, jsonText, parseJson, printJsonb, quoteJson } from '#schemas/values/json.js';
import { Numeric } from '#schemas/values/numeric.js';
import type { SqlType } from '#schemas/values/type.js';
import type { SqlArray, Value } from '#schemas/values/value.js';
import type { EvaluationContext, ScalarFunction } from '../definition.js';
import { pure, specialised, variadic } from '../signature.js';
import { rawAtPath, rawElements, rawKind, rawMembers, rawText } from '../text/raw-json.js';
import { jsonOf, jsonTextOf, keyOf } from '../text/to-json.js';

function typeOf(value: Json): string {
  if (value === null) return 'null';
  if (value instanceof Numeric) return 'number';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'object' ? 'object' : typeof value;
}

/** jsonb_pretty: four blanks a level. */
function pretty(value: Json, indent: string): string {
  const inner = `${indent}    `;
  if (Array.isArray(value)) {
    return value.length === 0
      ? `[\n${indent}]`
      : `[\n${value.map((v) => inner + pretty(v, inner)).join(',\n')}\n${indent}]`;
  }
  if (value instanceof JsonObject) {
    const members = [...value.entries].map(([key, v]) => `${inner}${quoteJson(key)}: ${pretty(v, inner)}`);
    return members.length === 0 ? `{\n${indent}}` : `{\n${members.join(',\n')}\n${indent}}`;
  }
  return printJsonb(value);
}

function stripNulls(value: Json): Json {
  if (Array.isArray(value)) return value.map(stripNulls);
  if (!(value instanceof JsonObject)) return value;
  return new JsonObject([...value.entries].filter(([, v]) => v !== null).map(([k, v]) => [k, stripNulls(v)] as const));
}

function stripNullsText(text: string): string {
  const kind = rawKind(text);
  if (kind === 'array') return `[${rawElements(text).map(stripNullsText).join(',')}]`;
  if (kind !== 'object') return text.trim();
  const members = rawMembers(text).filter(([, v]) => rawKind(v) !== 'null');
  return `{${members.map(([k, v]) => `${quoteJson(k)}:${stripNullsText(v)}`).join(',')}}`;
}

type Place = 'set' | 'insert-before' | 'insert-after';

/** jsonb_set and jsonb_insert: the document with `item` at `path`. */
function placed(value: Json, path: readonly string[], depth: number, item: Json, create: boolean, place: Place): Json {
  const step = path[depth];
  if (step === undefined) return value;
  const last = depth === path.length - 1;
  if (value instanceof JsonObject) {
    const present = value.entries.get(step);
    if (last) {
      if (place !== 'set' && present !== undefined) {
        throw new SqlError('invalid_parameter_value', 'cannot replace existing key', {
          hint: 'Try using the function jsonb_set to replace key value.',
        });
      }
      return present === undefined && !create ? value : new JsonObject([...value.entries, [step, item]]);
    }
    if (present === undefined) return value;
    return new JsonObject([...value.entries, [step, placed(present, path, depth + 1, item, create, place)]]);
  }
  if (!Array.isArray(value)) return value;
  if (!/^-?\d+$/.test(step)) {
    throw new SqlError(
      'invalid_text_representation',
      `path element at position ${depth + 1} is not an integer: "${step}"`,
    );
  }
  return placedInArray(
    value,
    Number(step),
    last,
    (present) => placed(present, path, depth + 1, item, create, place),
    item,
    create,
    place,
  );
}

function placedInArray(
  items: readonly Json[],
  index: number,
  last: boolean,
  descend: (item: Json) => Json,
  item: Json,
  create: boolean,
  place: Place,
): Json[] {
  const at = index < 0 ? items.length + index : index;
  const present = items[at];
  if (!last) return items.map((v, i) => (i === at ? descend(v) : v));
  if (present === undefined) {
    if (!create) return [...items];
    return at < 0 ? [item, ...items] : [...items, item];
  }
  if (place === 'set') return items.map((v, i) => (i === at ? item : v));
  return items.toSpliced(place === 'insert-after' ? at + 1 : at, 0, item);
}

function set(document: string, path: SqlArray, item: string, create: boolean, place: Place): string {
  const value = parseJson(document);
  if (!Array.isArray(value) && !(value instanceof JsonObject)) {
    throw new SqlError('invalid_parameter_value', 'cannot set path in scalar');
  }
  return printJsonb(placed(value, path as readonly string[], 0, parseJson(item), create, place));
}

/** Key and value pairs of build_object's arguments; `print` per argument. */
function buildObject(name: string, types: readonly SqlType[], binary: boolean): (...all: readonly unknown[]) => string {
  if (types.length % 2 !== 0) {
    throw new SqlError('invalid_parameter_value', 'argument list must have even number of elements', {
      hint: `The arguments of ${name}() must consist of alternating keys and values.`,
    });
  }
  const keys = types.map((type, i) => (i % 2 === 0 ? keyOf(type) : null));
  const texts = types.map(jsonTextOf);
  const documents = types.map(jsonOf);
  return (...all) => {
    const context = all[types.length] as EvaluationContext;
    const members: Array<readonly [string, Json]> = [];
    const parts: string[] = [];
    for (let i = 0; i < types.length; i += 2) {
      const key = all[i] as Value;
      if (key === null) {
        throw new SqlError(
          binary ? 'invalid_parameter_value' : 'null_value_not_allowed',
          `argument ${i + 1}${binary ? ': key must not be null' : ' cannot be null'}`,
          {
            ...(binary ? {} : { hint: 'Object keys should be text.' }),
          },
        );
      }
      const name = (keys[i] as ReturnType<typeof keyOf>)(key, context);
      const value = all[i + 1] as Value;
      if (binary) members.push([name, (documents[i + 1] as ReturnType<typeof jsonOf>)(value, context)]);
      else parts.push(`${quoteJson(name)} : ${(texts[i + 1] as ReturnType<typeof jsonTextOf>)(value, context)}`);
    }
    return binary ? printJsonb(new JsonObject(members)) : `{${parts.join(', ')}}`;
  };
}

function buildArray(types: readonly SqlType[], binary: boolean): (...all: readonly unknown[]) => string {
  const texts = types.map(jsonTextOf);
  const documents = types.map(jsonOf);
  return (...all) => {
    const context = all[types.length] as EvaluationContext;
    if (binary) return printJsonb(documents.map((make, i) => make(all[i] as Value, context)));
    return `[${texts.map((make, i) => make(all[i] as Value, context)).join(', ')}]`;
  };
}

function builder(
  name: string,
  make: (types: readonly SqlType[]) => (...all: readonly unknown[]) => string,
): ScalarFunction[] {
  const result = name.startsWith('jsonb') ? 'jsonb' : 'json';
  const head = { name, result, strict: false, volatility: 'stable' } as const;
  return [
    specialised({ ...head, arguments: [] }, make),
    specialised({ ...head, arguments: ['any'], variadic: true }, make),
  ];
}

const BUILDERS: readonly ScalarFunction[] = [
  ...builder('json_build_object', (types) => buildObject('json_build_object', types, false)),
  ...builder('jsonb_build_object', (types) => buildObject('jsonb_build_object', types, true)),
  ...builder('json_build_array', (types) => buildArray(types, false)),
  ...builder('jsonb_build_array', (types) => buildArray(types, true)),
  ...(['to_json', 'array_to_json'] as const).map((name) =>
    specialised(
      {
        name,
        arguments: [name === 'to_json' ? 'anyelement' : 'anyarray'],
        result: 'json',
        strict: true,
        volatility: 'stable',
      },
      (types) => jsonTextOf(types[0] as SqlType),
    ),
  ),
  {
    name: 'row_to_json',
    arguments: ['json'],
    result: 'json',
    strict: true,
    volatility: 'immutable',
    evaluate: (row) => row as string,
  },
  specialised(
    { name: 'to_jsonb', arguments: ['anyelement'], result: 'jsonb', strict: true, volatility: 'stable' },
    (types) => {
      const make = jsonOf(types[0] as SqlType);
      return (value: Value, context: EvaluationContext) => printJsonb(make(value, context));
    },
  ),
];

function arrayLength(text: string): number {
  const kind = rawKind(text);
  if (kind !== 'array') {
    throw new SqlError(
      'invalid_parameter_value',
      `cannot get array length of a ${kind === 'object' ? 'non-array' : 'scalar'}`,
    );
  }
  return rawElements(text).length;
}

const TEXTS = { arrayOf: 'text' } as const;
const pathText = (args: readonly string[]): string[] => args.slice(0, -1);

/** The path comes as separate arguments, the context behind them. */
const EXTRACTIONS: readonly ScalarFunction[] = [
  variadic(
    pure('json_extract_path', ['json', 'text'], 'json', (d: string, ...path: string[]) => rawAtPath(d, pathText(path))),
  ),
  variadic(
    pure('json_extract_path_text', ['json', 'text'], 'text', (d: string, ...path: string[]) =>
      rawText(rawAtPath(d, pathText(path))),
    ),
  ),
  variadic(
    pure('jsonb_extract_path', ['jsonb', 'text'], 'jsonb', (d: string, ...path: string[]) => {
      const found = jsonAtPath(parseJson(d), pathText(path));
      return found === undefined ? null : printJsonb(found);
    }),
  ),
  variadic(
    pure('jsonb_extract_path_text', ['jsonb', 'text'], 'text', (d: string, ...path: string[]) =>
      jsonText(jsonAtPath(parseJson(d), pathText(path))),
    ),
  ),
];

export const JSON_FUNCTIONS: readonly ScalarFunction[] = [
  ...BUILDERS,
  ...EXTRACTIONS,
  pure('json_array_length', ['json'], 'integer', arrayLength),
  pure('jsonb_array_length', ['jsonb'], 'integer', arrayLength),
  pure('json_typeof', ['json'], 'text', rawKind),
  pure('jsonb_typeof', ['jsonb'], 'text', (d: string) => typeOf(parseJson(d))),
  pure('jsonb_pretty', ['jsonb'], 'text', (d: string) => pretty(parseJson(d), '')),
  pure('json_strip_nulls', ['json'], 'json', stripNullsText),
  pure('jsonb_strip_nulls', ['jsonb'], 'jsonb', (d: string) => printJsonb(stripNulls(parseJson(d)))),
  pure('jsonb_set', ['jsonb', TEXTS, 'jsonb'], 'jsonb', (d: string, p: SqlArray, v: string) =>
    set(d, p, v, true, 'set'),
  ),
  pure(
    'jsonb_set',
    ['jsonb', TEXTS, 'jsonb', 'boolean'],
    'jsonb',
    (d: string, p: SqlArray, v: string, create: boolean) => set(d, p, v, create, 'set'),
  ),
  pure('jsonb_insert', ['jsonb', TEXTS, 'jsonb'], 'jsonb', (d: string, p: SqlArray, v: string) =>
    set(d, p, v, true, 'insert-before'),
  ),
  pure(
    'jsonb_insert',
    ['jsonb', TEXTS, 'jsonb', 'boolean'],
    'jsonb',
    (d: string, p: SqlArray, v: string, after: boolean) => set(d, p, v, true, after ? 'insert-after' : 'insert-before'),
  ),
];
