import type {
  ColumnRow,
  ConstraintRow,
  IndexRow,
  RelationRow,
  SchemaRow,
  SequenceRow,
} from '#schemas/catalog/system-tables.js';
import * as tables from '#schemas/catalog/system-tables.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import type { TableShape } from '../rows/shape.js';
import type {
  Catalog,
  DatabaseEntry,
  ForeignKeyEntry,
  Grant,
  IndexEntry,
  RelationEntry,
  SchemaEntry,
  SequenceEntry,
  TableEntry,
  UserEntry,
  ViewEntry,
  VirtualTableEntry,
} from './entry.js';
import { checkEntry, columnEntry, foreignKeyEntry, sequenceFields, viewQuery } from './snapshot-records.js';
import type { SystemRows } from './system-rows.js';
import type { ShapeFactory, ShapeParts } from './table-shape.js';

/** Tables that are computed: the same in every database, by schema and name. */
export type VirtualTables = ReadonlyMap<string, ReadonlyMap<string, VirtualTableEntry>>;

/** The schema under which system tables may be read. Verifiers of passwords are not among them. */
const SYSTEM_SCHEMA = 'polylog';

const NO_ROWS: readonly never[] = [];

function grouped<T, K>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** The catalog at one moment. Entries are made when they are first asked for; rows of system tables are at hand for DDL and for the catalog's views. */
export class CatalogSnapshot implements Catalog {
  readonly version: number;
  readonly rows: SystemRows;
  readonly virtual: VirtualTables;
  readonly #shapes: ShapeFactory;
  readonly databases = new Map<ObjectId, DatabaseEntry>();
  readonly #databasesByName = new Map<string, DatabaseEntry>();
  readonly schemas = new Map<ObjectId, SchemaRow>();
  readonly #schemasByName = new Map<string, SchemaRow>();
  readonly relations = new Map<ObjectId, RelationRow>();
  readonly #relationsByName = new Map<string, RelationRow>();
  readonly users = new Map<ObjectId, UserEntry>();
  readonly #usersByName = new Map<string, UserEntry>();
  readonly #columns: Map<ObjectId, ColumnRow[]>;
  readonly #constraints: Map<ObjectId, ConstraintRow[]>;
  readonly #references: Map<ObjectId | null, ConstraintRow[]>;
  readonly indexes = new Map<ObjectId, IndexRow>();
  readonly #indexesOf: Map<ObjectId, IndexRow[]>;
  readonly sequences = new Map<ObjectId, SequenceRow>();
  readonly #grants: Map<ObjectId, Grant[]>;
  readonly #entries = new Map<ObjectId, RelationEntry>();
  readonly #generations = new Map<ObjectId, RelationRow>();

  constructor(version: number, rows: SystemRows, shapes: ShapeFactory, virtual: VirtualTables) {
    this.version = version;
    this.rows = rows;
    this.virtual = virtual;
    this.#shapes = shapes;
    for (const row of rows.of(tables.DATABASES)) {
      this.databases.set(row.id, row);
      this.#databasesByName.set(row.name, row);
    }
    for (const row of rows.of(tables.SCHEMAS)) {
      this.schemas.set(row.id, row);
      this.#schemasByName.set(`${row.database}/${row.name}`, row);
    }
    for (const row of rows.of(tables.RELATIONS)) {
      this.relations.set(row.id, row);
      this.#relationsByName.set(`${row.schema}/${row.name}`, row);
      if (row.generation !== null) this.#generations.set(row.generation, row);
    }
    this.#columns = grouped(rows.of(tables.COLUMNS), (column) => column.relation);
    this.#constraints = grouped(rows.of(tables.CONSTRAINTS), (constraint) => constraint.relation);
    this.#references = grouped(rows.of(tables.CONSTRAINTS), (constraint) => constraint.references);
    for (const row of rows.of(tables.INDEXES)) this.indexes.set(row.id, row);
    this.#indexesOf = grouped(rows.of(tables.INDEXES), (index) => index.relation);
    for (const row of rows.of(tables.SEQUENCES)) this.sequences.set(row.id, row);
    this.#grants = grantsByObject(rows);
    this.#addUsers();
  }

