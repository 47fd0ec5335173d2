import type { Row, Value } from '#schemas/values/value.js';
import type { Command } from './commands.js';
import { MysqlRefusal } from './refusals.js';
import { quoted } from './text.js';

/** A result that the gateway has made itself: every value is text. */
export interface Table {
  readonly names: readonly string[];
  readonly rows: ReadonlyArray<ReadonlyArray<string | null>>;
}

/** What an answer is made of. */
export interface ShowSource {
  /** All rows of a query in this dialect. */
  query(sql: string): Promise<readonly Row[]>;
  /** The database in use; null = none. */
  readonly database: string | null;
  variables(): Iterable<readonly [name: string, value: string]>;
}

type Show = Extract<Command, { kind: `show${string}` }>;

/** Schemas that are not a user's. */
const HIDDEN = "('pg_catalog', 'pg_toast')";

/** Answers a SHOW. Throws 1046 without a database and 1146 for a table that is not there. */
export function answerShow(command: Show, source: ShowSource): Promise<Table> {
  switch (command.kind) {
    case 'show':
      return answerPlain(command, source);
    case 'show-columns':
      return showColumns(command, source);
    case 'show-create':
      return showCreate(command, source);
    case 'show-keys':
      return showKeys(command, source);
  }
}

async function answerPlain(command: Extract<Show, { kind: 'show' }>, source: ShowSource): Promise<Table> {
  const matches = likeTest(command.like);
  switch (command.what) {
    case 'databases': {
      const rows = await source.query(
        `select nspname from pg_catalog.pg_namespace where nspname not in ${HIDDEN} order by 1`,
      );
      return { names: ['Database'], rows: rows.map(texts).filter(([name]) => matches(name)) };
    }
    case 'tables':
      return showTables(command, source, matches);
    case 'variables':
      return { names: ['Variable_name', 'Value'], rows: [...source.variables()].filter(([name]) => matches(name)) };
    case 'status':
      return { names: ['Variable_name', 'Value'], rows: [] };
    case 'warnings':
      return { names: ['Level', 'Code', 'Message'], rows: [] };
    case 'engines':
      return {
        names: ['Engine', 'Support', 'Comment', 'Transactions', 'XA', 'Savepoints'],
        rows: [['InnoDB', 'DEFAULT', 'Polylog', 'YES', 'NO', 'YES']],
      };
    case 'collation':
      return {
        names: ['Collation', 'Charset', 'Id', 'Default', 'Compiled', 'Sortlen'],
        rows: [['utf8mb4_bin', 'utf8mb4', '46', 'Yes', 'Yes', '1']].filter(([name]) => matches(name ?? null)),
      };
    case 'charset':
      return {
        names: ['Charset', 'Description', 'Default collation', 'Maxlen'],
        rows: [['utf8mb4', 'UTF-8 Unicode', 'utf8mb4_bin', '4']].filter(([name]) => matches(name ?? null)),
      };
    case 'processlist': {
      const rows = await source.query(
        'select pid, usename, client_addr, datname, state from pg_catalog.pg_stat_activity',
      );
      return { names: ['Id', 'User', 'Host', 'db', 'State'], rows: rows.map(texts) };
    }
  }
}

async function showTables(
  command: Extract<Show, { kind: 'show' }>,
  source: ShowSource,
  matches: (name: string | null | undefined) => boolean,
): Promise<Table> {
  const database = databaseOf(command.database, source);
  const found = await source.query(
    `select table_name, table_type from information_schema.tables where table_schema = ${quoted(database)} order by 1`,
  );
  const rows = found.map(texts).filter(([name]) => matches(name));
  const heading = `Tables_in_${database}`;
  if (!command.full) return { names: [heading], rows: rows.map(([name]) => [name ?? null]) };
  return { names: [heading, 'Table_type'], rows };
}

interface ColumnFacts {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly initial: string | null;
  readonly identity: boolean;
}

interface KeyFacts {
  readonly name: string;
  readonly kind: string;
  readonly columns: string[];
}

