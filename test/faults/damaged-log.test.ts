/**
 * What a start makes of a damaged embedded log: the end of a write that broke off is cut and said; damage among what was
 * acknowledged stops the start, and `polylog log verify` finds the same place.
 */
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { targetOf } from '../harness/client-programs.js';
import { polylogCommand } from '../harness/command-line.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';

const REFUSED = 78;
const ROWS = 50;

async function connected<T>(node: PolylogNode, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(targetOf(node));
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** Where the record that starts at `position` ends, by its length field. */
const behind = (bytes: Buffer, position: number): number => position + 8 + bytes.readUInt32BE(position);

/** Where the whole records end: behind them only zeros stand, or nothing. */
function endOf(bytes: Buffer): number {
  let at = 0;
  while (at + 8 <= bytes.length && bytes.readUInt32BE(at) > 0) at = behind(bytes, at);
  return at;
}

describe('a node whose embedded log is damaged', () => {
  let node: PolylogNode;
  let segment: string;
  beforeAll(async () => {
    node = await startPolylog();
    segment = join(node.dataDirectory, 'log', '0', '00000000000000000000.log');
    await connected(node, async (client) => {
      await client.query('create table t (n int primary key)');
      for (let n = 0; n < ROWS; n++) await client.query('insert into t values ($1)', [n]);
    });
    await node.kill9();
  }, 60_000);
  afterAll(() => node?.remove(), 60_000);

  const count = (): Promise<number> =>
    connected(node, async (client) => {
      const { rows } = await client.query<{ n: number }>('select count(*)::int as n from t');
      return rows[0]?.n ?? -1;
    });

  it('starts over a torn end, and says what it cut', async () => {
    const bytes = readFileSync(segment);
    const end = endOf(bytes);
    // As a write leaves it that broke off in the middle of one more record.
    const torn = Buffer.concat([bytes.subarray(0, end), bytes.subarray(0, behind(bytes, 0) - 5)]);
    torn.writeUInt32BE(torn.length - end + 100, end);
    writeFileSync(segment, torn);
    await node.restart();
    expect(node.output()).toContain('cut the end of the log');
    expect(node.output()).toContain(`"position":${end}`);
    expect(await count()).toBe(ROWS);
    await node.kill9();
    await node.restart();
    expect(node.output()).not.toContain('cut the end of the log');
    expect(await count()).toBe(ROWS);
    await node.stop();
  }, 60_000);

  it('does not start over a flipped byte, names the place, and `log verify` finds it', async () => {
    const sound = `${node.dataDirectory}.sound`;
    copyFileSync(segment, sound);
    const bytes = readFileSync(segment);
    const second = behind(bytes, 0);
    bytes[second + 40] = (bytes[second + 40] as number) ^ 1;
    writeFileSync(segment, bytes);
    const data = ['--data', node.dataDirectory];
    const started = await polylogCommand('start', ...data, '--postgres-port', '0', '--http-port', '0');
    expect(started.code).toBe(REFUSED);
    expect(started.stderr).toContain(segment);
    expect(started.stderr).toMatch(/offset 1\b/);
    const verified = await polylogCommand('log', 'verify', ...data);
    expect(verified.code).toBe(1);
    expect(verified.stdout).toContain(`damaged: segment ${segment}, byte ${second}, offset 1`);
    copyFileSync(sound, segment);
    rmSync(sound);
    expect((await polylogCommand('log', 'verify', ...data)).code).toBe(0);
    await node.restart();
    expect(await count()).toBe(ROWS);
  }, 60_000);
});