  #addUsers(): void {
    const roles = grouped(this.rows.of(tables.MEMBERSHIPS), (membership) => membership.member);
    for (const row of this.rows.of(tables.USERS)) {
      const memberOf = (roles.get(row.id) ?? NO_ROWS).map((membership) => membership.role);
      const { id, name, superuser, login, createDatabase, createRole, verifier, connectionLimit, validUntil } = row;
      const rights = { superuser, login, createDatabase, createRole };
      const entry: UserEntry = { id, name, ...rights, verifier, connectionLimit, validUntil, memberOf };
      this.users.set(id, entry);
      this.#usersByName.set(name, entry);
    }
  }

  // ── what the binder asks ───────────────────────────────────────────────────────────────────────────────────────────

  database(name: string): DatabaseEntry | null {
    return this.#databasesByName.get(name) ?? null;
  }

  relation(database: ObjectId, path: readonly string[], searchPath: readonly string[]): RelationEntry | null {
    if (path.length === 1) {
      const name = path[0] as string;
      const own = this.virtual.get('pg_catalog')?.get(name);
      if (own !== undefined) return own;
      for (const schema of searchPath) {
        const found = this.#inSchema(database, schema, name);
        if (found !== null) return found;
      }
      return null;
    }
    if (path.length === 2) return this.#inSchema(database, path[0] as string, path[1] as string);
    if (path.length !== 3 || this.databases.get(database)?.name !== path[0]) return null;
    return this.#inSchema(database, path[1] as string, path[2] as string);
  }

  #inSchema(database: ObjectId, schema: string, name: string): RelationEntry | null {
    const virtual = this.virtual.get(schema)?.get(name);
    if (virtual !== undefined) return virtual;
    const row = this.#schemasByName.get(`${database}/${schema}`);
    if (row !== undefined) {
      const relation = this.#relationsByName.get(`${row.id}/${name}`);
      if (relation !== undefined) return this.relationById(relation.id);
    }
    return schema === SYSTEM_SCHEMA ? (SYSTEM_ENTRIES.get(name) ?? null) : null;
  }

  relationById(id: ObjectId): RelationEntry | null {
    let entry = this.#entries.get(id);
    if (entry === undefined) {
      const row = this.relations.get(id);
      if (row === undefined) return virtualById(this.virtual, id);
      entry = this.#entry(row);
      this.#entries.set(id, entry);
    }
    return entry;
  }

  schema(database: ObjectId, name: string): SchemaEntry | null {
    const row = this.#schemasByName.get(`${database}/${name}`);
    if (row !== undefined) return { ...row, grants: this.grantsOf(row.id) };
    if (name === 'pg_catalog') return builtInSchema(tables.BOOTSTRAP.pgCatalog, database, name);
    return name === 'information_schema' ? builtInSchema(tables.BOOTSTRAP.informationSchema, database, name) : null;
  }

  user(name: string): UserEntry | null {
    return this.#usersByName.get(name) ?? null;
  }

  userById(id: ObjectId): UserEntry | null {
    return this.users.get(id) ?? null;
  }

  // ── what DDL and the catalog's views ask ───────────────────────────────────────────────────────────────────────────

  /** The table whose current generation of rows is `generation`. */
  shapeOfGeneration(generation: ObjectId): TableShape | null {
    const row = this.#generations.get(generation);
    if (row === undefined) return null;
    const entry = this.relationById(row.id);
    return entry?.kind === 'table' ? entry.shape : null;
  }

  generations(): Iterable<ObjectId> {
    return this.#generations.keys();
  }

  grantsOf(object: ObjectId): readonly Grant[] {
    return this.#grants.get(object) ?? NO_ROWS;
  }

  /** Columns of a table or view by slot, dropped ones too. */
  columnsOf(relation: ObjectId): readonly ColumnRow[] {
    return this.#columns.get(relation) ?? NO_ROWS;
  }

  constraintsOf(relation: ObjectId): readonly ConstraintRow[] {
    return this.#constraints.get(relation) ?? NO_ROWS;
  }

  /** Foreign keys to a table. */
  referencesTo(relation: ObjectId): readonly ConstraintRow[] {
    return this.#references.get(relation) ?? NO_ROWS;
  }

  indexesOf(relation: ObjectId): readonly IndexRow[] {
    return this.#indexesOf.get(relation) ?? NO_ROWS;
  }

  schemaNamed(database: ObjectId, name: string): SchemaRow | null {
    return this.#schemasByName.get(`${database}/${name}`) ?? null;
  }

  relationNamed(schema: ObjectId, name: string): RelationRow | null {
    return this.#relationsByName.get(`${schema}/${name}`) ?? null;
  }

  schemaName(id: ObjectId): string {
    return this.schemas.get(id)?.name ?? '';
  }

  #entry(row: RelationRow): RelationEntry {
    const base = {
      id: row.id,
      database: row.database,
      schema: this.schemaName(row.schema),
      name: row.name,
      owner: row.owner,
      grants: this.grantsOf(row.id),
    };
    switch (row.kind) {
      case 'table':
        return this.#table(row, base);
      case 'view': {
        const columns = [...this.columnsOf(row.id)].sort((a, b) => a.position - b.position).map(columnEntry);
        const view: ViewEntry = { kind: 'view', ...base, columns, query: viewQuery(row), text: row.text ?? '' };
        return view;
      }
      case 'sequence': {
        const sequence: SequenceEntry = {
          kind: 'sequence',
          ...base,
          ...sequenceFields(this.sequences.get(row.id) as SequenceRow),
        };
        return sequence;
      }
      default: {
        const table = this.relationById(row.parent as ObjectId) as TableEntry;
        const shape = table.shape.indexes.find((index) => index.id === row.id) ?? null;
        const { owner: _owner, grants: _grants, ...names } = base;
        const index: IndexEntry = { kind: 'index', ...names, table: table.id, shape };
        return index;
      }
    }
  }

  /** The parts of a table's shape. */
  shapeParts(row: RelationRow): ShapeParts {
    const constraints = this.constraintsOf(row.id);
    const key = constraints.find((constraint) => constraint.kind === 'primary');
    const indexes = this.indexesOf(row.id);
    const keyIndex = indexes.find((index) => index.rowKey);
    const named = (index: IndexRow): { row: IndexRow; name: string } => ({
      row: index,
      name: this.relations.get(index.id)?.name ?? '',
    });
    return {
      relation: row,
      database: this.databases.get(row.database)?.name ?? '',
      schema: this.schemaName(row.schema),
      columns: [...this.columnsOf(row.id)].sort((a, b) => a.slot - b.slot),
      primary: keyIndex === undefined || key === undefined ? null : { index: keyIndex, name: key.name },
      indexes: indexes.filter((index) => !index.rowKey).map(named),
    };
  }

  #table(
    row: RelationRow,
    base: Omit<
      TableEntry,
      'kind' | 'columns' | 'shape' | 'checks' | 'foreignKeys' | 'referencedBy' | 'uniqueConstraints' | 'system'
    >,
  ): TableEntry {
    const shape = this.#shapes.table(this.shapeParts(row));
    const constraints = this.constraintsOf(row.id);
    const foreign = (list: readonly ConstraintRow[]): ForeignKeyEntry[] =>
      list.filter((c) => c.kind === 'foreign').map(foreignKeyEntry);
    return {
      kind: 'table',
      ...base,
      columns: this.columnsOf(row.id)
        .filter((column) => !column.dropped)
        .sort((a, b) => a.position - b.position)
        .map(columnEntry),
      shape,
      checks: constraints.filter((c) => c.kind === 'check').map(checkEntry),
      foreignKeys: foreign(constraints),
      referencedBy: foreign(this.referencesTo(row.id)),
      uniqueConstraints: constraints
        .filter((c) => c.kind === 'primary' || c.kind === 'unique')
        .map((c) => ({
          name: c.name,
          index: shape.indexes.find((index) => index.id === c.index) ?? null,
          primary: c.kind === 'primary',
        })),
      system: false,
    };
  }
}

