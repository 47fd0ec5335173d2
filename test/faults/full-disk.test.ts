/** A data folder on a small file system of its own that fills up: what clients are told, and what is there afterwards. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type DatabaseError } from 'pg';
import { targetOf } from '../harness/client-programs.js';
import { type PolylogNode, startPolylog } from '../harness/polylog.js';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.js';

const DISK_MB = 160;
const PADDING = 'x'.repeat(20_000);
const BACK_TIMEOUT_MS = 20_000;
/** A checkpoint that failed is tried again after a quarter of a minute. */
const CHECKPOINT_POLL_MS = 1_500;
const CHECKPOINT_TIMEOUT_MS = 40_000;

/** Whether this process may mount; without that there is nothing to fill but the machine's own disk. */
function mountTmpfs(path: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m,mode=700`, 'tmpfs', path], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

/** Sorted files of LevelDB that are not older than this. */
function sortedFilesSince(folder: string, ms: number): number {
  const files = readdirSync(folder).filter((name) => name.endsWith('.ldb'));
  return files.filter((name) => statSync(join(folder, name)).mtimeMs >= ms).length;
}

describe.each([
  ['a node whose disk is full', []],
  ['a node whose disk is full and that often takes its rows there', ['--row-memory-mb', '16']],
])('%s', (_title, flags) => {
  let scratch: TemporaryDirectory;
  let node: PolylogNode | null = null;
  let client: Client;
  let mounted = false;
  const acknowledged: number[] = [];
  const refused: number[] = [];
  let next = 0;

  beforeAll(async () => {
    scratch = temporaryDirectory('full');
    const mountPoint = join(scratch.path, 'disk');
    mkdirSync(mountPoint);
    mounted = mountTmpfs(mountPoint);
    if (!mounted) {
      process.stderr.write('full-disk.test.ts: mounting is not permitted here; its tests are skipped\n');
      return;
    }
    node = await startPolylog({ dataDirectory: join(mountPoint, 'data'), flags });
    client = await connect();
    await client.query('create table uncounted (padding text)');
    await client.query('create table t (n int, half int, padding text, primary key (n, half))');
  }, 60_000);

  afterAll(async () => {
    await client?.end().catch(() => undefined);
    await node?.remove();
    if (mounted) execFileSync('umount', ['-l', join(scratch.path, 'disk')]);
    scratch?.remove();
  }, 60_000);

  async function connect(): Promise<Client> {
    const made = new Client({ ...targetOf(node as PolylogNode), connectionTimeoutMillis: 10_000 });
    made.on('error', () => undefined);
    await made.connect();
    return made;
  }

  /** The supervisor starts the engine again after a moment. */
  async function whenBack(): Promise<Client> {
    for (const end = Date.now() + BACK_TIMEOUT_MS; ; await sleep(200)) {
      try {
        return await connect();
      } catch (error) {
        if (Date.now() > end) throw error;
      }
    }
  }

  /** Both halves of one number; answers with the SQLSTATE that came of it. */
  async function write(): Promise<string> {
    const n = next++;
    try {
      await client.query('begin');
      await client.query('insert into t values ($1, 1, $2)', [n, PADDING]);
      await client.query('insert into t values ($1, 2, $2)', [n, PADDING]);
      await client.query('commit');
      acknowledged.push(n);
      return '00000';
    } catch (error) {
      refused.push(n);
      await client.query('rollback');
      return (error as DatabaseError).code ?? String(error);
    }
  }

  async function check(): Promise<void> {
    const { rows } = await client.query<{ n: number; c: number }>('select n, count(*)::int as c from t group by n');
    const found = new Map(rows.map(({ n, c }) => [n, c]));
    expect(acknowledged.filter((n) => found.get(n) !== 2)).toEqual([]);
    expect(refused.filter((n) => found.has(n))).toEqual([]);
    expect(found.size).toBe(acknowledged.length);
  }

  const ballast = (): string => join(scratch.path, 'disk', 'ballast');

  /** Leaves `bytes` of the file system free. */
  function fill(bytes: number): void {
    rmSync(ballast(), { force: true });
    const { bavail, bsize } = statfsSync(join(scratch.path, 'disk'));
    try {
      writeFileSync(ballast(), Buffer.alloc(Math.max(0, bavail * bsize - bytes)));
    } catch (error) {
      // The node has taken some of it in the meantime: it is full all the same.
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }

  async function writeUntilRefused(): Promise<string> {
    for (let i = 0; i < 5_000; i++) {
      const code = await write();
      if (code !== '00000') return code;
    }
    throw new Error('the disk never filled');
  }

  /** Lets a little more in until more rows wait for a checkpoint than there is room for. */
  async function failCheckpoint(): Promise<void> {
    const hasFailed = (): boolean => node?.output().includes('the rows cannot be taken to disk') ?? false;
    for (let i = 0; i < 8 && !hasFailed(); i++) {
      fill(4 << 20);
      await writeUntilRefused();
      await sleep(CHECKPOINT_POLL_MS);
    }
    expect(hasFailed()).toBe(true);
  }

  it('refuses commits with 53100, reads on, loses nothing and resumes when there is room', async () => {
    if (!mounted) return;
    expect(await write()).toBe('00000');
    fill(6 << 20);
    expect(await writeUntilRefused()).toBe('53100');
    if (flags.length > 0) await failCheckpoint();
    expect(await write()).toBe('53100');
    await check();
    rmSync(ballast());
    for (const end = Date.now() + BACK_TIMEOUT_MS; (await write()) !== '00000'; await sleep(100))
      if (Date.now() > end) throw new Error('commits do not resume');
    await check();
  }, 90_000);

  it('takes its rows to disk again when there is room', async () => {
    if (!mounted || node === null || flags.length === 0) return;
    const { dataDirectory } = node;
    const began = Date.now();
    const isDone = (): boolean => sortedFilesSince(join(dataDirectory, 'store'), began) > 0;
    // Nobody counts these rows: they make the next checkpoint due, and the engine may have to start anew for it.
    for (const end = Date.now() + CHECKPOINT_TIMEOUT_MS; !isDone() && Date.now() < end; await sleep(20))
      await client.query('insert into uncounted values ($1)', [PADDING]).catch(() => undefined);
    expect(isDone()).toBe(true);
    await client.end();
    client = await whenBack();
    await check();
  }, 90_000);

  it('has all of it after kill -9 on a full disk', async () => {
    if (!mounted || node === null) return;
    fill(100_000);
    expect(await writeUntilRefused()).toBe('53100');
    await client.end();
    await node.kill9();
    rmSync(ballast());
    await node.restart();
    client = await connect();
    await check();
    expect(await write()).toBe('00000');
    await check();
  }, 90_000);
});
