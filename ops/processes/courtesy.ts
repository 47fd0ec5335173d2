import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Logger } from 'pino';

/** Transactions a second from which on clients are held to be at work. */
const BUSY = 300;
/** A projection that is further behind than this takes its share. */
const LAG_MS_MAX = 2_000;
/** For how long somebody who has asked something is likely to ask more. */
const ASKED_MS = 10_000;
const TICK_MS = 1_000;

/** What becomes of the process: it runs only where nobody else wants to, or takes its share. */
export type SetIdle = (idle: boolean) => Promise<void>;

/**
 * Decides when a projection stands back wholly: while clients commit much, it is not far behind, and nobody asks it anything. A niceness gives it a small share of the processor, but
 * lets it finish its slice of a millisecond or more before whoever has just become ready, which the two hops of every statement feel; a process of the idle class gives way at once.
 */
export class Courtesy {
  readonly #setIdle: SetIdle;
  readonly #nowMs: () => number;
  #idle = false;
  #askedUntilMs = 0;
  #transactions = 0;
  #lagMs = 0;

  constructor(setIdle: SetIdle, nowMs: () => number) {
    this.#setIdle = setIdle;
    this.#nowMs = nowMs;
  }

  /** Looks once a second, until the signal aborts. */
  watch(signal: AbortSignal): void {
    const timer = setInterval(() => this.tick(), TICK_MS);
    timer.unref();
    signal.addEventListener('abort', () => clearInterval(timer));
  }

  /** Somebody wants to read the projection. */
  asked(): void {
    this.#askedUntilMs = this.#nowMs() + ASKED_MS;
    this.#set(false);
  }

  /** Transactions were applied, the last of them committed at `timestamp`, in microseconds since 1970. */
  applied(transactions: number, timestamp: number): void {
    this.#transactions += transactions;
    this.#lagMs = this.#nowMs() - timestamp / 1_000;
    if (this.#lagMs > LAG_MS_MAX) this.#set(false);
  }

  tick(): void {
    const busy = this.#transactions >= BUSY;
    this.#transactions = 0;
    this.#set(busy && this.#lagMs <= LAG_MS_MAX && this.#nowMs() >= this.#askedUntilMs);
  }

  #set(idle: boolean): void {
    if (idle === this.#idle) return;
    this.#idle = idle;
    void this.#setIdle(idle);
  }
}

const CAP_SYS_NICE = 23n;

/** May this process leave the idle class again? Otherwise it had better not enter it. */
function mayReturn(): boolean {
  try {
    const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return effective !== undefined && ((BigInt(`0x${effective}`) >> CAP_SYS_NICE) & 1n) === 1n;
  } catch {
    return false;
  }
}

/** Sets the scheduling class of all threads of this process (sched(7)); null where it may not, or is not on Linux. */
export function idleClass(logger: Logger): SetIdle | null {
  if (process.platform !== 'linux' || !mayReturn()) return null;
  const run = promisify(execFile);
  // One after the other: the last one counts.
  let before: Promise<unknown> = Promise.resolve();
  let refused = false;
  return (idle) => {
    const set = async (): Promise<void> => {
      if (refused) return;
      try {
        await run('chrt', ['--all-tasks', idle ? '--idle' : '--other', '--pid', '0', String(process.pid)]);
      } catch (error) {
        refused = true;
        logger.info({ err: error }, 'chrt cannot set the scheduling class: the projection keeps its niceness');
      }
    };
    before = before.then(set);
    return before as Promise<void>;
  };
}
