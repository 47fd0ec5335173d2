/** `npm run bench`: installs and builds, provides PostgreSQL with pgbench, and runs the benchmark with its arguments. */
import { ensureBuilt } from './build.mjs';
import { ensureInstalled } from './install.mjs';
import { ensureKafkaDriver } from './kafka-driver.mjs';
import { ensureKafkaJars } from './kafka-jars.mjs';
import { run, runAsProgram } from './project.mjs';
import { ensurePackages } from './system-packages.mjs';

runAsProgram(import.meta.url, async (args) => {
  await ensureInstalled();
  await ensureBuilt();
  ensurePackages(['postgresql-15', 'postgresql-contrib'], 'the benchmark');
  if (args.some((arg) => arg.includes('kafka'))) {
    await ensureKafkaDriver();
    await ensureKafkaJars();
  }
  return run(process.execPath, ['dist/test/bench/main.js', ...args]);
});
