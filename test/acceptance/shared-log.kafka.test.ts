/** Two nodes on one Kafka log, both writable: what one commits the other sees, nobody's commit is lost, and what only one may have only one gets. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type DatabaseError } from 'pg';
import { targetOf } from '../harness/client-programs.js';
import { polylogCommand } from '../harness/command-line.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { sharedKafka } from '../harness/shared-servers.js';

const ACCOUNTS = 20;
const TRANSFER_MS = 4_000;
const SEEN_WITHIN_MS = 5_000;
const RETRIED = new Set(['40001', '40P01']);

async function connect(node: PolylogNode): Promise<Client> {
  const client = new Client({ ...targetOf(node), connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** The SQLSTATE of what a statement met. */
function stateOf(done: Promise<unknown>): Promise<string> {
  return done.then(
    () => '00000',
    (error: unknown) => (error as DatabaseError).code ?? String(error),
  );
}

async function valueIn(client: Client, query: string): Promise<unknown> {
  const { rows } = await client.query<{ value: unknown }>(query);
  return rows[0]?.value;
}

/** What is committed elsewhere comes a moment later. */
async function sees(client: Client, query: string, value: unknown): Promise<void> {
  for (const end = Date.now() + SEEN_WITHIN_MS; ; await sleep(10)) {
    const found = await valueIn(client, query).catch((error: Error) => error.message);
    if (found === value) return;
    if (Date.now() > end) throw new Error(`${query}: ${String(found)}, not ${String(value)}`);
  }
}

/** Both have decided alike, one as it went and the other from the log alone. */
async function sameRows(one: PolylogNode, two: PolylogNode): Promise<void> {
  const [a, b] = [await connect(one), await connect(two)];
  try {
    for (const table of ['t', 'parent', 'child', 'numbered', 'counter', 'account', 'done']) {
      const query = `select * from ${table} order by 1`;
      const rows = (await a.query(query)).rows;
      expect([table, (await b.query(query)).rows]).toEqual([table, rows]);
    }
  } finally {
    await Promise.all([a.end(), b.end()]);
  }
}

