/**
 * kill -9 under load. Each transaction of a writer writes its number in two tables and moves an amount between two accounts.
 * Writers keep a ledger of what was acknowledged to them; when the node is back, all of that is there, of what was not
 * acknowledged each transaction is there whole or not at all, and each writer misses one answer at most. With pgbench beside
 * them, its tables balance and hold what it counted.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { pgbench, type Target, targetOf } from '../harness/client-programs.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';

const WRITERS = 4;
const ACCOUNTS = 20;
const PGBENCH_CLIENTS = 4;
const LOAD_MS_MIN = 300;
const LOAD_MS_RANGE = 700;
const BACK_TIMEOUT_MS = 60_000;

/** What is killed, in turn: everything, or one process that the supervisor then starts again. */
const VICTIMS = [undefined, 'engine', undefined, 'gateway-postgres'] as const;

async function connect(target: Target): Promise<Client> {
  const client = new Client({ ...target, connectionTimeoutMillis: 5_000 });
  // A connection that is lost while nothing is asked would end the test otherwise.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Runs `use` on a connection of its own, again where there is none yet: a process of the node may be on its way back. */
async function whenBack<T>(target: Target, use: (client: Client) => Promise<T>): Promise<T> {
  for (const end = Date.now() + BACK_TIMEOUT_MS; ; await sleep(100)) {
    let client: Client | null = null;
    try {
      client = await connect(target);
      return await use(client);
    } catch (error) {
      if (Date.now() > end) throw error;
    } finally {
      await client?.end().catch(() => undefined);
    }
  }
}

class Writer {
  readonly #id: number;
  /** Numbers of its transactions whose commit was acknowledged. */
  readonly acknowledged = new Set<number>();
  #next = 1;

  constructor(id: number) {
    this.#id = id;
  }

  /** Commits until the connection is lost. */
  async run(target: Target): Promise<void> {
    try {
      const client = await connect(target);
      for (;;) {
        const n = this.#next++;
        await client.query('begin');
        // The writers share the accounts. The lower one first: two who wait for each other would be no fault to be found.
        const low = n % (ACCOUNTS - 1);
        const high = low + 1 + ((n * 7) % (ACCOUNTS - 1 - low));
        await client.query('insert into ledger values ($1, $2, $3, $4)', [this.#id, n, low, high]);
        await client.query('update account set balance = balance - $2 where id = $1', [low, n]);
        await client.query('update account set balance = balance + $2 where id = $1', [high, n]);
        await client.query('insert into echo values ($1, $2)', [this.#id, n]);
        await client.query('commit');
        this.acknowledged.add(n);
      }
    } catch {
      // The node was killed; what was not acknowledged by now never will be.
    }
  }

  /** Compares with what the log made of it. Takes over what was committed and never acknowledged. */
  check(found: ReadonlyMap<number, boolean>): void {
    const halves = [...found].filter(([, isWhole]) => !isWhole);
    const lost = [...this.acknowledged].filter((n) => !found.has(n));
    const unasked = [...found.keys()].filter((n) => !this.acknowledged.has(n));
    expect({ writer: this.#id, halves, lost }).toEqual({ writer: this.#id, halves: [], lost: [] });
    expect(unasked.length).toBeLessThanOrEqual(1);
    for (const n of unasked) this.acknowledged.add(n);
  }
}

/** What there is of this writer: each number of either table, and whether it stands in both. */
async function ledgerOf(client: Client, writer: number): Promise<Map<number, boolean>> {
  const { rows } = await client.query<{ n: number; whole: boolean }>(
    `select coalesce(l.n, e.n) as n, l.n is not null and e.n is not null as whole
     from (select * from ledger where writer = $1) l full join (select * from echo where writer = $1) e on l.n = e.n`,
    [writer],
  );
  return new Map(rows.map(({ n, whole }) => [n, whole]));
}

/** Every balance is what the moves in the ledger make of it. */
async function checkBalances(client: Client): Promise<void> {
  const balances = await client.query<{ id: number; balance: string }>('select id, balance from account');
  const moves = await client.query<{ n: number; low: number; high: number }>('select n, low, high from ledger');
  const expected = new Map<number, number>();
  const move = (id: number, by: number): unknown => expected.set(id, (expected.get(id) ?? 0) + by);
  for (const { n, low, high } of moves.rows) {
    move(low, -n);
    move(high, n);
  }
  const wrong = balances.rows.filter(({ id, balance }) => Number(balance) !== (expected.get(id) ?? 0));
  expect(wrong).toEqual([]);
  expect(balances.rows).toHaveLength(ACCOUNTS);
}

/** pgbench as one more writer, which counts for itself what was acknowledged to it. */
class PgbenchLoad {
  #acknowledged = 0;
  #runs = 0;

  fill(target: Target): Promise<unknown> {
    return pgbench(target, '-i', '-q');
  }

  /** Runs until the connections are lost: what it counted stands in its report nevertheless. */
  async run(target: Target): Promise<void> {
    const report = await pgbench(target, '-n', '-c', String(PGBENCH_CLIENTS), '-T', '60').catch(String);
    this.#acknowledged += Number(/actually processed: (\d+)/.exec(report)?.[1] ?? 0);
    this.#runs++;
  }

  async check(client: Client): Promise<void> {
    const { rows } = await client.query<Record<'accounts' | 'branches' | 'tellers' | 'history' | 'n', string>>(
      `select (select sum(abalance) from pgbench_accounts) as accounts, (select sum(bbalance) from pgbench_branches) as branches,
         (select sum(tbalance) from pgbench_tellers) as tellers,
         (select coalesce(sum(delta), 0) from pgbench_history) as history, (select count(*) from pgbench_history) as n`,
    );
    const [{ accounts, branches, tellers, history, n } = {}] = rows as Array<Partial<(typeof rows)[0]>>;
    expect([branches, tellers, history]).toEqual([accounts, accounts, accounts]);
    const unasked = Number(n) - this.#acknowledged;
    expect(unasked).toBeGreaterThanOrEqual(0);
    expect(unasked).toBeLessThanOrEqual(this.#runs * PGBENCH_CLIENTS);
  }
}

/** `log` gives what `--log` says, once the servers that it needs are there. */
export function restartSuite(
  title: string,
  log: () => Promise<string>,
  { rounds, withPgbench }: { readonly rounds: number; readonly withPgbench: boolean },
): void {
  describe(title, () => {
    let node: PolylogNode;
    let target: Target;
    const writers = Array.from({ length: WRITERS }, (_, i) => new Writer(i + 1));
    const bench = withPgbench ? new PgbenchLoad() : null;

    beforeAll(async () => {
      node = await startPolylog({ log: await log() });
      target = targetOf(node);
      await whenBack(target, async (client) => {
        await client.query('create table ledger (writer int, n int, low int, high int, primary key (writer, n))');
        await client.query('create table echo (writer int, n int, primary key (writer, n))');
        await client.query('create table account (id int primary key, balance bigint not null)');
        await client.query('insert into account select id, 0 from generate_series(0, $1 - 1) id', [ACCOUNTS]);
      });
      await bench?.fill(target);
    }, 120_000);

    afterAll(() => node?.remove(), 60_000);

    const count = (): number => writers.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);

    const checkAll = (): Promise<void> =>
      whenBack(target, async (client) => {
        for (const [i, writer] of writers.entries()) writer.check(await ledgerOf(client, i + 1));
        await checkBalances(client);
        await bench?.check(client);
      });

    it.each(Array.from({ length: rounds }, (_, i) => [i + 1, VICTIMS[i % VICTIMS.length] ?? 'every process'] as const))(
      'has everything that it acknowledged after kill -9, round %i: %s',
      async (_round, victim) => {
        const before = count();
        const load = Promise.all([...writers.map((writer) => writer.run(target)), bench?.run(target)]);
        // On a busy machine connecting alone may take longer than the load: a kill before it would show nothing.
        for (const end = Date.now() + BACK_TIMEOUT_MS; count() === before && Date.now() < end; ) await sleep(20);
        await sleep(LOAD_MS_MIN + Math.random() * LOAD_MS_RANGE);
        if (victim === 'every process') await node.kill9();
        else await node.kill9(victim);
        await load;
        if (victim === 'every process') await node.restart();
        await checkAll();
        expect(count()).toBeGreaterThan(before);
      },
      120_000,
    );

    it('has it after a clean stop', async () => {
      await node.stop();
      await node.restart();
      await checkAll();
    }, 60_000);

    it('rebuilds from the log alone what else its folder held', async () => {
      const digest = 'select count(*)::int as rows, sum(writer * 31 + n * 7 + low)::int as sum from ledger';
      const of = (): Promise<unknown> => whenBack(target, async (client) => (await client.query(digest)).rows);
      const before = await of();
      await node.stop();
      dropAllButLog(node.dataDirectory);
      await node.restart();
      expect(await of()).toEqual(before);
      await checkAll();
    }, 60_000);
  });
}

/** On Kafka nothing in the folder is the log: all of it goes. */
function dropAllButLog(data: string): void {
  for (const name of readdirSync(data)) if (name !== 'log') rmSync(join(data, name), { recursive: true });
}
