import type { Offset } from '#schemas/kernel/brand.js';

/** How long what has ended is kept readable for snapshots that still look at it. */
const KEPT_MICROS = 60_000_000;
/** Commits are told apart by so much time. */
const STEP_MICROS = 1_000_000;

/** Which offset lies a minute back, by the times of commits: snapshots from before it are rare, and answered by others. */
export class Horizon {
  readonly #commits: Array<{ readonly offset: Offset; readonly timestamp: number }> = [];
  #before = 0 as Offset;

  /** Takes note of a commit. In log order. */
  take(offset: Offset, timestamp: number): void {
    const last = this.#commits.at(-1);
    if (last === undefined || timestamp >= last.timestamp + STEP_MICROS) this.#commits.push({ offset, timestamp });
  }

  /** Everything below it was committed a minute before `nowMicros` or earlier. */
  at(nowMicros: number): Offset {
    while ((this.#commits[0]?.timestamp ?? Number.POSITIVE_INFINITY) < nowMicros - KEPT_MICROS)
      this.#before = (this.#commits.shift() as { offset: Offset }).offset;
    return this.#before;
  }
}
