import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { psql, targetOf } from '../harness/client-programs.js';
import { polylogCommand } from '../harness/command-line.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { eventLogSuite } from './event-log.suite.js';

eventLogSuite('polylog log on the embedded log', () => Promise.resolve('embedded'));

/** The log's only segment, as long as it is small. */
function segmentOf(data: string): string {
  const folder = join(data, 'log', '0');
  const [segment = ''] = readdirSync(folder).filter((name) => name.endsWith('.log'));
  return join(folder, segment);
}

describe('polylog log verify', () => {
  let node: PolylogNode;

  beforeAll(async () => {
    node = await startPolylog();
    await psql(
      targetOf(node),
      '-q',
      '-c',
      'create table kept as select x, md5(x::text) from generate_series(1, 2000) x',
    );
  }, 60_000);

  afterAll(() => node?.remove(), 60_000);

  const verify = (): ReturnType<typeof polylogCommand> => polylogCommand('log', 'verify', '--data', node.dataDirectory);

  it('finds nothing in a sound log, also while the node runs', async () => {
    const { code, stdout } = await verify();
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^\d+ records, no damage\n$/)]);
  }, 30_000);

  it('finds a flipped byte, and a start is refused by segment and offset', async () => {
    await node.stop();
    const path = segmentOf(node.dataDirectory);
    const sound = readFileSync(path);
    const damaged = Buffer.from(sound);
    const at = Math.floor(damaged.length / 2);
    damaged[at] = (damaged[at] ?? 0) ^ 0x10;
    writeFileSync(path, damaged);
    const { code, stdout } = await verify();
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^damaged: segment \S+, byte \d+, offset \d+: /)]);
    await expect(node.restart()).rejects.toThrow(/segment[^\n]*offset/);
    writeFileSync(path, sound);
    await node.restart();
    expect((await verify()).code).toBe(0);
  }, 60_000);

  it('says how much of an unfinished write the next start will cut', async () => {
    // A clean stop leaves nothing behind the last record; after a kill there would be space kept for more.
    await node.stop();
    const path = segmentOf(node.dataDirectory);
    writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(100, 7)]));
    const { code, stdout } = await verify();
    expect([code, stdout]).toEqual([0, expect.stringContaining('100 bytes of an unfinished write')]);
    await node.restart();
    expect((await verify()).stdout).toMatch(/^\d+ records, no damage\n$/);
  }, 60_000);
});
