import type { Clock } from '#schemas/kernel/ports.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SessionControl } from '../tx/transaction.js';

const SLEEP_MS_MAX = 0x7fff_ffff;

/** What can end a running statement from outside: the client's cancel, statement_timeout, the end of the session. */
export class StatementControl implements SessionControl {
  lockTimeoutMs = 0;
  /** What pg_sleep has asked for since anybody last slept. */
  sleepMs = 0;
  #interrupted: Error | null = null;
  #waiters: Set<(error: Error) => void> | null = null;
  #cancelTimer: (() => void) | null = null;
  /** When statement_timeout is over, by the monotonic clock. */
  #endsAtMs = Number.POSITIVE_INFINITY;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get interrupted(): Error | null {
    return this.#interrupted;
  }

  onInterrupt(run: (error: Error) => void): () => void {
    this.#waiters ??= new Set();
    this.#waiters.add(run);
    return () => this.#waiters?.delete(run);
  }

  /** A statement begins: forgets an interrupt that came too late for the one before it. */
  begin(statementTimeoutMs: number): void {
    this.#interrupted = null;
    this.sleepMs = 0;
    this.#endsAtMs = statementTimeoutMs > 0 ? this.#clock.monotonicMs() + statementTimeoutMs : Number.POSITIVE_INFINITY;
    this.#await();
  }

  /** The statement that has begun goes on, after an end that only its client's reading has made. */
  goOn(): void {
    this.sleepMs = 0;
    this.#await();
  }

  #await(): void {
    if (this.#endsAtMs === Number.POSITIVE_INFINITY) return;
    const leftMs = Math.max(0, this.#endsAtMs - this.#clock.monotonicMs());
    this.#cancelTimer = this.#clock.after(leftMs, () =>
      this.interrupt(new SqlError('query_canceled', 'canceling statement due to statement timeout')),
    );
  }

  end(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  interrupt(error: Error): void {
    this.#interrupted = error;
    const waiters = this.#waiters;
    this.#waiters = null;
    if (waiters !== null) for (const run of waiters) run(error);
  }

  /** Sleeps for what was asked; rejects with the interrupt that comes before it is over. */
  sleep(): Promise<void> {
    // Timers know no longer time; nobody waits so long.
    const ms = Math.min(this.sleepMs, SLEEP_MS_MAX);
    this.sleepMs = 0;
    return new Promise((resolve, reject) => {
      const forget = this.onInterrupt((error) => {
        stop();
        reject(error);
      });
      const stop = this.#clock.after(ms, () => {
        forget();
        resolve();
      });
    });
  }

  /** Throws the interrupt, if there is one. */
  check(): void {
    if (this.#interrupted !== null) throw this.#interrupted;
  }
}
