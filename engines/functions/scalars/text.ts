import { createHash } from 'node:crypto';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Value } from '#schemas/values/value.js';
import type { EvaluationContext, ScalarFunction } from '../definition.js';
import { lenient, pure, specialised } from '../signature.js';
import { likeEscape, similarEscape } from '../text/like.js';
import { printerOf } from '../text/printed.js';

/** Text beyond the basic plane has pairs of code units; without any, lengths and places are those of the string itself. */
function characters(text: string): string[] | string {
  return /[\ud800-\udfff]/.test(text) ? [...text] : text;
}

function slice(text: string, from: number, to?: number): string {
  const c = characters(text);
  return typeof c === 'string' ? c.slice(from, to) : c.slice(from, to).join('');
}

function length(text: string): number {
  return characters(text).length;
}

/** substring(text, from, count): places from 1; what lies outside the text counts but is not there. */
function substring(text: string, from: number, count: number): string {
  if (count < 0) throw new SqlError('substring_error', 'negative substring length not allowed');
  return slice(text, Math.max(from - 1, 0), Math.max(from - 1 + count, 0));
}

function bytesSubstring(bytes: Uint8Array, from: number, count: number): Uint8Array {
  if (count < 0) throw new SqlError('substring_error', 'negative substring length not allowed');
  return bytes.subarray(Math.max(from - 1, 0), Math.max(from - 1 + count, 0));
}

function position(text: string, part: string): number {
  const at = text.indexOf(part);
  return at < 0 ? 0 : length(text.slice(0, at)) + 1;
}

function trimLeft(text: string, set: string): string {
  const wanted = new Set(set);
  const c = [...text];
  let from = 0;
  while (from < c.length && wanted.has(c[from] as string)) from++;
  return c.slice(from).join('');
}

function trimRight(text: string, set: string): string {
  const wanted = new Set(set);
  const c = [...text];
  let to = c.length;
  while (to > 0 && wanted.has(c[to - 1] as string)) to--;
  return c.slice(0, to).join('');
}

const LENGTH_MAX = 268_435_456;

function repeat(text: string, count: number): string {
  if (count <= 0) return '';
  if (text.length * count > LENGTH_MAX) throw new SqlError('program_limit_exceeded', 'requested length too large');
  return text.repeat(count);
}

function pad(text: string, to: number, fill: string, left: boolean): string {
  if (to > LENGTH_MAX) throw new SqlError('program_limit_exceeded', 'requested length too large');
  const size = length(text);
  if (to <= 0) return '';
  if (size >= to) return slice(text, 0, to);
  if (fill === '') return text;
  const missing = to - size;
  const filler = slice(fill.repeat(Math.ceil(missing / length(fill))), 0, missing);
  return left ? filler + text : text + filler;
}

function initcap(text: string): string {
  return text.toLowerCase().replace(/[\p{L}\p{N}]+/gu, (word) => {
    const [first = ''] = word;
    return first.toUpperCase() + word.slice(first.length);
  });
}

function splitPart(text: string, delimiter: string, n: number): string {
  if (n === 0) throw new SqlError('invalid_parameter_value', 'field position must not be zero');
  const parts = delimiter === '' ? [text] : text.split(delimiter);
  return (n > 0 ? parts[n - 1] : parts.at(n)) ?? '';
}

function translate(text: string, from: string, to: string): string {
  const source = [...from];
  const target = [...to];
  const map = new Map<string, string>();
  source.forEach((c, i) => {
    if (!map.has(c)) map.set(c, target[i] ?? '');
  });
  let result = '';
  for (const c of text) result += map.get(c) ?? c;
  return result;
}

function chr(code: number): string {
  if (code === 0) throw new SqlError('program_limit_exceeded', 'null character not permitted');
  if (code < 0) throw new SqlError('program_limit_exceeded', 'character number must be positive');
  if (code > 0x10_ffff || (code >= 0xd800 && code <= 0xdfff)) {
    throw new SqlError('program_limit_exceeded', `requested character too large for encoding: ${code}`);
  }
  return String.fromCodePoint(code);
}

function left(text: string, n: number): string {
  return n >= 0 ? slice(text, 0, n) : slice(text, 0, Math.max(length(text) + n, 0));
}

function right(text: string, n: number): string {
  if (n === 0) return '';
  return n > 0 ? slice(text, Math.max(length(text) - n, 0)) : slice(text, -n);
}

function overlay(text: string, by: string, from: number, count: number): string {
  if (from <= 0) throw new SqlError('substring_error', 'negative substring length not allowed');
  return substring(text, 1, from - 1) + by + slice(text, Math.max(from - 1 + count, 0));
}

const hash =
  (algorithm: string) =>
  (value: string | Uint8Array): Buffer =>
    createHash(algorithm).update(value).digest();
