import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a running node says of itself in its data folder. */
export interface RunFile {
  readonly pid: number;
  readonly processes: ReadonlyArray<{ readonly name: string; readonly pid: number }>;
  readonly host: string;
  readonly postgresPort: number;
  readonly httpPort: number;
  readonly log: string;
}

const NAME = 'run.json';

export function writeRunFile(data: string, file: RunFile): void {
  writeFileSync(join(data, NAME), `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
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
  return isNode(file.pid) ? file : null;
}

/** The pid lives and is a Polylog process, not another that was given its number. */
function isNode(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return /polylog|main\.js|start\.mjs/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  } catch {
    return true;
  }
}
