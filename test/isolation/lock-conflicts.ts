import { Client } from 'pg';
import type { Server } from './trace.js';

/** What a second session asks for while a first one holds something. */
export interface Conflicts {
  readonly held: readonly string[];
  readonly asked: readonly string[];
}

const TABLE_MODES = [
  'access share',
  'row share',
  'row exclusive',
  'share update exclusive',
  'share',
  'share row exclusive',
  'exclusive',
  'access exclusive',
];

/** PostgreSQL's table of table-level locks (13.3.1), and which mode each statement takes. */
export const TABLES: Conflicts = {
  held: TABLE_MODES.map((mode) => `lock table item in ${mode} mode`),
  asked: [
    ...TABLE_MODES.map((mode) => `lock table item in ${mode} mode nowait`),
    'select count(*) from item',
    'select id from item where id = 1 for key share',
    'insert into item values (7, 70)',
    'update item set value = 0 where id = 1',
    'delete from item where id = 1',
    'insert into child values (7, 1)',
    'truncate item cascade',
    'create index on item (value)',
    'alter table item add column more int',
    'alter table item add check (value > 0)',
    'alter table item alter column value set default 1',
    'alter table child add foreign key (id) references item not valid',
    'drop table item cascade',
  ],
};

const ROW_STRENGTHS = ['key share', 'share', 'no key update', 'update'];

/** How a row comes to be held other than by SELECT; a child holds its parent with the weakest lock. */
const ROW_CHANGES = [
  'update item set value = 11 where id = 1',
  'update item set id = 9 where id = 1',
  'delete from item where id = 1',
  'insert into child values (7, 1)',
];

/** Statements lock the tables at the other ends of foreign keys, too. */
export const KEYS: Conflicts = {
  held: ['child', 'part'].flatMap((table) => TABLE_MODES.map((mode) => `lock table ${table} in ${mode} mode`)),
  asked: [
    'insert into item values (7, 70)',
    'insert into child values (7, 1)',
    'update item set value = 0 where id = 1',
    'update item set id = 9 where id = 1',
    'update child set id = 9 where id = 1',
    'delete from item where id = 1',
    'delete from child where id = 2',
    'delete from whole where id = 1',
    'update whole set id = 9 where id = 1',
  ],
};

/** PostgreSQL's table of row-level locks (13.3.2), and which strength each statement takes. */
export const ROWS: Conflicts = {
  held: [...ROW_STRENGTHS.map((strength) => `select id from item where id = 1 for ${strength}`), ...ROW_CHANGES],
  asked: [
    ...ROW_STRENGTHS.map((strength) => `select id from item where id = 1 for ${strength} nowait`),
    ...ROW_STRENGTHS.map((strength) => `select id from item where id = 1 for ${strength} skip locked`),
    ...ROW_CHANGES.map((change) => change.replace('(7, 1)', '(8, 1)')),
  ],
};

/** Asks for everything against everything held; answers with a line for each pair. */
export async function askAll(server: Server, { held, asked }: Conflicts): Promise<string[]> {
  const [holder, asker] = await Promise.all([connect(server), connect(server)]);
  const schema = `l_${Math.random().toString(36).slice(2, 10)}`;
  const answers: string[] = [];
  try {
    await holder.query(`create schema ${schema}`);
    for (const client of [holder, asker]) await client.query(`set search_path to ${schema}`);
    await holder.query('create table item (id int primary key, value int)');
    await holder.query('create table child (id int primary key, parent int references item)');
    await holder.query('insert into item values (1, 10)');
    await holder.query('create table whole (id int primary key)');
    await holder.query('create table part (whole int references whole on delete cascade on update set null)');
    await holder.query('insert into whole values (1)');
    await holder.query('insert into part values (1)');
    // Long enough for a timer, short enough to end what waits; what need not wait never meets it.
    await asker.query('set lock_timeout = 10');
    for (const first of held) {
      await holder.query('begin');
      await holder.query(first);
      for (const second of asked) answers.push(`${first} | ${second} → ${await ask(asker, second)}`);
      await holder.query('rollback');
    }
    await holder.query(`drop schema ${schema} cascade`);
  } finally {
    await Promise.all([holder.end(), asker.end()]);
  }
  return answers;
}

async function connect(server: Server): Promise<Client> {
  const client = new Client({ ...server });
  await client.connect();
  return client;
}

async function ask(client: Client, sql: string): Promise<string> {
  await client.query('begin');
  try {
    return `${(await client.query(sql)).rowCount}`;
  } catch (error) {
    return `ERROR ${(error as { code?: string }).code}`;
  } finally {
    await client.query('rollback');
  }
}
