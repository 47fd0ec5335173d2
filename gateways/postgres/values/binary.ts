import { oidOf } from '#schemas/link/named-oid.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { daysFromDate, MICROS_PER_DAY } from '#schemas/values/calendar.js';
import { Interval } from '#schemas/values/interval.js';
import { canonicalJsonb, checkJson } from '#schemas/values/json.js';
import type { Numeric } from '#schemas/values/numeric.js';
import { checkDate, checkTimestamp } from '#schemas/values/timestamp-text.js';
import type { SqlType } from '#schemas/values/type.js';
import { printType, printTypeKind } from '#schemas/values/type-name.js';
import { type SqlArray, TIMESTAMP_INFINITY, TIMESTAMP_NEGATIVE_INFINITY, type Value } from '#schemas/values/value.js';
import { decodeArray, encodeArray } from './array-binary.js';
import { BinaryReader } from './binary-reader.js';
import type { ByteSink } from './byte-sink.js';
import { decodeNumeric, encodeNumeric } from './numeric-binary.js';
import { decodeTimetz, encodeTimetz } from './timetz-binary.js';

/**
 * The binary forms of PostgreSQL's send and receive functions, all big-endian:
 *
 *   boolean 1 byte · smallint 2 · integer, oid, reg* 4 · bigint 8 · real, double IEEE 754 · text, json UTF-8 · char(n) padded
 *   date int32 days, timestamp and timestamptz int64 µs, both from 2000-01-01, extremes are the infinities · time int64 µs
 *   timetz int64 µs, int32 seconds west · interval int64 µs, int32 days, int32 months · uuid 16 bytes
 *   jsonb version byte 1, UTF-8 · numeric and arrays: see numeric-binary.ts, array-binary.ts
 */
export type BinaryEncoder = (value: Value, sink: ByteSink) => void;
export type BinaryDecoder = (bytes: Uint8Array) => Value;

const EPOCH_DAYS = daysFromDate(2000, 1, 1);
const EPOCH_MICROS = BigInt(EPOCH_DAYS) * MICROS_PER_DAY;
const INT32_MAX = 0x7fff_ffff;
const INT32_MIN = -0x8000_0000;
const JSONB_VERSION = 1;
const DAY_MICROS = 86_400_000_000n;

/** Writes non-null values of the type, without the length before them. Get it once a column, not once a row. */
export function binaryEncoder(type: SqlType): BinaryEncoder {
  switch (type.kind) {
    case 'boolean':
      return (v, sink) => sink.byte(v === true ? 1 : 0);
    case 'smallint':
      return (v, sink) => sink.int16(v as number);
    case 'integer':
      return (v, sink) => sink.int32(v as number);
    case 'oid':
      return (v, sink) => sink.int32((v as number) | 0);
    case 'regclass':
    case 'regtype':
    case 'regproc':
      return (v, sink) => sink.int32(oidOf(v) | 0);
    case 'bigint':
      return (v, sink) => sink.int64(v as bigint);
    case 'real':
      return (v, sink) => sink.float(v as number);
    case 'double':
      return (v, sink) => sink.double(v as number);
    case 'numeric':
      return (v, sink) => encodeNumeric(v as Numeric, sink);
    case 'char': {
      const { length } = type;
      return (v, sink) => encodePadded(v as string, length, sink);
    }
    case 'internalchar':
      return (v, sink) => sink.byte((v as string).charCodeAt(0) & 0xff);
    case 'bytea':
      return (v, sink) => sink.bytes(v as Uint8Array);
    case 'date':
      return (v, sink) => sink.int32(encodeDays(v as number));
    case 'time':
      return (v, sink) => sink.int64(BigInt(v as number));
    case 'timetz':
      return (v, sink) => encodeTimetz(v as string, sink);
    case 'timestamp':
    case 'timestamptz':
      return (v, sink) => sink.int64(encodeMicros(v as bigint));
    case 'interval':
      return (v, sink) => encodeInterval(v as Interval, sink);
    case 'uuid':
      return (v, sink) => sink.bytes(Buffer.from((v as string).replaceAll('-', ''), 'hex'));
    case 'jsonb':
      return (v, sink) => {
        sink.byte(JSONB_VERSION);
        sink.text(v as string);
      };
    case 'array': {
      const element = binaryEncoder(type.element);
      return (v, sink) => encodeArray(v as SqlArray, type.element, element, sink);
    }
    case 'void':
      return () => {};
    case 'record':
      throw new SqlError('feature_not_supported', `binary output of type ${printTypeKind(type)} is not supported`);
    default:
      return (v, sink) => sink.text(v as string);
  }
}

/**
 * Reads values of the type; modifiers are not applied (see coerce.ts). Throws 08P01 when bytes are missing, 22P03 when some are left or
 * mean nothing, 22021 for text that is not UTF-8, 22008 and 22P02 as the type's input function.
 */
