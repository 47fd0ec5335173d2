import {
  BOOTSTRAP,
  type RelationRow,
  type SchemaRow,
  SEQUENCE_STATES,
  type SystemTable,
} from '#schemas/catalog/system-tables.js';
import { FIRST_USER_OBJECT } from '#schemas/events/event.js';
import { assert } from '#schemas/kernel/assert.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import type { ObjectPath } from '#schemas/program/statement.js';
import type { Condition } from '#schemas/sqlstate/conditions.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { keyEncoder } from '#schemas/values/key.js';
import type { Value } from '#schemas/values/value.js';
import type { VisibleRow } from '../../rows/reading.js';
import type { TableLockMode, Transaction } from '../../tx/transaction.js';
import type { CatalogStore } from '../catalog-store.js';
import type { DdlContext } from '../ddl-contract.js';
import type { RelationEntry, TableEntry } from '../entry.js';
import type { SequenceLimits } from '../sequence-pool.js';
import type { CatalogSnapshot } from '../snapshot.js';
import type { SystemRows } from '../system-rows.js';
import { eventShape } from '../table-shape.js';

const OBJECTS: SequenceLimits = {
  id: BOOTSTRAP.objectSequence,
  name: 'objects',
  start: BigInt(FIRST_USER_OBJECT),
  increment: 1n,
  minimum: 1n,
  maximum: 2_147_483_647n,
  cycle: false,
};

const encoders = new Map<ObjectId, (values: readonly Value[]) => string>();

/** One DDL statement at work: writes rows of system tables through its transaction and keeps the snapshot that they come to. */
export class DdlWork {
  readonly store: CatalogStore;
  readonly context: DdlContext;
  readonly transaction: Transaction;
  #rows: SystemRows;
  #snapshot: CatalogSnapshot | null;
  #changed = false;

  constructor(store: CatalogStore, context: DdlContext, snapshot: CatalogSnapshot) {
    this.store = store;
    this.context = context;
    this.transaction = context.transaction;
    this.#rows = snapshot.rows.copy();
    this.#snapshot = snapshot;
  }

  /** The catalog with everything written so far. */
  get snapshot(): CatalogSnapshot {
    this.#snapshot ??= this.store.snapshotOf(this.#rows.copy());
    return this.#snapshot;
  }

  /** True once a row was written. */
  get changed(): boolean {
    return this.#changed;
  }

  get database(): ObjectId {
    return this.context.database.id;
  }

  newId(): ObjectId {
    return Number(this.store.sequences.next(OBJECTS)) as ObjectId;
  }

  notice(condition: Condition, message: string): void {
    this.context.notice('NOTICE', condition, message);
  }

  // ── writing system rows ────────────────────────────────────────────────────────────────────────────────────────────

  async insert<T>(table: SystemTable<T>, record: T): Promise<void> {
    const visible = await this.transaction.insert(table.shape, table.toRow(record));
    this.#apply(table.shape.id, visible.key, visible.row);
  }

  /** Replaces `before`, which must be what stands there now. */
  async update<T>(table: SystemTable<T>, before: T, after: T): Promise<void> {
    const locked = await this.#lock(table, before);
    const visible = await this.transaction.update(table.shape, locked, table.toRow(after));
    this.#apply(table.shape.id, visible.key, visible.row);
  }

  async remove<T>(table: SystemTable<T>, record: T): Promise<void> {
    const locked = await this.#lock(table, record);
    await this.transaction.delete(table.shape, locked);
    this.#apply(table.shape.id, locked.key, null);
  }