async function columnsOf(table: string, database: string, source: ShowSource): Promise<ColumnFacts[]> {
  const rows = await source.query(
    `select column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, is_nullable, column_default, is_identity
     from information_schema.columns where table_schema = ${quoted(database)} and table_name = ${quoted(table)}
     order by ordinal_position`,
  );
  if (rows.length === 0) throw new MysqlRefusal(1146, '42S02', `Table '${database}.${table}' doesn't exist`);
  const ranges = await source.query(
    `select constraint_name from information_schema.table_constraints
     where constraint_type = 'CHECK' and table_schema = ${quoted(database)} and table_name = ${quoted(table)}`,
  );
  const ranged = new Map(ranges.map(texts).map(([name]) => (name ?? '').split(' is ') as [string, string]));
  return rows.map(texts).map(([name, type, length, precision, scale, nullable, initial, identity]) => ({
    name: name ?? '',
    // The gateway names the ranges of its integers so.
    type: ranged.get(name ?? '') ?? typeOf(type ?? '', length ?? null, precision ?? null, scale ?? null),
    nullable: nullable === 'YES',
    initial: initial ?? null,
    identity: identity === 'YES' || /^nextval\(/.test(initial ?? ''),
  }));
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  integer: 'int',
  real: 'float',
  'double precision': 'double',
  'timestamp without time zone': 'datetime',
  'timestamp with time zone': 'timestamp',
  'time without time zone': 'time',
  bytea: 'longblob',
  text: 'longtext',
  jsonb: 'json',
  boolean: 'tinyint(1)',
};

function typeOf(type: string, length: string | null, precision: string | null, scale: string | null): string {
  if (type === 'character varying') return length === null ? 'longtext' : `varchar(${length})`;
  if (type === 'character') return `char(${length ?? '1'})`;
  if (type === 'numeric') return precision === null ? 'decimal' : `decimal(${precision},${scale ?? '0'})`;
  return TYPE_NAMES[type] ?? type;
}

async function keysOf(table: string, database: string, source: ShowSource): Promise<KeyFacts[]> {
  const rows = await source.query(
    `select c.constraint_name, c.constraint_type, k.column_name
     from information_schema.table_constraints c
     join information_schema.key_column_usage k
       on k.constraint_schema = c.constraint_schema and k.constraint_name = c.constraint_name and k.table_name = c.table_name
     where c.table_schema = ${quoted(database)} and c.table_name = ${quoted(table)}
     order by c.constraint_type, c.constraint_name, k.ordinal_position`,
  );
  const keys = new Map<string, KeyFacts>();
  for (const [name, kind, column] of rows.map(texts)) {
    const key = keys.get(name ?? '') ?? { name: name ?? '', kind: kind ?? '', columns: [] };
    key.columns.push(column ?? '');
    keys.set(key.name, key);
  }
  return [...keys.values()];
}

async function showColumns(command: Exclude<Show, { kind: 'show' }>, source: ShowSource): Promise<Table> {
  const database = databaseOf(command.database, source);
  const columns = await columnsOf(command.table, database, source);
  const keys = await keysOf(command.table, database, source);
  const matches = likeTest(command.like);
  const rows = columns
    .filter(({ name }) => matches(name))
    .map((column) => {
      const facts = [column.identity ? null : column.initial, column.identity ? 'auto_increment' : ''];
      const head = [column.name, column.type];
      const middle = [column.nullable ? 'YES' : 'NO', keyMark(column.name, keys)];
      return command.full
        ? [...head, 'utf8mb4_bin', ...middle, ...facts, 'select,insert,update,references', '']
        : [...head, ...middle, ...facts];
    });
  const names = command.full
    ? ['Field', 'Type', 'Collation', 'Null', 'Key', 'Default', 'Extra', 'Privileges', 'Comment']
    : ['Field', 'Type', 'Null', 'Key', 'Default', 'Extra'];
  return { names, rows };
}

function keyMark(column: string, keys: readonly KeyFacts[]): string {
  const of = (kind: string): KeyFacts[] => keys.filter((key) => key.kind === kind && key.columns[0] === column);
  if (keys.some((key) => key.kind === 'PRIMARY KEY' && key.columns.includes(column))) return 'PRI';
  if (of('UNIQUE').some(({ columns }) => columns.length === 1)) return 'UNI';
  return of('UNIQUE').length + of('FOREIGN KEY').length > 0 ? 'MUL' : '';
}

async function showKeys(command: Exclude<Show, { kind: 'show' }>, source: ShowSource): Promise<Table> {
  const database = databaseOf(command.database, source);
  await columnsOf(command.table, database, source);
  const keys = (await keysOf(command.table, database, source)).filter(({ kind }) => kind !== 'FOREIGN KEY');
  const rows = keys.flatMap(({ name, kind, columns }) =>
    columns.map((column, i) => {
      const shown = kind === 'PRIMARY KEY' ? 'PRIMARY' : name;
      return [command.table, '0', shown, String(i + 1), column, 'A', null, null, null, '', 'BTREE', '', ''];
    }),
  );
  return {
    names: [
      ...['Table', 'Non_unique', 'Key_name', 'Seq_in_index', 'Column_name', 'Collation', 'Cardinality', 'Sub_part'],
      ...['Packed', 'Null', 'Index_type', 'Comment', 'Index_comment'],
    ],
    rows,
  };
}

/** Columns, primary key and unique keys; what MySQL's form cannot say of the table is left out. */
async function showCreate(command: Exclude<Show, { kind: 'show' }>, source: ShowSource): Promise<Table> {
  const database = databaseOf(command.database, source);
  const columns = await columnsOf(command.table, database, source);
  const keys = await keysOf(command.table, database, source);
  const list = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(',');
  const lines = columns.map(({ name, type, nullable, initial, identity }) => {
    const given = identity ? ' AUTO_INCREMENT' : initial === null ? '' : ` DEFAULT ${initial}`;
    return `  \`${name}\` ${type}${nullable ? '' : ' NOT NULL'}${given}`;
  });
  for (const { name, kind, columns: of } of keys) {
    if (kind === 'PRIMARY KEY') lines.push(`  PRIMARY KEY (${list(of)})`);
    if (kind === 'UNIQUE') lines.push(`  UNIQUE KEY \`${name}\` (${list(of)})`);
  }
  const text = `CREATE TABLE \`${command.table}\` (\n${lines.join(',\n')}\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`;
  return { names: ['Table', 'Create Table'], rows: [[command.table, text]] };
}

function databaseOf(given: string | null, source: ShowSource): string {
  const database = given ?? source.database;
  if (database === null) throw new MysqlRefusal(1046, '3D000', 'No database selected');
  return database;
}

function texts(row: Row): Array<string | null> {
  return row.map((value: Value) => (value === null ? null : String(value)));
}

/** LIKE without regard to case, as names are found. */
function likeTest(pattern: string | null): (name: string | null | undefined) => boolean {
  if (pattern === null) return () => true;
  const source = pattern.replace(/\\[%_]|[%_]|[.*+?^${}()|[\]\\]/g, (part) => {
    if (part === '%') return '[^]*';
    if (part === '_') return '[^]';
    return part.startsWith('\\') && part.length === 2 ? (part[1] ?? '') : `\\${part}`;
  });
  const test = new RegExp(`^${source}$`, 'i');
  return (name) => test.test(name ?? '');
}
