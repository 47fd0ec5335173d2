import { COLUMNS, CONSTRAINTS, type ConstraintRow, type IndexRow, RELATIONS } from '#schemas/catalog/system-tables.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import { encodeExpression } from '#schemas/program/encode.js';
import type { ForeignKey, TableConstraint } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import { printTypeKind } from '#schemas/values/type-name.js';
import type { ColumnEntry, TableEntry } from '../entry.js';
import { indexColumns } from '../snapshot-records.js';
import { addIndex, indexNameFor, plainColumn, verifyIndex } from './indexes.js';
import { freeConstraintName } from './names.js';
import { checkForeignKey, checkNotNull, checkRows, copyRows, isEmpty, notUnique } from './rows.js';
import { columnsIn } from './tree.js';
import type { DdlWork } from './work.js';

type KeyConstraint = Extract<TableConstraint, { kind: 'primary-key' | 'unique' }>;
type Check = Extract<TableConstraint, { kind: 'check' }>;

const PLAIN: Omit<ConstraintRow, 'id' | 'relation' | 'name' | 'kind' | 'slots'> = {
  index: null,
  references: null,
  referencedSlots: null,
  referencedIndex: null,
  match: null,
  onDelete: null,
  onUpdate: null,
  deferrable: false,
  initiallyDeferred: false,
  program: null,
  text: null,
  validated: true,
};

/** Adds a constraint to a table that may hold rows: they are checked, and a primary key rewrites them in its order. `notValid` leaves them unchecked. */
export async function addConstraint(
  work: DdlWork,
  table: ObjectId,
  constraint: TableConstraint,
  notValid: boolean,
): Promise<void> {
  const entry = work.snapshot.relationById(table) as TableEntry;
  switch (constraint.kind) {
    case 'primary-key':
      return addPrimaryKey(work, entry, constraint);
    case 'unique':
      return addUnique(work, entry, constraint);
    case 'check':
      return addCheck(work, entry, constraint, notValid);
    case 'foreign-key':
      return addForeignKey(work, entry, constraint, notValid);
  }
}

function keyColumns(table: TableEntry, names: readonly string[], token: number): ColumnEntry[] {
  const columns = names.map((name) => {
    const column = table.columns.find((c) => c.name === name);
    if (column === undefined)
      throw new SqlError('undefined_column', `column "${name}" named in key does not exist`, { token });
    return column;
  });
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new SqlError('duplicate_column', `column "${twice}" appears twice in unique constraint`, { token });
  }
  for (const { name, type } of columns) {
    if (type.kind === 'json') {
      throw new SqlError('undefined_object', `data type json has no default operator class for access method "btree"`, {
        hint: 'You must specify an operator class for the index or define a default operator class for the data type.',
        column: name,
      });
    }
  }
  return columns;
}

function requireFreeConstraint(work: DdlWork, table: TableEntry, name: string, hasIndex: boolean): void {
  if (hasIndex && work.snapshot.relationNamed(work.relationRow(table.id).schema, name) !== null) {
    throw new SqlError('duplicate_table', `relation "${name}" already exists`);
  }
  if (work.snapshot.constraintsOf(table.id).some((c) => c.name === name)) {
    throw new SqlError('duplicate_object', `constraint "${name}" for relation "${table.name}" already exists`);
  }
}

async function addPrimaryKey(work: DdlWork, table: TableEntry, constraint: KeyConstraint): Promise<void> {
  if (table.uniqueConstraints.some((c) => c.primary)) {
    throw new SqlError('invalid_table_definition', `multiple primary keys for table "${table.name}" are not allowed`, {
      token: constraint.token,
    });
  }
  const columns = keyColumns(table, constraint.columns, constraint.token);
  const name = constraint.name ?? indexNameFor(work, table, constraint.columns, 'pkey');
  requireFreeConstraint(work, table, name, true);
  const empty = await isEmpty(work, table.shape);
  for (const column of columns) {
    if (!empty && !column.notNull) await checkNotNull(work, table, column.slot, column.name);
    await setNotNull(work, table.id, column.slot);
  }
  const index = await addIndex(work, table, {
    name,
    unique: true,
    rowKey: true,
    columns: columns.map((column) => plainColumn(column.slot)),
    expressions: [],
    include: [],
    predicate: null,
  });
  const slots = columns.map((column) => column.slot);
  await work.insert(CONSTRAINTS, {
    ...PLAIN,
    id: work.newId(),
    relation: table.id,
    name,
    kind: 'primary',
    slots,
    index: index.id,
  });
  // Rows are kept under their key: those that are there move to a new generation in the key's order. An empty table has nothing to move.
  if (!empty) await rekey(work, table, name);
}

