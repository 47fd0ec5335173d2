import { SqlError } from '../sqlstate/sql-error.js';
import { parseArray, printArray } from './array-text.js';
import type { Interval } from './interval.js';
import { parseInterval, printInterval } from './interval-text.js';
import { canonicalJsonb, checkJson } from './json.js';
import type { Numeric } from './numeric.js';
import { parseNumeric, printNumeric } from './numeric-arithmetic.js';
import type { TextContext } from './text-context.js';
import { parseDate, parseTime, parseTimestamp, parseTimestamptz, printDate, printTime, printTimestamp, printTimestamptz } from './timestamp-text.js';
import type { SqlType } from './type.js';
import { printTypeKind } from './type-name.js';
import type { SqlArray, Value } from './value.js';

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
    case 'timestamp':
      return (t) => parseTimestamp(t, context);
    case 'timestamptz':
      return (t) => parseTimestamptz(t, context);
    case 'interval':
      return parseInterval;
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

const TRUE_WORDS = /^\s*(?:t|tr|tru|true|y|ye|yes|on|1)\s*$/i;
const FALSE_WORDS = /^\s*(?:f|fa|fal|fals|false|n|no|of|off|0)\s*$/i;

function parseBoolean(text: string): boolean {
  if (TRUE_WORDS.test(text)) return true;
  return FALSE_WORDS.test(text) ? false : refuse('boolean', text);
}

const INTEGER = /^\s*[+-]?\d+\s*$/;

function parseInteger(text: string, type: string, low: number, high: number): number {
  if (!INTEGER.test(text)) refuse(type, text);
  const value = Number(text);
  if (value < low || value > high) throw new SqlError('numeric_value_out_of_range', `value "${text}" is out of range for type ${type}`);
  return value === 0 ? 0 : value;
}

const BIGINT_MAX = 0x7fff_ffff_ffff_ffffn;

function parseBigint(text: string): bigint {
  if (!INTEGER.test(text)) refuse('bigint', text);
  const trimmed = text.trim();
  const value = BigInt(trimmed.startsWith('+') ? trimmed.slice(1) : trimmed);
  if (value > BIGINT_MAX || value < -BIGINT_MAX - 1n) throw new SqlError('numeric_value_out_of_range', `value "${text}" is out of range for type bigint`);
  return value;
}

function parseOid(text: string): number {
  if (!INTEGER.test(text)) refuse('oid', text);
  const value = Number(text);
  if (value < -2_147_483_648 || value > 4_294_967_295) throw new SqlError('numeric_value_out_of_range', `value "${text}" is out of range for type oid`);
  return value >>> 0;
}

const FLOAT = /^\s*[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)\s*$/i;

function parseFloatWord(text: string, type: string): number {
  if (FLOAT.test(text)) return Number(text);
  switch (text.trim().toLowerCase()) {
    case 'nan':
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
      return refuse(type, text);
  }
}

function parseDouble(text: string): number {
  const value = parseFloatWord(text, 'double precision');
  if (FLOAT.test(text) && (!Number.isFinite(value) || (value === 0 && /[1-9]/.test(text.replace(/e.*$/i, ''))))) {
    throw new SqlError('numeric_value_out_of_range', `"${text.trim()}" is out of range for type double precision`);
  }
  return value;
}

function parseReal(text: string): number {
  const exact = parseFloatWord(text, 'real');
  const value = Math.fround(exact);
  if (FLOAT.test(text) && (!Number.isFinite(value) || (value === 0 && /[1-9]/.test(text.replace(/e.*$/i, ''))))) {
    throw new SqlError('numeric_value_out_of_range', `"${text.trim()}" is out of range for type real`);
  }
  return value;
}

function printDouble(value: number, context: TextContext): string {
  if (Object.is(value, -0)) return '-0';
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
  if (context.extraFloatDigits <= 0) return exponentForm(Number(value.toPrecision(Math.max(1, 15 + context.extraFloatDigits))), 15);
  return exponentForm(value, 15);
}

function printReal(value: number, context: TextContext): string {
  if (Object.is(value, -0)) return '-0';
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
  if (context.extraFloatDigits <= 0) return exponentForm(Number(value.toPrecision(Math.max(1, 6 + context.extraFloatDigits))), 6);
  // The shortest decimal that reads back as the same real: at most nine digits.
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return exponentForm(short, 6);
  }
  return exponentForm(Number(value.toPrecision(9)), 6);
}

/** Decimal digits plain between 1e-4 and 10^`plainDigits`, with a two-digit exponent outside. */
function exponentForm(value: number, plainDigits: number): string {
  if (value === 0) return '0';
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string];
  const power = Number(exponent);
  if (power < -4 || power >= plainDigits) return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  const plain = String(value);
  return plain.includes('e') ? value.toFixed(Math.max(0, mantissa.replace(/^-?\d\.?/, '').length - power)) : plain;
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
    const digits = text.slice(2).replace(/\s/g, '');
    const bad = /[^0-9a-fA-F]/.exec(digits);
    if (bad !== null) throw new SqlError('invalid_parameter_value', `invalid hexadecimal digit: "${bad[0]}"`);
    if (digits.length % 2 !== 0) throw new SqlError('invalid_parameter_value', 'invalid hexadecimal data: odd number of digits');
    return Buffer.from(digits, 'hex');
  }
  if (!text.includes('\\')) return Buffer.from(text, 'utf8');
  const parts: Buffer[] = [];
  for (const match of text.matchAll(/\\\\|\\([0-3][0-7]{2})|[^\\]+|\\/g)) {
    if (match[0] === '\\\\') parts.push(Buffer.from('\\'));
    else if (match[1] !== undefined) parts.push(Buffer.from([Number.parseInt(match[1], 8)]));
    else if (match[0] === '\\') refuse('bytea', text);
    else parts.push(Buffer.from(match[0], 'utf8'));
  }
  return Buffer.concat(parts);
}

function parseUuid(text: string): string {
  const match = /^\s*\{?([0-9a-f]{4}(?:-?[0-9a-f]{4}){7})\}?\s*$/i.exec(text);
  if (match === null) return refuse('uuid', text);
  const hex = (match[1] as string).replaceAll('-', '').toLowerCase();
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
