import {
  CONSTRAINTS,
  DATABASES,
  MEMBERSHIPS,
  type RelationRow,
  SCHEMAS,
  SETTINGS,
  USERS,
} from '#schemas/catalog/system-tables.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import type { ObjectPath, Statement } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import {
  type Dependent,
  dependentsOf,
  describe,
  dropRelation,
  forget,
  removeIndex,
  settleDependents,
} from './dependents.js';
import type { DdlWork } from './work.js';

type Drop = Extract<Statement, { kind: 'drop' }>;

export async function drop(statement: Drop, work: DdlWork): Promise<string> {
  switch (statement.object) {
    case 'schema':
      await dropSchemas(statement, work);
      break;
    case 'database':
      for (const path of statement.paths) await dropDatabase(path, statement, work);
      break;
    case 'user':
      for (const path of statement.paths) await dropUser(path, statement, work);
      return 'DROP ROLE';
    default:
      await dropRelations(statement, statement.object, work);
  }
  return `DROP ${statement.object.toUpperCase()}`;
}

function nameOf({ path }: ObjectPath): string {
  return path.join('.');
}

async function dropRelations(statement: Drop, kind: RelationRow['kind'], work: DdlWork): Promise<void> {
  const found: RelationRow[] = [];
  for (const path of statement.paths) {
    const relation = await droppable(path, kind, statement.ifExists, work);
    if (relation !== null && !found.includes(relation)) found.push(relation);
  }
  const gone = new Set<ObjectId>(found.map((relation) => relation.id));
  const dependents: Dependent[] = [];
  for (const relation of found) {
    if (relation.kind === 'index') refuseConstraintIndex(work, relation);
    dependents.push(...dependentsOf(work, relation, gone));
    for (const sequence of work.snapshot.sequences.values()) {
      if (sequence.ownedTable === relation.id)
        dependents.push(...dependentsOf(work, work.relationRow(sequence.id), gone));
    }
  }
  const what = found.length === 1 ? describe(work, found[0] as RelationRow) : 'desired object(s)';
  await settleDependents(work, what, dependents, statement.cascade);
  for (const relation of found) {
    if (relation.kind === 'index') await dropIndex(work, relation);
    else await dropRelation(work, relation.id, false);
  }
}

/** The relation to drop, locked; null when it is not there and need not be. */
async function droppable(
  path: ObjectPath,
  kind: RelationRow['kind'],
  ifExists: boolean,
  work: DdlWork,
): Promise<RelationRow | null> {
  const schema = path.path.length > 1 ? (path.path.at(-2) as string) : null;
  if (schema !== null && work.snapshot.schema(work.database, schema) === null) {
    if (!ifExists) throw new SqlError('invalid_schema_name', `schema "${schema}" does not exist`);
    work.notice('successful_completion', `schema "${schema}" does not exist, skipping`);
    return null;
  }
  const entry = work.find(path);
  if (entry === null) {
    if (!ifExists)
      throw new SqlError(
        kind === 'index' ? 'undefined_object' : 'undefined_table',
        `${kind} "${nameOf(path)}" does not exist`,
      );
    work.notice('successful_completion', `${kind} "${nameOf(path)}" does not exist, skipping`);
    return null;
  }
  if (entry.kind !== kind) {
    throw new SqlError('wrong_object_type', `"${entry.name}" is not ${kind === 'index' ? 'an' : 'a'} ${kind}`, {
      token: path.token,
      ...(entry.kind === 'virtual'
        ? {}
        : {
            hint: `Use DROP ${entry.kind.toUpperCase()} to remove ${entry.kind === 'index' ? 'an' : 'a'} ${entry.kind}.`,
          }),
    });
  }
  const row = work.snapshot.relations.get(entry.id);
  if (row === undefined)
    throw new SqlError('insufficient_privilege', `permission denied: "${entry.name}" is a system catalog`);
  work.requireOwner(kind, entry.name, row.owner);
  await work.transaction.lockTable(row.parent ?? row.id, 'access-exclusive', false);
  return row;
}

/** An index that a constraint stands on goes with the constraint alone. */
function refuseConstraintIndex(work: DdlWork, index: RelationRow): void {
  const constraint =
    index.parent === null ? undefined : work.snapshot.constraintsOf(index.parent).find((row) => row.index === index.id);
  if (constraint === undefined) return;
  const on = `constraint ${constraint.name} on ${describe(work, work.relationRow(constraint.relation))}`;
  throw new SqlError('dependent_objects_still_exist', `cannot drop index ${index.name} because ${on} requires it`, {
    hint: `You can drop ${on} instead.`,
  });
}

async function dropIndex(work: DdlWork, relation: RelationRow): Promise<void> {
  const index = work.snapshot.indexes.get(relation.id);
  if (index !== undefined) await removeIndex(work, index);
}

