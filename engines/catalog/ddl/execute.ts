import { COMMENTS, DATABASES, GRANTS, RELATIONS, SCHEMAS } from '#schemas/catalog/system-tables.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import type { Statement } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { publicSchema } from '../bootstrap.js';
import type { DdlResult } from '../ddl-contract.js';
import type { TableEntry } from '../entry.js';
import { columnRow } from './alter-column.js';
import { alterTable } from './alter-table.js';
import { createTable, createTableAs } from './create-table.js';
import { drop } from './drop.js';
import { createIndex } from './indexes.js';
import { grant } from './privileges.js';
import { alterSequence, createSequence, restartOwned } from './sequences.js';
import { alterUser, createUser, userRow } from './users.js';
import { createView } from './views.js';
import { type DdlWork, missingRelation } from './work.js';

/** Runs a statement that changes the catalog. Afterwards `work.snapshot` is the catalog with the change. */
export async function executeDdl(statement: Statement, work: DdlWork): Promise<DdlResult> {
  if (work.transaction.readOnly) {
    throw new SqlError(
      'read_only_sql_transaction',
      `cannot execute ${statement.kind.replaceAll('-', ' ').toUpperCase()} in a read-only transaction`,
    );
  }
  if (statement.kind === 'create-table-as') return createTableAs(statement, work);
  return { verb: await run(statement, work), count: -1 };
}

function run(statement: Statement, work: DdlWork): Promise<string> {
  switch (statement.kind) {
    case 'create-table':
      return createTable(statement, work);
    case 'alter-table':
      return alterTable(statement, work);
    case 'drop':
      return drop(statement, work);
    case 'create-index':
      return createIndex(statement, work);
    case 'create-schema':
      return createSchema(statement, work);
    case 'create-database':
      return createDatabase(statement, work);
    case 'create-view':
      return createView(statement, work);
    case 'create-sequence':
      return createSequence(statement, work);
    case 'alter-sequence':
      return alterSequence(statement, work);
    case 'create-user':
      return createUser(statement, work);
    case 'alter-user':
      return alterUser(statement, work);
    case 'grant':
      return grant(statement, work);
    case 'comment':
      return comment(statement, work);
    case 'truncate':
      return truncate(statement, work);
    default:
      throw new SqlError('feature_not_supported', `${statement.kind} is not a statement of the catalog`);
  }
}

async function createSchema(statement: Extract<Statement, { kind: 'create-schema' }>, work: DdlWork): Promise<string> {
  const { name, token } = statement;
  const { user, database } = work.context;
  const mayCreate =
    work.owns(database.owner) ||
    work.snapshot
      .grantsOf(database.id)
      .some((g) => g.privileges.includes('create') && (g.grantee === 0 || work.isMember(user.id, g.grantee)));
  if (!mayCreate) throw new SqlError('insufficient_privilege', `permission denied for database ${database.name}`);
  if (name.startsWith('pg_')) {
    throw new SqlError('reserved_name', `unacceptable schema name "${name}"`, {
      detail: 'The prefix "pg_" is reserved for system schemas.',
      token,
    });
  }
  if (work.snapshot.schemaNamed(work.database, name) !== null || work.snapshot.virtual.has(name)) {
    if (!statement.ifNotExists) throw new SqlError('duplicate_schema', `schema "${name}" already exists`, { token });
    work.notice('duplicate_schema', `schema "${name}" already exists, skipping`);
    return 'CREATE SCHEMA';
  }
  const owner = statement.owner === null ? user.id : userRow(work, statement.owner, token).id;
  await work.insert(SCHEMAS, { id: work.newId(), database: work.database, name, owner });
  return 'CREATE SCHEMA';
}

const DATABASE_OPTIONS = new Set([
  'owner',
  'template',
  'encoding',
  'locale',
  'lc_collate',
  'lc_ctype',
  'tablespace',
  'connection limit',
  'connection_limit',
  'strategy',
  'icu_locale',
  'locale_provider',
  'is_template',
  'allow_connections',
]);

async function createDatabase(
  statement: Extract<Statement, { kind: 'create-database' }>,
  work: DdlWork,
): Promise<string> {
  const { name, token } = statement;
  const { user } = work.context;
  if (!user.superuser && !user.createDatabase)
    throw new SqlError('insufficient_privilege', 'permission denied to create database');
  for (const option of statement.options) {
    if (!DATABASE_OPTIONS.has(option.name.toLowerCase())) {
      throw new SqlError('syntax_error', `option "${option.name}" not recognized`, { token: option.token });
    }
    const encoding = String(option.value).toLowerCase().replaceAll('-', '');
    if (option.name.toLowerCase() === 'encoding' && !['utf8', 'unicode', 'default', '6'].includes(encoding)) {
      throw new SqlError(
        'feature_not_supported',
        `encoding "${String(option.value)}" is not supported: databases are in UTF8`,
        { token: option.token },
      );
    }
  }
  if (work.snapshot.database(name) !== null) {
    if (!statement.ifNotExists)
      throw new SqlError('duplicate_database', `database "${name}" already exists`, { token });
    work.notice('duplicate_database', `database "${name}" already exists, skipping`);
    return 'CREATE DATABASE';
  }
  const given = statement.options.find((option) => option.name.toLowerCase() === 'owner');
  const owner = given === undefined ? user.id : userRow(work, String(given.value), given.token).id;
  const id = work.newId();
  await work.insert(DATABASES, { id, name, owner });
  for (const [shape, row] of publicSchema(work.newId(), id, owner)) {
    const table = [SCHEMAS, GRANTS, COMMENTS].find((candidate) => candidate.shape === shape);
    if (table === SCHEMAS) await work.insert(SCHEMAS, SCHEMAS.fromRow(row));
    else if (table === GRANTS) await work.insert(GRANTS, GRANTS.fromRow(row));
    else await work.insert(COMMENTS, COMMENTS.fromRow(row));
  }
  return 'CREATE DATABASE';
}

