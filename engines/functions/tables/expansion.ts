import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { JsonObject, jsonText, parseJson, printJsonb } from '#schemas/values/json.js';
import type { SqlType } from '#schemas/values/type.js';
import { arrayOf, TYPES } from '#schemas/values/type-name.js';
import type { SqlArray, Value } from '#schemas/values/value.js';
import type { TableFunction, TypePattern } from '../definition.js';
import { elementType, flat } from '../operators/array.js';
import { splitToArray } from '../scalars/arrays.js';
import { groupsOf, split } from '../scalars/pattern.js';
import { posixRegex } from '../text/posix-regex.js';
import { rawElements, rawKind, rawMembers, rawText } from '../text/raw-json.js';

type Rows = Iterable<readonly Value[]>;

function table(
  name: string,
  args: readonly TypePattern[],
  columns: ReadonlyArray<readonly [name: string, type: SqlType]>,
  evaluate: (args: readonly Value[]) => Rows,
): TableFunction {
  const shown = columns.map(([column, type]) => ({ name: column, type }));
  return { name, arguments: args, columns: () => shown, strict: true, evaluate };
}

const single = (values: Iterable<Value>): Rows => [...values].map((value) => [value]);

function requireKind(text: string, kind: 'object' | 'array', function_: string): void {
  if (rawKind(text) === kind) return;
  const article = kind === 'object' ? 'a non-object' : rawKind(text) === 'object' ? 'an object' : 'a scalar';
  throw new SqlError(
    'invalid_parameter_value',
    kind === 'object' ? `cannot call ${function_} on ${article}` : `cannot extract elements from ${article}`,
  );
}

function members(name: string, text: boolean): (args: readonly Value[]) => Rows {
  return ([document]) => {
    requireKind(document as string, 'object', name);
    return rawMembers(document as string).map(([key, value]) => [key, text ? rawText(value) : value]);
  };
}

function binaryMembers(name: string, text: boolean): (args: readonly Value[]) => Rows {
  return ([document]) => {
    const value = parseJson(document as string);
    if (!(value instanceof JsonObject))
      throw new SqlError('invalid_parameter_value', `cannot call ${name} on a non-object`);
    return [...value.entries].map(([key, item]) => [key, text ? jsonText(item) : printJsonb(item)]);
  };
}

function elements(name: string, text: boolean): (args: readonly Value[]) => Rows {
  return ([document]) => {
    requireKind(document as string, 'array', name);
    return single(rawElements(document as string).map((item) => (text ? rawText(item) : item)));
  };
}

function keys([document]: readonly Value[]): Rows {
  requireKind(document as string, 'object', 'json_object_keys');
  return single(rawMembers(document as string).map(([key]) => key));
}

/** jsonb is kept canonical, so its elements and keys can be cut from the text as json's are; only ->> needs decoding. */
const JSON_TABLES: readonly TableFunction[] = (['json', 'jsonb'] as const).flatMap((kind) => {
  const type = TYPES[kind];
  const each = kind === 'json' ? members : binaryMembers;
  return [
    table(
      `${kind}_each`,
      [kind],
      [
        ['key', TYPES.text],
        ['value', type],
      ],
      each(`${kind}_each`, false),
    ),
    table(
      `${kind}_each_text`,
      [kind],
      [
        ['key', TYPES.text],
        ['value', TYPES.text],
      ],
      each(`${kind}_each_text`, true),
    ),
    table(`${kind}_array_elements`, [kind], [['value', type]], elements(`${kind}_array_elements`, false)),
    table(
      `${kind}_array_elements_text`,
      [kind],
      [['value', TYPES.text]],
      elements(`${kind}_array_elements_text`, true),
    ),
    table(`${kind}_object_keys`, [kind], [[`${kind}_object_keys`, TYPES.text]], keys),
  ];
});

function regexpMatches([text, pattern, flags = '']: readonly Value[]): Rows {
  const source = text as string;
  if ((flags as string).includes('g'))
    return posixRegex(pattern as string, (flags as string).replaceAll('g', ''))
      .all(source)
      .map((match) => [groupsOf(match)]);
  const found = posixRegex(pattern as string, flags as string).exec(source);
  return found === null ? [] : [[groupsOf(found)]];
}

function* expanded([array]: readonly Value[]): Rows {
  let n = 0;
  for (const item of flat(array as SqlArray)) yield [item, ++n];
}

/** Two arrays side by side, the shorter one filled up with NULLs. */
function* abreast([first, second]: readonly Value[]): Rows {
  const left = first === null ? [] : [...flat(first as SqlArray)];
  const right = second === null ? [] : [...flat(second as SqlArray)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) yield [left[i] ?? null, right[i] ?? null];
}

function* options([array]: readonly Value[]): Rows {
  for (const item of flat(array as SqlArray)) {
    const [name = '', ...value] = String(item).split('=');
    yield [name, value.length === 0 ? null : value.join('=')];
  }
}

const TEXT_COLUMN = (name: string): ReadonlyArray<readonly [string, SqlType]> => [[name, TYPES.text]];

/** Unnesting, splitting, JSON. */
export const EXPANSIONS: readonly TableFunction[] = [
  {
    name: 'unnest',
    arguments: ['anyarray'],
    columns: (types) => [{ name: 'unnest', type: elementType(types[0] as SqlType) }],
    strict: true,
    evaluate: ([array]) => single(flat(array as SqlArray)),
  },
  {
    name: 'unnest',
    arguments: ['anyarray', 'anyarray'],
    columns: (types) => types.map((type) => ({ name: 'unnest', type: elementType(type as SqlType) })),
    strict: false,
    evaluate: abreast,
  },
  {
    name: '_pg_expandarray',
    arguments: ['anyarray'],
    columns: (types) => [
      { name: 'x', type: elementType(types[0] as SqlType) },
      { name: 'n', type: TYPES.integer },
    ],
    strict: true,
    evaluate: expanded,
  },
  table(
    'pg_options_to_table',
    [{ arrayOf: 'text' }],
    [
      ['option_name', TYPES.text],
      ['option_value', TYPES.text],
    ],
    options,
  ),
  table('string_to_table', ['text', 'text'], TEXT_COLUMN('string_to_table'), ([t, d]) =>
    single(splitToArray(t as string, d as string, null)),
  ),
  table('regexp_split_to_table', ['text', 'text'], TEXT_COLUMN('regexp_split_to_table'), ([t, p]) =>
    single(split(t as string, p as string, '', 'regexp_split_to_table')),
  ),
  table('regexp_split_to_table', ['text', 'text', 'text'], TEXT_COLUMN('regexp_split_to_table'), ([t, p, f]) =>
    single(split(t as string, p as string, f as string, 'regexp_split_to_table')),
  ),
  table('regexp_matches', ['text', 'text'], [['regexp_matches', arrayOf(TYPES.text)]], regexpMatches),
  table('regexp_matches', ['text', 'text', 'text'], [['regexp_matches', arrayOf(TYPES.text)]], regexpMatches),
  // Nothing is partitioned here: psql asks all the same.
  table('pg_partition_ancestors', ['regclass'], [['relid', TYPES.regclass]], () => []),
  table('pg_partition_tree', ['regclass'], [['relid', TYPES.regclass]], () => []),
  ...JSON_TABLES,
];
