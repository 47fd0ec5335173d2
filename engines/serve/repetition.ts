import { MayBeRepeated } from '../tx/commit-failure.js';
import type { StatementControl } from './control.js';

/** Two that write the same row from two engines lose to each other every second time or so; who has lost so often is told. */
const REPETITIONS_MAX = 40;
/** Of two that have met they do not meet again. */
const PAUSE_MS_MAX = 32;

/**
 * Whether the running statement may be run anew when the log has refused it: it was a transaction of its own, and its client has seen nothing of it. The statement's time limit
 * counts for all its runs together.
 */
export class Repetition {
  readonly #control: StatementControl;
  #open = false;
  #count = 0;

  constructor(control: StatementControl) {
    this.#control = control;
  }

  /** The running statement may be run anew so far. */
  get open(): boolean {
    return this.#open;
  }

  /** A statement is run not for the first time. */
  get running(): boolean {
    return this.#count > 0;
  }

  /** A statement begins. `alone`: it ends its transaction, and nothing else is in that. */
  begin(alone: boolean): void {
    this.#open = alone;
  }

  /** The client sees something of the statement. */
  forbid(): void {
    this.#open = false;
  }

  allows(error: unknown): boolean {
    return this.#open && error instanceof MayBeRepeated && this.#count < REPETITIONS_MAX;
  }

  /** Before it is run again. What stood in the way is decided by then, so the first time need not wait. Rejects when the statement is interrupted. */
  async pause(): Promise<void> {
    this.#control.check();
    const bound = Math.min(2 ** this.#count, PAUSE_MS_MAX);
    if (this.#count++ === 0) return;
    this.#control.sleepMs = Math.ceil(Math.random() * bound);
    await this.#control.sleep();
  }

  end(): void {
    this.#count = 0;
    this.#open = false;
  }
}
