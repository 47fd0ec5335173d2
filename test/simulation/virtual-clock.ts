import type { Clock } from '#schemas/kernel/ports.js';

interface Timer {
  readonly dueMs: number;
  readonly owner: MachineClock;
  readonly run: () => void;
}

const START_MS = 1_700_000_000_000;

/** The time of a simulated world. It stands still but for `advance`. */
export class VirtualTime {
  nowMs = 0;
  readonly timers = new Set<Timer>();

  /** Of the timers that are set, when the next is due; null = none is set. */
  get nextDueMs(): number | null {
    let next: number | null = null;
    for (const { dueMs } of this.timers) if (next === null || dueMs < next) next = dueMs;
    return next;
  }

  /** Lets time pass and runs what comes due, in order. */
  advance(ms: number): void {
    this.nowMs += ms;
    const due = [...this.timers].filter(({ dueMs }) => dueMs <= this.nowMs).sort((a, b) => a.dueMs - b.dueMs);
    for (const timer of due) if (this.timers.delete(timer)) timer.run();
  }
}

/** A machine's clock: off by something, and set by its administrator, also backwards. Timers follow true time. */
export class MachineClock implements Clock {
  readonly #time: VirtualTime;
  offMs: number;

  constructor(time: VirtualTime, offMs: number) {
    this.#time = time;
    this.offMs = offMs;
  }

  nowMicros(): bigint {
    return BigInt(START_MS + Math.floor(this.#time.nowMs) + this.offMs) * 1_000n;
  }

  monotonicMs(): number {
    return this.#time.nowMs;
  }

  after(ms: number, run: () => void): () => void {
    const timer: Timer = { dueMs: this.#time.nowMs + ms, owner: this, run };
    this.#time.timers.add(timer);
    return () => {
      this.#time.timers.delete(timer);
    };
  }

  /** Its process is gone. */
  forgetTimers(): void {
    for (const timer of this.#time.timers) if (timer.owner === this) this.#time.timers.delete(timer);
  }
}
