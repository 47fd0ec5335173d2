/** A projection's folder on a small file system of its own that fills up: clients do not notice, and the projection goes on when there is room. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { psql, query, targetOf } from '../harness/client-programs.js';
import { type Outcome, polylogCommand } from '../harness/command-line.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.js';

const SMALL_MB = 16;
const LARGE_MB = 512;
const ROWS = 4_000;
/** Of a row: what is written passes what there is room for. */
const PADDING = 9_600;
const BACK_TIMEOUT_MS = 90_000;

function mountTmpfs(path: string, flags: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', flags, 'tmpfs', path], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

describe('a node on which a projection has no room', () => {
  let scratch: TemporaryDirectory;
  let node: PolylogNode | null = null;
  const mounted: string[] = [];

  beforeAll(async () => {
    scratch = temporaryDirectory('full-projection');
    const data = join(scratch.path, 'data');
    mkdirSync(data, { mode: 0o700 });
    for (const name of ['ingestion', 'olap']) {
      const path = join(data, name);
      mkdirSync(path, { mode: 0o700 });
      if (mountTmpfs(path, `size=${SMALL_MB}m,mode=700`)) mounted.push(path);
    }
    if (mounted.length === 0) {
      process.stderr.write('full-projection-disk.test.ts: mounting is not permitted here; its tests are skipped\n');
      return;
    }
    node = await startPolylog({ dataDirectory: data });
  }, 60_000);

  afterAll(async () => {
    await node?.remove();
    for (const path of mounted) execFileSync('umount', ['-l', path]);
    scratch?.remove();
  }, 60_000);

  const verify = (): Promise<Outcome> => polylogCommand('verify', '--data', node?.dataDirectory ?? '');

  async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
    for (const end = Date.now() + BACK_TIMEOUT_MS; !(await isSo()); await sleep(100))
      if (Date.now() > end) throw new Error(`not within ${BACK_TIMEOUT_MS} ms; the node said:\n${node?.output()}`);
  }

  it('serves clients, says what is missing, and is verified again when there is room', async () => {
    if (node === null) return;
    const running = node;
    const target = targetOf(running);
    await psql(target, '-q', '-c', 'create table t (n int primary key, padding text)');
    const insert = (from: number): Promise<unknown> =>
      psql(
        target,
        '-q',
        '-c',
        `insert into t select n, repeat(md5(n::text), ${PADDING / 32}) from generate_series(${from}, ${from + ROWS / 4 - 1}) n`,
      );
    for (let i = 0; i < 4; i++) await insert((i * ROWS) / 4);
    const full = `${join(running.dataDirectory, 'ingestion', 'versions')} cannot be written: its disk is full`;
    await until(() => running.output().includes(full));
    await insert(ROWS);
    expect(await query(target, 'select count(*) from t')).toEqual([String(ROWS + ROWS / 4)]);
    for (const path of mounted) mountTmpfs(path, `remount,size=${LARGE_MB}m`);
    await until(async () => (await verify()).code === 0);
    // It ends in its own words.
    expect(running.output()).not.toMatch(/^Node\.js v/m);
  }, 200_000);
});
