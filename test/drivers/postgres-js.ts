import postgres from 'postgres';
import { CASES } from './cases.js';
import type { Observations, Server } from './server.js';

/** postgres.js asks pg_type for arrays, prepares every statement, describes parameters and pipelines. */
export async function observePostgresJs(server: Server): Promise<Observations> {
  const { host, port, user, password, database } = server;
  const sql = postgres({ host, port, user, password, database, max: 2, onnotice: () => undefined });
  const seen: Record<string, unknown> = {};
  const note = async (name: string, run: () => Promise<unknown>): Promise<void> => {
    seen[name] = await run().catch((error: unknown) => errorOf(error));
  };
  for (const { type, texts } of CASES) {
    for (const text of texts) {
      await note(`${type} ${text}`, async () => {
        const [row] = await sql.unsafe(`select $1::text::${type} as v`, [text]);
        const native = row?.['v'] as never;
        const [back] = await sql.unsafe(`select $1::${type}::text as v`, [native], { prepare: true });
        return [String(native), back?.['v']];
      });
    }
  }
  await note('fragments', () => sql`select ${1}::int + ${2}::int as sum, ${'x'} || ${'y'} as both`.then((r) => [...r]));
  await note('arrays', () => sql`select ${sql.array([1, 2, 3])}::int[] as list`.then((r) => [...r]));
  await sql`drop table if exists driver_people`;
  await sql`create table driver_people (id int primary key, name text, tags text[], info jsonb)`;
  await note('bulk insert', async () => {
    const people = [
      { id: 1, name: 'Ada', tags: ['a', 'b'], info: sql.json({ born: 1815 }) },
      { id: 2, name: 'Bob', tags: [], info: sql.json(null) },
    ];
    await sql`insert into driver_people ${sql(people)}`;
    return [...(await sql`select * from driver_people where id in ${sql([1, 2])} order by id`)];
  });
  await note('dynamic update', async () => {
    const [row] = await sql`update driver_people set ${sql({ name: 'Eve' })} where id = 2 returning id, name`;
    return row;
  });
  await note('transaction', () =>
    sql.begin(async (t) => {
      await t`insert into driver_people (id) values (3)`;
      await t.savepoint((s) => s`insert into driver_people (id) values (3)`).catch(() => undefined);
      return [...(await t`select count(*)::int as n from driver_people`)];
    }),
  );
  await note('pipelined', () => Promise.all([1, 2, 3, 4, 5].map((i) => sql`select ${i}::int as i`.then((r) => r[0]))));
  await note('cursor', async () => {
    const sizes: number[] = [];
    await sql`select * from generate_series(1, 25) g`.cursor(10, (rows) => {
      sizes.push(rows.length);
    });
    return sizes;
  });
  await note('describe', async () => {
    const { columns, types } = await sql`select id, name, info from driver_people where id = ${1}`.describe();
    return { types, columns: columns.map(({ name, type }) => ({ name, type })) };
  });
  await note('error', () => sql`insert into driver_people (id) values (1)`);
  await sql`drop table driver_people`;
  await sql.end();
  return seen;
}

function errorOf(error: unknown): unknown {
  const { code, message, detail, constraint_name } = error as Record<string, unknown>;
  return { code, message, detail, constraint_name };
}
