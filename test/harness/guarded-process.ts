/**
 * Servers that tests start. Each has a guard beside it that ends it when its owner is gone, so that a test run that was
 * killed leaves nothing behind; a `finally` alone does not survive kill -9.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface GuardedOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** Receives stdout and stderr; replaced where it exists. */
  readonly logPath: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** The user to run as; the caller must be root. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** The process whose end ends this one; the caller by default. */
  readonly ownerPid?: number;
}

const POLL_MS = 20;

/** Kills the child once the owner is gone; gives up when the child went first. */
const GUARD = 'while kill -0 "$1" 2>/dev/null; do kill -0 "$2" 2>/dev/null || exit 0; sleep 1; done; kill -9 "$2"';

export class GuardedProcess {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #logPath: string;

  private constructor(child: ChildProcess, pid: number, logPath: string) {
    this.#child = child;
    this.pid = pid;
    this.#logPath = logPath;
  }

  /** Starts the program and its guard. Neither keeps the caller alive. */
  static start(options: GuardedOptions): GuardedProcess {
    const log = openSync(options.logPath, 'w');
    try {
      const child = spawn(options.command, options.args, {
        stdio: ['ignore', log, log],
        detached: true,
        env: { ...process.env, ...options.env },
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
        ...options.user,
      });
      // A missing program shows as a missing pid below; without a listener it would end the caller instead.
      child.on('error', () => {});
      if (child.pid === undefined) throw new Error(`cannot start ${options.command}`);
      child.unref();
      const owner = String(options.ownerPid ?? process.pid);
      spawn('/bin/sh', ['-c', GUARD, 'guard', owner, String(child.pid)], { stdio: 'ignore', detached: true }).unref();
      return new GuardedProcess(child, child.pid, options.logPath);
    } finally {
      closeSync(log);
    }
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** All that the process wrote so far. */
  output(): string {
    return readFileSync(this.#logPath, 'utf8');
  }

  signal(signal: NodeJS.Signals): void {
    if (this.running) this.#child.kill(signal);
  }

  /** Resolves once `ready` holds. Where it ends or the time passes first: ends it and rejects with its last words. */
  async until(ready: () => boolean | Promise<boolean>, timeoutMs: number): Promise<void> {
    const end = Date.now() + timeoutMs;
    while (!(await ready())) {
      const over = !this.running ? 'ended' : Date.now() > end ? `was not ready in ${timeoutMs} ms` : null;
      if (over !== null) {
        await this.stop('SIGKILL');
        throw new Error(`process ${this.pid} ${over}:\n${this.output().slice(-3000)}`);
      }
      await sleep(POLL_MS);
    }
  }

  /** After this the process is gone: `signal` first, SIGKILL after the grace. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', graceMs = 10_000): Promise<void> {
    this.signal(signal);
    // A paused process cannot end by itself.
    this.signal('SIGCONT');
    if (await this.#ended(graceMs)) return;
    this.signal('SIGKILL');
    await this.#ended(graceMs);
  }

  async #ended(timeoutMs: number): Promise<boolean> {
    for (const end = Date.now() + timeoutMs; this.running; await sleep(POLL_MS)) if (Date.now() > end) return false;
    return true;
  }
}

/** Whether a process of this id runs. One that ended and waits for a parent to notice does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    // The state follows the program's name, which stands in parentheses and may hold any character.
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return status.charAt(status.lastIndexOf(')') + 2) !== 'Z';
  } catch {
    return process.platform !== 'linux';
  }
}

/** Resolves when none of these processes runs. */
export async function allGone(pids: readonly number[]): Promise<void> {
  while (pids.some(isAlive)) await sleep(POLL_MS);
}
