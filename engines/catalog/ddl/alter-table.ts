import { CONSTRAINTS, RELATIONS, type RelationRow } from '#schemas/catalog/system-tables.js';
import { encodeProgram } from '#schemas/program/encode.js';
import type { AlterTable, AlterTableAction } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { RelationEntry, TableEntry } from '../entry.js';
import { viewQuery } from '../snapshot-records.js';
import {
  addColumnAction,
  dropColumn,
  dropDefault,
  dropNotNull,
  renameColumnAction,
  setDefault,
  setNotNullAction,
  setType,
} from './alter-column.js';
import { addConstraint } from './constraints.js';
import { dependentKeys, removeConstraint, settleDependents, viewsOn } from './dependents.js';
import { renameTable } from './tree.js';
import { userRow } from './users.js';
import { type DdlWork, missingRelation } from './work.js';

const VERBS: Readonly<Record<RelationRow['kind'], string>> = {
  table: 'ALTER TABLE',
  view: 'ALTER VIEW',
  sequence: 'ALTER SEQUENCE',
  index: 'ALTER INDEX',
};

/** Actions that any relation takes. */
const GENERAL: ReadonlySet<AlterTableAction['kind']> = new Set<AlterTableAction['kind']>([
  'rename-table',
  'set-schema',
  'owner',
]);

export async function alterTable(statement: AlterTable, work: DdlWork): Promise<string> {
  const entry = work.find(statement.path);
  if (entry === null) {
    if (!statement.ifExists) throw missingRelation(statement.path);
    work.notice('successful_completion', `relation "${statement.path.path.join('.')}" does not exist, skipping`);
    return 'ALTER TABLE';
  }
  const row = work.snapshot.relations.get(entry.id);
  if (row === undefined)
    throw new SqlError('insufficient_privilege', `permission denied: "${entry.name}" is a system catalog`);
  work.requireOwner(row.kind, row.name, row.owner);
  await work.transaction.lockTable(row.parent ?? row.id, 'access-exclusive', false);
  await work.refresh();
  for (const action of statement.actions) {
    if (GENERAL.has(action.kind)) await alterRelation(work, entry, action);
    else await alterOne(work, work.snapshot.relationById(entry.id), action, statement);
  }
  return VERBS[row.kind];
}

async function alterOne(
  work: DdlWork,
  entry: RelationEntry | null,
  action: AlterTableAction,
  statement: AlterTable,
): Promise<void> {
  if (entry?.kind !== 'table') {
    throw new SqlError(
      'wrong_object_type',
      `ALTER action cannot be performed on relation "${statement.path.path.at(-1)}"`,
      { token: statement.path.token },
    );
  }
  switch (action.kind) {
    case 'add-column':
      return addColumnAction(work, entry, action);
    case 'drop-column':
      return dropColumn(work, entry, action);
    case 'rename-column':
      return renameColumnAction(work, entry, action);
    case 'set-default':
      return setDefault(work, entry, action);
    case 'drop-default':
      return dropDefault(work, entry, action);
    case 'set-not-null':
      return setNotNullAction(work, entry, action);
    case 'drop-not-null':
      return dropNotNull(work, entry, action);
    case 'set-type':
      return setType(work, entry, action);
    case 'add-constraint':
      return addConstraint(work, entry.id, action.constraint, action.notValid);
    case 'drop-constraint':
      return dropConstraint(work, entry, action);
    case 'rename-constraint':
      return renameConstraint(work, entry, action);
    default:
      throw new SqlError('feature_not_supported', `ALTER TABLE action "${action.kind}" is not supported`, {
        token: 'token' in action ? action.token : statement.path.token,
      });
  }
}

async function dropConstraint(
  work: DdlWork,
  table: TableEntry,
  action: Extract<AlterTableAction, { kind: 'drop-constraint' }>,
): Promise<void> {
  const constraint = work.snapshot.constraintsOf(table.id).find((row) => row.name === action.name);
  if (constraint === undefined) {
    if (!action.ifExists) {
      throw new SqlError('undefined_object', `constraint "${action.name}" of relation "${table.name}" does not exist`, {
        token: action.token,
      });
    }
    work.notice(
      'successful_completion',
      `constraint "${action.name}" of relation "${table.name}" does not exist, skipping`,
    );
    return;
  }
  await settleDependents(
    work,
    `constraint ${action.name} on table ${table.name}`,
    dependentKeys(work, constraint),
    action.cascade,
  );
  await removeConstraint(work, constraint);
}

