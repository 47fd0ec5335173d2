import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { SeededRandom } from '../simulation/seeded-random.js';

const SESSIONS = ['a', 'b', 'c', 'd', 'e'] as const;
type Name = (typeof SESSIONS)[number];

describe('updates of a row that many wait for', () => {
  let node: PolylogNode;
  let admin: Client;
  let clients: Map<Name, Client>;

  const connect = async (): Promise<Client> => {
    const client = new Client({ ...node, port: node.postgresPort });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  const run = async (name: Name, sql: string): Promise<unknown> => {
    const { rows } = await (clients.get(name) as Client).query({ text: sql, rowMode: 'array' });
    return rows;
  };
  const figure = async (name: string): Promise<number> => {
    const text = await (await fetch(`http://${node.host}:${node.httpPort}/metrics`)).text();
    return Number(text.match(new RegExp(`^polylog_${name}_total (\\d+)`, 'm'))?.[1]);
  };
  /** Begins what has to wait for a lock, and resolves when it does; `answered` when it has the answer. */
  const waiting = async (name: Name, sql: string): Promise<{ readonly answered: Promise<unknown> }> => {
    const before = await figure('lock_waits');
    const answer = run(name, sql);
    answer.catch(() => undefined);
    while ((await figure('lock_waits')) === before) await sleep(5);
    return { answered: answer };
  };
  const values = async (): Promise<unknown> =>
    (await admin.query({ text: 'select n from hot order by id', rowMode: 'array' })).rows.flat();
  /** `a` holds the row, `b` and `c` wait for it; `answered` when they have their answers. */
  const crowd = async (): Promise<{ readonly answered: () => Promise<unknown> }> => {
    for (const name of ['a', 'b', 'c'] as const) await run(name, 'begin');
    await run('a', 'update hot set n = n + 1 where id = 1');
    const second = await waiting('b', 'update hot set n = n + 10 where id = 1');
    const third = await waiting('c', 'update hot set n = n + 100 where id = 1');
    return { answered: () => Promise.all([second.answered, third.answered]) };
  };

  beforeAll(async () => {
    node = await startPolylog();
    admin = await connect();
    await admin.query('create table hot (id int primary key, n int not null, s smallint not null default 32000)');
    await admin.query('create table other (id int primary key, n int)');
    await admin.query('create table guarded (id int primary key, n int check (n < 1000))');
  }, 120_000);

  beforeEach(async () => {
    await admin.query('truncate hot, other, guarded');
    await admin.query('insert into hot values (1, 0), (2, 0)');
    await admin.query('insert into other values (1, 0)');
    await admin.query('insert into guarded values (1, 0)');
    clients = new Map(await Promise.all(SESSIONS.map(async (name) => [name, await connect()] as const)));
  });

  afterEach(() => Promise.all([...clients.values()].map((client) => client.end())));

  afterAll(async () => {
    await admin?.end();
    await node?.remove();
  });

  it('wait for nobody from the third waiter on, and all count', async () => {
    const waiters = await crowd();
    await run('d', 'begin');
    await run('d', 'update hot set n = n + 1000 where id = 1');
    // Those who had waited go on as well.
    await waiters.answered();
    expect(await values()).toEqual([0, 0]);
    const commits = ['d', 'c'].map((name) => run(name as Name, 'commit'));
    await run('a', 'commit');
    await Promise.all(commits);
    expect(await values()).toEqual([1_101, 0]);
    await run('b', 'rollback');
    expect(await values()).toEqual([1_101, 0]);
  });

  it('are seen by their own transaction, which waits for that', async () => {
    await crowd();
    await run('d', 'begin');
    await run('d', 'update hot set n = n + 1000 where id = 1');
    const { answered: own } = await waiting('d', 'select n from hot where id = 1');
    await run('a', 'commit');
    expect(await own).toEqual([[1_001]]);
    await run('d', 'commit');
    expect(await values()).toEqual([1_001, 0]);
  });

  it('are seen by a cursor, and by a table that is made of them', async () => {
    await crowd();
    await run('d', 'begin');
    await run('d', 'update hot set n = n + 1000 where id = 1');
    const { answered: declared } = await waiting('d', 'declare k cursor for select n from hot order by id');
    await run('a', 'commit');
    await declared;
    expect(await run('d', 'fetch all from k')).toEqual([[1_001], [0]]);
    await run('d', 'commit');
  });

  it('stay when a savepoint behind them is rolled back, though they were made within it', async () => {
    await crowd();
    await run('d', 'begin');
    await run('d', 'update hot set n = n + 1000 where id = 1');
    await run('d', 'savepoint s');
    const { answered: own } = await waiting('d', 'select n from hot where id = 1');
    await run('a', 'commit');
    expect(await own).toEqual([[1_001]]);
    await run('d', 'update hot set n = 5 where id = 2');
    await run('d', 'rollback to s');
    expect(await run('d', 'select n from hot order by id')).toEqual([[1_001], [0]]);
    await run('d', 'rollback to s');
    await run('d', 'commit');
    expect(await values()).toEqual([1_001, 0]);
  });

  it('go with the savepoint before them', async () => {
    await crowd();
    await run('d', 'begin');
    await run('d', 'savepoint s');
    await run('d', 'update hot set n = n + 1000 where id = 1');
    await run('d', 'rollback to s');
    await run('d', 'insert into other values (2, 2)');
    await run('a', 'commit');
    await run('d', 'commit');
    expect(await values()).toEqual([1, 0]);
  });

  it('keep their row from being deleted', async () => {
    await crowd();
    await run('d', 'begin');
    await run('d', 'update hot set n = n + 1000 where id = 1');
    await run('b', 'rollback');
    await run('c', 'rollback');
    await run('a', 'commit');
    const { answered: deleted } = await waiting('e', 'delete from hot where id = 1');
    await run('d', 'commit');
    await deleted;
    expect(await values()).toEqual([0]);
  });

  it('wait in turn for a row that may go', async () => {
    await run('a', 'begin');
    await run('a', 'delete from hot where id = 1');
    const waiters: Array<Promise<unknown>> = [];
    for (const name of ['b', 'c', 'd', 'e'] as const)
      waiters.push((await waiting(name, 'update hot set n = n + 1 where id = 1')).answered);
    await run('a', 'rollback');
    await Promise.all(waiters);
    expect(await values()).toEqual([4, 0]);
  });

  it('fail at once when a value is too large', async () => {
    await crowd();
    await run('d', 'begin');
    await expect(run('d', 'update hot set s = s + 1000 where id = 1')).rejects.toMatchObject({ code: '22003' });
    await run('a', 'commit');
    expect(await values()).toEqual([1, 0]);
  });

  it('fail at the commit when a value has become too large, and take all with them', async () => {
    for (const name of ['a', 'b', 'c', 'd'] as const) await run(name, 'begin');
    await run('a', 'update hot set s = s + 300 where id = 1');
    for (const name of ['b', 'c'] as const) await waiting(name, 'update hot set n = n where id = 1');
    await run('d', 'insert into other values (3, 3)');
    await run('d', 'update hot set s = s + 600 where id = 1');
    const committed = run('d', 'commit');
    committed.catch(() => undefined);
    await run('a', 'commit');
    await expect(committed).rejects.toMatchObject({ code: '22003' });
    expect((await admin.query('select 1 from other where id = 3')).rowCount).toBe(0);
  });

  it('take locks in the order of the statements', async () => {
    await crowd();
    await run('d', 'begin');
    await run('d', 'update hot set n = n + 1000 where id = 1');
    // Nothing that could wait is begun before the row is held.
    const { answered: locked } = await waiting('d', 'select n from other where id = 1 for update');
    await run('e', 'update other set n = 7 where id = 1');
    await run('a', 'commit');
    expect(await locked).toEqual([[7]]);
    await run('d', 'commit');
    expect(await values()).toEqual([1_001, 0]);
  });

  it.each([
    ['returns something', 'update hot set n = n + 1000 where id = 1 returning n'],
    ['asks for more than the key', 'update hot set n = n + 1000 where id = 1 and n >= 0'],
    ['computes more than a sum', 'update hot set n = n / 1 + 1000 where id = 1'],
  ])('wait as ever when the statement %s', async (_, sql) => {
    await crowd();
    await run('d', 'begin');
    const { answered: answer } = await waiting('d', sql);
    await run('a', 'rollback');
    await run('b', 'rollback');
    await run('c', 'rollback');
    await answer;
    await run('d', 'commit');
    expect(await values()).toEqual([1_000, 0]);
  });

  it('wait as ever where a check could refuse them, and where the session wants it', async () => {
    const before = await figure('updates_postponed');
    const names = ['a', 'b', 'c', 'd'] as const;
    for (const name of names) await run(name, 'begin');
    await run('a', 'update guarded set n = n + 1 where id = 1');
    const waiters: Array<Promise<unknown>> = [];
    for (const name of ['b', 'c', 'd'] as const)
      waiters.push((await waiting(name, 'update guarded set n = n + 1 where id = 1')).answered);
    for (const [i, name] of names.entries()) {
      await run(name, 'commit');
      await waiters[i];
    }
    await run('d', 'set polylog.postpone_updates = off');
    await crowd();
    const { answered } = await waiting('d', 'update hot set n = n + 1000 where id = 1');
    await run('a', 'commit');
    await run('b', 'commit');
    await run('c', 'commit');
    await answered;
    expect(await values()).toEqual([1_111, 0]);
    // Those in front of it need not wait for one another any more.
    expect(await figure('updates_postponed')).toBe(before + 2);
  });

  it('add up, whatever their transactions do beside them', async () => {
    await admin.query('create table if not exists told (table_name text, id int, delta int)');
    await admin.query('truncate told');
    const ended = Date.now() + 4_000;
    const random = new SeededRandom(7);
    const outcomes = new Map<string, number>();
    const worker = async (): Promise<void> => {
      const client = await connect();
      while (Date.now() < ended) {
        try {
          await client.query('begin');
          for (const sql of transaction(random)) await client.query(sql);
          const { command } = await client.query(random.below(10) === 0 ? 'rollback' : 'commit');
          outcomes.set(command, (outcomes.get(command) ?? 0) + 1);
        } catch (error) {
          const { code } = error as { code?: string };
          // Rows are taken in any order: some deadlock, as they may.
          if (code !== '40P01') throw error;
          outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
          await client.query('rollback');
        }
      }
      await client.end();
    };
    const before = await figure('updates_postponed');
    await Promise.all(Array.from({ length: 12 }, worker));
    const { rows } = await admin.query(`
      select 'hot' t, id, n, (select coalesce(sum(delta), 0)::int from told where table_name = 'hot' and told.id = hot.id) told from hot
      union all
      select 'other', id, n, (select coalesce(sum(delta), 0)::int from told where table_name = 'other' and told.id = other.id) from other`);
    expect(rows.length).toBe(3);
    for (const { n, told } of rows) expect(n).toBe(told);
    expect(outcomes.get('COMMIT')).toBeGreaterThan(100);
    expect(await figure('updates_postponed')).toBeGreaterThan(before);
  }, 60_000);
});

/** Statements of one transaction: each change of a counter is told in a table without keys. */
function transaction(random: SeededRandom): string[] {
  const statements: string[] = [];
  const steps = 1 + random.below(4);
  for (let i = 0; i < steps; i++) {
    const [table, id] = random.below(3) === 0 ? ['other', 1] : ['hot', random.below(4) === 0 ? 2 : 1];
    const delta = random.below(200) - 100;
    const change = [
      `update ${table} set n = n + ${delta} where id = ${id}`,
      `insert into told values ('${table}', ${id}, ${delta})`,
    ];
    switch (random.below(8)) {
      case 0:
        statements.push(...change, `select * from ${table}`);
        break;
      case 1:
        statements.push('savepoint s', ...change, `select * from ${table}`, 'rollback to s');
        break;
      case 2:
        statements.push(...change, 'savepoint s', `select * from ${table}`, 'rollback to s');
        break;
      case 3:
        statements.push(`select n from ${table} where id = ${id} for update`, ...change);
        break;
      default:
        statements.push(...change);
    }
  }
  return statements;
}
