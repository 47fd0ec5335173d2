/**
 * kill -9 while rows are being taken to disk: a node with so little row memory that it takes a checkpoint about every second.
 * What the next start makes of the disk and the end of the log is what the whole log says.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { targetOf } from '../harness/client-programs.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';

const ROUNDS = 3;
const WRITERS = 3;
const ROWS = 400;
/** Of one row: some thousand updates fill what may wait for a checkpoint. */
const PADDING = 4_000;

async function connected<T>(node: PolylogNode, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ ...targetOf(node), connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Moves an amount from one row to another until the connection is lost: the sum stays what it was. */
async function transfer(node: PolylogNode, writer: number): Promise<number> {
  let committed = 0;
  const from = writer * 100;
  await connected(node, async (client) => {
    for (;;) {
      const [one, other] = [from + (committed % 100), from + ((committed * 7 + 1) % 100)];
      await client.query('begin');
      await client.query('update account set balance = balance - 1, note = $2 where id = $1', [one, filler(committed)]);
      await client.query('update account set balance = balance + 1 where id = $1', [other]);
      await client.query('commit');
      committed++;
    }
  }).catch(() => undefined);
  return committed;
}

const filler = (n: number): string => `${n}`.padEnd(PADDING, 'x');

async function figure(node: PolylogNode, name: string): Promise<number> {
  const text = await (await fetch(`http://${node.host}:${node.httpPort}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
}

describe('a node that often takes its rows to disk', () => {
  let node: PolylogNode;
  beforeAll(async () => {
    node = await startPolylog({ flags: ['--row-memory-mb', '16'] });
    await connected(node, async (client) => {
      await client.query(
        'create table account (id int primary key, balance int not null, note text, unique (id, balance))',
      );
      await client.query('insert into account select n, 100, $1 from generate_series(0, $2 - 1) n', [filler(0), ROWS]);
    });
  }, 60_000);
  afterAll(() => node?.remove(), 60_000);

  const state = (): Promise<unknown> =>
    connected(node, async (client) => {
      const { rows } = await client.query('select id, balance, md5(note) as note from account order by id');
      const byIndex = await client.query('select count(*)::int as n from account where (id, balance) >= (0, -1000000)');
      return { rows, indexed: byIndex.rows };
    });

  it('has the same rows after kill -9 as the whole log tells', async () => {
    let sinceCheckpoint = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const load = Promise.all(Array.from({ length: WRITERS }, (_, writer) => transfer(node, writer)));
      await sleep(1_500 + Math.random() * 2_000);
      // On a busy machine the writers take their time until there is enough to be taken to disk.
      while (round === 0 && (await figure(node, 'polylog_checkpoints_total')) === 0) await sleep(100);
      await node.kill9();
      expect((await load).reduce((sum, n) => sum + n, 0)).toBeGreaterThan(0);
      await node.restart();
      const [replayed, offset] = [
        await figure(node, 'polylog_recovery_events'),
        await figure(node, 'polylog_log_durable_offset'),
      ];
      if (replayed < offset - 1_000) sinceCheckpoint++;
      const { rows } = (await state()) as { rows: Array<{ balance: number }> };
      expect(rows).toHaveLength(ROWS);
      expect(rows.reduce((sum, { balance }) => sum + balance, 0)).toBe(ROWS * 100);
    }
    // Otherwise nothing of this was about checkpoints.
    expect(sinceCheckpoint).toBeGreaterThan(0);
    const before = await state();
    await node.kill9();
    rmSync(join(node.dataDirectory, 'store'), { recursive: true });
    await node.restart();
    expect(await state()).toEqual(before);
  }, 240_000);

  it('starts from the log when its rows on disk are damaged', async () => {
    const before = await state();
    await node.stop();
    writeFileSync(join(node.dataDirectory, 'store', 'CURRENT'), 'nonsense');
    await node.restart();
    expect(await state()).toEqual(before);
    expect(await figure(node, 'polylog_recovery_events')).toBeGreaterThan(1_000);
  }, 60_000);
});
