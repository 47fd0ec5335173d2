import { type KeyEncoder, keyEncoder } from '#schemas/values/key.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { IndexShape } from './shape.js';
import { SortedBlocks } from './sorted-blocks.js';

/** One secondary index: [encoded columns][row key] → row key, for the rows whose entries are in memory. */
export class IndexData {
  shape: IndexShape;
  readonly entries = new SortedBlocks<string>();
  /** The disk holds the entries of all rows that it holds. */
  stored = false;
  readonly #encode: KeyEncoder;

  constructor(shape: IndexShape) {
    this.shape = shape;
    this.#encode = keyEncoder(shape.columns);
  }

  /** Encoded columns of a row, without its row key; null when the row has no entry (a partial index leaves it out). */
  keyOf(row: Row): string | null {
    const { predicate, columns } = this.shape;
    if (predicate !== null && !predicate(row)) return null;
    return this.#encode(columns.map((column) => columnValue(column, row)));
  }

  /** A unique index does not hold two rows with these columns; nulls never are equal. */
  constrains(row: Row): boolean {
    return this.shape.unique && this.shape.columns.every((column) => columnValue(column, row) !== null);
  }

  /** Are the entries of `other` the same as these, whatever it is called? Functions are the same only when they are one. */
  hasEntriesOf(other: IndexShape): boolean {
    const { shape } = this;
    if (shape === other) return true;
    return (
      shape.id === other.id &&
      shape.predicate === other.predicate &&
      shape.columns.length === other.columns.length &&
      shape.columns.every((column, i) => sameColumn(column, other.columns[i]))
    );
  }
}

function sameColumn(a: IndexShape['columns'][number], b: IndexShape['columns'][number] | undefined): boolean {
  if (b === undefined || a.slot !== b.slot || a.evaluate !== b.evaluate) return false;
  if (a.descending !== b.descending || a.nullsFirst !== b.nullsFirst) return false;
  return a.type === b.type || JSON.stringify(a.type) === JSON.stringify(b.type);
}

function columnValue(column: IndexShape['columns'][number], row: Row): Value {
  if (column.evaluate !== null) return column.evaluate(row);
  return row[column.slot as number] ?? null;
}
