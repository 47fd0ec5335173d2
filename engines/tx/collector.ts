import { SETTLED } from '../rows/version.js';
import type { Write } from './unit.js';

/** Versions collected in one go: a bulk load must not hold everybody up when it becomes visible. */
const WRITES_PER_TURN = 20_000;

/**
 * Decided versions that some reader may not see yet, in the order of their commits. When every reader sees a version, what it replaced is dropped and the version forgets who wrote it,
 * so that a settled row is one object and its values.
 */
export class Collector {
  readonly #horizon: () => number;
  #queue: Write[] = [];
  #from = 0;
  #continuing = false;

  /** `horizon` is the oldest snapshot that is still read. */
  constructor(horizon: () => number) {
    this.#horizon = horizon;
  }

  /** Versions that wait. */
  get size(): number {
    return this.#queue.length - this.#from;
  }

  add(write: Write): void {
    this.#queue.push(write);
  }

  collect(): void {
    const horizon = this.#horizon();
    const queue = this.#queue;
    const stop = Math.min(queue.length, this.#from + WRITES_PER_TURN);
    let at = this.#from;
    for (; at < stop; at++) {
      const { data, version } = queue[at] as Write;
      if (version.writer.offset >= horizon) break;
      version.writer = SETTLED;
      data.cut(version);
    }
    this.#from = at;
    if (at > 1_024 && at * 2 > queue.length) {
      this.#queue = queue.slice(at);
      this.#from = 0;
    }
    if (at === stop && this.size > 0) this.#continue();
  }

  #continue(): void {
    if (this.#continuing) return;
    this.#continuing = true;
    setImmediate(() => {
      this.#continuing = false;
      this.collect();
    });
  }
}
