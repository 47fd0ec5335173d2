import {
  type Connection,
  createConnection,
  type FieldPacket,
  type ResultSetHeader,
  type RowDataPacket,
} from 'mysql2/promise';
import { MYSQL_BYTES, MYSQL_CASES } from './mysql-cases.js';
import type { Observations, Server } from './server.js';

function shown(value: unknown): string {
  if (Buffer.isBuffer(value)) return `bytes ${value.toString('hex')}`;
  if (value instanceof Date) return `Date ${value.toISOString()}`;
  return `${typeof value} ${String(value)}`;
}

async function attempt(run: () => Promise<unknown>): Promise<unknown> {
  try {
    return await run();
  } catch (error) {
    const { errno, sqlState } = error as { errno?: number; sqlState?: string };
    if (errno === undefined) throw error;
    return `error ${errno} ${sqlState}`;
  }
}

const outcome = ([{ affectedRows, insertId }]: [ResultSetHeader, FieldPacket[]]): string =>
  `${affectedRows} rows, number ${insertId}`;

const answers = ([rows, fields]: [RowDataPacket[], FieldPacket[]]): string[] => [
  `column type ${fields[0]?.columnType}`,
  ...rows.map((row) => shown(Object.values(row)[0])),
];

/** Values of every type, sent and read back as text and as binary. */
async function values(c: Connection, seen: Record<string, unknown>): Promise<void> {
  const bytes = MYSQL_BYTES.map(({ type, texts }) => ({ type, given: texts.map((each) => Buffer.from(each, 'hex')) }));
  const cases: Array<{ type: string; given: ReadonlyArray<string | Buffer> }> = MYSQL_CASES.map(({ type, texts }) => ({
    type,
    given: texts,
  }));
  const all = [...cases, ...bytes];
  await c.query('drop table if exists seen');
  await c.query(
    `create table seen (id int auto_increment primary key, ${all.map(({ type }, i) => `v${i} ${type}`).join(', ')})`,
  );
  for (const [i, { type, given }] of all.entries()) {
    const v = `v${i}`;
    const insert = `insert into seen (${v}) values (?)`;
    await c.query('delete from seen');
    for (const value of given) {
      const stored = await c.execute<ResultSetHeader>(insert, [value]);
      seen[`store ${type} ${shown(value)}`] = outcome(stored);
      await c.query(insert, [value]);
    }
    await c.execute(insert, [null]);
    const select = `select ${v} from seen order by id`;
    seen[`text ${type}`] = answers(await c.query<RowDataPacket[]>(select));
    seen[`binary ${type}`] = answers(await c.execute<RowDataPacket[]>(select));
    for (const value of given) {
      const [rows] = await c.execute<RowDataPacket[]>(`select count(*) as n from seen where ${v} = ?`, [value]);
      // Two of the values may be equal where a type cannot hold what was given.
      seen[`find ${type} ${shown(value)}`] = rows;
    }
    const [counts] = await c.query<RowDataPacket[]>(
      `select count(*) as n, count(${v}) as v, count(distinct ${v}) as d from seen`,
    );
    seen[`count ${type}`] = counts;
    seen[`change ${type}`] = await attempt(async () =>
      outcome(await c.execute<ResultSetHeader>(`update seen set ${v} = null where ${v} is not null`)),
    );
  }
}

const REFUSED: ReadonlyArray<readonly [type: string, value: unknown]> = [
  ['smallint', 32_768],
  ['int', '2147483648'],
  ['int', 'abc'],
  ['bigint', '9223372036854775808'],
  ['decimal(5,2)', '1000'],
  ['varchar(3)', 'abcd'],
  ['char(3)', 'abcd'],
  ['date', '2023-02-29'],
  ['datetime(6)', '2024-13-01 00:00:00'],
  ['int not null', null],
];

/** What does not fit is an error with a number. */
async function refusals(c: Connection, seen: Record<string, unknown>): Promise<void> {
  for (const [type, value] of REFUSED) {
    await c.query('drop table if exists refused');
    await c.query(`create table refused (v ${type})`);
    const insert = 'insert into refused (v) values (?)';
    seen[`refuse ${type} ${value}`] = [
      await attempt(async () => outcome(await c.execute<ResultSetHeader>(insert, [value as never]))),
      await attempt(async () => outcome(await c.query<ResultSetHeader>(insert, [value]))),
    ];
  }
}

/** What mysql2 sees of a server, by what was tried. */
export async function observeMysql2(server: Server, tls: boolean): Promise<Observations> {
  const { host, port, user, password, database } = server;
  const connection = await createConnection({
    ...{ host, port, user, password, database },
    supportBigNumbers: true,
    timezone: 'Z',
    ...(tls ? { ssl: { rejectUnauthorized: false } } : {}),
  });
  const seen: Record<string, unknown> = {};
  try {
    await values(connection, seen);
    await refusals(connection, seen);
    return JSON.parse(JSON.stringify(seen));
  } finally {
    await connection.end();
  }
}
