/** Tables as they were: by SQL, for times that the engine itself has long collected. */
import { mariadb, query, type Target, targetOf } from '../harness/client-programs.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';

/** One statement, and the moment behind it, which is no other statement's. */
async function at(target: Target, sql: string): Promise<string> {
  await query(target, sql);
  const [moment = ''] = await query(target, 'select clock_timestamp() from pg_sleep(0.02)');
  await query(target, 'select pg_sleep(0.02)');
  return moment;
}

/** `log` gives what `--log` says, once the servers that it needs are there. */
export function historySuite(title: string, log: () => Promise<string>): void {
  describe(title, () => {
    let node: PolylogNode;
    let target: Target;
    const moments: string[] = [];

    beforeAll(async () => {
      node = await startPolylog({ log: await log() });
      target = targetOf(node);
      for (const sql of [
        'create table account (id int primary key, owner text, amount numeric(10,2))',
        "insert into account values (1, 'ada', 10), (2, 'bob', 20)",
        'update account set amount = amount + 5 where id = 1; delete from account where id = 2',
        "alter table account add column note text default 'none'; insert into account values (3, 'cy', 30, 'new')",
        'alter table account alter column amount type double precision',
        "truncate account; insert into account values (9, 'zoe', 1.5, 'last')",
      ])
        moments.push(await at(target, sql));
    }, 180_000);

    afterAll(() => node?.remove(), 60_000);

    const as = (moment: number, what = '*', how = 'for system_time as of'): Promise<string[]> =>
      query(target, `select ${what} from account ${how} '${moments[moment]}' order by 1`);

    /** What each moment must show, in the columns that the table has now. */
    const SHOWN = [
      [],
      ['1|ada|10|none', '2|bob|20|none'],
      ['1|ada|15|none'],
      ['1|ada|15|none', '3|cy|30|new'],
      ['1|ada|15|none', '3|cy|30|new'],
      ['9|zoe|1.5|last'],
    ];

    it('show every moment, through changes of the table itself', async () => {
      for (const [i, rows] of SHOWN.entries()) expect(await as(i)).toEqual(rows);
      expect(await query(target, "select count(*) from account for system_time as of '2001-01-01'")).toEqual(['0']);
      expect(await query(target, 'select * from account for system_time as of now()')).toEqual(['9|zoe|1.5|last']);
    }, 60_000);

    it('can be joined, grouped and given a parameter, by either spelling', async () => {
      expect(await as(1, 'sum(amount), count(*)', 'as of system time')).toEqual(['30|2']);
      const joined = `select a.id, b.id from account for system_time as of '${moments[1]}' a full join account b using (id) order by 1, 2`;
      expect(await query(target, joined)).toEqual(['1|(null)', '2|(null)', '(null)|9']);
      const prepared = `prepare p(timestamptz) as select owner from account for system_time as of $1 order by 1`;
      expect(await query(target, `${prepared}; execute p('${moments[1]}')`)).toEqual(['ada', 'bob']);
    }, 60_000);

    it('list all versions with their periods, none of which overlap', async () => {
      const versions =
        'select id, amount, row_end is null as stands from account for system_time all order by id, row_start';
      const shown = await query(target, versions);
      expect(shown.filter((row) => row.endsWith('t'))).toEqual(['9|1.5|t']);
      expect(shown.filter((row) => row.startsWith('1|')).map((row) => row.split('|')[1])).toEqual(['10', '15', '15']);
      const overlap = `select count(*) from account for system_time all a join account for system_time all b
        on a.id = b.id and a.row_version < b.row_version and a.row_end > b.row_start`;
      expect(await query(target, overlap)).toEqual(['0']);
    }, 60_000);

    it('are read by row key where conditions fix it, also those of another generation', async () => {
      const asOf = (i: number, where: string): Promise<string[]> =>
        query(target, `select id, owner from account for system_time as of '${moments[i]}' where ${where} order by 1`);
      for (const i of [1, 3]) {
        expect(await asOf(i, 'id = 1')).toEqual(['1|ada']);
        expect(await asOf(i, 'id in (1, 3, 77)')).toEqual(i === 1 ? ['1|ada'] : ['1|ada', '3|cy']);
      }
      expect(await asOf(5, 'id = 9')).toEqual(['9|zoe']);
      for (const nothing of ['id = 1', 'id = null', 'id = 9000000000', "id = 9 and owner = 'ada'"])
        expect(await asOf(5, nothing)).toEqual([]);
      const versions = `select count(*) from account for system_time all where id =`;
      expect([...(await query(target, `${versions} 9`)), ...(await query(target, `${versions} 1`))]).toEqual([
        '1',
        '3',
      ]);
      const plan = await query(target, 'explain select * from account for system_time as of now() where id = 9');
      expect(plan.join(' ')).toMatch(/Row Key: /);
    }, 60_000);

    it('are the same tables to MySQL clients', async () => {
      const as = async (from: string): Promise<string> =>
        mariadb({ ...target, port: node.mysqlPort, database: 'public' }, `select id, owner from ${from} order by 1`);
      const moment = (moments[1] as string).replace(/\+00$/, '');
      for (const how of ['for system_time as of', 'for system_time as of timestamp', 'as of system time'])
        expect(await as(`\`account\` ${how} '${moment}' as a`)).toBe('1\tada\n2\tbob\n');
      expect(await as('account for system_time as of now() where id < 100')).toBe('9\tzoe\n');
      expect(await as('account for system_time all where row_end is null and id < 100')).toBe('9\tzoe\n');
      await expect(as("account for system_time between '2026-01-01' and now()")).rejects.toThrow(/ERROR 1235 /);
      await expect(as("account for system_time as of 'soon'")).rejects.toThrow(/ERROR 1292 /);
    }, 60_000);

    it('wait for what this session has just committed', async () => {
      for (let i = 100; i < 120; i++) {
        await query(target, `insert into account values (${i}, 'x', 0, '')`);
        expect(await query(target, 'select max(id) from account for system_time as of now()')).toEqual([String(i)]);
      }
    }, 60_000);

    it('outlive the engine, its rows on disk and the tier itself', async () => {
      await node.kill9();
      await node.restart();
      expect(await as(1)).toEqual(SHOWN[1]);
      await node.kill9('ingestion');
      // Whoever read while it went is told so; whoever asks then waits for the next one.
      await as(1).catch((error: Error) => expect(error.message).toMatch(/ingestion tier/));
      expect(await as(1)).toEqual(SHOWN[1]);
    }, 120_000);

    it('refuse what they cannot do, by name', async () => {
      await query(target, 'create view accounts as select * from account');
      const refusals: Array<readonly [string, RegExp]> = [
        ['accounts for system_time as of now()', /view "accounts" cannot be read as of an earlier time/],
        ['account for system_time from now() to now()', /a range of FOR SYSTEM_TIME is not supported/],
        ['account for system_time as of null', /takes a moment/],
        ["account for system_time as of 'soon'", /invalid input syntax for type timestamp with time zone/],
      ];
      for (const [from, message] of refusals)
        await expect(query(target, `select * from ${from}`)).rejects.toThrow(message);
    }, 60_000);
  });
}
