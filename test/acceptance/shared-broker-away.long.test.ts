/** Two nodes on one Kafka log whose broker is gone for longer than a lease lasts: they go on when it is back, under their old numbers, and have lost nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { targetOf } from '../harness/client-programs.js';
import { polylogCommand } from '../harness/command-line.js';
import { type KafkaCluster, startKafka } from '../harness/kafka.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';

const LEASE_MS = 6_000;
const WITHIN_MS = 90_000;
const SOME = 20;

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + WITHIN_MS; !(await holds()); await sleep(50))
    if (Date.now() > end) throw new Error(`not within ${WITHIN_MS} ms: ${what}`);
}

async function connect(node: PolylogNode): Promise<Client> {
  const client = new Client({ ...targetOf(node), connectionTimeoutMillis: 20_000 });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

describe('two nodes whose broker goes away and comes back', () => {
  let kafka: KafkaCluster;
  let nodes: readonly PolylogNode[] = [];

  beforeAll(async () => {
    kafka = await startKafka();
    const log = `kafka://${kafka.bootstrap}/acceptance-shared-broker-away`;
    const flags = ['--server-id', 'auto', '--lease-ms', String(LEASE_MS), '--projections', 'none'];
    nodes = await Promise.all([startPolylog({ log, flags }), startPolylog({ log, flags })]);
  }, 180_000);

  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.remove()));
    await kafka?.stop();
  }, 60_000);

  it('keep their numbers and all that was acknowledged', async () => {
    const clients = await Promise.all(nodes.map(connect));
    const [first, second] = clients as [Client, Client];
    await first.query('create table t (who int, nth int, primary key (who, nth))');
    await until('both know the table', () =>
      second.query('select from t').then(
        () => true,
        () => false,
      ),
    );
    let stopped = false;
    const acknowledged: number[][] = clients.map(() => []);
    const writing = clients.map(async (client, who) => {
      for (let nth = 0; !stopped; nth++) {
        // What was not acknowledged may be there or not: the next row is another one.
        const done = await client.query('insert into t values ($1, $2)', [who, nth]).then(
          () => true,
          () => false,
        );
        if (done) acknowledged[who]?.push(nth);
        else await sleep(20);
      }
    });
    const someMore = (): Promise<void> => {
      const had = acknowledged.map((all) => all.length);
      return until('both write', () => acknowledged.every((all, who) => all.length >= (had[who] as number) + SOME));
    };
    await someMore();
    await kafka.brokers[0]?.kill();
    await sleep(1.2 * LEASE_MS);
    await kafka.brokers[0]?.restart();
    await someMore();
    stopped = true;
    await Promise.all(writing);
    for (const client of clients) {
      const found = async (): Promise<Set<string>> =>
        new Set(
          (await client.query<{ who: number; nth: number }>('select * from t')).rows.map(
            ({ who, nth }) => `${who}/${nth}`,
          ),
        );
      const all = acknowledged.flatMap((each, who) => each.map((nth) => `${who}/${nth}`));
      await until('all acknowledged rows are there', async () => {
        const there = await found();
        return all.every((key) => there.has(key));
      });
      await client.end();
    }
    const { stdout } = await polylogCommand('log', '--data', (nodes[0] as PolylogNode).dataDirectory);
    expect(stdout).toMatch(/lease taken/);
    expect(stdout).not.toMatch(/lease fenced/);
  }, 240_000);
});
