import { BOOTSTRAP, MEMBERSHIPS, SETTINGS, USERS, type UserRow } from '#schemas/catalog/system-tables.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import { SessionSettings } from '../../serve/settings.js';
import type { VirtualTableEntry } from '../entry.js';
import type { CatalogSnapshot } from '../snapshot.js';
import { type Cells, virtualTable } from '../virtual-table.js';
import { aclOf } from './acl.js';

/** What belongs to the cluster or to a database as a whole: schemas, databases, roles, settings. */

function* namespaces(catalog: CatalogSnapshot, database: ObjectId): Iterable<Cells> {
  const own = ['=U/polylog'];
  yield { oid: BOOTSTRAP.pgCatalog, nspname: 'pg_catalog', nspowner: BOOTSTRAP.superuser, nspacl: own };
  yield { oid: BOOTSTRAP.informationSchema, nspname: 'information_schema', nspowner: BOOTSTRAP.superuser, nspacl: own };
  for (const schema of catalog.schemas.values()) {
    if (schema.database !== database) continue;
    yield {
      oid: schema.id,
      nspname: schema.name,
      nspowner: schema.owner,
      nspacl: aclOf(catalog, schema.id, schema.owner, 'schema'),
    };
  }
}

function* databases(catalog: CatalogSnapshot): Iterable<Cells> {
  for (const database of catalog.databases.values()) {
    yield {
      oid: database.id,
      datname: database.name,
      datdba: database.owner,
      encoding: 6,
      datlocprovider: 'c',
      datistemplate: false,
      datallowconn: true,
      datconnlimit: -1,
      datfrozenxid: 0,
      datminmxid: 0,
      dattablespace: 1_663,
      datcollate: 'C.UTF-8',
      datctype: 'C.UTF-8',
      datacl: aclOf(catalog, database.id, database.owner, 'database'),
    };
  }
}

function roleCells(row: UserRow, password: string | null): Cells {
  return {
    oid: row.id,
    rolname: row.name,
    rolsuper: row.superuser,
    rolinherit: row.inherit,
    rolcreaterole: row.createRole,
    rolcreatedb: row.createDatabase,
    rolcanlogin: row.login,
    rolreplication: row.replication,
    rolbypassrls: row.bypassRls,
    rolconnlimit: row.connectionLimit,
    rolpassword: password,
    usename: row.name,
    usesysid: row.id,
    usecreatedb: row.createDatabase,
    usesuper: row.superuser,
    userepl: row.replication,
    usebypassrls: row.bypassRls,
    passwd: password,
  };
}

/** Verifiers are nobody's to read: what PostgreSQL hides from all but superusers is hidden from all. */
const HIDDEN = '********';

function* roles(catalog: CatalogSnapshot): Iterable<Cells> {
  for (const row of catalog.rows.of(USERS)) yield roleCells(row, HIDDEN);
}

function* users(catalog: CatalogSnapshot): Iterable<Cells> {
  for (const row of catalog.rows.of(USERS)) if (row.login) yield roleCells(row, HIDDEN);
}

function* authids(catalog: CatalogSnapshot): Iterable<Cells> {
  for (const row of catalog.rows.of(USERS)) yield roleCells(row, row.verifier === null ? null : HIDDEN);
}

function* members(catalog: CatalogSnapshot): Iterable<Cells> {
  for (const row of catalog.rows.of(MEMBERSHIPS)) {
    yield { roleid: row.role, member: row.member, grantor: row.grantor, admin_option: row.admin };
  }
}

function* groups(catalog: CatalogSnapshot): Iterable<Cells> {
  for (const row of catalog.rows.of(USERS)) {
    if (row.login) continue;
    const list = [...catalog.rows.of(MEMBERSHIPS)]
      .filter((membership) => membership.role === row.id)
      .map((membership) => membership.member);
    yield { groname: row.name, grosysid: row.id, grolist: list };
  }
}

