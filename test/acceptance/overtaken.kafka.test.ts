/**
 * Two nodes on one cluster name. Until nodes share the work, the one that starts last has the log, and the other must not acknowledge
 * anything that the log does not count any more.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { targetOf } from '../harness/client-programs.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { sharedKafka } from '../harness/shared-servers.js';

const END_TIMEOUT_MS = 20_000;

async function connect(node: PolylogNode): Promise<Client> {
  const client = new Client({ ...targetOf(node), connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** A connection that has written a row, as soon as one can. */
async function writable(node: PolylogNode): Promise<Client> {
  for (const end = Date.now() + END_TIMEOUT_MS; ; await sleep(100)) {
    const client = await connect(node).catch(() => null);
    try {
      await client?.query('insert into t values (-1) on conflict do nothing');
      if (client !== null) return client;
    } catch (error) {
      await client?.end().catch(() => undefined);
      if (Date.now() > end) throw error;
    }
  }
}

describe('a node on whose cluster another one has started', () => {
  it('ends at its next commit without acknowledging it, and the other has all that was acknowledged', async () => {
    const log = `kafka://${(await sharedKafka()).bootstrap}/acceptance-overtaken`;
    const first = await startPolylog({ log });
    const acknowledged = new Set<number>();
    const client = await connect(first);
    await client.query('create table t (n int primary key)');
    const write = async (): Promise<void> => {
      for (let n = 0; ; n++) {
        await client.query('insert into t values ($1)', [n]);
        acknowledged.add(n);
      }
    };
    const writing = write().catch((error: Error) => error.message);
    await sleep(300);
    const second = await startPolylog({ log });
    try {
      await writing;
      const isOver = (): boolean => first.output().includes('the node ends');
      for (const end = Date.now() + END_TIMEOUT_MS; !isOver() && Date.now() < end; ) await sleep(100);
      expect(isOver()).toBe(true);
      expect(first.output()).toContain('another node has taken over this log');
      // Where the first wrote on for a moment with a clock ahead of the lease, the other's engine has to fold the log once more.
      const other = await writable(second);
      const { rows } = await other.query<{ n: number }>('select n from t');
      const found = new Set(rows.map(({ n }) => n));
      expect([...acknowledged].filter((n) => !found.has(n))).toEqual([]);
      expect(acknowledged.size).toBeGreaterThan(0);
      await other.end();
    } finally {
      await client.end().catch(() => undefined);
      await Promise.all([first.remove(), second.remove()]);
    }
  }, 120_000);
});
