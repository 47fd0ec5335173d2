import { SqlError } from '../sqlstate/sql-error.js';
import { Numeric } from './numeric.js';
import { compareNumeric, parseNumeric, printNumeric } from './numeric-arithmetic.js';

/** A parsed JSON document. Numbers are exact decimals; objects keep jsonb's key order (shorter first, then by bytes). */
export type Json = null | boolean | string | Numeric | Json[] | JsonObject;

export class JsonObject {
  readonly entries: ReadonlyMap<string, Json>;
  constructor(entries: Iterable<readonly [string, Json]>) {
    // A later duplicate wins, as in jsonb.
    this.entries = new Map([...new Map(entries)].sort(([a], [b]) => compareKeys(a, b)));
  }
}

/** jsonb's key order: by length in bytes, then by bytes. */
function compareKeys(a: string, b: string): number {
  const x = Buffer.byteLength(a);
  const y = Buffer.byteLength(b);
  return x !== y ? x - y : Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Values are read, compared and printed by functions that call themselves: so deep, there is room on the stack for them all. */
const MAX_DEPTH = 1_000;

/** A whole token of JSON. */
const TOKEN =
  /^(?:[{}[\]:,]|"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![A-Za-z0-9_.+-]))/;

/** A strict RFC 8259 reader: JSON.parse would lose digits of numbers. Throws 22P02. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Json {
    const value = this.#value(0);
    this.#blank();
    if (this.#at < this.#text.length) throw this.#fault('end of input');
    return value;
  }

  #value(depth: number): Json {
    if (depth > MAX_DEPTH) throw new SqlError('statement_too_complex', 'JSON is nested too deeply');
    this.#blank();
    const c = this.#text[this.#at];
    if (c === '{') return this.#object(depth);
    if (c === '[') return this.#array(depth);
    if (c === '"') return this.#string();
    for (const [word, value] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const) {
      if (this.#text.startsWith(word, this.#at) && !/[A-Za-z0-9_]/.test(this.#text[this.#at + word.length] ?? '')) {
        this.#at += word.length;
        return value;
      }
    }
    return this.#number();
  }

  #object(depth: number): Json {
    const entries: Array<readonly [string, Json]> = [];
    this.#at++;
    this.#blank();
    if (this.#take('}')) return new JsonObject(entries);
    do {
      this.#blank();
      if (this.#text[this.#at] !== '"') throw this.#fault(entries.length === 0 ? 'string or "}"' : 'string');
      const key = this.#string();
      this.#blank();
      if (!this.#take(':')) throw this.#fault('":"');
      entries.push([key, this.#value(depth + 1)]);
      this.#blank();
    } while (this.#take(','));
    if (!this.#take('}')) throw this.#fault('"," or "}"');
    return new JsonObject(entries);
  }

  #array(depth: number): Json {
    const items: Json[] = [];
    this.#at++;
    this.#blank();
    if (this.#take(']')) return items;
    do {
      items.push(this.#value(depth + 1));
      this.#blank();
    } while (this.#take(','));
    if (!this.#take(']')) throw this.#fault('"," or "]"');
    return items;
  }

  #string(): string {
    const end = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
    end.lastIndex = this.#at;
    const match = end.exec(this.#text);
    if (match === null) throw this.#fault('string');
    this.#at += match[0].length;
    return JSON.parse(match[0]) as string;
  }

  #number(): Numeric {
    const pattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![A-Za-z0-9_.])/y;
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    const value = match === null ? null : parseNumeric(match[0]);
    if (match === null || value === null) throw this.#fault('JSON value');
    this.#at += match[0].length;
    return value;
  }

  #blank(): void {
    while (' \t\n\r'.includes(this.#text[this.#at] ?? 'x')) this.#at++;
  }

  #take(c: string): boolean {
    if (this.#text[this.#at] !== c) return false;
    this.#at++;
    return true;
  }

  /** Says, as PostgreSQL does, whether what stands here is no token at all, or one where another was expected. */
  #fault(expected: string): SqlError {
    const rest = this.#text.slice(this.#at);
    const word = /^(?:[A-Za-z0-9_.+-]+|.)/su.exec(rest)?.[0];
    const token = TOKEN.exec(rest)?.[0];
    const detail =
      word === undefined
        ? 'The input string ended unexpectedly.'
        : token === undefined
          ? `Token "${word}" is invalid.`
          : `Expected ${expected}, but found "${token}".`;
    return new SqlError('invalid_text_representation', 'invalid input syntax for type json', { detail });
  }
}

export function parseJson(text: string): Json {
  return new Reader(text).document();
}

/** jsonb's output form: one blank behind : and ,. */
export function printJsonb(value: Json): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return quoteJson(value);
  if (value instanceof Numeric) return printNumeric(value);
  if (Array.isArray(value)) return `[${value.map(printJsonb).join(', ')}]`;
  return `{${[...value.entries].map(([k, v]) => `${quoteJson(k)}: ${printJsonb(v)}`).join(', ')}}`;
}