export function binaryDecoder(type: SqlType): BinaryDecoder {
  const read = fieldDecoder(type);
  return (bytes) => {
    const reader = new BinaryReader(bytes);
    const value = read(reader);
    reader.finish();
    return value;
  };
}

function fieldDecoder(type: SqlType): (reader: BinaryReader) => Value {
  switch (type.kind) {
    case 'boolean':
      return (r) => r.byte() !== 0;
    case 'smallint':
      return (r) => r.int16();
    case 'integer':
      return (r) => r.int32();
    case 'oid':
    case 'regclass':
    case 'regtype':
    case 'regproc':
      return (r) => r.uint32();
    case 'bigint':
      return (r) => r.int64();
    case 'real':
      return (r) => r.float();
    case 'double':
      return (r) => r.double();
    case 'numeric':
      return decodeNumeric;
    case 'char':
      return (r) => r.text().replace(/ +$/, '');
    case 'internalchar':
      return (r) => decodeInternalChar(r.byte());
    case 'bytea':
      // A copy: the value outlives the message that it came in.
      return (r) => Buffer.from(r.bytes(r.left));
    case 'date':
      return (r) => decodeDays(r.int32());
    case 'time':
      return (r) => decodeTime(r.int64());
    case 'timetz':
      return decodeTimetz;
    case 'timestamp':
    case 'timestamptz':
      return (r) => decodeMicros(r.int64());
    case 'interval':
      return decodeInterval;
    case 'uuid':
      return decodeUuid;
    case 'json':
      return (r) => checkJson(r.text());
    case 'jsonb':
      return decodeJsonb;
    case 'array': {
      const element = binaryDecoder(type.element);
      return (r) => decodeArray(r, type.element, element);
    }
    case 'record':
    case 'void':
      throw new SqlError('feature_not_supported', `cannot accept a value of type ${printType(type)}`);
    default:
      return (r) => r.text();
  }
}

/** Writes one value's form; `binaryEncoder` is the way for many. */
export function encodeBinary(type: SqlType, value: Value, sink: ByteSink): void {
  binaryEncoder(type)(value, sink);
}

/** Reads one value's form; `binaryDecoder` is the way for many. */
export function decodeBinary(type: SqlType, bytes: Uint8Array): Value {
  return binaryDecoder(type)(bytes);
}

function encodePadded(text: string, length: number, sink: ByteSink): void {
  sink.text(text);
  const characters = text.length <= length && !/[\ud800-\udbff]/.test(text) ? text.length : [...text].length;
  if (characters < length) sink.text(' '.repeat(length - characters));
}

/** The zero byte is the empty string. */
function decodeInternalChar(byte: number): string {
  return byte === 0 ? '' : String.fromCharCode(byte);
}

function encodeDays(days: number): number {
  if (days === Number.POSITIVE_INFINITY) return INT32_MAX;
  return days === Number.NEGATIVE_INFINITY ? INT32_MIN : days - EPOCH_DAYS;
}

function decodeDays(days: number): number {
  if (days === INT32_MAX) return Number.POSITIVE_INFINITY;
  return days === INT32_MIN ? Number.NEGATIVE_INFINITY : checkDate(days + EPOCH_DAYS);
}

function encodeMicros(micros: bigint): bigint {
  const infinite = micros === TIMESTAMP_INFINITY || micros === TIMESTAMP_NEGATIVE_INFINITY;
  return infinite ? micros : micros - EPOCH_MICROS;
}

function decodeMicros(micros: bigint): bigint {
  const infinite = micros === TIMESTAMP_INFINITY || micros === TIMESTAMP_NEGATIVE_INFINITY;
  if (infinite) return micros;
  const moment = micros + EPOCH_MICROS;
  // A sum that equals the sentinel must not turn into an infinity.
  if (moment >= TIMESTAMP_INFINITY) throw new SqlError('datetime_field_overflow', 'timestamp out of range');
  return checkTimestamp(moment);
}

function decodeTime(micros: bigint): number {
  if (micros < 0n || micros > DAY_MICROS) throw new SqlError('datetime_field_overflow', 'time out of range');
  return Number(micros);
}

function encodeInterval(interval: Interval, sink: ByteSink): void {
  sink.int64(interval.micros);
  sink.int32(interval.days);
  sink.int32(interval.months);
}

function decodeInterval(reader: BinaryReader): Interval {
  const micros = reader.int64();
  const days = reader.int32();
  return new Interval(reader.int32(), days, micros);
}

function decodeUuid(reader: BinaryReader): string {
  const hex = reader.bytes(16).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function decodeJsonb(reader: BinaryReader): string {
  const version = reader.byte();
  if (version !== JSONB_VERSION) {
    throw new SqlError('internal_error', `unsupported jsonb version number ${version}`);
  }
  return canonicalJsonb(reader.text());
}
