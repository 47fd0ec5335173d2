/** Kafka in a container, where an engine runs containers. */
import { existsSync, readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { freePorts } from './free-port.js';
import { GuardedProcess } from './guarded-process.js';
import { projectRoot } from './project-root.js';
import { temporaryDirectory } from './temporary-directory.js';

export interface KafkaContainer {
  readonly bootstrap: string;
  /** The process that keeps it: SIGTERM ends both. */
  readonly pid: number;
  readonly directory: string;
}

/** An image may have to be fetched first. */
const START_TIMEOUT_MS = 90_000;

/** Whether there may be an engine: without a socket nobody needs to ask. */
function hasEngineSocket(environment: Readonly<Record<string, string | undefined>>): boolean {
  const { DOCKER_HOST, XDG_RUNTIME_DIR } = environment;
  if (DOCKER_HOST !== undefined && DOCKER_HOST !== '')
    return !DOCKER_HOST.startsWith('unix://') || existsSync(DOCKER_HOST.slice('unix://'.length));
  const own = XDG_RUNTIME_DIR === undefined ? [] : [join(XDG_RUNTIME_DIR, '.docker/run/docker.sock')];
  return ['/var/run/docker.sock', ...own].some((path) => existsSync(path));
}

/** Null where no engine answers, or it does not bring a broker that can be reached: the caller has the jars. */
export async function startKafkaContainer(
  ownerPid: number,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<KafkaContainer | null> {
  if (!hasEngineSocket(environment)) return null;
  const harness = join(projectRoot(), 'test', 'harness');
  const pom = readFileSync(join(harness, 'kafka-dist', 'pom.xml'), 'utf8');
  const version = /<kafka\.version>(.+)<\/kafka\.version>/.exec(pom)?.[1] ?? '';
  const [port = 0] = await freePorts(1);
  const scratch = temporaryDirectory('kafka-container');
  const keeper = GuardedProcess.start({
    command: process.execPath,
    args: [join(harness, 'keep-kafka-container.mjs'), String(port), version],
    logPath: join(scratch.path, 'keeper.log'),
    env: environment,
    ownerPid,
  });
  try {
    await keeper.until(() => keeper.output().includes('kafka: ready'), START_TIMEOUT_MS);
    // An engine elsewhere opens the port elsewhere.
    await reach(port);
    return { bootstrap: `127.0.0.1:${port}`, pid: keeper.pid, directory: scratch.path };
  } catch {
    await keeper.stop('SIGTERM');
    scratch.remove();
    return null;
  }
}

function reach(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port }, () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}
