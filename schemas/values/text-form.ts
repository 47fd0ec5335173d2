import { SqlError } from '../sqlstate/sql-error.js';
import { parseArray, printArray } from './array-text.js';
import { printDouble, printReal } from './float-text.js';
import type { Interval } from './interval.js';
import { parseInterval, printInterval } from './interval-text.js';
import { canonicalJsonb, checkJson } from './json.js';
import type { Numeric } from './numeric.js';
import { parseNumeric, printNumeric } from './numeric-arithmetic.js';
import type { TextContext } from './text-context.js';
import {
  parseDate,
  parseTime,
  parseTimestamp,
  parseTimestamptz,
  parseTimetz,
  printDate,
  printTime,
  printTimestamp,
  printTimestamptz,
} from './timestamp-text.js';
import type { SqlType } from './type.js';
import { printTypeKind } from './type-name.js';
import type { SqlArray, Value } from './value.js';

// biome-ignore lint/performance/noBarrelFile: every caller of these functions passes a context.
export { DEFAULT_TEXT_CONTEXT, type TextContext } from './text-context.js';

export type TextParser = (text: string) => Value;
export type TextPrinter = (value: Value) => string;

/**
 * PostgreSQL's input function of a type. The result is not yet fitted to the type's modifiers (see coerce.ts).
 * Throws 22P02, 22003, 22007 or 22008 with PostgreSQL's messages.
 */
export function textParser(type: SqlType, context: TextContext): TextParser {
  switch (type.kind) {
    case 'boolean':
      return parseBoolean;
    case 'smallint':
      return (t) => parseInteger(t, 'smallint', -32_768, 32_767);
    case 'integer':
      return (t) => parseInteger(t, 'integer', -2_147_483_648, 2_147_483_647);
    case 'bigint':
      return parseBigint;
    case 'oid':
    case 'regclass':
    case 'regtype':
    case 'regproc':
      return parseOid;
    case 'real':
      return (t) => parseReal(t);
    case 'double':
      return parseDouble;
    case 'numeric':
      return (t) => parseNumeric(t) ?? refuse('numeric', t);
    case 'char':
      return trimPad;
    case 'bytea':
      return parseBytea;
    case 'date':
      return (t) => parseDate(t, context);
    case 'time':
      return (t) => parseTime(t, context);
    case 'timetz':
      return (t) => parseTimetz(t, context);
    case 'timestamp':
      return (t) => parseTimestamp(t, context);
    case 'timestamptz':
      return (t) => parseTimestamptz(t, context);
    case 'interval':
      return (t) => parseInterval(t, context);
    case 'uuid':
      return parseUuid;
    case 'json':
      return checkJson;
    case 'jsonb':
      return canonicalJsonb;
    case 'array': {
      const element = textParser(type.element, context);
      return (t) => parseArray(t, element);
    }
    case 'record':
    case 'void':
      return (t) => {
        throw new SqlError('feature_not_supported', `input of type ${printTypeKind(type)} is not supported: "${t}"`);
      };
    default:
      return identity;
  }
}

/** PostgreSQL's output function of a type. */
export function textPrinter(type: SqlType, context: TextContext): TextPrinter {
  switch (type.kind) {
    case 'boolean':
      return (v) => (v === true ? 't' : 'f');
    case 'smallint':
    case 'integer':
    case 'oid':
    case 'regclass':
    case 'regtype':
    case 'regproc':
    case 'bigint':
      return String;
    case 'real':
      return (v) => printReal(v as number, context);
    case 'double':
      return (v) => printDouble(v as number, context);
    case 'numeric':
      return (v) => printNumeric(v as Numeric);
    case 'char': {
      const { length } = type;
      return (v) => padTo(v as string, length);
    }
    case 'bytea':
      return (v) => `\\x${asBuffer(v as Uint8Array).toString('hex')}`;
    case 'date':
      return (v) => printDate(v as number, context);
    case 'time':
      return (v) => printTime(v as number);
    case 'timestamp':
      return (v) => printTimestamp(v as bigint, context);
    case 'timestamptz':
      return (v) => printTimestamptz(v as bigint, context);
    case 'interval':
      return (v) => printInterval(v as Interval, context);
    case 'array': {
      const element = textPrinter(type.element, context);
      if (type.vector === true) return (v) => (v as SqlArray).map(element).join(' ');
      return (v) => printArray(v as SqlArray, element);
    }
    default:
      return (v) => v as string;
  }
}

