import type { EventShape } from '#schemas/events/event.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Row, Value } from '#schemas/values/value.js';

/** What the store must know of a table; made by the catalog, immutable, replaced by DDL. */
export interface TableShape {
  readonly id: ObjectId;
  readonly event: EventShape;
  /** Type of each slot; null where the slot's column was dropped. */
  readonly slotTypes: ReadonlyArray<SqlType | null>;
  /**
   * Values of slots that a row is too short for: a column added later with a default shows it for old rows without rewriting them
   * (PostgreSQL's "missing value").
   */
  readonly missing: Row;
  /** The row key: the primary key's slots; empty = the version id of the row's insert is its key. */
  readonly key: readonly KeyColumn[];
  /** Unique over `key` when it is not empty; carries the primary key's constraint name. */
  readonly keyConstraint: string | null;
  /** Id that stands for the row key itself in locks and read ranges. */
  readonly indexes: readonly IndexShape[];
}

export interface KeyColumn {
  readonly slot: number;
  readonly type: SqlType;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** A secondary index. Entries are [encoded columns][row key]. */
export interface IndexShape {
  readonly id: ObjectId;
  readonly name: string;
  readonly unique: boolean;
  readonly columns: readonly IndexColumn[];
  /** Partial index: rows for which this is not true have no entry. */
  readonly predicate: ((row: Row) => boolean) | null;
  /** False while CREATE INDEX still builds it: written, never read. */
  readonly ready: boolean;
}

/** A slot, or an expression of the row. */
export interface IndexColumn {
  readonly slot: number | null;
  readonly evaluate: ((row: Row) => Value) | null;
  readonly type: SqlType;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}
