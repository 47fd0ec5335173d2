/**
 * A throwaway MariaDB: the oracle that says what a MySQL client should see. It keeps the SQL mode that Polylog has and, unless it is
 * to be measured, does not wait for disks.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import type { Target } from './client-programs.js';
import { freePort } from './free-port.js';
import { GuardedProcess } from './guarded-process.js';
import { temporaryDirectory } from './temporary-directory.js';

export interface Mariadb extends Target {
  /** After this the server is gone and its data is deleted. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const USER = 'polylog';
const PASSWORD = 'polylog-test';
const DATABASE = 'public';
const START_TIMEOUT_MS = 60_000;

/** Whether Debian's mariadb-server-core is on this machine. */
export function hasMariadb(): boolean {
  return ['mariadbd', 'mariadb-install-db'].every((program) => spawnSync(program, ['--version']).error === undefined);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: HOST, port });
    const done = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', () => done(true));
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
  });
}

export interface MariadbOptions {
  /** PEM files. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** A commit waits for the disk, and all data of a benchmark fits into memory: with its own defaults otherwise it can be measured. */
  readonly durable?: boolean;
}

/** Resolves when clients may connect. */
export async function startMariadb({ tls, durable = false }: MariadbOptions = {}): Promise<Mariadb> {
  const directory = temporaryDirectory('mariadb');
  try {
    const data = join(directory.path, 'data');
    const owner = process.getuid?.() === 0 ? ['--user=root'] : [];
    const install = [
      '--no-defaults',
      `--datadir=${data}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
    ];
    execFileSync('mariadb-install-db', [...install, ...owner], { stdio: 'pipe', cwd: '/' });
    const init = join(directory.path, 'init.sql');
    const all = `create database ${DATABASE}; create user ${USER}@'%' identified by '${PASSWORD}'; grant all on *.* to ${USER}@'%' with grant option;`;
    writeFileSync(init, all.replaceAll('; ', ';\n'));
    const port = await freePort();
    const server = GuardedProcess.start({
      command: 'mariadbd',
      args: [
        ...['--no-defaults', `--datadir=${data}`, `--init-file=${init}`, ...owner],
        ...[`--port=${port}`, `--bind-address=${HOST}`, `--socket=${join(directory.path, 'socket')}`],
        ...['--skip-name-resolve', '--lower-case-table-names=1', '--default-time-zone=+00:00'],
        ...[
          '--character-set-server=utf8mb4',
          '--collation-server=utf8mb4_bin',
          '--transaction-isolation=READ-COMMITTED',
        ],
        ...[
          `--innodb-flush-log-at-trx-commit=${durable ? 1 : 0}`,
          `--innodb-buffer-pool-size=${durable ? '1G' : '64M'}`,
          '--explicit-defaults-for-timestamp',
        ],
        '--sql-mode=ONLY_FULL_GROUP_BY,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO',
        ...(tls === undefined ? [] : [`--ssl-key=${tls.key}`, `--ssl-cert=${tls.cert}`]),
      ],
      logPath: join(directory.path, 'server.log'),
      cwd: '/',
    });
    // The init file has run when it says so; before that it accepts nobody.
    await server.until(
      async () => server.output().includes('ready for connections') && (await accepts(port)),
      START_TIMEOUT_MS,
    );
    return {
      host: HOST,
      port,
      user: USER,
      password: PASSWORD,
      database: DATABASE,
      stop: async () => {
        await server.stop('SIGKILL');
        directory.remove();
      },
    };
  } catch (error) {
    directory.remove();
    throw error;
  }
}
