/**
 * A schema registry that is not ours, for the tests of an external one: Apicurio Registry, which speaks Confluent's API.
 * It keeps its schemas in memory, and its compatibility level is NONE until a test sets another.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { freePorts } from './free-port.js';
import { GuardedProcess } from './guarded-process.js';
import { javaAtLeast } from './java.js';
import { projectRoot } from './project-root.js';
import { temporaryDirectory } from './temporary-directory.js';

export interface ExternalRegistry {
  /** Where Confluent's API begins, without a trailing slash. */
  readonly url: string;
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const START_TIMEOUT_MS = 90_000;
const JVM_FLAGS = ['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

/** Resolves when the registry answers. Fetches it first where it is missing. */
export async function startRegistry(): Promise<ExternalRegistry> {
  const java = javaAtLeast(21);
  const script = join(projectRoot(), 'scripts', 'registry-app.mjs');
  const folder = execFileSync(process.execPath, [script], { encoding: 'utf8' }).trimEnd().split('\n').at(-1) ?? '';
  const directory = temporaryDirectory('registry');
  const [port, managementPort] = await freePorts(2);
  const server = GuardedProcess.start({
    command: java,
    args: [...JVM_FLAGS, '-jar', join(folder, 'quarkus-run.jar')],
    logPath: join(directory.path, 'registry.log'),
    env: {
      QUARKUS_HTTP_HOST: HOST,
      QUARKUS_HTTP_PORT: String(port),
      QUARKUS_MANAGEMENT_HOST: HOST,
      QUARKUS_MANAGEMENT_PORT: String(managementPort),
      QUARKUS_LOG_LEVEL: 'WARN',
      APICURIO_LOG_LEVEL: 'WARN',
      APICURIO_STORAGE_KIND: 'sql',
    },
  });
  const url = `http://${HOST}:${port}/apis/ccompat/v7`;
  try {
    await server.until(() => answers(`${url}/subjects`), START_TIMEOUT_MS);
  } catch (error) {
    directory.remove();
    throw error;
  }
  return {
    url,
    stop: async () => {
      await server.stop();
      directory.remove();
    },
  };
}
