import type { Clock } from '#schemas/kernel/ports.js';

/**
 * Time for what goes into the log: the machine's clock, but never behind a floor. It never decreases, not when the
 * machine's clock is set back, and, given the newest time in the log as its floor, not across restarts and servers: what
 * is stamped later in the log is stamped with a later or equal time (a hybrid logical clock without its counter, which
 * version ids carry).
 */
export class HybridClock implements Clock {
  readonly #real: Clock;
  #last: bigint;

  /** `floorMicros`: no earlier time is ever given. */
  constructor(real: Clock, floorMicros = 0n) {
    this.#real = real;
    this.#last = floorMicros;
  }

  nowMicros(): bigint {
    const now = this.#real.nowMicros();
    if (now > this.#last) this.#last = now;
    return this.#last;
  }

  /** A time was seen in the log: none before it is given from here on. */
  observe(micros: bigint): void {
    if (micros > this.#last) this.#last = micros;
  }

  /** How far it runs ahead of the machine's clock, in microseconds: a clock that was set back, or another server's. */
  aheadMicros(): bigint {
    const ahead = this.#last - this.#real.nowMicros();
    return ahead > 0n ? ahead : 0n;
  }

  monotonicMs(): number {
    return this.#real.monotonicMs();
  }

  after(ms: number, run: () => void): () => void {
    return this.#real.after(ms, run);
  }
}
