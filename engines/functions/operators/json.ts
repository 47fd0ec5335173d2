import { SqlError } from '#schemas/sqlstate/sql-error.js';
import {
  type Json,
  JsonObject,
  jsonAt,
  jsonAtPath,
  jsonContains,
  jsonText,
  parseJson,
  printJsonb,
} from '#schemas/values/json.js';
import type { SqlArray } from '#schemas/values/value.js';
import type { OperatorDefinition } from '../definition.js';
import { infix } from '../signature.js';
import { rawAtPath, rawElement, rawMember, rawText } from '../text/raw-json.js';

const TEXTS = { arrayOf: 'text' } as const;

function printed(value: Json | undefined): string | null {
  return value === undefined ? null : printJsonb(value);
}

function atPath(document: string, path: SqlArray): Json | undefined {
  return path.includes(null) ? undefined : jsonAtPath(parseJson(document), path as readonly string[]);
}

function isContainer(value: Json): boolean {
  return Array.isArray(value) || value instanceof JsonObject;
}

/** jsonb || jsonb: objects merge, anything else is put in arrays. */
function concatenate(a: string, b: string): string {
  const x = parseJson(a);
  const y = parseJson(b);
  if (x instanceof JsonObject && y instanceof JsonObject)
    return printJsonb(new JsonObject([...x.entries, ...y.entries]));
  return printJsonb([...(Array.isArray(x) ? x : [x]), ...(Array.isArray(y) ? y : [y])]);
}

function removeKeys(document: string, keys: readonly (string | null)[]): string {
  const value = parseJson(document);
  if (value instanceof JsonObject)
    return printJsonb(new JsonObject([...value.entries].filter(([key]) => !keys.includes(key))));
  if (Array.isArray(value)) return printJsonb(value.filter((item) => typeof item !== 'string' || !keys.includes(item)));
  throw new SqlError('invalid_parameter_value', 'cannot delete from scalar');
}

function removeElement(document: string, index: number): string {
  const value = parseJson(document);
  if (value instanceof JsonObject)
    throw new SqlError('invalid_parameter_value', 'cannot delete from object using integer index');
  if (!Array.isArray(value)) throw new SqlError('invalid_parameter_value', 'cannot delete from scalar');
  const at = index < 0 ? value.length + index : index;
  return printJsonb(value.filter((_, i) => i !== at));
}

/** #- : the document without what the path names. */
function removeAtPath(document: string, path: SqlArray): string {
  const value = parseJson(document);
  if (!isContainer(value)) throw new SqlError('invalid_parameter_value', 'cannot delete path in scalar');
  return printJsonb(removed(value, path as readonly string[], 0));
}

function removed(value: Json, path: readonly string[], depth: number): Json {
  const step = path[depth];
  if (step === undefined) return value;
  const last = depth === path.length - 1;
  if (value instanceof JsonObject) {
    if (!value.entries.has(step)) return value;
    if (last) return new JsonObject([...value.entries].filter(([key]) => key !== step));
    return new JsonObject(
      [...value.entries].map(([key, item]) => [key, key === step ? removed(item, path, depth + 1) : item] as const),
    );
  }
  if (!Array.isArray(value)) return value;
  const index = Number(step);
  const at = index < 0 ? value.length + index : index;
  if (last) return value.filter((_, i) => i !== at);
  return value.map((item, i) => (i === at ? removed(item, path, depth + 1) : item));
}

function hasKey(document: Json, key: string): boolean {
  if (document instanceof JsonObject) return document.entries.has(key);
  return Array.isArray(document) ? document.includes(key) : document === key;
}

const keysOf = (keys: SqlArray): string[] => keys.filter((key): key is string => typeof key === 'string');

/** Operators on json and jsonb. */
export const JSON_OPERATORS: readonly OperatorDefinition[] = [
  infix('->', 'jsonb', 'text', 'jsonb', (d: string, key: string) => printed(jsonAt(parseJson(d), key))),
  infix('->', 'jsonb', 'integer', 'jsonb', (d: string, i: number) => printed(jsonAt(parseJson(d), i))),
  infix('->>', 'jsonb', 'text', 'text', (d: string, key: string) => jsonText(jsonAt(parseJson(d), key))),
  infix('->>', 'jsonb', 'integer', 'text', (d: string, i: number) => jsonText(jsonAt(parseJson(d), i))),
  infix('#>', 'jsonb', TEXTS, 'jsonb', (d: string, path: SqlArray) => printed(atPath(d, path))),
  infix('#>>', 'jsonb', TEXTS, 'text', (d: string, path: SqlArray) => jsonText(atPath(d, path))),
  infix('->', 'json', 'text', 'json', rawMember),
  infix('->', 'json', 'integer', 'json', rawElement),
  infix('->>', 'json', 'text', 'text', (d: string, key: string) => rawText(rawMember(d, key))),
  infix('->>', 'json', 'integer', 'text', (d: string, i: number) => rawText(rawElement(d, i))),
  infix('#>', 'json', TEXTS, 'json', (d: string, path: SqlArray) => rawAtPath(d, path as readonly string[])),
  infix('#>>', 'json', TEXTS, 'text', (d: string, path: SqlArray) => rawText(rawAtPath(d, path as readonly string[]))),
  infix('@>', 'jsonb', 'jsonb', 'boolean', (a: string, b: string) => jsonContains(parseJson(a), parseJson(b))),
  infix('<@', 'jsonb', 'jsonb', 'boolean', (a: string, b: string) => jsonContains(parseJson(b), parseJson(a))),
  infix('?', 'jsonb', 'text', 'boolean', (d: string, key: string) => hasKey(parseJson(d), key)),
  infix('?|', 'jsonb', TEXTS, 'boolean', (d: string, keys: SqlArray) => {
    const document = parseJson(d);
    return keysOf(keys).some((key) => hasKey(document, key));
  }),
  infix('?&', 'jsonb', TEXTS, 'boolean', (d: string, keys: SqlArray) => {
    const document = parseJson(d);
    return keysOf(keys).every((key) => hasKey(document, key));
  }),
  infix('||', 'jsonb', 'jsonb', 'jsonb', concatenate),
  infix('-', 'jsonb', 'text', 'jsonb', (d: string, key: string) => removeKeys(d, [key])),
  infix('-', 'jsonb', TEXTS, 'jsonb', (d: string, keys: SqlArray) => removeKeys(d, keysOf(keys))),
  infix('-', 'jsonb', 'integer', 'jsonb', removeElement),
  infix('#-', 'jsonb', TEXTS, 'jsonb', removeAtPath),
];
