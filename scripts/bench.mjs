/** `npm run bench`: installs and builds, provides PostgreSQL with pgbench, and runs the benchmark with its arguments. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt } from './build.mjs';
import { ensureInstalled } from './install.mjs';
import { ensureKafkaDriver } from './kafka-driver.mjs';
import { ensureKafkaJars } from './kafka-jars.mjs';
import { postgresBin, run, runAsProgram } from './project.mjs';
import { ensurePackages } from './system-packages.mjs';

runAsProgram(import.meta.url, async (args) => {
  /** Whether one of these sections will run: without --only all do. */
  const runs = (...sections) =>
    !args.some((arg) => arg.startsWith('--only')) || args.some((arg) => sections.some((name) => arg.includes(name)));
  await ensureInstalled();
  await ensureBuilt();
  if (!existsSync(join(postgresBin, 'pgbench'))) ensurePackages(['postgresql-15'], 'the benchmark');
  if (runs('tpch')) ensurePackages(['python3', 'python3-venv'], "the benchmark's TPC-H data");
  // The section mysql says what it lacks, and the others still run.
  if (runs('mysql')) {
    try {
      ensurePackages(['mariadb-server-core', 'mariadb-client', 'sysbench'], "the benchmark's section mysql");
    } catch (error) {
      console.error(`MariaDB: ${error.message}`);
    }
  }
  // The sections on Kafka run unless others are named; without a broker they report a failure, and the others still run.
  if (runs('kafka', 'shared')) {
    for (const part of [ensureKafkaDriver, ensureKafkaJars])
      await part().catch((error) => console.error(`Kafka: ${error.message}`));
  }
  return run(process.execPath, ['dist/test/bench/main.js', ...args]);
});
