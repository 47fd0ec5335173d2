/**
 * The machine's clock is set back under a running node, and stays behind over a restart: order comes from the log, so commits go
 * on and version ids still ascend.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { targetOf } from '../harness/client-programs.js';
import { polylogCommand } from '../harness/command-line.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.js';

const HOUR_MS = 3_600_000;
/** The system clock looks at the wall about every second. */
const NOTICE_MS = 1_500;

/** Loaded before each process of the node: moves Date by the milliseconds that stand in a file. */
const preload = (shiftPath: string): string => `
const { readFileSync } = require('node:fs');
const now = Date.now;
Date.now = () => now() + Number(readFileSync(${JSON.stringify(shiftPath)}, 'utf8'));
`;

describe('a node whose clock is set back', () => {
  let scratch: TemporaryDirectory;
  let node: PolylogNode;
  let client: Client;
  let next = 0;
  /** The newest time that a client was told. */
  let newest = new Date(0);

  beforeAll(async () => {
    scratch = temporaryDirectory('clock');
    const script = join(scratch.path, 'preload.cjs');
    writeFileSync(script, preload(join(scratch.path, 'shift')));
    shift(0);
    node = await startPolylog({ env: { NODE_OPTIONS: `--require ${script}` } });
    client = await connect();
    await client.query('create table t (n int primary key, at timestamptz not null default now())');
  }, 60_000);
  afterAll(async () => {
    await client?.end();
    await node?.remove();
    scratch?.remove();
  }, 60_000);

  const shift = (ms: number): void => writeFileSync(join(scratch.path, 'shift'), String(ms));

  async function connect(): Promise<Client> {
    const made = new Client(targetOf(node));
    made.on('error', () => undefined);
    await made.connect();
    return made;
  }

  /** Ten commits; the time that the first of them was stamped with. */
  async function write(): Promise<Date> {
    const first = await client.query<{ at: Date }>('insert into t values ($1) returning at', [next++]);
    for (let i = 0; i < 9; i++) await client.query('insert into t values ($1)', [next++]);
    await client.query("update t set at = at + interval '1 s' where n = $1", [next - 10]);
    const { rows } = await client.query<{ n: number }>('select count(*)::int as n from t');
    expect(rows[0]?.n).toBe(next);
    return first.rows[0]?.at ?? new Date(0);
  }

  /** How far the log's time runs ahead of the machine's, as the node tells it. */
  async function aheadMs(): Promise<number> {
    const text = await (await fetch(`http://${node.host}:${node.httpPort}/metrics`)).text();
    return Number(/^polylog_clock_ahead_seconds ([\d.]+)$/m.exec(text)?.[1]) * 1_000;
  }

  async function versions(): Promise<string[]> {
    const { code, stdout } = await polylogCommand('log', '--json', '--table', 't', '--data', node.dataDirectory);
    expect(code).toBe(0);
    return stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { version: string }).version);
  }

  async function expectAscending(): Promise<void> {
    const found = await versions();
    // Ten inserts and an update for each ten rows.
    expect(found).toHaveLength(next + next / 10);
    expect(found).toEqual([...found].sort());
  }

  it('never tells an earlier time within a process, and commits go on', async () => {
    const before = await write();
    shift(-HOUR_MS);
    await sleep(NOTICE_MS);
    const after = await write();
    expect(after.getTime()).toBeGreaterThanOrEqual(before.getTime());
    newest = after;
    await client.query('set statement_timeout = 200');
    await expect(client.query('select pg_sleep(5)')).rejects.toMatchObject({ code: '57014' });
    await client.query('reset statement_timeout');
    await expectAscending();
  }, 30_000);

  it('mints version ids above those in the log after a restart behind them', async () => {
    await client.end();
    await node.kill9();
    await node.restart();
    client = await connect();
    const before = newest;
    // What is stamped now stands behind everything in the log.
    expect((await write()).getTime()).toBeGreaterThanOrEqual(before.getTime());
    // The shift has reached the node: otherwise nothing of this was about clocks.
    expect(Math.abs((await aheadMs()) - HOUR_MS)).toBeLessThan(60_000);
    await expectAscending();
  }, 30_000);

  it('does so from a checkpoint too, and goes on when the clock is right again', async () => {
    await client.end();
    await node.stop();
    await node.restart();
    client = await connect();
    await write();
    shift(0);
    await sleep(NOTICE_MS);
    await write();
    await expectAscending();
  }, 30_000);
});
