/** Fetches Apicurio Registry from Maven Central into .cache/, once a version, and prints its folder. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir, root, runAsProgram, runQuietly } from './project.mjs';
import { ensurePackages } from './system-packages.mjs';

const pom = join(root, 'test', 'harness', 'registry-dist', 'pom.xml');

/** After this the application is there; returns its folder. */
export async function ensureRegistryApp() {
  const version = /<apicurio\.version>(.+)<\/apicurio\.version>/.exec(readFileSync(pom, 'utf8'))[1];
  const folder = join(cacheDir, `registry-${version}`);
  if (existsSync(folder)) return folder;
  ensurePackages(['maven'], 'an external schema registry in tests');
  mkdirSync(cacheDir, { recursive: true });
  // Renamed when whole, so that a folder that is there is complete.
  const partial = `${folder}.${process.pid}`;
  rmSync(partial, { recursive: true, force: true });
  runQuietly('mvn', ['-q', '-B', '-f', pom, 'dependency:unpack', `-DoutputDirectory=${partial}`]);
  if (existsSync(folder)) rmSync(partial, { recursive: true });
  else renameSync(partial, folder);
  return folder;
}

runAsProgram(import.meta.url, async () => {
  console.log(await ensureRegistryApp());
});