async function comment(statement: Extract<Statement, { kind: 'comment' }>, work: DdlWork): Promise<string> {
  const { object, sub } = commented(statement, work);
  const before = [...work.snapshot.rows.of(COMMENTS)].find((row) => row.object === object && row.sub === sub);
  if (statement.text === null || statement.text === '') {
    if (before !== undefined) await work.remove(COMMENTS, before);
  } else if (before === undefined) await work.insert(COMMENTS, { object, sub, text: statement.text });
  else await work.update(COMMENTS, before, { ...before, text: statement.text });
  return 'COMMENT';
}

function commented(
  statement: Extract<Statement, { kind: 'comment' }>,
  work: DdlWork,
): { readonly object: ObjectId; readonly sub: number } {
  const { path, token } = statement.path;
  const name = path.join('.');
  const { user } = work.context;
  switch (statement.object) {
    case 'schema': {
      const schema = work.snapshot.schemaNamed(work.database, name);
      if (schema === null) throw new SqlError('invalid_schema_name', `schema "${name}" does not exist`, { token });
      work.requireOwner('schema', name, schema.owner);
      return { object: schema.id, sub: 0 };
    }
    case 'database': {
      const database = work.snapshot.database(name);
      if (database === null) throw new SqlError('invalid_catalog_name', `database "${name}" does not exist`, { token });
      work.requireOwner('database', name, database.owner);
      return { object: database.id, sub: 0 };
    }
    case 'user':
    case 'role': {
      if (!user.superuser && !user.createRole)
        throw new SqlError('insufficient_privilege', 'must have CREATEROLE privilege');
      return { object: userRow(work, name, token).id, sub: 0 };
    }
    case 'extension':
      return { object: 0 as ObjectId, sub: 0 };
    case 'constraint': {
      const table = work.table({ path: path.slice(0, -1), token });
      const constraint = work.snapshot.constraintsOf(table.id).find((row) => row.name === path.at(-1));
      if (constraint === undefined) {
        throw new SqlError('undefined_object', `constraint "${path.at(-1)}" for table "${table.name}" does not exist`, {
          token,
        });
      }
      return { object: constraint.id, sub: 0 };
    }
    case 'table':
    case 'view':
    case 'sequence':
    case 'index':
    case 'column': {
      const entry = work.find(statement.path);
      const row = entry === null ? undefined : work.snapshot.relations.get(entry.id);
      if (entry === null || row === undefined) throw missingRelation(statement.path);
      work.requireOwner(row.kind, row.name, row.owner);
      if (statement.column === null) return { object: row.id, sub: 0 };
      const columns = work.snapshot.columnsOf(row.id);
      const column =
        entry.kind === 'table'
          ? columnRow(work, entry, statement.column)
          : columns.find((c) => c.name === statement.column);
      if (column === undefined)
        throw new SqlError(
          'undefined_column',
          `column "${statement.column}" of relation "${row.name}" does not exist`,
          { token },
        );
      return { object: row.id, sub: column.position };
    }
    default:
      throw new SqlError('feature_not_supported', `COMMENT ON ${statement.object.toUpperCase()} is not supported`, {
        token,
      });
  }
}

/** A truncated table begins a new generation of rows: nothing is written for the rows that go. */
async function truncate(statement: Extract<Statement, { kind: 'truncate' }>, work: DdlWork): Promise<string> {
  const found = new Map<ObjectId, TableEntry>();
  for (const path of statement.tables) {
    const table = await work.lockedTable(path, 'access-exclusive');
    found.set(table.id, table);
  }
  for (const table of found.values()) {
    for (const key of table.referencedBy) {
      if (found.has(key.table)) continue;
      const other = work.snapshot.relationById(key.table);
      if (other?.kind !== 'table') continue;
      if (!statement.cascade) {
        throw new SqlError('feature_not_supported', 'cannot truncate a table referenced in a foreign key constraint', {
          detail: `Table "${other.name}" references "${table.name}".`,
          hint: `Truncate table "${other.name}" at the same time, or use TRUNCATE ... CASCADE.`,
        });
      }
      work.notice('successful_completion', `truncate cascades to table "${other.name}"`);
      await work.transaction.lockTable(other.id, 'access-exclusive', false);
      // Entries that are added while a Map is walked are walked too: references of references follow.
      found.set(other.id, other);
    }
  }
  for (const table of found.values()) {
    requireTruncate(work, table);
    const row = work.relationRow(table.id);
    await work.update(RELATIONS, row, { ...row, generation: work.newId() });
    await work.registerShape(table.id);
    if (statement.restartIdentity) restartOwned(work, table.id);
  }
  return 'TRUNCATE TABLE';
}

function requireTruncate(work: DdlWork, table: TableEntry): void {
  if (work.owns(table.owner)) return;
  const granted = table.grants.some(
    (g) => g.privileges.includes('truncate') && (g.grantee === 0 || work.isMember(work.context.user.id, g.grantee)),
  );
  if (!granted) throw new SqlError('insufficient_privilege', `permission denied for table ${table.name}`);
}