function builtInSchema(id: ObjectId, database: ObjectId, name: string): SchemaEntry {
  return {
    id,
    database,
    name,
    owner: tables.BOOTSTRAP.superuser,
    grants: [{ grantee: 0 as ObjectId, privileges: ['usage'], grantOption: false }],
  };
}

function virtualById(virtual: VirtualTables, id: ObjectId): VirtualTableEntry | null {
  for (const schema of virtual.values()) {
    for (const entry of schema.values()) if (entry.id === id) return entry;
  }
  return null;
}

/** Rows of one grantee and grant option become one grant with several privileges. */
function grantsByObject(rows: SystemRows): Map<ObjectId, Grant[]> {
  const byObject = new Map<ObjectId, Grant[]>();
  for (const [object, list] of grouped(rows.of(tables.GRANTS), (grant) => grant.object)) {
    const groups = grouped(list, (grant) => `${grant.grantee}/${grant.grantOption}`);
    byObject.set(
      object,
      [...groups.values()].map((group) => {
        const { grantee, grantOption } = group[0] as tables.GrantRow;
        return { grantee, grantOption, privileges: group.map((grant) => grant.privilege) };
      }),
    );
  }
  return byObject;
}

/** System tables as tables that can be read. */
const SYSTEM_ENTRIES: ReadonlyMap<string, TableEntry> = new Map(
  tables.SYSTEM_SHAPES.filter((shape) => shape !== tables.USERS.shape).map((shape) => [
    shape.event.name,
    {
      kind: 'table',
      id: shape.id,
      database: 0 as ObjectId,
      schema: SYSTEM_SCHEMA,
      name: shape.event.name,
      owner: tables.BOOTSTRAP.superuser,
      grants: [],
      columns: shape.event.columns.map((column) => ({
        name: column.name,
        type: column.type,
        slot: column.slot,
        notNull: false,
        default: null,
        generated: null,
        identity: null,
      })),
      shape,
      checks: [],
      foreignKeys: [],
      referencedBy: [],
      uniqueConstraints: [],
      system: true,
    },
  ]),
);