  async #lock<T>(table: SystemTable<T>, record: T): Promise<VisibleRow> {
    const { shape } = table;
    let encode = encoders.get(shape.id);
    if (encode === undefined) {
      encode = keyEncoder(shape.key);
      encoders.set(shape.id, encode);
    }
    const row = table.toRow(record);
    const key = encode(shape.key.map((column) => row[column.slot] as Value));
    this.transaction.beginStatement();
    const seen = await this.transaction.get(shape, key);
    if (seen === null) throw concurrentChange();
    const outcome = await this.transaction.lock(shape, seen, 'update', 'block');
    if (outcome.kind === 'locked') return outcome.row;
    // A sequence's state may be newer than our snapshot: values are reserved at any time.
    if (outcome.kind === 'changed' && shape === SEQUENCE_STATES.shape) return outcome.row;
    throw concurrentChange();
  }

  #apply(table: ObjectId, key: string, row: Parameters<SystemRows['apply']>[2]): void {
    this.#rows.apply(table, key, row);
    this.#snapshot = null;
    this.#changed = true;
  }

  /** Registers the event schema of a table's columns as they are now: before any row of that shape is written. */
  async registerShape(relation: ObjectId): Promise<void> {
    const row = this.snapshot.relations.get(relation);
    assert(row !== undefined, 'a table to be registered is not there');
    await this.store.registrar.register(eventShape(this.snapshot.shapeParts(row)));
  }

  // ── names and rights ───────────────────────────────────────────────────────────────────────────────────────────────

  find({ path }: ObjectPath): RelationEntry | null {
    this.#checkDatabase(path);
    return this.snapshot.relation(this.database, path, this.context.searchPath);
  }

  /** The table at `path`, or 42P01; 42809 for anything else than a table. */
  table(path: ObjectPath): TableEntry {
    const entry = this.find(path);
    if (entry === null) throw missingRelation(path);
    if (entry.kind !== 'table') {
      throw new SqlError('wrong_object_type', `"${entry.name}" is not a table`, { token: path.token });
    }
    if (entry.system) throw systemTable(entry.name);
    return entry;
  }

  /** As `table`, locked; the entry is as of after the lock was had. */
  async lockedTable(path: ObjectPath, mode: TableLockMode): Promise<TableEntry> {
    for (;;) {
      const entry = this.table(path);
      const { version } = this.store.current;
      await this.transaction.lockTable(entry.id, mode, false);
      if (this.store.current.version === version) return entry;
      await this.refresh();
      if (this.snapshot.relationById(entry.id) !== null) return this.table(path);
    }
  }

  /** Takes in what others have committed; only before this statement has written anything. */
  async refresh(): Promise<void> {
    if (this.#changed) return;
    const snapshot = await this.store.catalogFor(this.transaction);
    this.#rows = snapshot.rows.copy();
    this.#snapshot = snapshot;
  }

  /** The schema and name for a new object. */
  target({ path, token }: ObjectPath): { readonly schema: SchemaRow; readonly name: string } {
    this.#checkDatabase(path);
    const name = path[path.length - 1] as string;
    if (path.length > 1) {
      const wanted = path[path.length - 2] as string;
      return { schema: this.schema(wanted, token), name };
    }
    for (const candidate of this.context.searchPath) {
      const schema = this.snapshot.schemaNamed(this.database, candidate);
      if (schema !== null) {
        this.requireCreate(schema);
        return { schema, name };
      }
    }
    throw new SqlError('invalid_schema_name', 'no schema has been selected to create in', { token });
  }

  /** A schema in which the user may create. */
  schema(name: string, token: number): SchemaRow {
    const schema = this.snapshot.schemaNamed(this.database, name);
    if (schema === null) {
      if (this.snapshot.virtual.has(name)) {
        throw new SqlError('insufficient_privilege', `permission denied for schema ${name}`, { token });
      }
      throw new SqlError('invalid_schema_name', `schema "${name}" does not exist`, { token });
    }
    this.requireCreate(schema);
    return schema;
  }

  #checkDatabase(path: readonly string[]): void {
    if (path.length === 3 && path[0] !== this.context.database.name) {
      throw new SqlError('feature_not_supported', `cross-database references are not implemented: "${path.join('.')}"`);
    }
    if (path.length > 3) {
      throw new SqlError('syntax_error', `improper qualified name (too many dotted names): ${path.join('.')}`);
    }
  }

  /** True for the owner, members of the owning role, and superusers. */
  owns(owner: ObjectId): boolean {
    const { user } = this.context;
    return user.superuser || this.isMember(user.id, owner);
  }

  isMember(user: ObjectId, role: ObjectId): boolean {
    if (user === role) return true;
    const seen = new Set<ObjectId>([user]);
    const queue = [user];
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      for (const parent of this.snapshot.userById(id)?.memberOf ?? []) {
        if (parent === role) return true;
        if (!seen.has(parent)) {
          seen.add(parent);
          queue.push(parent);
        }
      }
    }
    return false;
  }

  requireOwner(kind: string, name: string, owner: ObjectId): void {
    if (!this.owns(owner)) throw new SqlError('insufficient_privilege', `must be owner of ${kind} ${name}`);
  }

  requireCreate(schema: SchemaRow): void {
    if (
      this.owns(schema.owner) ||
      this.isMember(this.context.user.id, this.snapshot.databases.get(schema.database)?.owner ?? schema.owner)
    )
      return;
    const allowed = this.snapshot
      .grantsOf(schema.id)
      .some(
        (grant) =>
          grant.privileges.includes('create') &&
          (grant.grantee === 0 || this.isMember(this.context.user.id, grant.grantee)),
      );
    if (!allowed) throw new SqlError('insufficient_privilege', `permission denied for schema ${schema.name}`);
  }

  /** 42P07 when a relation of that name is there already. */
  requireFreeName(schema: SchemaRow, name: string): void {
    if (this.snapshot.relationNamed(schema.id, name) !== null) {
      throw new SqlError('duplicate_table', `relation "${name}" already exists`);
    }
  }

  /** The relation's row; it must be there. */
  relationRow(id: ObjectId): RelationRow {
    const row = this.snapshot.relations.get(id);
    assert(row !== undefined, 'a relation is not in the catalog');
    return row;
  }
}

export function missingRelation({ path, token }: ObjectPath): SqlError {
  return new SqlError('undefined_table', `relation "${path.join('.')}" does not exist`, { token });
}

function systemTable(name: string): SqlError {
  return new SqlError('insufficient_privilege', `permission denied: "${name}" is a system catalog`);
}

function concurrentChange(): SqlError {
  return new SqlError('serialization_failure', 'could not serialize access due to concurrent change of the catalog', {
    hint: 'The transaction might succeed if retried.',
  });
}