export function parseText(type: SqlType, text: string, context: TextContext): Value {
  return textParser(type, context)(text);
}

export function printText(type: SqlType, value: Value, context: TextContext): string {
  return textPrinter(type, context)(value);
}

const identity = (text: string): string => text;

function refuse(type: string, text: string): never {
  throw new SqlError('invalid_text_representation', `invalid input syntax for type ${type}: "${text}"`);
}

/** C's isspace() in the C locale; JavaScript's \s would take Unicode blanks too. */
const TRUE_WORDS = /^[ \t-\r]*(?:t|tr|tru|true|y|ye|yes|on|1)[ \t-\r]*$/i;
const FALSE_WORDS = /^[ \t-\r]*(?:f|fa|fal|fals|false|n|no|of|off|0)[ \t-\r]*$/i;

function parseBoolean(text: string): boolean {
  if (TRUE_WORDS.test(text)) return true;
  return FALSE_WORDS.test(text) ? false : refuse('boolean', text);
}

const INTEGER = /^[ \t-\r]*[+-]?\d+[ \t-\r]*$/;

function parseInteger(text: string, type: string, low: number, high: number): number {
  const plain = plainDigits(text);
  if (plain >= 0 && plain <= high) return plain;
  if (!INTEGER.test(text)) refuse(type, text);
  const value = Number(text);
  if (value < low || value > high) throw integerOverflow(type, text);
  return value === 0 ? 0 : value;
}