const md5 = (value: string | Uint8Array): string => createHash('md5').update(value).digest('hex');

/** concat and concat_ws skip nulls and print every argument as its type prints. */
const CONCATENATIONS: readonly ScalarFunction[] = [
  specialised(
    { name: 'concat', arguments: ['any'], variadic: true, result: 'text', strict: false, volatility: 'stable' },
    (types) => {
      const printers = types.map(printerOf);
      return (...args: readonly unknown[]) => join(args, printers, '', 0);
    },
  ),
  specialised(
    {
      name: 'concat_ws',
      arguments: ['text', 'any'],
      variadic: true,
      result: 'text',
      strict: false,
      volatility: 'stable',
    },
    (types) => {
      const printers = types.map(printerOf);
      return (...args: readonly unknown[]) => (args[0] === null ? null : join(args, printers, args[0] as string, 1));
    },
  ),
];

function join(
  args: readonly unknown[],
  printers: ReadonlyArray<ReturnType<typeof printerOf>>,
  separator: string,
  from: number,
): string {
  const context = args[printers.length] as EvaluationContext;
  const parts: string[] = [];
  for (let i = from; i < printers.length; i++) {
    const value = args[i] as Value;
    if (value !== null) parts.push((printers[i] as ReturnType<typeof printerOf>)(value, context));
  }
  return parts.join(separator);
}

const lengthOf = (name: string): ScalarFunction[] => [
  pure(name, ['text'], 'integer', length),
  pure(name, ['char'], 'integer', length),
];

const SIZES: readonly ScalarFunction[] = [
  ...lengthOf('length'),
  ...lengthOf('char_length'),
  ...lengthOf('character_length'),
  pure('length', ['bytea'], 'integer', (b: Uint8Array) => b.length),
  pure('octet_length', ['text'], 'integer', (s: string) => Buffer.byteLength(s)),
  pure('octet_length', ['bytea'], 'integer', (b: Uint8Array) => b.length),
  pure('bit_length', ['text'], 'integer', (s: string) => Buffer.byteLength(s) * 8),
  pure('bit_length', ['bytea'], 'integer', (b: Uint8Array) => b.length * 8),
];

const TRIMS: readonly ScalarFunction[] = [
  pure('btrim', ['text'], 'text', (s: string) => trimRight(trimLeft(s, ' '), ' ')),
  pure('btrim', ['text', 'text'], 'text', (s: string, set: string) => trimRight(trimLeft(s, set), set)),
  pure('ltrim', ['text'], 'text', (s: string) => trimLeft(s, ' ')),
  pure('ltrim', ['text', 'text'], 'text', trimLeft),
  pure('rtrim', ['text'], 'text', (s: string) => trimRight(s, ' ')),
  pure('rtrim', ['text', 'text'], 'text', trimRight),
  pure('lpad', ['text', 'integer'], 'text', (s: string, n: number) => pad(s, n, ' ', true)),
  pure('lpad', ['text', 'integer', 'text'], 'text', (s: string, n: number, fill: string) => pad(s, n, fill, true)),
  pure('rpad', ['text', 'integer'], 'text', (s: string, n: number) => pad(s, n, ' ', false)),
  pure('rpad', ['text', 'integer', 'text'], 'text', (s: string, n: number, fill: string) => pad(s, n, fill, false)),
];

const PARTS: readonly ScalarFunction[] = (['substring', 'substr'] as const).flatMap((name) => [
  pure(name, ['text', 'integer'], 'text', (s: string, from: number) => slice(s, Math.max(from - 1, 0))),
  pure(name, ['text', 'integer', 'integer'], 'text', substring),
  pure(name, ['bytea', 'integer'], 'bytea', (b: Uint8Array, from: number) => b.subarray(Math.max(from - 1, 0))),
  pure(name, ['bytea', 'integer', 'integer'], 'bytea', bytesSubstring),
]);

