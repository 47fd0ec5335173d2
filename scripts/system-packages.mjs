/**
 * Debian packages that a step needs and the machine lacks. As root they are installed; anybody else is told what to
 * install, because a script that asks for passwords in the middle of a test run is worse than one that stops.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** The packages among `names` that dpkg does not know as installed; all of them where there is no dpkg. */
function missingPackages(names) {
  return names.filter((name) => {
    const query = spawnSync('dpkg-query', ['--status', name], { encoding: 'utf8' });
    return query.status !== 0 || !query.stdout.includes('Status: install ok installed');
  });
}

/**
 * After this, every package is installed. Throws with the command to run where that cannot be done from here.
 * @param {string[]} names Debian package names
 * @param {string} purpose what they are for, ends the sentence "needed for …"
 */
export function ensurePackages(names, purpose) {
  const missing = missingPackages(names);
  if (missing.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    throw new Error(`needed for ${purpose}: ${missing.join(', ')}. On Debian or Ubuntu: sudo ${command}`);
  }
  console.log(`installing ${missing.join(', ')} (${purpose})`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const quiet = { stdio: ['ignore', 'ignore', 'inherit'], env };
  spawnSync('apt-get', ['update', '-qq'], quiet);
  const install = spawnSync('apt-get', command.split(' ').slice(1).concat('-qq'), quiet);
  if (install.status !== 0) throw new Error(`needed for ${purpose}, and failed: ${command}`);
}