async function renameConstraint(
  work: DdlWork,
  table: TableEntry,
  action: Extract<AlterTableAction, { kind: 'rename-constraint' }>,
): Promise<void> {
  const constraint = work.snapshot.constraintsOf(table.id).find((row) => row.name === action.name);
  if (constraint === undefined) {
    throw new SqlError('undefined_object', `constraint "${action.name}" for table "${table.name}" does not exist`, {
      token: action.token,
    });
  }
  if (work.snapshot.constraintsOf(table.id).some((row) => row.name === action.to)) {
    throw new SqlError('duplicate_object', `constraint "${action.to}" for relation "${table.name}" already exists`);
  }
  await work.update(CONSTRAINTS, constraint, { ...constraint, name: action.to });
  if (constraint.index === null) return;
  const index = work.relationRow(constraint.index);
  requireFree(work, index, action.to);
  await work.update(RELATIONS, index, { ...index, name: action.to });
}

function requireFree(work: DdlWork, relation: RelationRow, name: string): void {
  if (work.snapshot.relationNamed(relation.schema, name) !== null) {
    throw new SqlError('duplicate_table', `relation "${name}" already exists`);
  }
}

async function alterRelation(work: DdlWork, entry: RelationEntry, action: AlterTableAction): Promise<void> {
  const row = work.relationRow(entry.id);
  if (action.kind === 'rename-table') return rename(work, row, action.to);
  if (action.kind === 'set-schema') return moveToSchema(work, row, action.schema, action.token);
  if (action.kind === 'owner') {
    const owner = userRow(work, action.user, action.token);
    if (!work.context.user.superuser && !work.isMember(work.context.user.id, owner.id)) {
      throw new SqlError('insufficient_privilege', `must be member of role "${owner.name}"`);
    }
    for (const part of [row, ...parts(work, row)]) await work.update(RELATIONS, part, { ...part, owner: owner.id });
  }
}

/** Indexes and owned sequences of a table. */
function parts(work: DdlWork, table: RelationRow): RelationRow[] {
  const indexes = work.snapshot.indexesOf(table.id).map((index) => work.relationRow(index.id));
  const owned = [...work.snapshot.sequences.values()].filter((sequence) => sequence.ownedTable === table.id);
  return [...indexes, ...owned.map((sequence) => work.relationRow(sequence.id))];
}

async function rename(work: DdlWork, row: RelationRow, to: string): Promise<void> {
  requireFree(work, row, to);
  const schema = work.snapshot.schemaName(row.schema);
  await updateNamed(work, row, { ...row, name: to });
  await renameInViews(work, row, [schema, row.name], [schema, to]);
  if (row.kind !== 'index' || row.parent === null) return;
  const constraint = work.snapshot.constraintsOf(row.parent).find((candidate) => candidate.index === row.id);
  if (constraint !== undefined) await work.update(CONSTRAINTS, constraint, { ...constraint, name: to });
}

async function moveToSchema(work: DdlWork, row: RelationRow, name: string, token: number): Promise<void> {
  const schema = work.schema(name, token);
  if (schema.id === row.schema) return;
  const before = work.snapshot.schemaName(row.schema);
  const all = row.kind === 'table' ? [row, ...parts(work, row)] : [row];
  for (const part of all) {
    if (work.snapshot.relationNamed(schema.id, part.name) !== null) {
      throw new SqlError('duplicate_table', `relation "${part.name}" already exists in schema "${name}"`);
    }
  }
  for (const part of all) await updateNamed(work, part, { ...part, schema: schema.id });
  await renameInViews(work, row, [before, row.name], [name, row.name]);
}

/** A table's events carry its name: a new name is a new version of their schema. */
async function updateNamed(work: DdlWork, before: RelationRow, after: RelationRow): Promise<void> {
  const isTable = before.kind === 'table';
  await work.update(RELATIONS, before, isTable ? { ...after, schemaVersion: (after.schemaVersion ?? 0) + 1 } : after);
  if (isTable) await work.registerShape(before.id);
}

async function renameInViews(
  work: DdlWork,
  relation: RelationRow,
  from: readonly [string, string],
  to: readonly [string, string],
): Promise<void> {
  for (const view of viewsOn(work, relation.id)) {
    const query = renameTable(viewQuery(view), from, to);
    await work.update(RELATIONS, view, { ...view, program: encodeProgram({ kind: 'query', query }) });
  }
}
