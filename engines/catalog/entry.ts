import type { ObjectId } from '#schemas/kernel/brand.js';
import type { Expression } from '#schemas/program/expression.js';
import type { Query } from '#schemas/program/query.js';
import type { ReferentialAction } from '#schemas/program/statement.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Row } from '#schemas/values/value.js';
import type { IndexShape, TableShape } from '../rows/shape.js';

/** The catalog as the binder sees it at one moment: immutable; a new one replaces it when system tables change. */
export interface Catalog {
  /** Grows with every change; part of plan-cache keys. */
  readonly version: number;
  database(name: string): DatabaseEntry | null;
  /** Finds a table, view, index or sequence by its path along the search path (pg_catalog is searched first). */
  relation(database: ObjectId, path: readonly string[], searchPath: readonly string[]): RelationEntry | null;
  relationById(id: ObjectId): RelationEntry | null;
  schema(database: ObjectId, name: string): SchemaEntry | null;
  user(name: string): UserEntry | null;
  userById(id: ObjectId): UserEntry | null;
}

export interface DatabaseEntry {
  readonly id: ObjectId;
  readonly name: string;
  readonly owner: ObjectId;
}
export interface SchemaEntry {
  readonly id: ObjectId;
  readonly database: ObjectId;
  readonly name: string;
  readonly owner: ObjectId;
  readonly grants: readonly Grant[];
}
export interface UserEntry {
  readonly id: ObjectId;
  readonly name: string;
  readonly superuser: boolean;
  readonly login: boolean;
  readonly createDatabase: boolean;
  readonly createRole: boolean;
  readonly verifier: string | null;
  /** -1 = as many as there are connections. */
  readonly connectionLimit: number;
  /** When the password ends, as text of a timestamptz; null = never. */
  readonly validUntil: string | null;
  readonly memberOf: readonly ObjectId[];
}
/** `grantee` 0 = PUBLIC. Privileges by their SQL names in lower case. */
export interface Grant {
  readonly grantee: ObjectId;
  readonly privileges: readonly string[];
  readonly grantOption: boolean;
}

export type RelationEntry = TableEntry | ViewEntry | VirtualTableEntry | SequenceEntry | IndexEntry;

export interface TableEntry {
  readonly kind: 'table';
  readonly id: ObjectId;
  readonly database: ObjectId;
  readonly schema: string;
  readonly name: string;
  readonly owner: ObjectId;
  readonly grants: readonly Grant[];
  /** Live columns in display order. */
  readonly columns: readonly ColumnEntry[];
  /**
   * `shape.id` names the table's current generation of rows: events, store, statistics (estimateRows) and read ranges go by it. TRUNCATE and ADD PRIMARY KEY begin
   * a new one. `id` names the object for its whole life: table locks, grants, foreign keys go by that.
   */
  readonly shape: TableShape;
  readonly checks: readonly CheckEntry[];
  /** Foreign keys from this table, and those of other tables (or itself) to it. */
  readonly foreignKeys: readonly ForeignKeyEntry[];
  readonly referencedBy: readonly ForeignKeyEntry[];
  /** Unique constraints by name → index; the primary key's index is null (it is the row key). */
  readonly uniqueConstraints: ReadonlyArray<{
    readonly name: string;
    readonly index: IndexShape | null;
    readonly primary: boolean;
  }>;
  /** System tables are read by everybody and written by DDL alone. */
  readonly system: boolean;
}

export interface ColumnEntry {
  readonly name: string;
  readonly type: SqlType;
  readonly slot: number;
  readonly notNull: boolean;
  /** Bound when a statement needs it; `text` is as PostgreSQL would show it. */
  readonly default: { readonly expression: Expression; readonly text: string } | null;
  readonly generated: { readonly expression: Expression; readonly text: string } | null;
  readonly identity: 'always' | 'by-default' | null;
}

export interface CheckEntry {
  readonly name: string;
  readonly expression: Expression;
  readonly text: string;
}

export interface ForeignKeyEntry {
  readonly name: string;
  readonly table: ObjectId;
  /** Slots of the referencing columns, and of the referenced ones, pairwise. */
  readonly slots: readonly number[];
  readonly references: ObjectId;
  readonly referencedSlots: readonly number[];
  /** Unique index of the referenced table that serves look-ups; null = its row key. Columns in `referencedSlots` order may differ from the index's. */
  readonly referencedIndex: ObjectId | null;
  readonly match: 'simple' | 'full';
  readonly onDelete: ReferentialAction;
  readonly onUpdate: ReferentialAction;
  readonly deferrable: boolean;
  readonly initiallyDeferred: boolean;
}

export interface ViewEntry {
  readonly kind: 'view';
  readonly id: ObjectId;
  readonly database: ObjectId;
  readonly schema: string;
  readonly name: string;
  readonly owner: ObjectId;
  readonly grants: readonly Grant[];
  readonly columns: ReadonlyArray<{ readonly name: string; readonly type: SqlType }>;
  readonly query: Query;
  readonly text: string;
}

/** A table computed from the catalog or from the engine's state: pg_catalog.pg_class and its like, polylog.* views of the engine. */
export interface VirtualTableEntry {
  readonly kind: 'virtual';
  readonly id: ObjectId;
  readonly schema: string;
  readonly name: string;
  readonly columns: ReadonlyArray<{ readonly name: string; readonly type: SqlType }>;
  /** `catalog` is the session's (with its own uncommitted DDL). */
  rows(catalog: Catalog, database: ObjectId): Iterable<Row>;
}

export interface SequenceEntry {
  readonly kind: 'sequence';
  readonly id: ObjectId;
  readonly database: ObjectId;
  readonly schema: string;
  readonly name: string;
  readonly owner: ObjectId;
  readonly grants: readonly Grant[];
  readonly type: SqlType;
  readonly start: bigint;
  readonly increment: bigint;
  readonly minimum: bigint;
  readonly maximum: bigint;
  readonly cycle: boolean;
  readonly cache: bigint;
  readonly ownedBy: { readonly table: ObjectId; readonly slot: number } | null;
}

export interface IndexEntry {
  readonly kind: 'index';
  readonly id: ObjectId;
  readonly database: ObjectId;
  readonly schema: string;
  readonly name: string;
  readonly table: ObjectId;
  /** null = the table's row key (its primary key). */
  readonly shape: IndexShape | null;
}
