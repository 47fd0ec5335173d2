/**
 * One PostgreSQL and one Kafka for all test files of a run: started by the first file that asks, ended with the run. Two
 * workers may ask at once, so a directory of the run (see jest/global-setup.cjs) serves as the lock and as the notice board.
 * Tests keep apart by names of their own: a database, a cluster name.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startKafka } from './kafka.js';
import { startKafkaContainer } from './kafka-container.js';
import { startPostgres } from './postgres.js';

/** The directory of this test run; set by the global set-up, inherited by workers. */
const RUN_DIRECTORY_VARIABLE = 'POLYLOG_TEST_RUN';

export interface SharedPostgres {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface SharedKafka {
  readonly bootstrap: string;
}

/** How a server is ended: its data is thrown away, so it needs no time to say goodbye. */
export interface Ending {
  readonly pids: readonly number[];
  readonly signal: NodeJS.Signals;
  readonly directory: string;
}

/** What stands on the notice board: how to reach the server and to end it, or why it did not start. */
export type Notice<T> = { readonly server: T; readonly ending: Ending } | { readonly failure: string };

const WAIT_TIMEOUT_MS = 180_000;

async function shared<T>(name: string, start: (owner: number) => Promise<Notice<T>>): Promise<T> {
  const run = process.env[RUN_DIRECTORY_VARIABLE];
  if (run === undefined)
    throw new Error(`${RUN_DIRECTORY_VARIABLE} is not set: shared servers exist in a jest run only`);
  const noticePath = join(run, `${name}.json`);
  if (takeLock(join(run, `${name}.lock`))) {
    const owner = Number(readFileSync(join(run, 'owner'), 'utf8'));
    const notice: Notice<T> = await start(owner).catch((error: unknown) => ({ failure: String(error) }));
    writeFileSync(`${noticePath}.partial`, JSON.stringify(notice));
    renameSync(`${noticePath}.partial`, noticePath);
  }
  for (const end = Date.now() + WAIT_TIMEOUT_MS; !existsSync(noticePath); await sleep(50)) {
    if (Date.now() > end) throw new Error(`the shared ${name} did not start in ${WAIT_TIMEOUT_MS} ms`);
  }
  const notice = JSON.parse(readFileSync(noticePath, 'utf8')) as Notice<T>;
  if ('failure' in notice) throw new Error(`the shared ${name} did not start: ${notice.failure}`);
  return notice.server;
}

/** Whether the caller made the lock; a directory is made by exactly one. */
function takeLock(path: string): boolean {
  try {
    mkdirSync(path);
    return true;
  } catch {
    return false;
  }
}

/** The run's PostgreSQL 15. Create a database of your own in it. */
export function sharedPostgres(): Promise<SharedPostgres> {
  return shared('postgres', async (ownerPid) => {
    const { host, port, user, password, database, pid, directory } = await startPostgres({ ownerPid });
    // Its immediate shutdown; kill -9 would leave a segment of shared memory behind.
    return { server: { host, port, user, password, database }, ending: { pids: [pid], signal: 'SIGQUIT', directory } };
  });
}

/** The run's Kafka, one broker: in a container where an engine runs one, else from the jars; or the one at POLYLOG_TEST_KAFKA (host:port), where there is no Java to start it with. Use a cluster name of your own; tests that stop brokers start their own Kafka. */
export function sharedKafka(): Promise<SharedKafka> {
  const outside = process.env['POLYLOG_TEST_KAFKA'];
  if (outside !== undefined) return Promise.resolve({ bootstrap: outside });
  return shared('kafka', async (ownerPid) => {
    const container = await startKafkaContainer(ownerPid);
    if (container !== null) {
      const { bootstrap, pid, directory } = container;
      return { server: { bootstrap }, ending: { pids: [pid], signal: 'SIGTERM', directory } };
    }
    const { bootstrap, brokers, directory } = await startKafka({ ownerPid });
    const pids = brokers.map((broker) => broker.pid);
    return { server: { bootstrap }, ending: { pids, signal: 'SIGKILL', directory } };
  });
}
