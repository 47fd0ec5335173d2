/** The broker is away for longer than a commit may take, and comes back: what clients are told, and what is there afterwards. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type DatabaseError } from 'pg';
import { targetOf } from '../harness/client-programs.js';
import { type KafkaCluster, startKafka } from '../harness/kafka.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';

const COMMIT_TIMEOUT_MS = 2_000;
const BACK_TIMEOUT_MS = 40_000;

describe('a node whose broker goes away', () => {
  let kafka: KafkaCluster;
  let node: PolylogNode;
  let client: Client;
  const acknowledged: number[] = [];
  const refused: number[] = [];
  const unknown: number[] = [];
  let next = 0;

  beforeAll(async () => {
    kafka = await startKafka();
    const flags = ['--commit-timeout-ms', String(COMMIT_TIMEOUT_MS)];
    node = await startPolylog({ log: `kafka://${kafka.bootstrap}/away`, flags });
    client = new Client(targetOf(node));
    client.on('error', () => undefined);
    await client.connect();
    await client.query('create table t (n int, half int, primary key (n, half))');
  }, 120_000);
  afterAll(async () => {
    await client?.end().catch(() => undefined);
    await node?.remove();
    await kafka?.stop();
  }, 60_000);

  /** Both halves of one number, in the one session there is. Answers with the SQLSTATE of what its COMMIT met. */
  async function write(): Promise<string> {
    const n = next++;
    try {
      await client.query('begin');
      await client.query('insert into t values ($1, 1), ($1, 2)', [n]);
      await client.query('commit');
      acknowledged.push(n);
      return '00000';
    } catch (error) {
      const { code } = error as DatabaseError;
      (code === '08007' ? unknown : refused).push(n);
      return code ?? String(error);
    }
  }

  async function halves(): Promise<Map<number, number>> {
    const { rows } = await client.query<{ n: number; c: number }>('select n, count(*)::int as c from t group by n');
    return new Map(rows.map(({ n, c }) => [n, c]));
  }

  async function writesAgain(): Promise<void> {
    for (const end = Date.now() + BACK_TIMEOUT_MS; (await write()) !== '00000'; await sleep(200))
      if (Date.now() > end) throw new Error('commits do not resume');
  }

  async function checkAll(): Promise<void> {
    const found = await halves();
    expect([...found.values()].every((count) => count === 2)).toBe(true);
    expect(acknowledged.filter((n) => !found.has(n))).toEqual([]);
    expect(refused.filter((n) => found.has(n))).toEqual([]);
  }

  it.each(['stopped in its tracks', 'killed'] as const)(
    'answers commits in time, reads on, and resumes by itself: the broker is %s',
    async (how) => {
      expect(await write()).toBe('00000');
      const [broker] = kafka.brokers;
      if (broker === undefined) throw new Error('no broker');
      if (how === 'killed') await broker.kill();
      else broker.pause();
      const before = await halves();
      const began = Date.now();
      const code = await write();
      expect(['08007', '58030']).toContain(code);
      const tookMs = Date.now() - began;
      expect(tookMs).toBeGreaterThan(COMMIT_TIMEOUT_MS / 2);
      expect(tookMs).toBeLessThan(COMMIT_TIMEOUT_MS + 3_000);
      // Nobody sees a half, nor all of what may not be.
      expect(await halves()).toEqual(before);
      if (how === 'killed') await broker.restart();
      else broker.resume();
      await writesAgain();
      await checkAll();
    },
    90_000,
  );

  it('has the same after kill -9', async () => {
    const before = await halves();
    await client.end();
    await node.kill9();
    await node.restart();
    client = new Client(targetOf(node));
    await client.connect();
    expect(await halves()).toEqual(before);
    await checkAll();
    expect(unknown.length + refused.length).toBeGreaterThan(0);
  }, 60_000);
});