const CASES: readonly ScalarFunction[] = [
  pure('lower', ['text'], 'text', (s: string) => s.toLowerCase()),
  pure('upper', ['text'], 'text', (s: string) => s.toUpperCase()),
  pure('initcap', ['text'], 'text', initcap),
  pure('reverse', ['text'], 'text', (s: string) => [...s].reverse().join('')),
  pure('repeat', ['text', 'integer'], 'text', repeat),
  pure('left', ['text', 'integer'], 'text', left),
  pure('right', ['text', 'integer'], 'text', right),
  pure('position', ['text', 'text'], 'integer', position),
  pure('strpos', ['text', 'text'], 'integer', position),
  pure(
    'position',
    ['bytea', 'bytea'],
    'integer',
    (b: Uint8Array, part: Uint8Array) => Buffer.from(b).indexOf(part) + 1,
  ),
  pure('replace', ['text', 'text', 'text'], 'text', (s: string, from: string, to: string) =>
    from === '' ? s : s.replaceAll(from, () => to),
  ),
  pure('translate', ['text', 'text', 'text'], 'text', translate),
  pure('split_part', ['text', 'text', 'integer'], 'text', splitPart),
  pure('overlay', ['text', 'text', 'integer'], 'text', (s: string, by: string, from: number) =>
    overlay(s, by, from, length(by)),
  ),
  pure('overlay', ['text', 'text', 'integer', 'integer'], 'text', overlay),
  pure('starts_with', ['text', 'text'], 'boolean', (s: string, start: string) => s.startsWith(start)),
  pure('ascii', ['text'], 'integer', (s: string) => s.codePointAt(0) ?? 0),
  pure('chr', ['integer'], 'text', chr),
  pure('to_hex', ['integer'], 'text', (n: number) => (n >>> 0).toString(16)),
  pure('to_hex', ['bigint'], 'text', (n: bigint) => BigInt.asUintN(64, n).toString(16)),
  pure('md5', ['text'], 'text', md5),
  pure('md5', ['bytea'], 'text', md5),
  pure('sha224', ['bytea'], 'bytea', hash('sha224')),
  pure('sha256', ['bytea'], 'bytea', hash('sha256')),
  pure('sha384', ['bytea'], 'bytea', hash('sha384')),
  pure('sha512', ['bytea'], 'bytea', hash('sha512')),
  pure('text', ['char'], 'text', (s: string) => s),
  pure('text', ['name'], 'text', (s: string) => s),
  pure('normalize', ['text'], 'text', (s: string) => s.normalize('NFC')),
  pure('unistr', ['text'], 'text', (s: string) =>
    s.replace(/\\(?:u([0-9a-f]{4})|U([0-9a-f]{8})|\+([0-9a-f]{6})|([0-9a-f]{4})|\\)/gi, (whole, a, b, c, d) => {
      const hex: string | undefined = a ?? b ?? c ?? d;
      return hex === undefined ? whole.slice(1) : String.fromCodePoint(Number.parseInt(hex, 16));
    }),
  ),
  pure('like_escape', ['text', 'text'], 'text', likeEscape),
  lenient(
    pure('similar_to_escape', ['text'], 'text', (p: string | null) => (p === null ? null : similarEscape(p, null))),
  ),
  lenient(
    pure('similar_to_escape', ['text', 'text'], 'text', (p: string | null, e: string | null) =>
      p === null || e === null ? null : similarEscape(p, e),
    ),
  ),
  pure('quote_ident', ['text'], 'text', quoteIdentifier),
  pure('quote_literal', ['text'], 'text', quoteLiteral),
  specialised(
    { name: 'quote_literal', arguments: ['anyelement'], result: 'text', strict: true, volatility: 'stable' },
    (types) => {
      const print = printerOf(types[0] as SqlType);
      return (value: Value, context: EvaluationContext) => quoteLiteral(print(value, context));
    },
  ),
  lenient(pure('quote_nullable', ['text'], 'text', (s: string | null) => (s === null ? 'NULL' : quoteLiteral(s)))),
  specialised(
    { name: 'quote_nullable', arguments: ['anyelement'], result: 'text', strict: false, volatility: 'stable' },
    (types) => {
      const print = printerOf(types[0] as SqlType);
      return (value: Value, context: EvaluationContext) =>
        value === null ? 'NULL' : quoteLiteral(print(value, context));
    },
  ),
];

const RESERVED = new Set(
  (
    'all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast char character check coalesce collate ' +
    'collation column concurrently constraint create cross current_catalog current_date current_role current_schema current_time current_timestamp current_user ' +
    'dec decimal default deferrable desc distinct do else end except exists extract false fetch float for foreign freeze from full grant greatest group ' +
    'grouping having ilike in initially inner inout int integer intersect interval into is isnull join lateral leading least left like limit localtime ' +
    'localtimestamp national natural nchar none normalize not notnull null nullif numeric offset on only or order out outer overlaps overlay placing position ' +
    'precision primary real references returning right row select session_user setof similar smallint some substring symmetric table tablesample then time ' +
    'timestamp to trailing treat trim true union unique user using values varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement ' +
    'xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable'
  ).split(' '),
);

/** An identifier as it must stand in SQL text. */
export function quoteIdentifier(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) && !RESERVED.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

export function quoteLiteral(text: string): string {
  const quoted = text.replaceAll("'", "''");
  return text.includes('\\') ? `E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`;
}

export const TEXT_FUNCTIONS: readonly ScalarFunction[] = [...SIZES, ...TRIMS, ...PARTS, ...CASES, ...CONCATENATIONS];
