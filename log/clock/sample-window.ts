/** The last samples of a measurement, and how far they scatter. */
export class SampleWindow {
  readonly #size: number;
  readonly #samples: number[] = [];
  #at = 0;

  constructor(size = 100) {
    this.#size = size;
  }

  get count(): number {
    return this.#samples.length;
  }

  add(sample: number): void {
    this.#samples[this.#at] = sample;
    this.#at = (this.#at + 1) % this.#size;
  }

  clear(): void {
    this.#samples.length = 0;
    this.#at = 0;
  }

  /** Standard deviation; 0 with fewer than two samples. */
  get deviation(): number {
    const { length } = this.#samples;
    if (length < 2) return 0;
    let sum = 0;
    for (const sample of this.#samples) sum += sample;
    const mean = sum / length;
    let squares = 0;
    for (const sample of this.#samples) squares += (sample - mean) ** 2;
    return Math.sqrt(squares / (length - 1));
  }
}