describe('two nodes that share a Kafka log', () => {
  let one: PolylogNode;
  let two: PolylogNode;
  let a: Client;
  let b: Client;

  beforeAll(async () => {
    const log = `kafka://${(await sharedKafka()).bootstrap}/acceptance-shared-log`;
    one = await startPolylog({ log, flags: ['--server-id', '1', '--projections', 'none'] });
    two = await startPolylog({ log, flags: ['--server-id', '2', '--projections', 'none'] });
    a = await connect(one);
    b = await connect(two);
  }, 120_000);

  afterAll(async () => {
    await a?.end().catch(() => undefined);
    await b?.end().catch(() => undefined);
    await Promise.all([one?.remove(), two?.remove()]);
  }, 60_000);

  it('see each other’s tables and rows, and both write them', async () => {
    await a.query('create table t (n int primary key, who text unique)');
    await a.query("insert into t values (1, 'a')");
    await sees(b, 'select who as value from t where n = 1', 'a');
    await b.query("update t set who = 'b' where n = 1");
    await sees(a, 'select who as value from t where n = 1', 'b');
    await b.query('alter table t add column more int default 7');
    await sees(a, 'select more as value from t where n = 1', 7);
    await a.query('insert into t (n, more) values (2, 8)');
    await sees(b, 'select more as value from t where n = 2', 8);
  });

  it('keep a snapshot as it was while the other commits', async () => {
    await a.query('begin isolation level repeatable read');
    expect(await valueIn(a, 'select more as value from t where n = 2')).toBe(8);
    await b.query('update t set more = 9 where n = 2');
    await sleep(200);
    expect(await valueIn(a, 'select more as value from t where n = 2')).toBe(8);
    expect(await stateOf(a.query('update t set more = 10 where n = 2'))).toBe('40001');
    await a.query('rollback');
    await sees(a, 'select more as value from t where n = 2', 9);
  });

  it('refuse one of two transactions that have written the same row', async () => {
    await a.query('begin');
    await b.query('begin');
    await a.query('update t set more = more + 1 where n = 2');
    await b.query('update t set more = more + 1 where n = 2');
    const states = await Promise.all([stateOf(a.query('commit')), stateOf(b.query('commit'))]);
    expect(states.sort()).toEqual(['00000', '40001']);
    await sees(a, 'select more as value from t where n = 2', 10);
    await sees(b, 'select more as value from t where n = 2', 10);
  });

  it('refuse a transaction for a row that the other has written since it was locked, and not for one that was read anew', async () => {
    const watch = await connect(one);
    const lockedThenWrittenByB = async (first: string, n: number): Promise<string> => {
      await a.query('begin');
      await a.query(first);
      await b.query('update t set more = more + 1 where n = $1', [n]);
      const value = await valueIn(b, `select more as value from t where n = ${n}`);
      await sees(watch, `select more as value from t where n = ${n}`, value);
      await a.query('update t set more = more + 1 where n = 2');
      return stateOf(a.query('commit'));
    };
    const before = (await valueIn(b, 'select more as value from t where n = 2')) as number;
    expect(await lockedThenWrittenByB('update t set more = more where n = 1', 2)).toBe('00000');
    await sees(b, 'select more as value from t where n = 2', before + 2);
    expect(await lockedThenWrittenByB('select from t where n = 2 for update', 2)).toBe('40001');
    expect(await lockedThenWrittenByB('update t set more = 0 where n = 2', 2)).toBe('40001');
    expect(await lockedThenWrittenByB('select from t where n = 1 for update', 1)).toBe('00000');
    await sees(b, 'select more as value from t where n = 2', before + 5);
    await watch.end();
  });

  it('let exactly one in when both take the same unique value', async () => {
    for (let n = 100; n < 130; n++) {
      const take = (client: Client, id: number): Promise<string> =>
        stateOf(client.query('insert into t (n, who) values ($1, $2)', [id, `taken ${n}`]));
      const states = await Promise.all([take(a, n), take(b, n + 1_000)]);
      expect(states.filter((state) => state === '00000')).toHaveLength(1);
      expect(['40001', '23505']).toContain(states.find((state) => state !== '00000'));
    }
    await sees(b, "select count(*)::int as value from t where who like 'taken%'", 30);
    await sees(a, "select count(*)::int as value from t where who like 'taken%'", 30);
  });

  it('run a single statement anew that the other has forestalled, also where it returns rows', async () => {
    await a.query('create table counter (n int primary key, count int not null)');
    await a.query('insert into counter values (1, 0)');
    await sees(b, 'select count as value from counter', 0);
    const clients = await Promise.all([one, one, one, two, two, two].map(connect));
    const told: number[] = [];
    await Promise.all(
      clients.map(async (client) => {
        for (let i = 0; i < 40; i++)
          told.push((await valueIn(client, 'update counter set count = count + 1 returning count as value')) as number);
      }),
    );
    await Promise.all(clients.map((client) => client.end()));
    // Each has been told its own count: nothing was done twice, and no answer was that of a run that was refused.
    expect(told.sort((x, y) => x - y)).toEqual(Array.from({ length: 240 }, (_, i) => i + 1));
    await sees(a, 'select count as value from counter', 240);
    await sees(b, 'select count as value from counter', 240);
  });

  it('keep a child from a parent that the other deletes', async () => {
    await a.query('create table parent (n int primary key)');
    await a.query('create table child (n int primary key, parent int references parent)');
    await sees(b, 'select count(*)::int as value from child', 0);
    for (let n = 0; n < 20; n++) {
      await a.query('insert into parent values ($1)', [n]);
      await sees(b, `select n as value from parent where n = ${n}`, n);
      await Promise.all([
        stateOf(a.query('delete from parent where n = $1', [n])),
        stateOf(b.query('insert into child values ($1, $1)', [n])),
      ]);
    }
    await sleep(200);
    const orphans =
      'select count(*)::int as value from child c where not exists (select from parent p where p.n = c.parent)';
    expect([await valueIn(a, orphans), await valueIn(b, orphans)]).toEqual([0, 0]);
  });

  it('give out each value of a sequence once', async () => {
    await a.query('create table numbered (id serial, who text)');
    await sees(b, 'select count(*)::int as value from numbered', 0);
    const insert = async (client: Client, who: string): Promise<void> => {
      for (let n = 0; n < 100; n++) await client.query('insert into numbered (who) values ($1)', [who]);
    };
    await Promise.all([insert(a, 'a'), insert(b, 'b')]);
    await sees(a, 'select count(distinct id)::int as value from numbered', 200);
    await sees(b, 'select count(distinct id)::int as value from numbered', 200);
  });

  it('lose no acknowledged commit and no money when one is killed amid transfers', async () => {
    await a.query('create table account (n int primary key, balance int not null)');
    await a.query('create table done (n serial primary key, who text not null, nth int not null, unique (who, nth))');
    await a.query(`insert into account select n, 1000 from generate_series(1, ${ACCOUNTS}) n`);
    await sees(b, 'select sum(balance)::int as value from account', ACCOUNTS * 1_000);
    const acknowledged: string[] = [];
    const end = Date.now() + TRANSFER_MS;
    const transfer = async (node: PolylogNode, who: string): Promise<void> => {
      const client = await connect(node);
      for (let nth = 0; Date.now() < end; nth++) {
        const from = 1 + Math.floor(Math.random() * ACCOUNTS);
        const to = 1 + (from % ACCOUNTS);
        try {
          await client.query('begin');
          await client.query('update account set balance = balance - 1 where n = $1', [from]);
          await client.query('update account set balance = balance + 1 where n = $1', [to]);
          await client.query('insert into done (who, nth) values ($1, $2)', [who, nth]);
          await client.query('commit');
          acknowledged.push(`${who}/${nth}`);
        } catch (error) {
          // The node may be killed between the refusal and the ROLLBACK too.
          if (!RETRIED.has((error as DatabaseError).code ?? '')) break;
          if ((await stateOf(client.query('rollback'))) !== '00000') break;
        }
      }
      await client.end().catch(() => undefined);
    };
    const running = [0, 1, 2, 3].flatMap((n) => [transfer(one, `one ${n}`), transfer(two, `two ${n}`)]);
    await sleep(TRANSFER_MS / 2);
    await two.kill9();
    await Promise.all(running);
    expect(await valueIn(a, 'select sum(balance)::int as value from account')).toBe(ACCOUNTS * 1_000);
    const found = new Set(
      (await a.query<{ key: string }>("select who || '/' || nth as key from done")).rows.map(({ key }) => key),
    );
    expect(acknowledged.filter((key) => !found.has(key))).toEqual([]);
    const late = [...acknowledged].reverse().find((key) => key.startsWith('one'));
    expect(Number(late?.split('/')[1])).toBeGreaterThan(10);
    await two.restart();
    await sameRows(one, two);
    // A clean stop leaves its rows on disk; from there it goes on with what has come meanwhile.
    await two.stop();
    await a.query('update account set balance = balance + 1');
    await a.query('update account set balance = balance - 1');
    await two.restart();
    await sameRows(one, two);
    expect(two.output()).not.toContain('built anew');
    for (const node of [one, two]) {
      const { code, stdout, stderr } = await polylogCommand('verify', '--data', node.dataDirectory);
      expect({ code, stderr, equal: /\bequal\b/.test(stdout) }).toEqual({ code: 0, stderr: '', equal: true });
    }
    const again = await connect(two);
    try {
      await sees(again, 'select sum(balance)::int as value from account', ACCOUNTS * 1_000);
      await again.query("insert into done (who, nth) values ('again', 0)");
      await sees(a, "select count(*)::int as value from done where who = 'again'", 1);
    } finally {
      await again.end();
    }
  }, 120_000);
});
