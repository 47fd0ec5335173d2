/** Folders in .cache/ that hold what a pom.xml below test/harness/ names, fetched from Maven Central once a version. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir, root, runQuietly } from './project.mjs';
import { ensurePackages } from './system-packages.mjs';

/**
 * After this the folder is there; returns its path. `name`: of the folder, and of the pom's property `<name>.version`.
 * `goal`: arguments of mvn that fill its outputDirectory.
 */
export function ensureMavenFolder({ name, pom, goal, packages, purpose }) {
  const path = join(root, 'test', 'harness', pom, 'pom.xml');
  const version = new RegExp(`<${name}\\.version>(.+)</${name}\\.version>`).exec(readFileSync(path, 'utf8'))[1];
  const folder = join(cacheDir, `${name}-${version}`);
  if (existsSync(folder)) return folder;
  ensurePackages(packages, purpose);
  console.log(`fetching ${name} ${version}`);
  mkdirSync(cacheDir, { recursive: true });
  // Renamed when whole, so that a folder that is there is complete.
  const partial = `${folder}.${process.pid}`;
  rmSync(partial, { recursive: true, force: true });
  runQuietly('mvn', ['-q', '-B', '-f', path, ...goal, `-DoutputDirectory=${partial}`]);
  if (existsSync(folder)) rmSync(partial, { recursive: true });
  else renameSync(partial, folder);
  return folder;
}
