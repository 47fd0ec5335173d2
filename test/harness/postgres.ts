/**
 * A throwaway PostgreSQL 15: the oracle that says what a statement should answer. It is configured as a new installation
 * is, except that it trusts nothing but a password, listens on 127.0.0.1 only and, unless asked, does not wait for disks.
 */
import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { GuardedProcess } from './guarded-process.js';
import { temporaryDirectory } from './temporary-directory.js';

export interface PostgresOptions {
  /** Whether a commit waits for the disk, as in production; tests that only compare answers need not. */
  readonly durable?: boolean;
  /** Further settings of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** The process whose end ends the server; the caller by default. */
  readonly ownerPid?: number;
}

export interface Postgres {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly pid: number;
  /** What it keeps on disk. */
  readonly directory: string;
  /** After this the server is gone and its data is deleted. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const USER = 'polylog';
const PASSWORD = 'polylog-test';
const START_TIMEOUT_MS = 30_000;

/** The folder of PostgreSQL 15's programs: POLYLOG_PG_BIN, or where Debian keeps them. */
export function postgresBin(): string {
  const folder = process.env['POLYLOG_PG_BIN'] ?? '/usr/lib/postgresql/15/bin';
  if (!existsSync(join(folder, 'postgres'))) {
    throw new Error(`no PostgreSQL 15 in ${folder}: install postgresql-15 or set POLYLOG_PG_BIN`);
  }
  return folder;
}

/** The server refuses to run as root; then it runs as the user that its package made, or as nobody. */
function serverUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      const [, , uid, gid] = execFileSync('getent', ['passwd', name], { encoding: 'utf8' }).split(':');
      return { uid: Number(uid), gid: Number(gid) };
    } catch {
      // Not a user of this machine: the next name.
    }
  }
  throw new Error('root cannot run PostgreSQL, and there is neither a user postgres nor nobody');
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: HOST, port });
    const done = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}

/** Resolves when clients may connect. */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const bin = postgresBin();
  const user = serverUser();
  const directory = temporaryDirectory('postgres');
  const own = (path: string): void => {
    if (user !== undefined) chownSync(path, user.uid, user.gid);
  };
  try {
    own(directory.path);
    const data = join(directory.path, 'data');
    const passwordFile = join(directory.path, 'password');
    writeFileSync(passwordFile, PASSWORD, { mode: 0o600 });
    own(passwordFile);
    const auth = ['--auth=scram-sha-256', `--username=${USER}`, `--pwfile=${passwordFile}`];
    const form = ['--encoding=UTF8', '--locale=C', '--no-sync'];
    execFileSync(join(bin, 'initdb'), ['-D', data, ...auth, ...form], { stdio: 'pipe', cwd: '/', ...user });
    const port = await freePort();
    const settings: Record<string, string | number | boolean> = {
      listen_addresses: HOST,
      port,
      unix_socket_directories: directory.path,
      timezone: 'UTC',
      fsync: options.durable ?? false,
      synchronous_commit: options.durable ?? false,
      full_page_writes: options.durable ?? false,
      // It locks tables at moments of its own, which tests of lock conflicts would see.
      autovacuum: options.durable ?? false,
      ...options.settings,
    };
    const flags = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
    const server = GuardedProcess.start({
      command: join(bin, 'postgres'),
      args: ['-D', data, ...flags],
      logPath: join(directory.path, 'server.log'),
      cwd: '/',
      ...(user === undefined ? {} : { user }),
      ...(options.ownerPid === undefined ? {} : { ownerPid: options.ownerPid }),
    });
    const ready = (): boolean => server.output().includes('database system is ready to accept connections');
    await server.until(async () => ready() && (await accepts(port)), START_TIMEOUT_MS);
    await createDatabase(bin, port);
    return {
      host: HOST,
      port,
      user: USER,
      password: PASSWORD,
      database: USER,
      pid: server.pid,
      directory: directory.path,
      stop: async () => {
        // Fast shutdown: sessions that a test left open do not hold it up.
        await server.stop('SIGINT');
        directory.remove();
      },
    };
  } catch (error) {
    directory.remove();
    throw error;
  }
}

/** A database named after the user, as a Polylog node has. */
async function createDatabase(bin: string, port: number): Promise<void> {
  const env = { ...process.env, PGPASSWORD: PASSWORD };
  const target = ['-h', HOST, '-p', String(port), '-U', USER, '--maintenance-db=postgres'];
  execFileSync(join(bin, 'createdb'), [...target, USER], { stdio: 'pipe', env });
}
