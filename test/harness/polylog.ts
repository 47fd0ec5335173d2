/**
 * A built Polylog node for tests, started as its users start it. Its data directory outlives the process, so that a test
 * can kill any part of it and look at what the next start makes of the log.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from './free-port.js';
import { allGone, GuardedProcess } from './guarded-process.js';
import { projectRoot } from './project-root.js';
import { temporaryDirectory } from './temporary-directory.js';

export interface PolylogOptions {
  /** embedded, or kafka://HOST:PORT/CLUSTER. */
  readonly log?: string;
  /** Use this data directory and leave it in place; by default a new one that goes with the node. */
  readonly dataDirectory?: string;
  /** Further flags of `polylog start`. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** How long a start may take until clients may connect; recovery of a large log takes its time. */
  readonly startTimeoutMs?: number;
}

/** One process of a node, as `polylog status --json` lists them under `processes`. */
export interface NodeProcess {
  readonly name: string;
  readonly pid: number;
}

export interface PolylogNode {
  readonly host: string;
  readonly postgresPort: number;
  readonly mysqlPort: number;
  readonly httpPort: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly dataDirectory: string;
  /** What psql takes. */
  readonly url: string;
  /** Everything that the node wrote since its last start. */
  output(): string;
  /** The supervisor and the processes below it. */
  processes(): NodeProcess[];
  /** kill -9 of the processes of this name, of all where none is given; resolves when they are gone. */
  kill9(name?: string): Promise<void>;
  /** Resolves when clients may connect. */
  ready(): Promise<void>;
  /** Starts it again on the same data and ports after stop or kill9. */
  restart(): Promise<void>;
  /** SIGTERM, and SIGKILL to whatever is left after ten seconds. The data stays. */
  stop(): Promise<void>;
  /** stop, and the end of a data directory that the harness made. */
  remove(): Promise<void>;
}

const HOST = '127.0.0.1';
const PASSWORD = 'polylog-test';
const START_TIMEOUT_MS = 60_000;

/** What the harness promises that a clean stop takes at most. */
export const STOP_TIMEOUT_MS = 10_000;

async function answersReady(httpPort: number): Promise<boolean> {
  try {
    return (await fetch(`http://${HOST}:${httpPort}/readyz`)).status === 200;
  } catch {
    return false;
  }
}

/** Resolves when clients may connect. The sources must have been built. */
export async function startPolylog(options: PolylogOptions = {}): Promise<PolylogNode> {
  const main = join(projectRoot(), 'dist', 'ops', 'cli', 'main.js');
  if (!existsSync(main)) throw new Error(`no ${main}: run npm run build`);
  const scratch = temporaryDirectory('node');
  const dataDirectory = options.dataDirectory ?? join(scratch.path, 'data');
  const [postgresPort = 0, mysqlPort = 0, httpPort = 0] = await freePorts(3);
  const where = ['--data', dataDirectory, '--host', HOST];
  const ports = [
    ...['--postgres-port', String(postgresPort)],
    ...['--mysql-port', String(mysqlPort)],
    ...['--http-port', String(httpPort)],
  ];
  const log = options.log === undefined ? [] : ['--log', options.log];
  const launch = (): GuardedProcess =>
    GuardedProcess.start({
      command: process.execPath,
      args: [main, 'start', ...where, ...ports, ...log, ...(options.flags ?? [])],
      logPath: join(scratch.path, 'node.log'),
      env: { POLYLOG_PASSWORD: PASSWORD, ...options.env },
    });
  let node = launch();
  const ready = (): Promise<void> =>
    node.until(() => answersReady(httpPort), options.startTimeoutMs ?? START_TIMEOUT_MS);
  const processes = (): NodeProcess[] => {
    const status = execFileSync(process.execPath, [main, 'status', '--json', '--data', dataDirectory], {
      encoding: 'utf8',
    });
    return (JSON.parse(status) as { processes: NodeProcess[] }).processes;
  };
  const stop = async (): Promise<void> => {
    const below = node.running ? childrenOf(node.pid) : [];
    await node.stop('SIGTERM', STOP_TIMEOUT_MS);
    await killAll(below);
  };
  await ready();
  return {
    host: HOST,
    postgresPort,
    mysqlPort,
    httpPort,
    user: 'polylog',
    password: PASSWORD,
    database: 'polylog',
    dataDirectory,
    url: `postgresql://polylog:${PASSWORD}@${HOST}:${postgresPort}/polylog`,
    output: () => node.output(),
    processes,
    kill9: async (name) => {
      // The supervisor goes first: it would start the others again.
      const all = [...new Set([node.pid, ...childrenOf(node.pid)])];
      await killAll(name === undefined ? all : processes().flatMap((each) => (each.name === name ? [each.pid] : [])));
      // Gone is not yet noticed: this process hears of it a moment later.
      if (name === undefined) await node.stop('SIGKILL');
    },
    ready,
    restart: async () => {
      if (node.running) throw new Error('the node still runs');
      node = launch();
      await ready();
    },
    stop,
    remove: async () => {
      await stop();
      scratch.remove();
    },
  };
}

/** The processes below this one, however deep. */
function childrenOf(pid: number): number[] {
  const table = execFileSync('ps', ['-e', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const rows = table
    .trim()
    .split('\n')
    .map((row) => row.trim().split(/\s+/).map(Number));
  const below = [pid];
  for (const parent of below)
    for (const [child, itsParent] of rows) if (itsParent === parent && child) below.push(child);
  return below.slice(1);
}

async function killAll(pids: readonly number[]): Promise<void> {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Already gone.
    }
  }
  await allGone(pids);
}
