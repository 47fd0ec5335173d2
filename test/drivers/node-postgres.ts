import { Client, DatabaseError } from 'pg';
import { CASES } from './cases.js';
import type { Observations, Server } from './server.js';

/** All types and the errors through node-postgres: text format, unnamed and named statements. */
export async function observeNodePostgres(server: Server): Promise<Observations> {
  const client = new Client({ ...server });
  await client.connect();
  const seen: Record<string, unknown> = {};
  const note = async (name: string, run: () => Promise<unknown>): Promise<void> => {
    seen[name] = await run().catch((error: unknown) => errorFields(error));
  };
  await client.query("set timezone to 'Europe/Berlin'");
  await client.query('drop table if exists driver_values; create table driver_values (k serial primary key, v text)');
  for (const { type, texts } of CASES) {
    await client.query(`alter table driver_values drop column v; alter table driver_values add column v ${type}`);
    for (const text of [...texts, null]) {
      const label = `${type} ${text}`;
      await note(`${label}: read`, async () => {
        const { rows, fields } = await client.query(`select $1::text::${type} as v`, [text]);
        return { value: show(rows[0].v), oid: fields[0]?.dataTypeID, modifier: fields[0]?.dataTypeModifier };
      });
      await note(`${label}: parameter`, async () => {
        const native = (await client.query(`select $1::text::${type} as v`, [text])).rows[0].v;
        const { rows } = await client.query({
          name: `p ${type}`,
          text: `select $1::${type}::text as v`,
          values: [native],
        });
        return rows[0].v;
      });
      await note(`${label}: stored`, async () => {
        const sql = 'insert into driver_values (v) values ($1) returning v, v::text as t';
        const { rows } = await client.query(sql, [text]);
        return [show(rows[0].v), rows[0].t];
      });
    }
  }
  await transactions(client, note);
  await errors(client, note);
  await client.query('drop table driver_values');
  await client.end();
  return seen;
}

type Note = (name: string, run: () => Promise<unknown>) => Promise<void>;

async function transactions(client: Client, note: Note): Promise<void> {
  await client.query('create temporary table if not exists nothing_here (a int)').catch(() => undefined);
  await client.query('drop table if exists driver_ledger; create table driver_ledger (id int primary key, amount int)');
  await note('rollback', async () => {
    await client.query('begin');
    await client.query('insert into driver_ledger values (1, 10)');
    await client.query('rollback');
    return (await client.query('select * from driver_ledger')).rows;
  });
  await note('savepoint', async () => {
    await client.query('begin');
    await client.query('insert into driver_ledger values (1, 10)');
    await client.query('savepoint s');
    const refused = await client.query('insert into driver_ledger values (1, 11)').catch(errorFields);
    const aborted = await client.query('select 1').catch(errorFields);
    await client.query('rollback to savepoint s');
    await client.query('insert into driver_ledger values (2, 20)');
    await client.query('commit');
    return { refused, aborted, rows: (await client.query('select * from driver_ledger order by id')).rows };
  });
  await note('several statements are one transaction', async () => {
    const refused = await client
      .query('insert into driver_ledger values (3, 30); insert into driver_ledger values (1, 0)')
      .catch(errorFields);
    return { refused, rows: (await client.query('select count(*)::int as n from driver_ledger')).rows };
  });
  await note('several results', async () => {
    const results = await client.query("select 1 as a; select 'x' as b, 2.5 as c; update driver_ledger set amount = 0");
    return [results].flat().map(({ command, rowCount, rows }) => ({ command, rowCount, rows }));
  });
  await client.query('drop table driver_ledger');
}

async function errors(client: Client, note: Note): Promise<void> {
  await client.query(`drop table if exists driver_child, driver_parent;
    create table driver_parent (id int primary key);
    create table driver_child (id int primary key, parent int not null references driver_parent,
      amount int check (amount > 0), code varchar(3) unique)`);
  await client.query("insert into driver_parent values (1); insert into driver_child values (1, 1, 5, 'abc')");
  for (const sql of [
    "insert into driver_child values (1, 1, 5, 'x')",
    "insert into driver_child values (2, 9, 5, 'x')",
    "insert into driver_child values (2, null, 5, 'x')",
    "insert into driver_child values (2, 1, 0, 'x')",
    "insert into driver_child values (2, 1, 5, 'abc')",
    "insert into driver_child values (2, 1, 5, 'toolong')",
    'delete from driver_parent where id = 1',
    'selec 1',
    'select nope from driver_child',
    'select * from nowhere',
    'select nofunc(1)',
    'select 1 / 0',
    "select 'x'::int",
    "select 1 + 'x'",
    'select 2147483647 + 1',
    "select '2024-02-30'::date",
    'select count(*), id from driver_child',
    'create table driver_child (a int)',
    'drop table nowhere',
    'alter table driver_child drop column nope',
    "select substring('abc' from 2 for -1)",
    'insert into driver_child (id, id) values (1, 2)',
    "select 'unterminated",
    'select 1 limit -1',
    'select (select id from driver_child union all select 7)',
  ]) {
    await note(`error: ${sql}`, async () => (await client.query(sql)).rows);
  }
  await note('error: parameter of the wrong form', () => client.query('select $1::int', ['abc']));
  await note('error: too few parameters', () => client.query('select $1::int + $2::int', [1]));
  await client.query('drop table driver_child, driver_parent');
}

/** What a program may look at; the message counts too. Which column a misspelt name may have meant is left out (docs/compat/postgres.md). */
function errorFields(error: unknown): unknown {
  if (!(error instanceof DatabaseError)) return String(error);
  const { severity, code, message, detail, hint, position, schema, table, column, dataType, constraint } = error;
  const advice = code === '42703' ? undefined : hint;
  return { severity, code, message, detail, hint: advice, position, schema, table, column, dataType, constraint };
}

function show(value: unknown): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (Buffer.isBuffer(value)) return value.toString('hex');
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  return value;
}
