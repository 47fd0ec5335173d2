import type { ObjectId, Offset, VersionId } from '#schemas/kernel/brand.js';
import type { Row } from '#schemas/values/value.js';
import type { IndexShape, TableShape } from './shape.js';

/**
 * Answers come at once when the data is in memory and as a promise when a disk is asked. Hot paths test with `instanceof Promise` and go on
 * synchronously: an await costs more than a point read.
 */
export type MaybePromise<T> = T | Promise<T>;

/** What a statement may see: everything decided below `snapshot`, and `owner`'s own writes of commands before `command`. */
export interface ReadView {
  readonly snapshot: Offset;
  /** Identity of the reading transaction, compared by reference; null sees committed rows only. */
  readonly owner: object | null;
  readonly command: number;
}

/** A visible state of a row. Never changed in place; `row` may be shared: do not write into it. */
export interface VisibleRow {
  readonly key: string;
  readonly id: VersionId;
  readonly row: Row;
}

/** [from, to) over encoded keys; null = open. */
export interface KeyRange {
  readonly from: string | null;
  readonly to: string | null;
}

/** Batches of visible rows in key order; null at the end. Batches are at most 1,024 rows and start small, so that LIMIT stops early. */
export interface RowCursor {
  next(): MaybePromise<readonly VisibleRow[] | null>;
  close(): void;
}

export interface RowReader {
  /** The row with exactly this key, or null. */
  get(table: TableShape, key: string, view: ReadView): MaybePromise<VisibleRow | null>;
  /** Rows in row-key order. */
  scan(table: TableShape, range: KeyRange, reverse: boolean, view: ReadView): RowCursor;
  /** Rows in index order; `range` is over the encoded index columns (without the row key behind them). */
  scanIndex(table: TableShape, index: IndexShape, range: KeyRange, reverse: boolean, view: ReadView): RowCursor;
  /** Live rows, roughly: for the planner. */
  estimateRows(table: ObjectId): number;
}
