import {
  Binary,
  Bool,
  type Data,
  DataType,
  DateDay,
  Decimal,
  Field,
  Float32,
  Float64,
  Int16,
  Int32,
  Int64,
  makeData,
  RecordBatch,
  RecordBatchReader,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimeMicrosecond,
  TimestampMicrosecond,
  Utf8,
  type Vector,
} from 'apache-arrow';
import { assert } from '../kernel/assert.js';
import { Numeric } from '../values/numeric.js';
import { DEFAULT_TEXT_CONTEXT, textParser } from '../values/text-form.js';
import type { SqlType } from '../values/type.js';
import { TIMESTAMP_INFINITY, TIMESTAMP_NEGATIVE_INFINITY, type Value } from '../values/value.js';

/*
 * Rows between the OLAP tier and an engine: Arrow record batches in the IPC stream format (https://arrow.apache.org/docs/format/Columnar.html). Numbers, times and text go in
 * Arrow's own types; infinite dates and times as the values that DuckDB has for them; whatever has no Arrow type goes as its text form.
 */

/** How the values of a column lie in memory. `decimal`: 16 bytes each, two's complement, little-endian; `text`: one string each, null where there is none. */
export type ColumnData =
  | { readonly layout: 'boolean'; readonly values: Uint8Array }
  | { readonly layout: 'int16'; readonly values: Int16Array }
  | { readonly layout: 'int32' | 'date'; readonly values: Int32Array }
  | { readonly layout: 'int64' | 'time' | 'timestamp'; readonly values: BigInt64Array }
  | { readonly layout: 'float32'; readonly values: Float32Array }
  | { readonly layout: 'float64'; readonly values: Float64Array }
  | { readonly layout: 'decimal'; readonly values: Uint8Array; readonly scale: number }
  | { readonly layout: 'text'; readonly values: ReadonlyArray<string | null> }
  | { readonly layout: 'binary'; readonly values: ReadonlyArray<Uint8Array | null> };

/** A column of a batch. `valid`: a bit for each value, the lowest first; null = there is no null. */
export interface BatchColumn {
  readonly data: ColumnData;
  readonly valid: Uint8Array | null;
}

/** DuckDB's and Arrow's greatest precision. */
const DECIMAL_DIGITS = 38;
/** What stands for the infinities: the ends of the range, as in DuckDB. */
const DAY_INFINITY = 0x7fff_ffff;
const MICROS_INFINITY = 0x7fff_ffff_ffff_ffffn;

/** A stream of one batch. */
export function encodeBatch(rows: number, columns: readonly BatchColumn[]): Uint8Array {
  const batch = recordBatch(rows, columns);
  const writer = RecordBatchStreamWriter.writeAll([batch]);
  return writer.toUint8Array(true);
}

/** The rows of a stream of batches; `types`: of its columns. */
export function decodeRows(stream: Uint8Array, types: readonly SqlType[]): Value[][] {
  const rows: Value[][] = [];
  for (const batch of RecordBatchReader.from(stream)) {
    const from = rows.length;
    for (let i = 0; i < batch.numRows; i++) rows.push(new Array<Value>(types.length).fill(null));
    for (const [at, type] of types.entries()) {
      const column = batch.getChildAt(at);
      assert(column !== null, `a batch has no column ${at}`);
      fill(rows, from, at, column, type);
    }
  }
  return rows;
}

function recordBatch(rows: number, columns: readonly BatchColumn[]): RecordBatch {
  const children = columns.map((column) => dataOf(rows, column));
  const fields = children.map((child, i) => new Field(`c${i}`, child.type, true));
  const schema = new Schema(fields);
  const data = makeData({ type: new Struct(fields), length: rows, nullCount: 0, children });
  return new RecordBatch(schema, data);
}

function dataOf(length: number, { data, valid }: BatchColumn): Data {
  const nulls = { length, nullCount: valid === null ? 0 : -1, nullBitmap: valid };
  switch (data.layout) {
    case 'boolean':
      return makeData({ type: new Bool(), ...nulls, data: packBits(data.values, length) });
    case 'int16':
      return makeData({ type: new Int16(), ...nulls, data: data.values });
    case 'int32':
      return makeData({ type: new Int32(), ...nulls, data: data.values });
    case 'date':
      return makeData({ type: new DateDay(), ...nulls, data: data.values });
    case 'int64':
      return makeData({ type: new Int64(), ...nulls, data: data.values });
    case 'time':
      return makeData({ type: new TimeMicrosecond(), ...nulls, data: data.values });
    case 'timestamp':
      return makeData({ type: new TimestampMicrosecond(), ...nulls, data: data.values });
    case 'float32':
      return makeData({ type: new Float32(), ...nulls, data: data.values });
    case 'float64':
      return makeData({ type: new Float64(), ...nulls, data: data.values });
    case 'decimal':
      return makeData({ type: new Decimal(data.scale, DECIMAL_DIGITS), ...nulls, data: wordsOf(data.values) });
    case 'text':
      return variable(new Utf8(), length, nulls, data.values.map(utf8));
    case 'binary':
      return variable(new Binary(), length, nulls, data.values);
  }
}

