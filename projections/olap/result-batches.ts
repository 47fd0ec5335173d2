import {
  type DuckDBBlobValue,
  DuckDBBlobVector,
  DuckDBBooleanVector,
  type DuckDBDataChunk,
  DuckDBDateVector,
  DuckDBDecimal128Vector,
  DuckDBTimestampTZVector,
  DuckDBTimestampVector,
  DuckDBTimeVector,
  type DuckDBVector,
} from '@duckdb/node-api';
import type { BatchColumn, ColumnData } from '#schemas/arrow/batches.js';
import { assert } from '#schemas/kernel/assert.js';
import type { AnswerColumn } from './lowering/lowering.js';

/** The columns of a chunk as they go to an engine. */
export function batchColumns(chunk: DuckDBDataChunk, columns: readonly AnswerColumn[]): BatchColumn[] {
  return columns.map((column, i) => batchColumn(chunk.getColumnVector(i), column));
}

function batchColumn(vector: DuckDBVector, column: AnswerColumn): BatchColumn {
  const { itemCount } = vector;
  let valid: Uint8Array | null = null;
  const isNull = (i: number): void => {
    valid ??= new Uint8Array(Math.ceil(itemCount / 64) * 8).fill(0xff);
    valid[i >> 3] = (valid[i >> 3] as number) & ~(1 << (i & 7));
  };
  const data = columnData(vector, column, isNull);
  return { data, valid };
}

/** Calls `isNull` for each value that is none. */
function columnData(vector: DuckDBVector, { type, scale }: AnswerColumn, isNull: (i: number) => void): ColumnData {
  const { itemCount } = vector;
  switch (type.kind) {
    case 'boolean':
      assert(vector instanceof DuckDBBooleanVector, 'a boolean column is boolean');
      return { layout: 'boolean', values: numbers(vector, new Uint8Array(itemCount), Number, isNull) };
    case 'smallint':
      return { layout: 'int16', values: numbers(vector, new Int16Array(itemCount), Number, isNull) };
    case 'integer':
      return { layout: 'int32', values: numbers(vector, new Int32Array(itemCount), Number, isNull) };
    case 'real':
      return { layout: 'float32', values: numbers(vector, new Float32Array(itemCount), Number, isNull) };
    case 'double':
      return { layout: 'float64', values: numbers(vector, new Float64Array(itemCount), Number, isNull) };
    case 'bigint':
      return { layout: 'int64', values: bigints(vector, (value) => value as bigint, isNull) };
    case 'date':
      assert(vector instanceof DuckDBDateVector, 'a date column holds dates');
      return {
        layout: 'date',
        values: numbers(vector, new Int32Array(itemCount), (value) => (value as { days: number }).days, isNull),
      };
    case 'time':
      assert(vector instanceof DuckDBTimeVector, 'a time column holds times');
      return { layout: 'time', values: bigints(vector, microsOf, isNull) };
    case 'timestamp':
    case 'timestamptz':
      assert(
        vector instanceof DuckDBTimestampVector || vector instanceof DuckDBTimestampTZVector,
        'a timestamp column holds timestamps',
      );
      return { layout: 'timestamp', values: bigints(vector, microsOf, isNull) };
    case 'bytea':
      assert(vector instanceof DuckDBBlobVector, 'a bytea column holds bytes');
      return { layout: 'binary', values: items(vector, (value) => (value as DuckDBBlobValue).bytes, isNull) };
    default:
      return scale !== null && type.kind === 'numeric'
        ? { layout: 'decimal', values: decimals(vector, isNull), scale }
        : { layout: 'text', values: items(vector, String, isNull) };
  }
}

function microsOf(value: unknown): bigint {
  return (value as { readonly micros: bigint }).micros;
}

function numbers<T extends Uint8Array | Int16Array | Int32Array | Float32Array | Float64Array>(
  vector: DuckDBVector,
  values: T,
  convert: (value: unknown) => number,
  isNull: (i: number) => void,
): T {
  for (let i = 0; i < values.length; i++) {
    const value = vector.getItem(i);
    if (value === null) isNull(i);
    else values[i] = convert(value);
  }
  return values;
}

function bigints(
  vector: DuckDBVector,
  convert: (value: unknown) => bigint,
  isNull: (i: number) => void,
): BigInt64Array {
  const values = new BigInt64Array(vector.itemCount);
  for (let i = 0; i < values.length; i++) {
    const value = vector.getItem(i);
    if (value === null) isNull(i);
    else values[i] = convert(value);
  }
  return values;
}

function items<T>(vector: DuckDBVector, convert: (value: unknown) => T, isNull: (i: number) => void): Array<T | null> {
  const values = new Array<T | null>(vector.itemCount).fill(null);
  for (let i = 0; i < values.length; i++) {
    const value = vector.getItem(i);
    if (value === null) isNull(i);
    else values[i] = convert(value);
  }
  return values;
}

function decimals(vector: DuckDBVector, isNull: (i: number) => void): Uint8Array {
  assert(vector instanceof DuckDBDecimal128Vector, 'numerics leave DuckDB in its widest decimal');
  const bytes = new Uint8Array(vector.itemCount * 16);
  const halves = new BigInt64Array(bytes.buffer);
  for (let i = 0; i < vector.itemCount; i++) {
    const value = vector.getScaledValue(i);
    if (value === null) {
      isNull(i);
      continue;
    }
    halves[2 * i] = BigInt.asIntN(64, value);
    halves[2 * i + 1] = value >> 64n;
  }
  return bytes;
}