/** A JSON string literal as PostgreSQL writes it: only what must be escaped is. */
export function quoteJson(text: string): string {
  return JSON.stringify(text).replace(/\u007f/g, '\u007f');
}

/** The canonical text that a jsonb value is kept as. Throws 22P02, and 22P05 for \u0000, which jsonb cannot hold. */
export function canonicalJsonb(text: string): string {
  if (text.includes('\\u0000') && /(?:^|[^\\])(?:\\\\)*\\u0000/.test(text)) {
    throw new SqlError('untranslatable_character', 'unsupported Unicode escape sequence', {
      detail: '\\u0000 cannot be converted to text.',
    });
  }
  const canonical = printJsonb(parseJson(text));
  // JSON.stringify writes as escapes just those surrogates that have no partner.
  if (/\\ud[89a-f]/.test(canonical) && /(?:^|[^\\])(?:\\\\)*\\ud[89a-f]/.test(canonical)) {
    throw new SqlError('invalid_text_representation', 'invalid input syntax for type json', {
      detail: 'Unicode low surrogate must follow a high surrogate.',
    });
  }
  return canonical;
}

/** Throws 22P02 when the text is not JSON. */
export function checkJson(text: string): string {
  new Reader(text).document();
  return text;
}

/**
 * jsonb's btree order of documents: Object > Array > boolean > number > string > null; larger containers after smaller ones. An empty array at the top
 * stands below all scalars, because PostgreSQL keeps a scalar there as an array of one.
 */
export function compareJson(a: Json, b: Json): number {
  const emptyA = Array.isArray(a) && a.length === 0;
  const emptyB = Array.isArray(b) && b.length === 0;
  if (emptyA || emptyB) return Number(emptyB) - Number(emptyA);
  return compareParts(a, b);
}

function compareParts(a: Json, b: Json): number {
  const kinds = kindRank(a) - kindRank(b);
  if (kinds !== 0) return kinds;
  if (Array.isArray(a) && Array.isArray(b)) return compareSequences(a, b);
  if (a instanceof JsonObject && b instanceof JsonObject) {
    if (a.entries.size !== b.entries.size) return a.entries.size - b.entries.size;
    return compareSequences([...a.entries].flat(), [...b.entries].flat());
  }
  if (a instanceof Numeric && b instanceof Numeric) return compareNumeric(a, b);
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return Number(a) - Number(b);
}

function compareSequences(a: readonly Json[], b: readonly Json[]): number {
  if (a.length !== b.length) return a.length - b.length;
  for (let i = 0; i < a.length; i++) {
    const order = compareParts(a[i] as Json, b[i] as Json);
    if (order !== 0) return order;
  }
  return 0;
}

function kindRank(value: Json): number {
  if (value === null) return 0;
  if (typeof value === 'string') return 1;
  if (value instanceof Numeric) return 2;
  if (typeof value === 'boolean') return 3;
  return Array.isArray(value) ? 4 : 5;
}

/** A member of an object or an element of an array (negative = from the end); undefined when it is not there. */
export function jsonAt(value: Json, key: string | number): Json | undefined {
  if (value instanceof JsonObject) return typeof key === 'string' ? value.entries.get(key) : undefined;
  if (Array.isArray(value) && typeof key === 'number') return value[key < 0 ? value.length + key : key];
  return undefined;
}

/** #> : a path of keys and indexes as text. */
export function jsonAtPath(value: Json, path: readonly string[]): Json | undefined {
  let here: Json | undefined = value;
  for (const step of path) {
    if (here === undefined) return undefined;
    here = jsonAt(here, Array.isArray(here) ? (/^-?\d+$/.test(step) ? Number(step) : Number.NaN) : step);
  }
  return here;
}

/** ->> : strings without quotes, null as SQL NULL. */
export function jsonText(value: Json | undefined): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? value : printJsonb(value);
}

/** @> : does `a` contain `b`. */
export function jsonContains(a: Json, b: Json): boolean {
  if (a instanceof JsonObject && b instanceof JsonObject) {
    return [...b.entries].every(([k, v]) => {
      const mine = a.entries.get(k);
      return mine !== undefined && jsonContains(mine, v);
    });
  }
  if (Array.isArray(a)) {
    const wanted = Array.isArray(b) ? b : isScalar(b) ? [b] : null;
    return (
      wanted?.every((item) =>
        a.some((mine) => (isScalar(mine) || isScalar(item) ? compareJson(mine, item) === 0 : jsonContains(mine, item))),
      ) ?? false
    );
  }
  return isScalar(a) && isScalar(b) && compareJson(a, b) === 0;
}

function isScalar(value: Json): boolean {
  return !Array.isArray(value) && !(value instanceof JsonObject);
}
