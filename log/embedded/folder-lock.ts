import { readFileSync } from 'node:fs';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const NAME = 'lock';
const ATTEMPTS = 5;

/** The folder's log is being written by another living process. */
export class LogLocked extends Error {
  override readonly name = 'LogLocked';
}

/**
 * Takes the folder for this process: a file with its pid and start, which appears whole and exclusively (a link). A lock
 * whose process has ended, or whose pid now belongs to a process that started at another time, is stale and is replaced.
 * Returns the release. Rejects with LogLocked. Processes that do not see each other's pids (containers that share a
 * volume) are not kept apart by it.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, NAME);
  const own = join(folder, `${NAME}.${process.pid}`);
  const mine = `${process.pid} ${startOf(process.pid) ?? ''}\n`;
  await writeFile(own, mine, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        await link(own, path);
        return () => rm(path, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = await readFile(path, 'utf8').catch(() => null);
      if (holder === null) continue;
      const pid = livingHolder(holder);
      if (pid !== null) {
        const advice = 'stop it first, or use another data folder';
        throw new LogLocked(`another Polylog process (pid ${pid}) is writing the log in ${folder}: ${advice}`);
      }
      await removeStale(path, `${own}.stale`, holder);
    }
    throw new LogLocked(`the log in ${folder} is being taken by another process`);
  } finally {
    await rm(own, { force: true });
  }
}

/** Moves the stale lock away; puts it back when another process has replaced it in the meantime. */
async function removeStale(path: string, aside: string, stale: string): Promise<void> {
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await readFile(aside, 'utf8')) !== stale) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

function livingHolder(holder: string): number | null {
  const [pid = '', started = ''] = holder.trim().split(' ');
  return started !== '' && startOf(Number(pid)) === started ? Number(pid) : null;
}

/**
 * A process's start in clock ticks since boot, with the boot's id: together they name one process for good. Null when it
 * does not live.
 */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z') return null;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${fields[19] ?? ''}`;
  } catch {
    // No /proc on this system: a living pid is all there is to go by.
    return isAlive(pid) ? 'alive' : null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
