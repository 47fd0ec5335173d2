import type { ObjectId } from '#schemas/kernel/brand.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Catalog, Grant, UserEntry } from '../../catalog/entry.js';

const PUBLIC = 0;

/** The user and every role that it is a member of, directly or through others. */
function rolesOf(user: UserEntry, catalog: Catalog): Set<number> {
  const roles = new Set<number>([PUBLIC, user.id]);
  const open = [...user.memberOf];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (roles.has(id)) continue;
    roles.add(id);
    open.push(...(catalog.userById(id)?.memberOf ?? []));
  }
  return roles;
}

interface Guarded {
  readonly owner: ObjectId;
  readonly grants: readonly Grant[];
}

function hasPrivilege(user: UserEntry, catalog: Catalog, object: Guarded, privilege: string): boolean {
  if (user.superuser || object.owner === user.id) return true;
  const roles = rolesOf(user, catalog);
  return (
    roles.has(object.owner) ||
    object.grants.some((grant) => roles.has(grant.grantee) && grant.privileges.includes(privilege))
  );
}

/** Throws 42501 unless the user may do one of `privileges` with the table. */
export function requireAnyPrivilege(
  user: UserEntry,
  catalog: Catalog,
  object: Guarded & { readonly name: string; readonly kind: string },
  privileges: readonly string[],
): void {
  if (privileges.some((privilege) => hasPrivilege(user, catalog, object, privilege))) return;
  throw new SqlError('insufficient_privilege', `permission denied for ${object.kind} ${object.name}`);
}

/** Throws 42501 unless the user may do `privilege` ('select', 'insert', 'update', 'delete') with the table. */
export function requirePrivilege(
  user: UserEntry,
  catalog: Catalog,
  object: Guarded & { readonly name: string; readonly kind: string },
  privilege: string,
): void {
  if (hasPrivilege(user, catalog, object, privilege)) return;
  throw new SqlError('insufficient_privilege', `permission denied for ${object.kind} ${object.name}`);
}

/** Throws 42501 unless the user may look into the schema. What the catalog itself describes with is open to everybody. */
export function requireSchemaUsage(user: UserEntry, catalog: Catalog, database: ObjectId, name: string): void {
  if (user.superuser) return;
  const schema = catalog.schema(database, name);
  if (schema === null || hasPrivilege(user, catalog, schema, 'usage')) return;
  throw new SqlError('insufficient_privilege', `permission denied for schema ${name}`);
}
