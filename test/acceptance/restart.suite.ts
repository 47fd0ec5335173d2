/**
 * kill -9 under load. Writers keep a ledger of what was acknowledged to them; when the node is back, all of that is there, of
 * what was not acknowledged each transaction is there whole or not at all, and each writer misses one answer at most.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { type Target, targetOf } from '../harness/client-programs.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';

const WRITERS = 4;
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
        await client.query('insert into ledger values ($1, $2, 1)', [this.#id, n]);
        await client.query('insert into ledger values ($1, $2, 2)', [this.#id, n]);
        await client.query('commit');
        this.acknowledged.add(n);
      }
    } catch {
      // The node was killed; what was not acknowledged by now never will be.
    }
  }

  /** Compares with what the log made of it. Takes over what was committed and never acknowledged. */
  check(found: ReadonlyMap<number, number>): void {
    const halves = [...found].filter(([, rows]) => rows !== 2);
    const lost = [...this.acknowledged].filter((n) => !found.has(n));
    const unasked = [...found.keys()].filter((n) => !this.acknowledged.has(n));
    expect({ writer: this.#id, halves, lost }).toEqual({ writer: this.#id, halves: [], lost: [] });
    expect(unasked.length).toBeLessThanOrEqual(1);
    for (const n of unasked) this.acknowledged.add(n);
  }
}

async function ledgerOf(client: Client, writer: number): Promise<Map<number, number>> {
  const counted = 'select n, count(*)::int as rows from ledger where writer = $1 group by n';
  const { rows } = await client.query<{ n: number; rows: number }>(counted, [writer]);
  return new Map(rows.map(({ n, rows: count }) => [n, count]));
}

/** `log` gives what `--log` says, once the servers that it needs are there. */
export function restartSuite(title: string, log: () => Promise<string>, rounds: number): void {
  describe(title, () => {
    let node: PolylogNode;
    let target: Target;
    const writers = Array.from({ length: WRITERS }, (_, i) => new Writer(i + 1));

    beforeAll(async () => {
      node = await startPolylog({ log: await log() });
      target = targetOf(node);
      await whenBack(target, async (client) => {
        await client.query('create table ledger (writer int, n int, half int, primary key (writer, n, half))');
      });
    }, 120_000);

    afterAll(() => node?.remove(), 60_000);

    const checkAll = (): Promise<void> =>
      whenBack(target, async (client) => {
        for (const [i, writer] of writers.entries()) writer.check(await ledgerOf(client, i + 1));
      });

    it.each(Array.from({ length: rounds }, (_, i) => [i + 1, VICTIMS[i % VICTIMS.length] ?? 'every process'] as const))(
      'has everything that it acknowledged after kill -9, round %i: %s',
      async (_round, victim) => {
        const before = writers.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);
        const load = Promise.all(writers.map((writer) => writer.run(target)));
        await sleep(LOAD_MS_MIN + Math.random() * LOAD_MS_RANGE);
        if (victim === 'every process') await node.kill9();
        else await node.kill9(victim);
        await load;
        if (victim === 'every process') await node.restart();
        await checkAll();
        const after = writers.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);
        expect(after).toBeGreaterThan(before);
      },
      120_000,
    );

    it('has it after a clean stop', async () => {
      await node.stop();
      await node.restart();
      await checkAll();
    }, 60_000);

    it('rebuilds from the log alone what else its folder held', async () => {
      const digest = 'select count(*)::int as rows, sum(writer * 31 + n * 7 + half)::int as sum from ledger';
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
