import type { Clock, DatagramGroup } from '#schemas/kernel/ports.js';

const START_MS = 1_700_000_000_000;

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
}

/** True time, which moves when a test says so, and what is to happen in it. */
export class TestTime {
  nowMs = 0;
  #timers: Timer[] = [];

  after(ms: number, run: () => void): () => void {
    const timer = { dueMs: this.nowMs + ms, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Lets time pass, and all happen that is due meanwhile. */
  pass(ms: number): void {
    const until = this.nowMs + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ dueMs }) => dueMs <= until).sort((a, b) => a.dueMs - b.dueMs);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.nowMs = Math.max(this.nowMs, next.dueMs);
      next.run();
    }
    this.nowMs = until;
  }

  get micros(): number {
    return START_MS * 1_000 + this.nowMs * 1_000;
  }
}

/** A machine with a clock that is off and drifts. */
export class TestMachine implements Clock {
  readonly #time: TestTime;
  offMicros: number;
  readonly #driftPpb: number;

  constructor(time: TestTime, offMicros = 0, driftPpb = 0) {
    this.#time = time;
    this.offMicros = offMicros;
    this.#driftPpb = driftPpb;
  }

  nowMicros(): bigint {
    const drifted = (this.#time.nowMs * 1_000 * this.#driftPpb) / 1e9;
    return BigInt(Math.floor(this.#time.micros + drifted + this.offMicros));
  }
  monotonicMs(): number {
    return this.#time.nowMs;
  }
  after(ms: number, run: () => void): () => void {
    return this.#time.after(ms, run);
  }
}

/** A network that loses, delays and doubles what it is told to. */
export class TestNetwork {
  readonly #time: TestTime;
  readonly #members: Array<{ readonly name: string; hear: (bytes: Uint8Array) => void }> = [];
  /** Of a datagram from one member to another: milliseconds on its way, one for each copy. */
  route: (from: string, to: string) => readonly number[] = () => [0.1];

  constructor(time: TestTime) {
    this.#time = time;
  }

  join(name: string): DatagramGroup {
    const member = { name, hear: (_bytes: Uint8Array): void => undefined };
    this.#members.push(member);
    return {
      send: (bytes) => {
        const copy = Uint8Array.from(bytes);
        for (const other of this.#members)
          for (const delayMs of this.route(name, other.name)) this.#time.after(delayMs, () => other.hear(copy));
      },
      listen: (hear) => {
        member.hear = hear;
      },
      close: () => {
        member.hear = () => undefined;
      },
    };
  }
}
