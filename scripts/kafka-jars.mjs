/** Fetches the jars of a plain Apache Kafka broker from Maven Central into .cache/, once a version. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir, root, runAsProgram, runQuietly } from './project.mjs';
import { ensurePackages } from './system-packages.mjs';

const pom = join(root, 'test', 'harness', 'kafka-dist', 'pom.xml');

/** After this the jars are there; returns their folder. */
export async function ensureKafkaJars() {
  const version = /<kafka\.version>(.+)<\/kafka\.version>/.exec(readFileSync(pom, 'utf8'))[1];
  const folder = join(cacheDir, `kafka-${version}`);
  if (existsSync(folder)) return folder;
  ensurePackages(['maven', 'openjdk-17-jre-headless'], 'a Kafka broker in tests');
  console.log(`fetching Apache Kafka ${version}`);
  mkdirSync(cacheDir, { recursive: true });
  // Renamed when whole, so that a folder that is there is complete.
  const partial = `${folder}.${process.pid}`;
  rmSync(partial, { recursive: true, force: true });
  const goal = 'dependency:copy-dependencies';
  runQuietly('mvn', ['-q', '-B', '-f', pom, goal, `-DoutputDirectory=${partial}`, '-DincludeScope=runtime']);
  if (existsSync(folder)) rmSync(partial, { recursive: true });
  else renameSync(partial, folder);
  return folder;
}

runAsProgram(import.meta.url, async () => {
  console.log(await ensureKafkaJars());
});
