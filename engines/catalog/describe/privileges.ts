import type { ObjectId } from '#schemas/kernel/brand.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Value } from '#schemas/values/value.js';
import type { NamingContext } from '../ddl-contract.js';
import type { Catalog, Grant, UserEntry } from '../entry.js';
import type { CatalogSnapshot } from '../snapshot.js';
import { findRelation } from './names.js';

/** has_…_privilege and pg_has_role. */

/** A user is a member of itself and, through them, of its roles' roles. */
function isMemberOf(catalog: Catalog, user: UserEntry, role: ObjectId): boolean {
  const seen = new Set<ObjectId>([user.id]);
  for (const id of seen) {
    if (id === role) return true;
    for (const parent of catalog.userById(id)?.memberOf ?? []) seen.add(parent);
  }
  return false;
}

export interface Protected {
  readonly owner: ObjectId;
  readonly grants: readonly Grant[];
}

/** True when `user` holds one of the privileges (lower case). */
export function mayUse(catalog: Catalog, user: UserEntry, object: Protected, privileges: readonly string[]): boolean {
  if (user.superuser || isMemberOf(catalog, user, object.owner)) return true;
  return privileges.some((privilege) =>
    object.grants.some(
      (grant) =>
        grant.privileges.includes(privilege) && (grant.grantee === 0 || isMemberOf(catalog, user, grant.grantee)),
    ),
  );
}

function userOf(session: NamingContext, value: Value): UserEntry {
  const user =
    typeof value === 'number' ? session.catalog.userById(value as ObjectId) : session.catalog.user(String(value));
  if (user === null) throw new SqlError('undefined_object', `role "${String(value)}" does not exist`);
  return user;
}

/** 'SELECT, INSERT WITH GRANT OPTION' → select, insert. */
function privilegesOf(text: Value): string[] {
  return String(text)
    .toLowerCase()
    .split(',')
    .map((word) =>
      word
        .trim()
        .replace(/ with grant option$/, '')
        .replace(/^temp$/, 'temporary'),
    );
}

const OPEN: Protected = {
  owner: 0 as ObjectId,
  grants: [
    { grantee: 0 as ObjectId, privileges: ['usage', 'execute', 'select', 'connect', 'temporary'], grantOption: false },
  ],
};

function protectedObject(
  session: NamingContext,
  catalog: CatalogSnapshot,
  kind: string,
  value: Value,
): Protected | null {
  switch (kind) {
    case 'table':
    case 'sequence':
    case 'column':
    case 'any_column': {
      const entry =
        typeof value === 'number' ? catalog.relationById(value as ObjectId) : findRelation(session, String(value));
      if (entry === null) {
        if (typeof value === 'number') return null;
        throw new SqlError('undefined_table', `relation "${String(value)}" does not exist`);
      }
      if (entry.kind === 'virtual') return OPEN;
      if (entry.kind === 'table' && entry.system) return OPEN;
      return entry.kind === 'index' ? null : entry;
    }
    case 'schema': {
      const name = typeof value === 'number' ? (catalog.schemas.get(value as ObjectId)?.name ?? null) : String(value);
      if (name === null) return OPEN;
      const schema = catalog.schema(session.database.id, name);
      if (schema === null) throw new SqlError('invalid_schema_name', `schema "${name}" does not exist`);
      return schema;
    }
    case 'database': {
      const database =
        typeof value === 'number' ? catalog.databases.get(value as ObjectId) : catalog.database(String(value));
      if (database === undefined || database === null)
        throw new SqlError('invalid_catalog_name', `database "${String(value)}" does not exist`);
      // PUBLIC may connect and make temporary tables unless that was revoked.
      return { owner: database.owner, grants: [...OPEN.grants, ...catalog.grantsOf(database.id)] };
    }
    default:
      return OPEN;
  }
}

/** has_<kind>_privilege with the arguments of the SQL function: [user,] object, [column,] privileges. */
export function hasPrivilege(
  session: NamingContext,
  catalog: CatalogSnapshot,
  kind: string,
  args: readonly Value[],
): boolean | null {
  const fixed = kind === 'column' ? 3 : 2;
  const user = args.length > fixed ? userOf(session, args[0] as Value) : session.user;
  const rest = args.length > fixed ? args.slice(1) : args;
  const object = protectedObject(session, catalog, kind, rest[0] as Value);
  return object === null ? null : mayUse(catalog, user, object, privilegesOf(rest.at(-1) as Value));
}

/** pg_has_role([user,] role, 'MEMBER' | 'USAGE'). */
export function hasRole(session: NamingContext, args: readonly Value[]): boolean {
  const user = args.length > 2 ? userOf(session, args[0] as Value) : session.user;
  const role = userOf(session, (args.length > 2 ? args[1] : args[0]) as Value);
  return user.superuser || isMemberOf(session.catalog, user, role.id);
}
