/** What somebody does with a fresh clone: npm start, psql with the URL that it prints, and the commands that go with it. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import {
  polylogCommand,
  polylogProgram,
  type RunningCommand,
  startCommand,
  startPolylogCommand,
} from '../harness/command-line.js';
import { freePorts } from '../harness/free-port.js';
import { isAlive } from '../harness/guarded-process.js';
import { postgresBin } from '../harness/postgres.js';
import { temporaryDirectory } from '../harness/temporary-directory.js';

const LATER_START_MS = 3_000;
const STOP_MS = 10_000;

async function psqlWith(url: string, sql: string): Promise<string> {
  const args = [url, '-X', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-c', sql];
  return (await promisify(execFile)(join(postgresBin(), 'psql'), args)).stdout.trim();
}

/** Exit code of kill -0 on each process of the node's list, all of which are to be gone. */
/** Supervisor, engine, a gateway for each protocol, ingestion. */
const PROCESSES = 5;

async function pidsOf(data: string): Promise<number[]> {
  const { stdout } = await polylogCommand('status', '--json', '--data', data);
  return (JSON.parse(stdout) as { processes: Array<{ pid: number }> }).processes.map(({ pid }) => pid);
}

describe('a first user', () => {
  const scratch = temporaryDirectory('fresh');
  const data = join(scratch.path, 'data');
  let ports: number[];
  let running: RunningCommand | null = null;

  beforeAll(async () => {
    ports = await freePorts(2);
  });

  afterAll(async () => {
    running?.kill('SIGKILL');
    await running?.ended;
    scratch.remove();
  });

  const npmStart = async (): Promise<string> => {
    const where = ['--data', data, '--postgres-port', String(ports[0]), '--http-port', String(ports[1])];
    const unset = { POLYLOG_PASSWORD: undefined, POLYLOG_DATA: undefined, POLYLOG_LOG: undefined };
    running = startCommand('npm', ['--silent', 'start', '--', ...where], unset);
    await running.until(/schema registry/);
    return /'(postgresql:[^']+)'/.exec(running.stdout())?.[1] ?? '';
  };

  const stop = async (): Promise<{ code: number | null; ms: number }> => {
    const began = performance.now();
    running?.kill('SIGTERM');
    const outcome = await running?.ended;
    running = null;
    return { code: outcome?.code ?? null, ms: performance.now() - began };
  };

  it('is given a URL by npm start that psql takes', async () => {
    const url = await npmStart();
    expect(url).toMatch(/^postgresql:\/\/polylog:[A-Za-z0-9_-]{24}@127\.0\.0\.1:\d+\/polylog$/);
    expect(await psqlWith(url, 'select current_user')).toBe('polylog');
    await psqlWith(url, 'create table kept (id int primary key, said text)');
    await psqlWith(url, "insert into kept values (1, 'hello')");
  }, 120_000);

  it('finds the URL again in a file that nobody else can read', () => {
    const file = join(data, 'superuser');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toContain('postgresql://polylog:');
  });

  it('sees by polylog status what runs', async () => {
    const { code, stdout } = await polylogCommand('status', '--data', data);
    expect(code).toBe(0);
    for (const part of ['supervisor', 'engine', 'gateway-postgres', `127.0.0.1:${ports[0]}`, 'embedded'])
      expect(stdout).toContain(part);
  });

  it('adds users with polylog user add, who can do as much as they were given', async () => {
    const add = (...args: string[]): RunningCommand['ended'] =>
      startCommand(process.execPath, [polylogProgram(), 'user', 'add', '--data', data, ...args], {
        POLYLOG_USER_PASSWORD: "p'w d",
        POLYLOG_PASSWORD: undefined,
      }).ended;
    expect(await add('ann')).toEqual({ code: 0, stdout: 'user ann added\n', stderr: '' });
    expect(await add('root', '--superuser')).toEqual({ code: 0, stdout: 'user root added\n', stderr: '' });
    const urlOf = (user: string): string => `postgresql://${user}:p'w%20d@127.0.0.1:${ports[0]}/polylog`;
    const whoAmI = 'select current_user, rolsuper from pg_roles where rolname = current_user';
    expect(await psqlWith(urlOf('ann'), whoAmI)).toBe('ann|f');
    expect(await psqlWith(urlOf('root'), whoAmI)).toBe('root|t');
    expect(await add('ann')).toEqual({ code: 1, stdout: '', stderr: 'polylog: role "ann" already exists\n' });
  }, 30_000);

  it("changes a password with psql's \\password, which makes the verifier itself", async () => {
    const ann = (password: string): string => `postgresql://ann:${password}@127.0.0.1:${ports[0]}/polylog`;
    // Without a terminal psql reads both answers from its standard input.
    const psql = `setsid -w '${join(postgresBin(), 'psql')}' -X "$URL" -c '\\password'`;
    const command = `(echo new; echo new) | ${psql}`;
    expect(await startCommand('/bin/sh', ['-c', command], { URL: ann("p'w%20d") }).ended).toMatchObject({ code: 0 });
    expect(await psqlWith(ann('new'), 'select current_user')).toBe('ann');
    await expect(psqlWith(ann("p'w%20d"), 'select 1')).rejects.toThrow(/password authentication failed/);
  }, 30_000);

  it('is told when a second node would take the same folder', async () => {
    const { code, stderr } = await polylogCommand('start', '--data', data, '--postgres-port', '0', '--http-port', '0');
    expect(code).toBe(1);
    expect(stderr).toMatch(/a node is already running on .* \(pid \d+\)/);
  }, 30_000);

  it('ends it with SIGTERM: within ten seconds, exit code 0, and no process is left', async () => {
    // Projections come up behind the others, which serve clients meanwhile.
    let pids = await pidsOf(data);
    while (pids.length < PROCESSES) pids = await pidsOf(data);
    const { code, ms } = await stop();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(STOP_MS);
    expect(pids.filter(isAlive)).toEqual([]);
    expect((await polylogCommand('status', '--data', data)).code).toBe(3);
  }, 30_000);

  it('starts it again in under three seconds, with the same URL and the same rows', async () => {
    // Other tests share the processor: the quickest of a few starts is what the start itself takes.
    let began = performance.now();
    let url = await npmStart();
    let quickest = performance.now() - began;
    for (let more = 0; more < 4 && quickest >= LATER_START_MS; more++) {
      await stop();
      began = performance.now();
      url = await npmStart();
      quickest = Math.min(quickest, performance.now() - began);
    }
    expect(quickest).toBeLessThan(LATER_START_MS);
    expect(readFileSync(join(data, 'superuser'), 'utf8')).toContain(`${url}\n`);
    expect(await psqlWith(url, 'select * from kept')).toBe('1|hello');
  }, 120_000);

  it('ends it with polylog stop, also while a client is in the middle of something', async () => {
    const url = readFileSync(join(data, 'superuser'), 'utf8').split('\n')[1] ?? '';
    const client = promisify(execFile)(join(postgresBin(), 'psql'), [url, '-X', '-c', 'select pg_sleep(60)']);
    const lost = expect(client).rejects.toThrow(/administrator command|connection/);
    const { code } = await polylogCommand('stop', '--data', data);
    expect(code).toBe(0);
    expect((await running?.ended)?.code).toBe(0);
    running = null;
    await lost;
    expect((await polylogCommand('stop', '--data', data)).code).toBe(1);
  }, 30_000);

  it('ends a start that still waits for its log with SIGTERM, and is not bound to that log', async () => {
    const other = join(scratch.path, 'other');
    const flags = ['--data', other, '--postgres-port', '0', '--http-port', String(ports[1])];
    const starting = startPolylogCommand('start', ...flags, '--log', 'kafka://127.0.0.1:1/nobody');
    while (!existsSync(join(other, 'run.json'))) await sleep(20);
    const began = performance.now();
    starting.kill('SIGTERM');
    expect((await starting.ended).code).toBe(0);
    expect(performance.now() - began).toBeLessThan(STOP_MS);
    const next = startPolylogCommand('start', ...flags);
    await next.until(/schema registry/);
    next.kill('SIGTERM');
    expect((await next.ended).code).toBe(0);
  }, 60_000);

  it('is told of a wrong setting by its name', async () => {
    const { code, stderr } = await polylogCommand('start', '--data', data, '--postgres-port', 'many');
    expect(code).toBe(2);
    expect(stderr).toMatch(/--postgres-port: "many" must be a whole number/);
  });

  it('is told that the folder belongs to another log', async () => {
    const { code, stderr } = await polylogCommand('start', '--data', data, '--log', 'kafka://127.0.0.1:1/other');
    expect(code).toBe(1);
    expect(stderr).toMatch(/belongs to the log embedded, not to kafka:/);
  });
});
