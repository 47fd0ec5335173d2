import type { ResultColumn } from '#schemas/link/frames.js';
import { nameOf } from '#schemas/link/named-oid.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { dateFromDays } from '#schemas/values/calendar.js';
import { DEFAULT_TEXT_CONTEXT, textPrinter } from '#schemas/values/text-form.js';
import { printTimestamp } from '#schemas/values/timestamp-text.js';
import type { SqlType } from '#schemas/values/type.js';
import { type Row, TIMESTAMP_INFINITY, TIMESTAMP_NEGATIVE_INFINITY, type Value } from '#schemas/values/value.js';
import type { PacketWriter } from './packet-writer.js';

/*
 *   text row    = { 0xfb | length bytes }
 *   binary row  = 0x00 null-bitmap { value }      the bitmap begins at bit 2; NULLs have no value
 */
type FieldWriter = (out: PacketWriter, value: Value) => void;

const NULL = 0xfb;
const DAY_MICROS = 86_400_000_000n;
const SECOND = 1_000_000;
/** A year has four digits in the text form, and so it has here. */
const YEAR_MAX = 9_999;

/** Writes the rows of one result. Hot: a call a field, no objects. */
export type RowWriter = (out: PacketWriter, row: Row) => void;

export function textRows(columns: readonly ResultColumn[]): RowWriter {
  const fields = columns.map(([, type]) => textField(type));
  return (out, row) => {
    out.start();
    for (let i = 0; i < fields.length; i++) {
      const value = row[i];
      if (value === null || value === undefined) out.uint8(NULL);
      else (fields[i] as FieldWriter)(out, value);
    }
    out.end();
  };
}

export function binaryRows(columns: readonly ResultColumn[]): RowWriter {
  const fields = columns.map(([, type]) => binaryField(type));
  const bitmap = Buffer.alloc((fields.length + 9) >> 3);
  return (out, row) => {
    out.start();
    out.uint8(0);
    bitmap.fill(0);
    for (let i = 0; i < fields.length; i++) {
      const bit = i + 2;
      if (row[i] === null || row[i] === undefined) bitmap[bit >> 3] = (bitmap[bit >> 3] ?? 0) | (1 << (bit & 7));
    }
    out.bytes(bitmap);
    for (let i = 0; i < fields.length; i++) {
      const value = row[i];
      if (value !== null && value !== undefined) (fields[i] as FieldWriter)(out, value);
    }
    out.end();
  };
}

function textField(type: SqlType): FieldWriter {
  switch (type.kind) {
    case 'boolean':
      return (out, value) => out.lengthText(value === true ? '1' : '0');
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'oid':
      return (out, value) => out.lengthText(String(value));
    case 'bytea':
      return (out, value) => out.lengthBytes(value as Uint8Array);
    case 'timestamptz':
      // The session's time zone is UTC, and MySQL's form has none.
      return (out, value) => out.lengthText(printTimestamp(value as bigint, DEFAULT_TEXT_CONTEXT));
    default:
      return otherField(type);
  }
}

/** Types that go as text in both kinds of rows. */
function otherField(type: SqlType): FieldWriter {
  switch (type.kind) {
    case 'text':
    case 'varchar':
    case 'char':
    case 'name':
    case 'json':
    case 'jsonb':
    case 'uuid':
      return (out, value) => out.lengthText(value as string);
    case 'regclass':
    case 'regtype':
    case 'regproc':
      return (out, value) => out.lengthText(nameOf(value));
    default: {
      const print = textPrinter(type, DEFAULT_TEXT_CONTEXT);
      return (out, value) => out.lengthText(print(value));
    }
  }
}

function binaryField(type: SqlType): FieldWriter {
  switch (type.kind) {
    case 'boolean':
      return (out, value) => out.uint8(value === true ? 1 : 0);
    case 'smallint':
      return (out, value) => out.uint16(value as number);
    case 'integer':
      return (out, value) => out.uint32(value as number);
    case 'oid':
      return (out, value) => out.int64(BigInt(value as number));
    case 'bigint':
      return (out, value) => out.int64(value as bigint);
    case 'real':
      return (out, value) => out.float(value as number);
    case 'double':
      return (out, value) => out.double(value as number);
    case 'bytea':
      return (out, value) => out.lengthBytes(value as Uint8Array);
    case 'date':
      return (out, value) => writeDateTime(out, value as number, 0);
    case 'timestamp':
    case 'timestamptz':
      return writeTimestamp;
    case 'time':
      return (out, value) => writeTime(out, value as number);
    default:
      return otherField(type);
  }
}

const writeTimestamp: FieldWriter = (out, value) => {
  const micros = value as bigint;
  if (micros === TIMESTAMP_INFINITY || micros === TIMESTAMP_NEGATIVE_INFINITY) throw outOfRange();
  const inDay = ((micros % DAY_MICROS) + DAY_MICROS) % DAY_MICROS;
  writeDateTime(out, Number((micros - inDay) / DAY_MICROS), Number(inDay));
};

/** `micros` are those since midnight; a part that is zero is left out. */
function writeDateTime(out: PacketWriter, days: number, micros: number): void {
  if (!Number.isFinite(days)) throw outOfRange();
  const { year, month, day } = dateFromDays(days);
  if (year < 0 || year > YEAR_MAX) throw outOfRange();
  const fraction = micros % SECOND;
  const seconds = (micros - fraction) / SECOND;
  out.uint8(fraction !== 0 ? 11 : seconds !== 0 ? 7 : 4);
  out.uint16(year);
  out.uint8(month);
  out.uint8(day);
  if (micros === 0) return;
  writeClock(out, seconds, fraction);
}

function writeClock(out: PacketWriter, seconds: number, fraction: number): void {
  out.uint8(Math.floor(seconds / 3_600));
  out.uint8(Math.floor(seconds / 60) % 60);
  out.uint8(seconds % 60);
  if (fraction !== 0) out.uint32(fraction);
}

function outOfRange(): SqlError {
  return new SqlError('datetime_field_overflow', 'the date is outside the years that the protocol can carry');
}

function writeTime(out: PacketWriter, micros: number): void {
  if (micros === 0) {
    out.uint8(0);
    return;
  }
  const fraction = micros % SECOND;
  out.uint8(fraction === 0 ? 8 : 12);
  out.uint8(0);
  out.uint32(0);
  writeClock(out, (micros - fraction) / SECOND, fraction);
}
