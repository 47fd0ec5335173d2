import { readFileSync } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

const NAME = 'lock';

/** The folder's log is being written by another living process. */
export class LogLocked extends Error {
  override readonly name = 'LogLocked';
}

/**
 * Takes the folder for this process: a file with its pid and start time, made exclusively. A lock whose process has ended, or whose pid now belongs to a process
 * started at another time, is stale and is replaced. Returns the release.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, NAME);
  const mine = `${process.pid} ${startTime(process.pid) ?? ''}\n`;
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const file = await open(path, 'wx', 0o600);
      await file.writeFile(mine);
      await file.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = await readFile(path, 'utf8').catch(() => '');
    const [pid = '', started = ''] = holder.trim().split(' ');
    if (pid !== '' && startTime(Number(pid)) === started && started !== '') {
      throw new LogLocked(`another Polylog process (pid ${pid}) is writing the log in ${folder}: stop it first, or use another data folder`);
    }
    await rm(path, { force: true });
  }
  throw new LogLocked(`the log in ${folder} is being taken by another process`);
}

/** A process's start in clock ticks since boot, with the boot's id: together they name one process for good. Null when it does not live. */
function startTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z') return null;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${fields[19] ?? ''}`;
  } catch {
    return alive(pid) ? 'alive' : null;
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
