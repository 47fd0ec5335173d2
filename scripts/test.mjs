/**
 * `npm test`: installs and builds, provides what tests need (PostgreSQL 15, the Kafka driver and broker), then runs the
 * checks and every test but the long ones. Ends with one line that a machine can read: `tests: N passed, N failed`.
 *
 * `npm test -- engines/rows` runs the tests below that path only and leaves the checks out; `--coverage` measures.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt } from './build.mjs';
import { failedChecks } from './check.mjs';
import { ensureInstalled } from './install.mjs';
import { ensureKafkaDriver } from './kafka-driver.mjs';
import { ensureKafkaJars } from './kafka-jars.mjs';
import { bin, cacheDir, postgresBin, root, run, runAsProgram } from './project.mjs';
import { ensurePythonClients } from './python-clients.mjs';
import { ensurePackages } from './system-packages.mjs';

const results = join(cacheDir, 'test-results.json');

/** After this the tests find what they need; a part that cannot be had is named, and its tests fail by themselves. */
async function provide() {
  const parts = {
    PostgreSQL: async () => {
      if (!existsSync(join(postgresBin, 'postgres')))
        ensurePackages(['postgresql-15', 'postgresql-client-15'], 'tests');
    },
    'MySQL clients': async () => ensurePackages(['mariadb-client', 'mariadb-server-core', 'sysbench'], 'tests'),
    'Python clients': ensurePythonClients,
    'Kafka driver': ensureKafkaDriver,
    'Kafka broker': ensureKafkaJars,
  };
  let missing = 0;
  for (const [name, part] of Object.entries(parts)) {
    try {
      await part();
    } catch (error) {
      missing += 1;
      console.error(`${name}: ${error.message}`);
    }
  }
  return missing;
}

/** Runs jest; the counts are those that it wrote, one failure where it wrote none. */
async function runJest(args, env) {
  mkdirSync(cacheDir, { recursive: true });
  rmSync(results, { force: true });
  const options = ['--json', `--outputFile=${results}`, ...args];
  // Jest prints its JSON to stdout too, next to a readable report on stderr.
  const code = await run(bin('jest'), options, { stdio: ['ignore', 'ignore', 'inherit'], env });
  if (!existsSync(results)) return { passed: 0, failed: 1, skipped: 0 };
  const counts = JSON.parse(readFileSync(results, 'utf8'));
  // A file that cannot be loaded holds tests that nobody counted.
  const failed = counts.numFailedTests + counts.numRuntimeErrorTestSuites;
  return {
    passed: counts.numPassedTests,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: counts.numPendingTests + counts.numTodoTests,
  };
}

/** Everything after the installation; returns the counts, failed checks and missing parts among the failures. */
async function test(args) {
  const long = args.includes('--long');
  const rest = args.filter((arg) => arg !== '--long');
  const all = !long && rest.every((arg) => arg.startsWith('-'));
  const failedNames = all ? await failedChecks() : [];
  if (!all) await ensureBuilt();
  const missing = await provide();
  const env = { ...process.env, ...(long ? { POLYLOG_LONG: '1' } : {}) };
  // Long tests load the machine by themselves: one at a time.
  const longOptions = ['--maxWorkers=1', '--passWithNoTests', '--testPathPatterns=long.test.ts$'];
  const options = [...(long ? longOptions : ['--maxWorkers=2']), ...rest];
  const { passed, failed, skipped } = await runJest(options, env);
  if (failedNames.length > 0) console.log(`failed checks: ${failedNames.join(', ')}`);
  return { passed, failed: failed + failedNames.length + missing, skipped };
}

runAsProgram(import.meta.url, async (args) => {
  process.chdir(root);
  const { passed, failed, skipped } = await ensureInstalled()
    .then(() => test(args))
    .catch((error) => {
      console.error(`polylog: ${error.message}`);
      return { passed: 0, failed: 1, skipped: 0 };
    });
  console.log(`tests: ${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return failed === 0 ? 0 : 1;
});