function* roleSettings(catalog: CatalogSnapshot): Iterable<Cells> {
  const byPlace = new Map<string, { database: ObjectId; user: ObjectId; list: string[] }>();
  for (const row of catalog.rows.of(SETTINGS)) {
    const key = `${row.database}/${row.user}`;
    const place = byPlace.get(key) ?? { database: row.database, user: row.user, list: [] };
    place.list.push(`${row.name}=${row.value}`);
    byPlace.set(key, place);
  }
  for (const { database, user, list } of byPlace.values())
    yield { setdatabase: database, setrole: user, setconfig: list };
}

/** Defaults: a session's own values are what SHOW and current_setting answer. */
function* settings(): Iterable<Cells> {
  for (const [name, value] of new SessionSettings().all()) {
    const kind = /^(?:on|off)$/.test(value) ? 'bool' : /^-?\d+$/.test(value) ? 'integer' : 'string';
    yield {
      name,
      setting: value,
      category: 'Polylog',
      short_desc: '',
      context: 'user',
      vartype: kind,
      source: 'default',
      boot_val: value,
      reset_val: value,
      pending_restart: false,
    };
  }
}

const ROLE_COLUMNS =
  'rolname name, rolsuper bool, rolinherit bool, rolcreaterole bool, rolcreatedb bool, rolcanlogin bool, rolreplication bool, rolconnlimit int4, rolpassword text, rolvaliduntil timestamptz, rolbypassrls bool';
const USER_COLUMNS =
  'usename name, usesysid oid, usecreatedb bool, usesuper bool, userepl bool, usebypassrls bool, passwd text, valuntil timestamptz, useconfig text[]';

export const CLUSTER_TABLES: readonly VirtualTableEntry[] = [
  virtualTable('pg_catalog', 'pg_namespace', 2_615, 'oid oid, nspname name, nspowner oid, nspacl text[]', namespaces),
  virtualTable(
    'pg_catalog',
    'pg_database',
    1_262,
    'oid oid, datname name, datdba oid, encoding int4, datlocprovider char, datistemplate bool, datallowconn bool, datconnlimit int4, datfrozenxid oid, datminmxid oid, dattablespace oid, datcollate text, datctype text, daticulocale text, datcollversion text, datacl text[]',
    databases,
  ),
  virtualTable('pg_catalog', 'pg_authid', 1_260, `oid oid, ${ROLE_COLUMNS}`, authids),
  virtualTable('pg_catalog', 'pg_roles', 12_001, `${ROLE_COLUMNS}, rolconfig text[], oid oid`, roles),
  virtualTable('pg_catalog', 'pg_user', 12_002, USER_COLUMNS, users),
  virtualTable('pg_catalog', 'pg_shadow', 12_003, USER_COLUMNS, users),
  virtualTable('pg_catalog', 'pg_group', 12_004, 'groname name, grosysid oid, grolist oid[]', groups),
  virtualTable(
    'pg_catalog',
    'pg_auth_members',
    1_261,
    'roleid oid, member oid, grantor oid, admin_option bool',
    members,
  ),
  virtualTable(
    'pg_catalog',
    'pg_db_role_setting',
    2_964,
    'setdatabase oid, setrole oid, setconfig text[]',
    roleSettings,
  ),
  virtualTable(
    'pg_catalog',
    'pg_tablespace',
    1_213,
    'oid oid, spcname name, spcowner oid, spcacl text[], spcoptions text[]',
    () => [
      { oid: 1_663, spcname: 'pg_default', spcowner: 10 },
      { oid: 1_664, spcname: 'pg_global', spcowner: 10 },
    ],
  ),
  virtualTable(
    'pg_catalog',
    'pg_settings',
    12_005,
    'name text, setting text, unit text, category text, short_desc text, extra_desc text, context text, vartype text, source text, min_val text, max_val text, enumvals text[], boot_val text, reset_val text, sourcefile text, sourceline int4, pending_restart bool',
    settings,
  ),
  virtualTable(
    'pg_catalog',
    'pg_timezone_names',
    12_006,
    'name text, abbrev text, utc_offset interval, is_dst bool',
    () => ['UTC', ...Intl.supportedValuesOf('timeZone')].map((name) => ({ name })),
  ),
];
