import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a running node says of itself in its data folder. */
export interface RunFile {
  readonly pid: number;
  /** Which of the processes that ever had this pid: pids come again, after a restart of a container at once. */
  readonly birth: string;
  readonly ready: boolean;
  readonly processes: ReadonlyArray<{ readonly name: string; readonly pid: number }>;
  readonly host: string;
  readonly postgresPort: number;
  readonly mysqlPort: number;
  readonly httpPort: number;
  readonly log: string;
  readonly controlSocket: string;
}

const NAME = 'run.json';

/** Readers see the old file or the new one, never half of one. */
export function writeRunFile(data: string, file: RunFile): void {
  const path = join(data, NAME);
  writeFileSync(`${path}.new`, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

export function removeRunFile(data: string): void {
  rmSync(join(data, NAME), { force: true });
}

/** The node that runs on this folder; null when none does. A file that a killed node left behind counts for nothing. */
export function readRunFile(data: string): RunFile | null {
  let file: RunFile;
  try {
    file = JSON.parse(readFileSync(join(data, NAME), 'utf8')) as RunFile;
  } catch {
    return null;
  }
  return isAlive(file.pid) && birthOf(file.pid) === file.birth ? file : null;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user lives too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Boot and start time of a process; '' where the system does not tell. */
export function birthOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name stands in parentheses and may hold anything; the start time is field 22, the 20th behind it.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    return `${boot}/${ticks}`;
  } catch {
    return '';
  }
}
