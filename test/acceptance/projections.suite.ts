/** Projections of a node: they follow it, survive what happens to them, and come to the same as the engine and a replay. */
import { closeSync, openSync, readdirSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { pgbench, psql, query, type Target, targetOf } from '../harness/client-programs.js';
import { type Outcome, polylogCommand } from '../harness/command-line.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';

const LOAD_SECONDS = '4';

/** Every kind of change that a table can see. */
const CHANGES = [
  'create table kept (id int primary key, name text, price numeric(10,2), at timestamptz, tags text[], doc jsonb)',
  `insert into kept select i, 'name ' || i, i / 3.0, now(), array['a', i::text], jsonb_build_object('i', i) from generate_series(1, 500) i`,
  'update kept set price = price * 2, doc = doc || \'{"b": true}\' where id % 3 = 0',
  'delete from kept where id % 7 = 0',
  "alter table kept add column state text default 'new'",
  "update kept set state = 'old' where id < 50",
  'alter table kept add column size bigint default 9223372036854775807, add column share numeric(6,3) default 0.125, add column born date default $$infinity$$',
  'alter table kept drop column tags',
  'alter table kept alter column price type double precision',
  'create table keyless (a int, b text)',
  "insert into keyless values (1, 'x'), (1, 'x'), (null, null)",
  'delete from keyless where a is null',
  'create table emptied (id int primary key)',
  'insert into emptied select generate_series(1, 100)',
  'truncate emptied',
  'insert into emptied values (1)',
  'create table gone (id int)',
  'insert into gone values (1)',
  'drop table gone',
];

/** `log` gives what `--log` says, once the servers that it needs are there. */
export function projectionsSuite(title: string, log: () => Promise<string>): void {
  describe(title, () => {
    let node: PolylogNode;
    let target: Target;

    beforeAll(async () => {
      node = await startPolylog({ log: await log() });
      target = targetOf(node);
      for (const sql of CHANGES) await psql(target, '-q', '-c', sql);
      await pgbench(target, '-i', '-q', '-s', '1');
    }, 180_000);

    afterAll(() => node?.remove(), 60_000);

    const command = (...args: string[]): Promise<Outcome> => polylogCommand(...args, '--data', node.dataDirectory);

    async function expectEqual(): Promise<void> {
      const outcome = await command('verify');
      expect(outcome).toMatchObject({ code: 0, stderr: '' });
      expect(outcome.stdout).toMatch(
        /^verified: 7 tables, \d+ rows at offset \d+ \(engine, ingestion, olap, replay\) are equal\n$/,
      );
    }

    it('come to the same as the engine and a replay', expectEqual, 60_000);

    it('come to the same after kill -9 of their process, twice under load', async () => {
      const load = pgbench(target, '-n', '-c', '4', '-T', LOAD_SECONDS, '-M', 'prepared');
      for (const _ of [1, 2]) {
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        await node.kill9('ingestion');
        await node.kill9('olap');
      }
      await load;
      await untilListed('ingestion');
      await untilListed('olap');
      await expectEqual();
    }, 60_000);

    it.each(['ingestion', 'olap'])(
      'are rebuilt to the same while clients write, who notice nothing, and say how fast: %s',
      async (name) => {
        const load = pgbench(target, '-n', '-c', '4', '-T', LOAD_SECONDS, '-M', 'prepared');
        const outcome = await command('projection', 'rebuild', name);
        expect(outcome).toMatchObject({ code: 0, stderr: '' });
        expect(outcome.stdout).toMatch(
          new RegExp(`^projection ${name} rebuilt up to offset \\d+: \\d+ events in \\d+ ms \\(\\d+/s\\)\n$`),
        );
        await expectEqual();
        expect(await load).toMatch(/number of failed transactions: 0 /);
      },
      60_000,
    );

    it('begin anew, and say so, when their file was damaged', async () => {
      await node.stop();
      const file = openSync(join(node.dataDirectory, 'ingestion', 'versions', 'data.mdb'), 'r+');
      writeSync(file, Buffer.alloc(8_192, 'x'), 0, 8_192, 0);
      closeSync(file);
      await node.restart();
      await expectEqual();
      expect(node.output()).toMatch(/data\.mdb is no LMDB file any more.*the projection is built anew from the log/);
    }, 60_000);

    it('name a Parquet file that was damaged, and make it anew', async () => {
      await node.stop();
      const tables = join(node.dataDirectory, 'olap', 'tables');
      const [path] = readdirSync(tables, { recursive: true, encoding: 'utf8' }).filter((each) =>
        each.endsWith('.parquet'),
      );
      const damaged = join(tables, path ?? '');
      const file = openSync(damaged, 'r+');
      writeSync(file, Buffer.alloc(64, 'x'), 0, 64, Math.floor(statSync(damaged).size / 2));
      closeSync(file);
      await node.restart();
      await expectEqual();
      expect(node.output()).toContain(`${damaged} is damaged: its checksum is wrong`);
    }, 60_000);

    it('answer queries at the snapshot of who asks, and in AUTO those that are worth it', async () => {
      const olap = '--set=ON_ERROR_STOP=1';
      const sums = 'select count(*), sum(abalance), min(aid), max(aid), avg(aid) from pgbench_accounts';
      const both = await psql(
        target,
        '-qAt',
        olap,
        '-c',
        'begin isolation level repeatable read',
        '-c',
        "set local polylog.tier = 'olap'",
        '-c',
        sums,
        '-c',
        "set local polylog.tier = 'tx'",
        '-c',
        sums,
        '-c',
        'commit',
      );
      const [fromOlap, fromTx] = both.trim().split('\n');
      expect(fromOlap).toBe(fromTx);
      expect(await psql(target, '-qAt', '-c', `explain ${sums}`)).toContain('OLAP Query on pgbench_accounts');
      expect(await psql(target, '-qAt', '-c', 'explain select sum(bbalance) from pgbench_branches')).not.toContain(
        'OLAP',
      );
    }, 60_000);

    it('are refused by name where they do not run', async () => {
      const { code, stderr } = await command('projection', 'rebuild', 'olap9');
      expect(code).toBe(1);
      expect(stderr).toMatch(/projection olap9 does not run on this node/);
      expect((await query(target, 'select count(*) from kept'))[0]).toBe('429');
    }, 30_000);

    async function untilListed(name: string): Promise<void> {
      for (let tries = 0; tries < 100; tries++) {
        const { stdout } = await command('projection', 'status', '--json');
        if ((JSON.parse(stdout || '[]') as { name: string }[]).some((each) => each.name === name)) return;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      throw new Error(`projection ${name} did not come back`);
    }
  });
}
