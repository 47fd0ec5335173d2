/** Numbers of nodes that share a Kafka log: given by themselves, kept, taken away from who is silent, and nothing is acknowledged without one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { targetOf } from '../harness/client-programs.js';
import { polylogCommand } from '../harness/command-line.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { sharedKafka } from '../harness/shared-servers.js';

/** On a machine that is busy with other tests a node may be silent for some time. */
const LEASE_MS = 3_000;
const WITHIN_MS = 60_000;

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + WITHIN_MS; !(await holds()); await sleep(300))
    if (Date.now() > end) throw new Error(`not within ${WITHIN_MS} ms: ${what}`);
}

async function connect(node: PolylogNode): Promise<Client> {
  const client = new Client({ ...targetOf(node), connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Server id and term of a node's lease: "2/1". */
function termOf(node: PolylogNode): string {
  return readFileSync(join(node.dataDirectory, 'server-term'), 'utf8').trim().replace(' ', '/');
}

function serverOf(term: string): string {
  return term.split('/')[0] as string;
}

/** What became of leases, renewals left out: "taken 1/1". */
async function leases(node: PolylogNode): Promise<string[]> {
  const { stdout } = await polylogCommand('log', '--data', node.dataDirectory, '--json');
  return stdout
    .split('\n')
    .filter((line) => line.includes('"lease"'))
    .map((line) => JSON.parse(line) as { action: string; server: number; epoch: number })
    .filter(({ action }) => action !== 'renewed')
    .map(({ action, server, epoch }) => `${action} ${server}/${epoch}`);
}

function signalEngine(node: PolylogNode, signal: NodeJS.Signals): void {
  const engine = node.processes().find(({ name }) => name === 'engine');
  if (engine === undefined) throw new Error('the node has no engine');
  process.kill(engine.pid, signal);
}

describe('nodes that give themselves numbers', () => {
  let one: PolylogNode;
  let two: PolylogNode;

  const start = async (): Promise<PolylogNode> => {
    const log = `kafka://${(await sharedKafka()).bootstrap}/acceptance-server-lease`;
    const flags = ['--server-id', 'auto', '--lease-ms', String(LEASE_MS), '--projections', 'none'];
    return startPolylog({ log, flags });
  };

  beforeAll(async () => {
    [one, two] = await Promise.all([start(), start()]);
  }, 120_000);

  afterAll(() => Promise.all([one?.remove(), two?.remove()]), 60_000);

  it('have each its own, also when they start at the same time', () => {
    expect([one, two].map((node) => serverOf(termOf(node))).sort()).toEqual(['1', '2']);
  });

  it('keep them over a kill, a silence and a stop, each time in another term', async () => {
    const terms = [termOf(two)];
    await two.kill9();
    await two.restart();
    terms.push(termOf(two));
    await two.kill9();
    await until('the silent one is fenced', async () => (await leases(one)).includes(`fenced ${terms[1]}`));
    await two.restart();
    terms.push(termOf(two));
    await two.stop();
    expect(await leases(one)).toContain(`released ${termOf(two)}`);
    await two.restart();
    terms.push(termOf(two));
    expect(new Set(terms).size).toBe(4);
    expect(new Set(terms.map(serverOf))).toEqual(new Set([serverOf(terms[0] as string)]));
  }, 180_000);

  it('acknowledge nothing behind a fence, and start anew', async () => {
    const writer = await connect(two);
    const other = await connect(one);
    await other.query('create table t (n int primary key)');
    await until('both know the table', () =>
      writer.query('select from t').then(
        () => true,
        () => false,
      ),
    );
    const before = termOf(two);
    signalEngine(two, 'SIGSTOP');
    const acknowledged = writer.query('insert into t values (1)').then(
      () => true,
      () => false,
    );
    await until('it is fenced', async () => (await leases(one)).includes(`fenced ${before}`));
    await other.query('insert into t values (2)');
    signalEngine(two, 'SIGCONT');
    expect(await acknowledged).toBe(false);
    await until('it has a new term', () => termOf(two) !== before);
    await two.ready();
    expect(two.output()).toContain('the lease of this engine was ended by another one');
    const again = await connect(two);
    await again.query('insert into t values (3)');
    expect((await again.query<{ n: number }>('select n from t order by n')).rows).toEqual([{ n: 2 }, { n: 3 }]);
    await Promise.all([writer, other, again].map((client) => client.end().catch(() => undefined)));
  }, 180_000);
});
