/** Upper bounds of the histogram's buckets, milliseconds. */
export const LATENCY_BUCKETS_MS: readonly number[] = [
  0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000,
];

/** Counts in each bucket (not cumulative, the last beyond all bounds), and their sum. */
export interface LatencySnapshot {
  readonly counts: readonly number[];
  readonly sumMs: number;
}

/** How long something took, each time. Counting costs a short scan and no allocation, because every commit passes here. */
export class Latency {
  readonly #counts = new Array<number>(LATENCY_BUCKETS_MS.length + 1).fill(0);
  #sumMs = 0;

  observe(ms: number): void {
    let i = 0;
    while (i < LATENCY_BUCKETS_MS.length && ms > (LATENCY_BUCKETS_MS[i] as number)) i++;
    this.#counts[i] = (this.#counts[i] as number) + 1;
    this.#sumMs += ms;
  }

  snapshot(): LatencySnapshot {
    return { counts: [...this.#counts], sumMs: this.#sumMs };
  }
}
