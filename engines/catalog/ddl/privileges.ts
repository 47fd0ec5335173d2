import { GRANTS, type GrantRow } from '#schemas/catalog/system-tables.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import type { Statement } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { join, leave, userRow } from './users.js';
import { type DdlWork, missingRelation } from './work.js';

type GrantStatement = Extract<Statement, { kind: 'grant' }>;

export const PRIVILEGES: Readonly<Record<string, readonly string[]>> = {
  table: ['insert', 'select', 'update', 'delete', 'truncate', 'references', 'trigger'],
  sequence: ['select', 'update', 'usage'],
  schema: ['usage', 'create'],
  database: ['create', 'connect', 'temporary'],
};

interface Target {
  readonly id: ObjectId;
  readonly kind: keyof typeof PRIVILEGES & string;
  readonly name: string;
  readonly owner: ObjectId;
}

export async function grant(statement: GrantStatement, work: DdlWork): Promise<string> {
  const verb = statement.revoke ? 'REVOKE' : 'GRANT';
  if (statement.object === 'role') {
    await grantRoles(statement, work);
    return `${verb} ROLE`;
  }
  for (const target of targets(statement, work)) {
    const privileges = grantable(work, statement, target, privilegesFor(statement, target));
    for (const user of statement.users) {
      const grantee = user === 'public' ? (0 as ObjectId) : userRow(work, user, -1).id;
      for (const privilege of privileges) await change(work, statement, target, grantee, privilege);
    }
  }
  return verb;
}

/** GRANT role TO user: the roles are named where privileges stand. */
async function grantRoles(statement: GrantStatement, work: DdlWork): Promise<void> {
  const roles = statement.paths.length > 0 ? statement.paths.map((path) => path.path.join('.')) : statement.privileges;
  for (const role of roles) {
    const row = userRow(work, role, -1);
    const { user } = work.context;
    if (!user.superuser && (row.superuser || (!user.createRole && !work.isMember(user.id, row.id)))) {
      throw new SqlError('insufficient_privilege', `must have admin option on role "${role}"`);
    }
    for (const member of statement.users) {
      if (statement.revoke) await leave(work, role, member);
      else await join(work, role, member, statement.withGrantOption);
    }
  }
}

function targets(statement: GrantStatement, work: DdlWork): Target[] {
  switch (statement.object) {
    case 'table':
    case 'sequence':
      return statement.paths.map((path) => {
        const entry = work.find(path);
        const row = entry === null ? undefined : work.snapshot.relations.get(entry.id);
        if (entry !== null && row === undefined)
          throw new SqlError('insufficient_privilege', `permission denied for table ${entry.name}`);
        if (row === undefined) throw missingRelation(path);
        if (row.kind === 'index') throw new SqlError('wrong_object_type', `"${row.name}" is an index`);
        if (statement.object === 'sequence' && row.kind !== 'sequence')
          throw new SqlError('wrong_object_type', `"${row.name}" is not a sequence`);
        return { id: row.id, kind: row.kind === 'sequence' ? 'sequence' : 'table', name: row.name, owner: row.owner };
      });
    case 'all-tables-in-schema':
      return statement.paths.flatMap((path) => {
        const name = path.path.join('.');
        const schema = work.snapshot.schemaNamed(work.database, name);
        if (schema === null)
          throw new SqlError('invalid_schema_name', `schema "${name}" does not exist`, { token: path.token });
        return [...work.snapshot.relations.values()]
          .filter((row) => row.schema === schema.id && (row.kind === 'table' || row.kind === 'view'))
          .map((row): Target => ({ id: row.id, kind: 'table', name: row.name, owner: row.owner }));
      });
    case 'schema':
      return statement.paths.map((path) => {
        const name = path.path.join('.');
        const schema = work.snapshot.schemaNamed(work.database, name);
        if (schema === null)
          throw new SqlError('invalid_schema_name', `schema "${name}" does not exist`, { token: path.token });
        return { id: schema.id, kind: 'schema', name, owner: schema.owner };
      });
    default:
      return statement.paths.map((path) => {
        const name = path.path.join('.');
        const database = work.snapshot.database(name);
        if (database === null)
          throw new SqlError('invalid_catalog_name', `database "${name}" does not exist`, { token: path.token });
        return { id: database.id, kind: 'database', name, owner: database.owner };
      });
  }
}

function privilegesFor(statement: GrantStatement, target: Target): readonly string[] {
  const known = PRIVILEGES[target.kind] as readonly string[];
  if (statement.privileges.length === 0) return known;
  return statement.privileges.map((written) => {
    const privilege = written.toLowerCase() === 'temp' ? 'temporary' : written.toLowerCase();
    // PostgreSQL lets USAGE on a sequence be granted by naming it as a table.
    if (!known.includes(privilege)) {
      throw new SqlError(
        'invalid_grant_operation',
        `invalid privilege type ${privilege.toUpperCase()} for ${target.kind}`,
      );
    }
    return privilege;
  });
}

/** Those of the privileges that the user may hand on, with a warning for the others. Throws 42501 for who has none on the object at all. */
function grantable(
  work: DdlWork,
  statement: GrantStatement,
  target: Target,
  privileges: readonly string[],
): readonly string[] {
  if (work.owns(target.owner)) return privileges;
  const { user } = work.context;
  const mine = work.snapshot.grantsOf(target.id).filter((g) => g.grantee === 0 || work.isMember(user.id, g.grantee));
  if (mine.length === 0)
    throw new SqlError('insufficient_privilege', `permission denied for ${target.kind} ${target.name}`);
  const may = privileges.filter((privilege) => mine.some((g) => g.grantOption && g.privileges.includes(privilege)));
  const done = statement.revoke ? 'could be revoked' : 'were granted';
  if (may.length === 0) work.context.notice('WARNING', 'warning', `no privileges ${done} for "${target.name}"`);
  else if (may.length < privileges.length && statement.privileges.length > 0)
    work.context.notice('WARNING', 'warning', `not all privileges ${done} for "${target.name}"`);
  return may;
}

async function change(
  work: DdlWork,
  statement: GrantStatement,
  target: Target,
  grantee: ObjectId,
  privilege: string,
): Promise<void> {
  const before = [...work.snapshot.rows.of(GRANTS)].find(
    (row) => row.object === target.id && row.grantee === grantee && row.privilege === privilege,
  );
  if (statement.revoke) {
    if (target.kind === 'database' && privilege === 'connect' && grantee === 0)
      throw new SqlError('feature_not_supported', 'CONNECT cannot be taken from PUBLIC', {
        hint: 'ALTER ROLE … NOLOGIN keeps a user out of every database.',
      });
    if (before === undefined) return;
    // REVOKE GRANT OPTION FOR keeps the privilege itself.
    if (statement.withGrantOption) await work.update(GRANTS, before, { ...before, grantOption: false });
    else await work.remove(GRANTS, before);
    return;
  }
  const grantOption = statement.withGrantOption || before?.grantOption === true;
  const after: GrantRow = { object: target.id, grantee, privilege, grantOption, grantor: work.context.user.id };
  if (before === undefined) await work.insert(GRANTS, after);
  else if (before.grantOption !== grantOption) await work.update(GRANTS, before, after);
}
