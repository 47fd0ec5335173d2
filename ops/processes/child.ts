import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Caller } from './calls.js';
import { StartRefused } from './start-refused.js';

export interface ChildOptions {
  readonly name: string;
  /** Path of the module from this one. */
  readonly module: string;
  readonly args: readonly string[];
  /** Sent first; null = nothing is. */
  readonly message: object | null;
  readonly nodeFlags: readonly string[];
  /** Told when a child that had become ready ends: how, how long it had run, and its own last words, if it had any. */
  onEnd(how: string, ranMs: number, said: string | null): void;
  /** Told whenever a gateway has found or lost the engine. */
  onLink(up: boolean): void;
}

/** One process of a node, below the supervisor. */
export class Child {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #caller: Caller;
  readonly #exited: Promise<void>;

  constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#process = child;
    this.#caller = new Caller(child);
    this.#exited = new Promise((resolve) => child.once('exit', () => resolve()));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  call(method: string, ...args: readonly unknown[]): Promise<unknown> {
    return this.#caller.call(method, ...args);
  }

  callFor(timeoutMs: number, method: string, ...args: readonly unknown[]): Promise<unknown> {
    return this.#caller.callFor(timeoutMs, method, ...args);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** SIGTERM, and SIGKILL at the deadline (milliseconds as of Date.now). Resolves when the process is gone. */
  async end(deadline: number): Promise<void> {
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), Math.max(0, deadline - Date.now()));
    this.#process.kill('SIGTERM');
    await this.#exited;
    clearTimeout(timer);
  }
}

/**
 * Starts a process of the node. `ready` resolves with the message by which it says that it serves, and rejects with StartRefused, which has
 * the process's own words, when it ends before that.
 */
export function startChild<T>(options: ChildOptions): { readonly child: Child; readonly ready: Promise<T> } {
  const { name, module, args, message, nodeFlags, onEnd, onLink } = options;
  const { POLYLOG_PASSWORD: _secret, POLYLOG_USER_PASSWORD: _other, ...inherited } = process.env;
  const began = performance.now();
  const forked = fork(fileURLToPath(new URL(module, import.meta.url)), [...args], {
    env: inherited,
    execArgv: [...nodeFlags, ...profileFlags(name)],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ready = new Promise<T>((resolve, reject) => {
    let said: string | null = null;
    let started = false;
    forked.on('message', (heard: { kind?: unknown; message?: unknown; up?: unknown }) => {
      if (heard.kind === 'ready') {
        started = true;
        resolve(heard as T);
      } else if (heard.kind === 'link') onLink(heard.up === true);
      else if (heard.kind === 'failed' || heard.kind === 'error') said = String(heard.message);
    });
    forked.once('error', (error) => reject(new StartRefused(`${name} cannot be started: ${error.message}`)));
    forked.once('exit', (code, signal) => {
      const how = signal ?? `exit code ${code}`;
      if (started) onEnd(how, performance.now() - began, said);
      else reject(new StartRefused(said ?? `${name} ended at its start (${how})`, code ?? 1));
    });
  });
  if (message !== null) forked.send(message);
  return { child: new Child(name, forked), ready };
}

/** With POLYLOG_PROFILE=FOLDER each process leaves a CPU profile there when it stops. */
function profileFlags(name: string): readonly string[] {
  const folder = process.env['POLYLOG_PROFILE'];
  return folder === undefined
    ? []
    : ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${name}-${Date.now()}.cpuprofile`];
}
