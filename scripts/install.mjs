/** Brings node_modules to what package-lock.json says; costs a file read where it is so already. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run, runAsProgram } from './project.mjs';

/** Inside node_modules, so that whatever removes the packages removes the claim that they are there. */
const stamp = join(root, 'node_modules', '.polylog-install');

/** The lock file and the Node ABI: another major version of Node needs other native builds. */
function wanted() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  return `${createHash('sha256').update(lock).digest('hex')} abi${process.versions.modules}`;
}

/** After this node_modules is what the lock file says. Install scripts never run: no package needs them. */
export async function ensureInstalled() {
  const want = wanted();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === want) return;
  console.log('installing packages (npm ci)');
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const code = await run('npm', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (code !== 0) throw new Error('npm ci failed; the lines above say why');
  writeFileSync(stamp, want);
}

runAsProgram(import.meta.url, ensureInstalled);
