import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type PolylogNode, startPolylog } from '#test/harness/polylog.js';

async function status({ host, httpPort }: PolylogNode): Promise<number> {
  return (await fetch(`http://${host}:${httpPort}/readyz`)).status;
}

describe('a node whose engine is killed', () => {
  let node: PolylogNode;

  beforeAll(async () => {
    node = await startPolylog();
  });

  afterAll(() => node.remove());

  it('is not ready until a client may connect again', async () => {
    await node.kill9('engine');
    while ((await status(node)) === 200) await sleep(5);
    while ((await status(node)) !== 200) await sleep(5);
    const client = new pg.Client({ connectionString: node.url });
    await client.connect();
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await client.end();
  }, 60_000);
});
