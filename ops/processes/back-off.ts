const FIRST_MS = 500;
const MOST_MS = 15_000;
/** A process that ran this long is well again. */
const WELL_MS = 60_000;

/** How long to wait before a process that died is started again: half a second, then twice as long each time, up to 15 seconds. */
export class BackOff {
  #nextMs = FIRST_MS;

  /** `ranMs`: how long the process ran before it died. */
  delayMs(ranMs: number): number {
    if (ranMs >= WELL_MS) this.#nextMs = FIRST_MS;
    const delay = this.#nextMs;
    this.#nextMs = Math.min(MOST_MS, 2 * delay);
    return delay;
  }
}