async function dropSchemas(statement: Drop, work: DdlWork): Promise<void> {
  for (const path of statement.paths) {
    const name = nameOf(path);
    const schema = work.snapshot.schemaNamed(work.database, name);
    if (schema === null) {
      if (work.snapshot.virtual.has(name)) {
        throw new SqlError(
          'dependent_objects_still_exist',
          `cannot drop schema ${name} because it is required by the database system`,
        );
      }
      if (!statement.ifExists) throw new SqlError('invalid_schema_name', `schema "${name}" does not exist`);
      work.notice('successful_completion', `schema "${name}" does not exist, skipping`);
      continue;
    }
    work.requireOwner('schema', name, schema.owner);
    const inside = [...work.snapshot.relations.values()].filter(
      (row) => row.schema === schema.id && row.kind !== 'index',
    );
    const gone = new Set<ObjectId>(inside.map((row) => row.id));
    const shown = inside.filter(
      (row) => row.kind !== 'sequence' || work.snapshot.sequences.get(row.id)?.ownedTable === null,
    );
    const dependents: Dependent[] = shown.map((row) => ({
      description: `${describe(work, row)} depends on schema ${name}`,
      drop: () => dropRelation(work, row.id, false),
    }));
    const outside = inside.flatMap((row) => dependentsOf(work, row, gone));
    await settleDependents(work, `schema ${name}`, [...outside, ...dependents], statement.cascade);
    await forget(work, schema.id);
    await work.remove(SCHEMAS, schema);
  }
}

async function dropDatabase(path: ObjectPath, statement: Drop, work: DdlWork): Promise<void> {
  const name = nameOf(path);
  const database = work.snapshot.database(name);
  if (database === null) {
    if (!statement.ifExists) throw new SqlError('invalid_catalog_name', `database "${name}" does not exist`);
    work.notice('successful_completion', `database "${name}" does not exist, skipping`);
    return;
  }
  work.requireOwner('database', name, database.owner);
  if (database.id === work.database) throw new SqlError('object_in_use', 'cannot drop the currently open database');
  const relations = [...work.snapshot.relations.values()].filter((row) => row.database === database.id);
  for (const row of relations) {
    for (const constraint of work.snapshot.constraintsOf(row.id))
      if (constraint.kind === 'foreign') await work.remove(CONSTRAINTS, constraint);
  }
  for (const row of relations) if (row.kind !== 'index') await dropRelation(work, row.id, false);
  for (const schema of [...work.snapshot.schemas.values()]) {
    if (schema.database !== database.id) continue;
    await forget(work, schema.id);
    await work.remove(SCHEMAS, schema);
  }
  for (const setting of [...work.snapshot.rows.of(SETTINGS)])
    if (setting.database === database.id) await work.remove(SETTINGS, setting);
  await forget(work, database.id);
  await work.remove(DATABASES, database);
}

async function dropUser(path: ObjectPath, statement: Drop, work: DdlWork): Promise<void> {
  const name = nameOf(path);
  const { user } = work.context;
  if (!user.superuser && !user.createRole)
    throw new SqlError('insufficient_privilege', 'permission denied to drop role');
  const entry = work.snapshot.user(name);
  const row = [...work.snapshot.rows.of(USERS)].find((candidate) => candidate.id === entry?.id);
  if (row === undefined) {
    if (!statement.ifExists) throw new SqlError('undefined_object', `role "${name}" does not exist`);
    work.notice('successful_completion', `role "${name}" does not exist, skipping`);
    return;
  }
  if (row.id === user.id) throw new SqlError('object_in_use', 'current user cannot be dropped');
  if (row.superuser && !user.superuser)
    throw new SqlError('insufficient_privilege', 'must be superuser to drop superusers');
  const owned = [
    ...[...work.snapshot.databases.values()]
      .filter((d) => d.owner === row.id)
      .map((d) => `owner of database ${d.name}`),
    ...[...work.snapshot.schemas.values()].filter((s) => s.owner === row.id).map((s) => `owner of schema ${s.name}`),
    ...[...work.snapshot.relations.values()]
      .filter((r) => r.owner === row.id && r.kind !== 'index')
      .map((r) => `owner of ${describe(work, r)}`),
  ];
  const granted = [...work.snapshot.relations.values()]
    .filter((r) => work.snapshot.grantsOf(r.id).some((grant) => grant.grantee === row.id))
    .map((r) => `privileges for ${describe(work, r)}`);
  if (owned.length + granted.length > 0) {
    throw new SqlError(
      'dependent_objects_still_exist',
      `role "${name}" cannot be dropped because some objects depend on it`,
      {
        detail: [...granted, ...owned].join('\n'),
      },
    );
  }
  for (const membership of [...work.snapshot.rows.of(MEMBERSHIPS)]) {
    if (membership.member === row.id || membership.role === row.id) await work.remove(MEMBERSHIPS, membership);
  }
  for (const setting of [...work.snapshot.rows.of(SETTINGS)])
    if (setting.user === row.id) await work.remove(SETTINGS, setting);
  await work.remove(USERS, row);
}
