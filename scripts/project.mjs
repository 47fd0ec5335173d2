/** Where this clone is, and how its scripts run other programs. */
import { spawn, spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What a clone may throw away at any time: fetched jars, virtual environments, results of the last test run. */
export const cacheDir = join(root, '.cache');

/** What all clones of a user share because it is expensive to make: native builds. */
export const userCacheDir = process.env.POLYLOG_CACHE ?? join(homedir(), '.cache', 'polylog');

/** PostgreSQL 15's programs, where Debian keeps them; test/harness/postgres.ts looks at the same place. */
export const postgresBin = process.env.POLYLOG_PG_BIN ?? '/usr/lib/postgresql/15/bin';

/** The folders that hold TypeScript, in the order in which they may import one another. */
export const sourceFolders = ['schemas', 'log', 'engines', 'projections', 'gateways', 'ops', 'test'];

/** The path of a program that a dependency brought along. */
export const bin = (name) => join(root, 'node_modules', '.bin', name);

/** Runs a program in the clone with our own output; resolves with its exit code, 1 where a signal ended it. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** Runs a program quietly; returns its output, or throws with all that it said. */
export function runQuietly(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20, ...options });
  if (result.error) throw result.error;
  if (result.status !== 0) {
    const said = `${result.stdout}${result.stderr}`.trimEnd().split('\n').slice(-40).join('\n');
    throw new Error(`${command} ${args.join(' ')} ended with ${result.status ?? result.signal}:\n${said}`);
  }
  return result.stdout;
}

/** Runs `main` when the given module is the program that was started, and ends with one line where it throws. */
export function runAsProgram(moduleUrl, main) {
  if (process.argv[1] !== fileURLToPath(moduleUrl)) return;
  main(process.argv.slice(2)).then(
    (code) => {
      process.exitCode = code ?? 0;
    },
    (error) => {
      console.error(`polylog: ${error.message}`);
      process.exitCode = 1;
    },
  );
}
