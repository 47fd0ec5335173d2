import { closeSync, openSync, readdirSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { polylogCommand, type RunningCommand, startPolylogCommand } from '#test/harness/command-line.js';
import { temporaryDirectory } from '#test/harness/temporary-directory.js';

interface Status {
  readonly ready: boolean;
  readonly postgresPort: number;
  readonly processes: ReadonlyArray<{ readonly name: string; readonly pid: number }>;
}

/** In an early record: the last one would be a torn write, which a start cuts. */
const WHERE = 300;

/** Flips one bit of the log's first segment. */
function damage(data: string): void {
  const folder = join(data, 'log', '0');
  const file = openSync(join(folder, readdirSync(folder).sort()[0] ?? ''), 'r+');
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, WHERE);
  byte[0] = (byte[0] ?? 0) ^ 1;
  writeSync(file, byte, 0, 1, WHERE);
  closeSync(file);
}

describe('a node with its gateway inside the engine, on any free port', () => {
  const scratch = temporaryDirectory('inside');
  const data = join(scratch.path, 'data');
  let node: RunningCommand;
  let url: string;

  const status = async (): Promise<Status> =>
    JSON.parse((await polylogCommand('status', '--json', '--data', data)).stdout) as Status;

  const killEngine = async (): Promise<number> => {
    const { pid = 0 } = (await status()).processes.find(({ name }) => name === 'engine') ?? {};
    process.kill(pid, 'SIGKILL');
    return pid;
  };

  beforeAll(async () => {
    const ports = ['--postgres-port', '0', '--http-port', '0'];
    node = startPolylogCommand(
      'start',
      '--data',
      data,
      ...ports,
      '--gateway-placement',
      'engine',
      '--projections',
      'none',
    );
    await node.until(/schema registry/);
    url = /'(postgresql:[^']+)'/.exec(node.stdout())?.[1] ?? '';
  }, 30_000);

  afterAll(async () => {
    node.kill('SIGTERM');
    await node.ended;
    scratch.remove();
  }, 30_000);

  const one = async (): Promise<unknown> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query('SELECT 1 AS one');
    await client.end();
    return rows;
  };

  it('tells the port that it got, and keeps it when the engine is started again', async () => {
    const before = await status();
    expect(before).toMatchObject({ ready: true, postgresPort: Number(new URL(url).port) });
    expect(before.processes.slice(0, 2).map(({ name }) => name)).toEqual(['supervisor', 'engine']);
    expect(await one()).toEqual([{ one: 1 }]);
    await killEngine();
    await sleep(300);
    expect((await status()).ready).toBe(false);
    while (!(await status()).ready) await sleep(100);
    expect((await status()).postgresPort).toBe(before.postgresPort);
    expect(await one()).toEqual([{ one: 1 }]);
  }, 30_000);

  it('ends with a clear message and its own exit code when the log turns out to be damaged', async () => {
    damage(data);
    await killEngine();
    const { code, stderr } = await node.ended;
    expect(code).toBe(78);
    expect(stderr).toMatch(/the log is corrupted in segment \S+ at byte \d+ \(offset \d+\)/);
    expect((await polylogCommand('status', '--data', data)).code).toBe(3);
    const verified = await polylogCommand('log', 'verify', '--data', data);
    expect(verified.code).toBe(1);
    expect(verified.stdout).toMatch(/^damaged: segment \S+, byte \d+, offset \d+: checksum does not match\n/);
    const missing = await polylogCommand('log', 'verify', '--data', join(data, 'nowhere'));
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringMatching(/^polylog: there is no log in /) });
  }, 30_000);
});