export async function setNotNull(work: DdlWork, table: ObjectId, slot: number): Promise<void> {
  const row = work.snapshot.columnsOf(table).find((column) => column.slot === slot && !column.dropped);
  if (row !== undefined && !row.notNull) await work.update(COLUMNS, row, { ...row, notNull: true });
}

/** Gives the table a new generation of rows and copies those of `before` into it; `constraint` is what a duplicate is reported for. */
export async function rekey(work: DdlWork, before: TableEntry, constraint: string): Promise<void> {
  const row = work.relationRow(before.id);
  await work.update(RELATIONS, row, { ...row, generation: work.newId() });
  await work.registerShape(before.id);
  const after = work.snapshot.relationById(before.id) as TableEntry;
  try {
    await copyRows(work, before.shape, after.shape);
  } catch (error) {
    if (!(error instanceof SqlError) || error.condition !== 'unique_violation') throw error;
    throw notUnique(constraint, before, (error.details.detail ?? '').replace('already exists', 'is duplicated'));
  }
}

async function addUnique(work: DdlWork, table: TableEntry, constraint: KeyConstraint): Promise<void> {
  const columns = keyColumns(table, constraint.columns, constraint.token);
  const name = constraint.name ?? indexNameFor(work, table, constraint.columns, 'key');
  requireFreeConstraint(work, table, name, true);
  const slots = columns.map((column) => column.slot);
  const index = await addIndex(work, table, {
    name,
    unique: true,
    rowKey: false,
    columns: slots.map(plainColumn),
    expressions: [],
    include: [],
    predicate: null,
  });
  await work.insert(CONSTRAINTS, {
    ...PLAIN,
    id: work.newId(),
    relation: table.id,
    name,
    kind: 'unique',
    slots,
    index: index.id,
  });
  await verifyIndex(work, table.id, index.id);
}

async function addCheck(work: DdlWork, table: TableEntry, constraint: Check, notValid: boolean): Promise<void> {
  const compiled = work.store.compiler.compile(constraint.expression, table.name, table.columns, { kind: 'boolean' });
  const used = columnsIn(constraint.expression).filter((name) => table.columns.some((c) => c.name === name));
  const name =
    constraint.name ??
    freeConstraintName(work.snapshot, table.id, table.name, used.length === 1 ? (used[0] as string) : null, 'check');
  requireFreeConstraint(work, table, name, false);
  if (!notValid) await checkRows(work, table, name, compiled);
  await work.insert(CONSTRAINTS, {
    ...PLAIN,
    id: work.newId(),
    relation: table.id,
    name,
    kind: 'check',
    slots: table.columns.filter((c) => used.includes(c.name)).map((c) => c.slot),
    program: encodeExpression(constraint.expression),
    text: constraint.text,
    validated: !notValid,
  });
}

async function addForeignKey(
  work: DdlWork,
  table: TableEntry,
  constraint: ForeignKey,
  notValid: boolean,
): Promise<void> {
  const columns = constraint.columns.map((name) => {
    const column = table.columns.find((c) => c.name === name);
    if (column === undefined) {
      throw new SqlError('undefined_column', `column "${name}" referenced in foreign key constraint does not exist`, {
        token: constraint.token,
      });
    }
    return column;
  });
  const found = work.table(constraint.references);
  if (found.id !== table.id) await work.transaction.lockTable(found.id, 'share-row-exclusive', false);
  const parent = found.id === table.id ? table : found;
  requireReferences(work, parent);
  const { referenced, index } = referencedKey(work, parent, constraint);
  if (referenced.length !== columns.length) {
    throw new SqlError('invalid_foreign_key', 'number of referencing and referenced columns for foreign key disagree', {
      token: constraint.token,
    });
  }
  const name =
    constraint.name ?? freeConstraintName(work.snapshot, table.id, table.name, constraint.columns.join('_'), 'fkey');
  requireFreeConstraint(work, table, name, false);
  for (const [i, column] of columns.entries()) requireComparable(name, column, referenced[i] as ColumnEntry);
  const slots = columns.map((c) => c.slot);
  const referencedSlots = referenced.map((c) => c.slot);
  await work.insert(CONSTRAINTS, {
    ...PLAIN,
    id: work.newId(),
    relation: table.id,
    name,
    kind: 'foreign',
    slots,
    references: parent.id,
    referencedSlots,
    referencedIndex: index,
    match: constraint.match,
    onDelete: constraint.onDelete,
    onUpdate: constraint.onUpdate,
    deferrable: constraint.deferrable,
    initiallyDeferred: constraint.initiallyDeferred,
    validated: !notValid,
  });
  if (!notValid)
    await checkForeignKey(work, table, { name, slots, parent, parentSlots: referencedSlots, match: constraint.match });
}

