import type { EventShape } from '../events/event.js';
import type { ObjectId } from '../kernel/brand.js';
import type { SqlType } from '../values/type.js';
import { arrayOf, TYPES } from '../values/type-name.js';
import type { Row, Value } from '../values/value.js';

interface SystemKeyColumn {
  readonly slot: number;
  readonly type: SqlType;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

interface SystemIndex {
  readonly id: ObjectId;
  readonly name: string;
  readonly unique: boolean;
  readonly columns: ReadonlyArray<SystemKeyColumn & { readonly evaluate: null }>;
  readonly predicate: null;
  readonly ready: boolean;
}

/** How the rows of a system table are laid out, keyed and indexed. */
export interface SystemTableShape {
  readonly id: ObjectId;
  readonly event: EventShape;
  readonly slotTypes: readonly SqlType[];
  readonly missing: Row;
  readonly key: readonly SystemKeyColumn[];
  readonly keyConstraint: string;
  readonly indexes: readonly SystemIndex[];
}

/**
 * The tables that describe tables. Their rows are ordinary versioned rows of the log, so DDL is transactional, replicated and audited as data is. Shapes are fixed
 * here; a column added later goes to the end and may be null.
 */
export interface SystemTable<T> {
  readonly shape: SystemTableShape;
  toRow(record: T): Row;
  /** The record of a row: always the same object for the same row, so that what was made from it can be kept with it. */
  fromRow(row: Row): T;
  /** A key for maps: the values of the key columns. */
  keyOf(record: T): string;
}

type Columns<T> = { readonly [P in keyof T]: SqlType };

function systemTable<T extends { readonly [column: string]: Value }>(
  id: number,
  name: string,
  columns: Columns<T>,
  key: ReadonlyArray<keyof T & string>,
  unique: ReadonlyArray<ReadonlyArray<keyof T & string>> = [],
): SystemTable<T> {
  const names = Object.keys(columns) as Array<keyof T & string>;
  const types = names.map((column) => columns[column]);
  const part = (column: keyof T & string): SystemKeyColumn => ({
    slot: names.indexOf(column),
    type: columns[column],
    descending: false,
    nullsFirst: false,
  });
  const indexes: SystemIndex[] = unique.map((list, i) => ({
    id: (id * 10 + 101 + i) as ObjectId,
    name: `${name}_${list.join('_')}_index`,
    unique: true,
    columns: list.map((column) => ({ ...part(column), evaluate: null })),
    predicate: null,
    ready: true,
  }));
  const shape: SystemTableShape = {
    id: id as ObjectId,
    event: {
      table: id as ObjectId,
      database: 'polylog',
      schema: 'system',
      name,
      schemaVersion: 1,
      columns: names.map((column, slot) => ({ name: column, formerNames: [], type: types[slot] as SqlType, slot })),
      slots: names.length,
    },
    slotTypes: types,
    missing: [],
    key: key.map(part),
    keyConstraint: `${name}_pkey`,
    indexes,
  };
  const records = new WeakMap<Row, T>();
  return {
    shape,
    toRow(record) {
      const row = names.map((column) => record[column]) as Row;
      records.set(row, record);
      return row;
    },
    fromRow(row) {
      let record = records.get(row);
      if (record === undefined) {
        record = Object.fromEntries(names.map((column, slot) => [column, row[slot] ?? null])) as T;
        records.set(row, record);
      }
      return record;
    },
    keyOf: (record) => key.map((column) => String(record[column])).join('/'),
  };
}

const { integer, bigint, boolean, text, bytea } = TYPES;
const integers = arrayOf(integer);
const texts = arrayOf(text);

export type DatabaseRow = { readonly id: ObjectId; readonly name: string; readonly owner: ObjectId };
export const DATABASES = systemTable<DatabaseRow>(
  1,
  'databases',
  { id: integer, name: text, owner: integer },
  ['id'],
  [['name']],
);

export type SchemaRow = {
  readonly id: ObjectId;
  readonly database: ObjectId;
  readonly name: string;
  readonly owner: ObjectId;
};
export const SCHEMAS = systemTable<SchemaRow>(
  2,
  'schemas',
  { id: integer, database: integer, name: text, owner: integer },
  ['id'],
  [['database', 'name']],
);

export type RelationKind = 'table' | 'view' | 'sequence' | 'index';
/** `generation`, `schemaVersion`, `slots`: tables. `parent`: an index's table. `program`, `text`, `depends`: a view's query and what it reads. */
export type RelationRow = {
  readonly id: ObjectId;
  readonly database: ObjectId;
  readonly schema: ObjectId;
  readonly name: string;
  readonly kind: RelationKind;
  readonly owner: ObjectId;
  readonly parent: ObjectId | null;
  readonly generation: ObjectId | null;
  readonly schemaVersion: number | null;
  readonly slots: number | null;
  readonly program: Uint8Array | null;
  readonly text: string | null;
  readonly depends: readonly number[] | null;
  readonly options: readonly string[] | null;
};
export const RELATIONS = systemTable<RelationRow>(
  3,
  'relations',
  {
    id: integer,
    database: integer,
    schema: integer,
    name: text,
    kind: text,
    owner: integer,
    parent: integer,
    generation: integer,
    schemaVersion: integer,
    slots: integer,
    program: bytea,
    text,
    depends: integers,
    options: texts,
  },
  ['id'],
  [['schema', 'name']],
);

/** `type` is the SqlType as JSON; `missing` the text form of what rows older than the column show. Dropped columns keep their slot. */
export type ColumnRow = {
  readonly relation: ObjectId;
  readonly slot: number;
  readonly position: number;
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  readonly dropped: boolean;
  readonly defaultProgram: Uint8Array | null;
  readonly defaultText: string | null;
  readonly generatedProgram: Uint8Array | null;
  readonly generatedText: string | null;
  readonly identity: 'always' | 'by-default' | null;
  readonly missing: string | null;
  readonly formerNames: readonly string[] | null;
};
export const COLUMNS = systemTable<ColumnRow>(
  4,
  'columns',
  {
    relation: integer,
    slot: integer,
    position: integer,
    name: text,
    type: text,
    notNull: boolean,
    dropped: boolean,
    defaultProgram: bytea,
    defaultText: text,
    generatedProgram: bytea,
    generatedText: text,
    identity: text,
    missing: text,
    formerNames: texts,
  },
  ['relation', 'slot'],
);

export type ConstraintKind = 'primary' | 'unique' | 'check' | 'foreign';
export type ConstraintRow = {
  readonly id: ObjectId;
  readonly relation: ObjectId;
  readonly name: string;
  readonly kind: ConstraintKind;
  readonly slots: readonly number[];
  /** The index behind a primary or unique constraint. */
  readonly index: ObjectId | null;
  readonly references: ObjectId | null;
  readonly referencedSlots: readonly number[] | null;
  readonly referencedIndex: ObjectId | null;
  readonly match: 'simple' | 'full' | null;
  readonly onDelete: string | null;
  readonly onUpdate: string | null;
  readonly deferrable: boolean;
  readonly initiallyDeferred: boolean;
  readonly program: Uint8Array | null;
  readonly text: string | null;
  readonly validated: boolean;
};
export const CONSTRAINTS = systemTable<ConstraintRow>(
  5,
  'constraints',
  {
    id: integer,
    relation: integer,
    name: text,
    kind: text,
    slots: integers,
    index: integer,
    references: integer,
    referencedSlots: integers,
    referencedIndex: integer,
    match: text,
    onDelete: text,
    onUpdate: text,
    deferrable: boolean,
    initiallyDeferred: boolean,
    program: bytea,
    text,
    validated: boolean,
  },
  ['id'],
  [['relation', 'name']],
);

/** What makes an index beyond its name. `columns` is JSON: IndexColumnRecord[]. `rowKey`: it is the table's row key, no entries of its own. */
export type IndexRow = {
  readonly id: ObjectId;
  readonly relation: ObjectId;
  readonly unique: boolean;
  readonly rowKey: boolean;
  readonly columns: string;
  readonly expressions: readonly Uint8Array[] | null;
  readonly include: readonly number[] | null;
  readonly predicate: Uint8Array | null;
  readonly predicateText: string | null;
};
export const INDEXES = systemTable<IndexRow>(
  6,
  'indexes',
  {
    id: integer,
    relation: integer,
    unique: boolean,
    rowKey: boolean,
    columns: text,
    expressions: arrayOf(bytea),
    include: integers,
    predicate: bytea,
    predicateText: text,
  },
  ['id'],
);

/** One column of an index: a slot, or the place of its expression. */
export interface IndexColumnRecord {
  readonly slot: number | null;
  readonly expression: number | null;
  readonly text: string | null;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

export type SequenceRow = {
  readonly id: ObjectId;
  readonly type: string;
  readonly start: bigint;
  readonly increment: bigint;
  readonly minimum: bigint;
  readonly maximum: bigint;
  readonly cycle: boolean;
  readonly cache: bigint;
  readonly ownedTable: ObjectId | null;
  readonly ownedSlot: number | null;
};
export const SEQUENCES = systemTable<SequenceRow>(
  7,
  'sequences',
  {
    id: integer,
    type: text,
    start: bigint,
    increment: bigint,
    minimum: bigint,
    maximum: bigint,
    cycle: boolean,
    cache: bigint,
    ownedTable: integer,
    ownedSlot: integer,
  },
  ['id'],
);

/** The value up to which a sequence was handed out. Written without a change of the catalog. Sequence 1 numbers the catalog's own objects. */
export type SequenceStateRow = { readonly id: ObjectId; readonly value: bigint; readonly called: boolean };
export const SEQUENCE_STATES = systemTable<SequenceStateRow>(
  8,
  'sequence_states',
  { id: integer, value: bigint, called: boolean },
  ['id'],
);

export type UserRow = {
  readonly id: ObjectId;
  readonly name: string;
  readonly superuser: boolean;
  readonly login: boolean;
  readonly createDatabase: boolean;
  readonly createRole: boolean;
  readonly inherit: boolean;
  readonly replication: boolean;
  readonly bypassRls: boolean;
  readonly connectionLimit: number;
  readonly validUntil: string | null;
  readonly verifier: string | null;
};
export const USERS = systemTable<UserRow>(
  9,
  'users',
  {
    id: integer,
    name: text,
    superuser: boolean,
    login: boolean,
    createDatabase: boolean,
    createRole: boolean,
    inherit: boolean,
    replication: boolean,
    bypassRls: boolean,
    connectionLimit: integer,
    validUntil: text,
    verifier: text,
  },
  ['id'],
  [['name']],
);

export type MembershipRow = {
  readonly role: ObjectId;
  readonly member: ObjectId;
  readonly admin: boolean;
  readonly grantor: ObjectId;
};
export const MEMBERSHIPS = systemTable<MembershipRow>(
  10,
  'memberships',
  { role: integer, member: integer, admin: boolean, grantor: integer },
  ['role', 'member'],
);

/** `object` is a relation, schema or database; grantee 0 = PUBLIC. */
export type GrantRow = {
  readonly object: ObjectId;
  readonly grantee: ObjectId;
  readonly privilege: string;
  readonly grantOption: boolean;
  readonly grantor: ObjectId;
};
export const GRANTS = systemTable<GrantRow>(
  11,
  'grants',
  { object: integer, grantee: integer, privilege: text, grantOption: boolean, grantor: integer },
  ['object', 'grantee', 'privilege'],
);

/** `sub`: a column's position; 0 = the object itself. */
export type CommentRow = { readonly object: ObjectId; readonly sub: number; readonly text: string };
export const COMMENTS = systemTable<CommentRow>(12, 'comments', { object: integer, sub: integer, text }, [
  'object',
  'sub',
]);

/** Settings of a user (ALTER USER … SET) or a database; 0 = every one. */
export type SettingRow = {
  readonly database: ObjectId;
  readonly user: ObjectId;
  readonly name: string;
  readonly value: string;
};
export const SETTINGS = systemTable<SettingRow>(
  13,
  'settings',
  { database: integer, user: integer, name: text, value: text },
  ['database', 'user', 'name'],
);

/** The built-in schema registry's content. */
export type EventSchemaRow = {
  readonly subject: string;
  readonly version: number;
  readonly id: number;
  readonly text: string;
  /** Soft-deleted: no longer listed, still read by its id. */
  readonly deleted: boolean;
};
export const EVENT_SCHEMAS = systemTable<EventSchemaRow>(
  14,
  'event_schemas',
  { subject: text, version: integer, id: integer, text, deleted: boolean },
  ['subject', 'version'],
);

/** Tables that catalogs are built from. */
export const CATALOG_TABLES = [
  DATABASES,
  SCHEMAS,
  RELATIONS,
  COLUMNS,
  CONSTRAINTS,
  INDEXES,
  SEQUENCES,
  USERS,
  MEMBERSHIPS,
  GRANTS,
  COMMENTS,
  SETTINGS,
] as const;

/** Every system table's shape. */
export const SYSTEM_SHAPES: readonly SystemTableShape[] = [...CATALOG_TABLES, SEQUENCE_STATES, EVENT_SCHEMAS].map(
  (table) => table.shape,
);

/** Objects of a fresh cluster. */
export const BOOTSTRAP = {
  superuser: 10 as ObjectId,
  polylogDatabase: 1_001 as ObjectId,
  postgresDatabase: 1_002 as ObjectId,
  polylogPublic: 2_200 as ObjectId,
  postgresPublic: 2_201 as ObjectId,
  /** Schemas that every database has without a row. */
  pgCatalog: 11 as ObjectId,
  informationSchema: 13_000 as ObjectId,
  objectSequence: 1 as ObjectId,
} as const;
