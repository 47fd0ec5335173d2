/** Two nodes on one Kafka log, each of whose gateways knows the other's engine too: clients go on when an engine, or a whole node, is gone. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type DatabaseError } from 'pg';
import { targetOf } from '../harness/client-programs.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { sharedKafka } from '../harness/shared-servers.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

const WRITERS = 3;
const WITHIN_MS = 45_000;
/** Writes that each client must come to before and after a fault. */
const SOME = 20;

/** Writes one row after the other until it is stopped, by a new connection whenever it loses one. */
class Writer {
  readonly acknowledged: number[] = [];
  lost = 0;
  #stopped = false;
  readonly #node: PolylogNode;
  readonly #name: string;
  readonly done: Promise<void>;

  constructor(node: PolylogNode, name: string) {
    this.#node = node;
    this.#name = name;
    this.done = this.#run();
  }

  async #run(): Promise<void> {
    for (let nth = 0; !this.#stopped; ) {
      const client = new Client({ ...targetOf(this.#node), connectionTimeoutMillis: 10_000 });
      client.on('error', () => undefined);
      try {
        await client.connect();
        for (; !this.#stopped; nth++) {
          await client.query('insert into done values ($1, $2)', [this.#name, nth]).catch((error: DatabaseError) => {
            // The answer was lost, the row was not.
            if (error.code !== '23505') throw error;
          });
          this.acknowledged.push(nth);
        }
      } catch {
        this.lost++;
        await sleep(20);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  }

  stop(): Promise<void> {
    this.#stopped = true;
    return this.done;
  }
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + WITHIN_MS; !(await holds()); await sleep(20))
    if (Date.now() > end) throw new Error(`not within ${WITHIN_MS} ms: ${what}`);
}

async function someMore(writers: readonly Writer[]): Promise<void> {
  const had = writers.map(({ acknowledged }) => acknowledged.length);
  await until('all clients write', () =>
    writers.every(({ acknowledged }, i) => acknowledged.length >= (had[i] as number) + SOME),
  );
}

async function rowsOf(node: PolylogNode): Promise<string[]> {
  const client = new Client(targetOf(node));
  await client.connect();
  try {
    const { rows } = await client.query<{ key: string }>("select who || '/' || nth as key from done order by who, nth");
    return rows.map(({ key }) => key);
  } finally {
    await client.end();
  }
}

async function sessionsOf(node: PolylogNode): Promise<number> {
  const text = await (await fetch(`http://${node.host}:${node.httpPort}/metrics`)).text();
  return Number(/^polylog_sessions (\d+)$/m.exec(text)?.[1]);
}

describe('two nodes whose gateways know both engines', () => {
  const folder = temporaryDirectory('failover');
  let one: PolylogNode;
  let two: PolylogNode;

  const start = async (name: string, other: string, id: string): Promise<PolylogNode> => {
    const log = `kafka://${(await sharedKafka()).bootstrap}/acceptance-failover`;
    const others = ['--other-engines', join(folder.path, other, 'run', 'engine.sock')];
    const flags = ['--server-id', id, '--projections', 'none', ...others];
    return startPolylog({ log, dataDirectory: join(folder.path, name), flags });
  };

  beforeAll(async () => {
    one = await start('one', 'two', '1');
    two = await start('two', 'one', '2');
    const client = new Client(targetOf(one));
    await client.connect();
    await client.query('create table done (who text, nth int, primary key (who, nth))');
    await client.end();
    await until('both know the table', () =>
      rowsOf(two)
        .then(() => true)
        .catch(() => false),
    );
  }, 120_000);

  afterAll(async () => {
    await Promise.all([one?.remove(), two?.remove()]);
    folder.remove();
  }, 60_000);

  /** Runs clients of both nodes, does `fault` amid their writes, and looks for all that was acknowledged. */
  const amidWrites = async (name: string, fault: (ofTwo: readonly Writer[]) => Promise<void>): Promise<void> => {
    const start = (node: PolylogNode, side: string): Writer[] =>
      Array.from({ length: WRITERS }, (_, n) => new Writer(node, `${name} ${side} ${n}`));
    const [ofOne, ofTwo] = [start(one, 'one'), start(two, 'two')];
    try {
      await someMore([...ofOne, ...ofTwo]);
      await fault(ofTwo);
      await someMore(ofOne);
      expect(ofOne.map(({ lost }) => lost)).toEqual(ofOne.map(() => 0));
    } finally {
      await Promise.all([...ofOne, ...ofTwo].map((writer) => writer.stop()));
    }
    const acknowledged = (side: string, writers: readonly Writer[]): string[] =>
      writers.flatMap((writer, n) => writer.acknowledged.map((nth) => `${name} ${side} ${n}/${nth}`));
    const found = new Set(await rowsOf(one));
    const missing = [...acknowledged('one', ofOne), ...acknowledged('two', ofTwo)].filter((key) => !found.has(key));
    expect(missing).toEqual([]);
  };

  it('go on with the other one when their own is killed', async () => {
    await amidWrites('engine', async (ofTwo) => {
      await two.kill9('engine');
      await someMore(ofTwo);
      // Not because their own is back: they are the other one's clients now.
      expect(await sessionsOf(one)).toBeGreaterThanOrEqual(2 * WRITERS);
    });
  }, 120_000);

  it('go on when the other node is gone, and it has all of it when it is back', async () => {
    await amidWrites('node', async () => {
      await two.kill9();
    });
    await two.restart();
    const all = await rowsOf(one);
    await until('the node that was gone has all rows', async () => (await rowsOf(two)).length === all.length);
    expect(await rowsOf(two)).toEqual(all);
  }, 180_000);
});