function requireReferences(work: DdlWork, parent: TableEntry): void {
  if (work.owns(parent.owner)) return;
  const allowed = parent.grants.some(
    (grant) =>
      grant.privileges.includes('references') &&
      (grant.grantee === 0 || work.isMember(work.context.user.id, grant.grantee)),
  );
  if (!allowed) throw new SqlError('insufficient_privilege', `permission denied for table ${parent.name}`);
}

/** The columns that a foreign key refers to, and the unique index over them (null = the row key). */
function referencedKey(
  work: DdlWork,
  parent: TableEntry,
  constraint: ForeignKey,
): { referenced: ColumnEntry[]; index: ObjectId | null } {
  const bySlot = (slot: number): ColumnEntry => parent.columns.find((c) => c.slot === slot) as ColumnEntry;
  const indexes = work.snapshot.indexesOf(parent.id).filter((index) => index.unique && index.predicate === null);
  if (constraint.referencedColumns.length === 0) {
    const key = indexes.find((index) => index.rowKey);
    if (key === undefined) {
      throw new SqlError('undefined_object', `there is no primary key for referenced table "${parent.name}"`, {
        token: constraint.token,
      });
    }
    return { referenced: slotsOf(key).map(bySlot), index: null };
  }
  const referenced = constraint.referencedColumns.map((name) => {
    const column = parent.columns.find((c) => c.name === name);
    if (column === undefined) {
      throw new SqlError('undefined_column', `column "${name}" referenced in foreign key constraint does not exist`, {
        token: constraint.token,
      });
    }
    return column;
  });
  const wanted = new Set(referenced.map((c) => c.slot));
  const serves = (index: IndexRow): boolean => {
    const slots = slotsOf(index);
    return (
      slots.length === referenced.length && wanted.size === slots.length && slots.every((slot) => wanted.has(slot))
    );
  };
  const match = indexes.find((index) => index.rowKey && serves(index)) ?? indexes.find(serves);
  if (match === undefined) {
    throw new SqlError(
      'invalid_foreign_key',
      `there is no unique constraint matching given keys for referenced table "${parent.name}"`,
      {
        token: constraint.token,
      },
    );
  }
  return { referenced, index: match.rowKey ? null : match.id };
}

/** Expressions have slot -1, which no column has. */
function slotsOf(index: IndexRow): number[] {
  return indexColumns(index).map((column) => column.slot ?? -1);
}

const FAMILIES: ReadonlyArray<ReadonlySet<string>> = [
  new Set(['smallint', 'integer', 'bigint', 'numeric', 'real', 'double', 'oid']),
  new Set(['text', 'varchar', 'char', 'name']),
  new Set(['date', 'timestamp', 'timestamptz']),
];

function requireComparable(name: string, column: ColumnEntry, referenced: ColumnEntry): void {
  const a: SqlType = column.type;
  const b: SqlType = referenced.type;
  if (a.kind === b.kind || FAMILIES.some((family) => family.has(a.kind) && family.has(b.kind))) return;
  throw new SqlError('datatype_mismatch', `foreign key constraint "${name}" cannot be implemented`, {
    detail: `Key columns "${column.name}" and "${referenced.name}" are of incompatible types: ${printTypeKind(a)} and ${printTypeKind(b)}.`,
  });
}
