/** The `polylog` command of the build, as a user runs it. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from './project-root.js';

export interface Outcome {
  /** Exit code; null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  readonly pid: number;
  /** What it has written to standard output so far. */
  stdout(): string;
  /** Resolves when standard output matches; rejects when the command ends before. */
  until(pattern: RegExp): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<Outcome>;
}

/** Starts a program of this project. `env` goes over the caller's environment; undefined takes a variable out. */
export function startCommand(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): RunningCommand {
  const child = spawn(command, args, {
    cwd: projectRoot(),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const watchers = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const watch of watchers) watch();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return {
    pid: child.pid ?? 0,
    stdout: () => stdout,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const watch = (): void => {
          if (!pattern.test(stdout)) return;
          watchers.delete(watch);
          resolve();
        };
        watchers.add(watch);
        watch();
        const refuse = (): void => reject(new Error(`ended without ${String(pattern)}:\n${stdout}${stderr}`));
        ended.then(refuse, refuse);
      }),
    kill: (signal) => child.kill(signal),
    ended,
  };
}

/** The program behind `polylog`; the sources must have been built. */
export function polylogProgram(): string {
  return join(projectRoot(), 'dist', 'ops', 'cli', 'main.js');
}

/** `polylog …`, not waited for. */
export function startPolylogCommand(...args: readonly string[]): RunningCommand {
  return startCommand(process.execPath, [polylogProgram(), ...args]);
}

/** `polylog …`, to its end. */
export function polylogCommand(...args: readonly string[]): Promise<Outcome> {
  return startPolylogCommand(...args).ended;
}