function utf8(text: string | null): Uint8Array | null {
  return text === null ? null : Buffer.from(text);
}

/** Values of differing lengths: one after the other, and where each begins. */
function variable(
  type: Utf8 | Binary,
  length: number,
  nulls: { readonly length: number; readonly nullCount: number; readonly nullBitmap: Uint8Array | null },
  values: ReadonlyArray<Uint8Array | null>,
): Data {
  const valueOffsets = new Int32Array(length + 1);
  let size = 0;
  for (let i = 0; i < length; i++) {
    size += values[i]?.length ?? 0;
    valueOffsets[i + 1] = size;
  }
  const data = new Uint8Array(size);
  for (let i = 0; i < length; i++) {
    const value = values[i] ?? null;
    if (value !== null) data.set(value, valueOffsets[i]);
  }
  return makeData({ type: type as Utf8, ...nulls, valueOffsets, data });
}

function packBits(bytes: Uint8Array, length: number): Uint8Array {
  const bits = new Uint8Array(Math.ceil(length / 64) * 8);
  for (let i = 0; i < length; i++) if (bytes[i] !== 0) bits[i >> 3] = (bits[i >> 3] as number) | (1 << (i & 7));
  return bits;
}

function wordsOf(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(new Uint8Array(bytes).buffer);
}

// ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function fill(rows: Value[][], from: number, at: number, column: Vector<DataType>, type: SqlType): void {
  const read = reader(column, type);
  const { length, nullCount } = column;
  for (let i = 0; i < length; i++) {
    if (nullCount > 0 && !column.isValid(i)) continue;
    (rows[from + i] as Value[])[at] = read(i);
  }
}

/** Reads values that are not null. */
function reader(column: Vector<DataType>, type: SqlType): (i: number) => Value {
  const { values } = column.data[0] as Data;
  // A batch that was read has types of Arrow's general classes, not those that it was written with.
  if (DataType.isUtf8(column.type)) {
    const parse = isText(type) ? null : textParser(type, DEFAULT_TEXT_CONTEXT);
    return parse === null ? (i) => column.get(i) as string : (i) => parse(column.get(i) as string);
  }
  if (DataType.isDecimal(column.type)) return decimalReader(values as Uint32Array, column.type.scale);
  if (DataType.isTimestamp(column.type)) return timestampReader(values as BigInt64Array);
  if (DataType.isDate(column.type)) return dateReader(values as Int32Array);
  if (DataType.isTime(column.type)) return (i) => Number((values as BigInt64Array)[i]);
  if (DataType.isBool(column.type) || DataType.isBinary(column.type))
    return (i) => column.get(i) as boolean | Uint8Array;
  const numbers = values as Int32Array | BigInt64Array;
  return (i) => numbers[i] as number | bigint;
}

function isText({ kind }: SqlType): boolean {
  return (
    kind === 'text' || kind === 'varchar' || kind === 'char' || kind === 'name' || kind === 'json' || kind === 'jsonb'
  );
}

function decimalReader(words: Uint32Array, scale: number): (i: number) => Value {
  const halves = new BigInt64Array(words.buffer, words.byteOffset, words.length / 2);
  return (i) => {
    const low = halves[2 * i] as bigint;
    const high = halves[2 * i + 1] as bigint;
    // Nearly all fit 64 bits: then the high half repeats the sign.
    const unscaled = high === low >> 63n ? low : (high << 64n) | BigInt.asUintN(64, low);
    return new Numeric(unscaled, scale);
  };
}

function timestampReader(micros: BigInt64Array): (i: number) => Value {
  return (i) => {
    const value = micros[i] as bigint;
    if (value === MICROS_INFINITY) return TIMESTAMP_INFINITY;
    return value === -MICROS_INFINITY ? TIMESTAMP_NEGATIVE_INFINITY : value;
  };
}

function dateReader(days: Int32Array): (i: number) => Value {
  return (i) => {
    const value = days[i] as number;
    if (value === DAY_INFINITY) return Number.POSITIVE_INFINITY;
    return value === -DAY_INFINITY ? Number.NEGATIVE_INFINITY : value;
  };
}
