/**
 * Compiles the TypeScript into dist/, which is checked in the same run, and copies the files beside it that are read at
 * run time. Skipped where nothing changed since: comparing sizes and times of all sources takes a few milliseconds.
 */
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { bin, root, run, runAsProgram, sourceFolders } from './project.mjs';

const dist = join(root, 'dist');
const stamp = join(dist, '.build-stamp');

/** What the compiler does not copy and the programs read: catalog views in SQL, pages of the console. */
const ASSET = /\.(sql|html|css|svg)$/;

/** All sources and assets, relative to the root. Corpora and fixtures of tests are read where they stand. */
function sources() {
  return sourceFolders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, name)))
    .filter((name) => name.endsWith('.ts') || (ASSET.test(name) && !name.startsWith('test/')));
}

function fingerprint(names) {
  const hash = createHash('sha256');
  for (const name of ['tsconfig.json', 'package-lock.json', ...names.sort()]) {
    const { size, mtimeMs } = statSync(join(root, name));
    hash.update(`${name} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** Removes what was compiled from sources that are gone, so that nobody imports a ghost. */
function removeOrphans(names) {
  if (!existsSync(dist)) return;
  const wanted = new Set(names.map((name) => name.replace(/\.ts$/, '.js')));
  for (const name of readdirSync(dist, { recursive: true })) {
    const source = name.replace(/\.map$/, '');
    const compiled = source.endsWith('.js') || ASSET.test(source);
    if (compiled && !wanted.has(source)) rmSync(join(dist, name), { force: true });
  }
}

function copyAssets(names) {
  for (const name of names.filter((each) => ASSET.test(each))) {
    mkdirSync(dirname(join(dist, name)), { recursive: true });
    copyFileSync(join(root, name), join(dist, name));
  }
}

/** After this dist/ holds what the sources say. Throws where they do not compile. */
export async function ensureBuilt() {
  const names = sources();
  const want = fingerprint(names);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === want) return;
  console.log('building (tsc)');
  rmSync(stamp, { force: true });
  removeOrphans(names);
  // Emitted files that were removed by hand are not missed by an incremental build.
  if (!existsSync(join(dist, 'schemas'))) rmSync(join(dist, '.tsbuildinfo'), { force: true });
  const code = await run(bin('tsc'), ['-p', 'tsconfig.json']);
  if (code !== 0) throw new Error('the sources do not compile; the lines above say why');
  copyAssets(names);
  writeFileSync(stamp, want);
}

runAsProgram(import.meta.url, ensureBuilt);