/** The value of one to nine bare digits, else -1: the common case of a hot path, without a regular expression. */
function plainDigits(text: string): number {
  const { length } = text;
  if (length === 0 || length > 9) return -1;
  let value = 0;
  for (let i = 0; i < length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function integerOverflow(type: string, text: string): SqlError {
  return new SqlError('numeric_value_out_of_range', `value "${text}" is out of range for type ${type}`);
}

const BIGINT_MAX = 0x7fff_ffff_ffff_ffffn;

function parseBigint(text: string): bigint {
  const plain = plainDigits(text);
  if (plain >= 0) return BigInt(plain);
  if (!INTEGER.test(text)) refuse('bigint', text);
  const trimmed = text.trim();
  const value = BigInt(trimmed.startsWith('+') ? trimmed.slice(1) : trimmed);
  if (value > BIGINT_MAX || value < -BIGINT_MAX - 1n) throw integerOverflow('bigint', text);
  return value;
}

function parseOid(text: string): number {
  if (!INTEGER.test(text)) refuse('oid', text);
  const value = Number(text);
  if (value < -2_147_483_648 || value > 4_294_967_295) throw integerOverflow('oid', text);
  return value >>> 0;
}

const FLOAT = /^[ \t-\r]*[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)[ \t-\r]*$/i;
/** strtod() takes hexadecimal numbers, so PostgreSQL does. */
const HEX_FLOAT = /^[ \t-\r]*([+-]?)0x(?=\.?[0-9a-f])([0-9a-f]*)(?:\.([0-9a-f]*))?(?:p([+-]?\d+))?[ \t-\r]*$/i;

function parseFloatWord(text: string, type: string): number {
  if (FLOAT.test(text)) return Number(text);
  switch (text.replace(/^[ \t-\r]+|[ \t-\r]+$/g, '').toLowerCase()) {
    case 'nan':
    case '+nan':
    case '-nan':
      return Number.NaN;
    case 'infinity':
    case 'inf':
    case '+infinity':
    case '+inf':
      return Number.POSITIVE_INFINITY;
    case '-infinity':
    case '-inf':
      return Number.NEGATIVE_INFINITY;
    default:
      return parseHexFloat(text) ?? refuse(type, text);
  }
}

function parseHexFloat(text: string): number | null {
  const match = HEX_FLOAT.exec(text);
  if (match === null) return null;
  const fraction = match[3] ?? '';
  const digits = Number(`0x${match[2]}${fraction}`);
  const value = digits * 2 ** (Number(match[4] ?? 0) - fraction.length * 4);
  return match[1] === '-' ? -value : value;
}

function parseDouble(text: string): number {
  const value = parseFloatWord(text, 'double precision');
  checkFloatRange(text, value, 'double precision');
  return value;
}

function parseReal(text: string): number {
  const value = Math.fround(parseFloatWord(text, 'real'));
  checkFloatRange(text, value, 'real');
  return value;
}

/** A number that became infinite or zero on the way was out of range. */
function checkFloatRange(text: string, value: number, type: string): void {
  if (value !== 0 && Number.isFinite(value)) return;
  if (!FLOAT.test(text) || (value === 0 && !/[1-9]/.test(text.replace(/e.*$/i, '')))) return;
  const number = text.replace(/^[ \t-\r]+|[ \t-\r]+$/g, '');
  throw new SqlError('numeric_value_out_of_range', `"${number}" is out of range for type ${type}`);
}

/** char(n) is kept without its trailing blanks. */
function trimPad(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 32) end--;
  return end === text.length ? text : text.slice(0, end);
}

function padTo(text: string, length: number): string {
  const characters = text.length <= length && !/[\ud800-\udbff]/.test(text) ? text.length : [...text].length;
  return characters >= length ? text : text + ' '.repeat(length - characters);
}

function parseBytea(text: string): Uint8Array {
  if (text.startsWith('\\x')) {
    return parseHexBytes(text);
  }
  if (!text.includes('\\')) return Buffer.from(text, 'utf8');
  const parts: Buffer[] = [];
  for (const match of text.matchAll(/\\\\|\\([0-3][0-7]{2})|[^\\]+|\\/g)) {
    if (match[0] === '\\\\') parts.push(Buffer.from('\\'));
    else if (match[1] !== undefined) parts.push(Buffer.from([Number.parseInt(match[1], 8)]));
    else if (match[0] === '\\')
      throw new SqlError('invalid_text_representation', 'invalid input syntax for type bytea');
    else parts.push(Buffer.from(match[0], 'utf8'));
  }
  return Buffer.concat(parts);
}

/** Blanks may stand between bytes, not within one. */
function parseHexBytes(text: string): Uint8Array {
  const digits = /^\\x(?:[ \t\n\r]*[0-9a-fA-F]{2})*[ \t\n\r]*$/.test(text)
    ? text.slice(2).replace(/[ \t\n\r]+/g, '')
    : null;
  if (digits !== null) return Buffer.from(digits, 'hex');
  const [, good] = /^\\x((?:[ \t\n\r]*[0-9a-fA-F]{2})*[ \t\n\r]*[0-9a-fA-F]?)/.exec(text) as RegExpExecArray;
  const bad = [...text.slice(2 + (good as string).length)][0];
  if (bad === undefined)
    throw new SqlError('invalid_parameter_value', 'invalid hexadecimal data: odd number of digits');
  throw new SqlError('invalid_parameter_value', `invalid hexadecimal digit: "${bad}"`);
}

function parseUuid(text: string): string {
  const match = /^(\{?)([0-9a-f]{4}(?:-?[0-9a-f]{4}){7})(\}?)$/i.exec(text);
  if (match === null || (match[1] === '') !== (match[3] === '')) return refuse('uuid', text);
  const hex = (match[2] as string).replaceAll('-', '').toLowerCase();
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
