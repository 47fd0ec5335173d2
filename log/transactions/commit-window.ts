import type { Offset, ServerId } from '#schemas/kernel/brand.js';

/** One commit, shared by all keys that it wrote. */
export interface Commitment {
  readonly offset: Offset;
  readonly server: ServerId;
  readonly epoch: number;
}

interface Written extends Commitment {
  readonly writes: readonly string[];
}

/** How much of the arrays' fronts may be unused before they are cut. */
const SLACK = 4_096;

/** The highest offset of any writer, and the highest of any other writer than that one: enough to leave out one writer. */
class HighestByWriter {
  #first: Commitment | null = null;
  #second: Commitment | null = null;

  /** Offsets come in ascending order. */
  add(commitment: Commitment): void {
    if (this.#first !== null && !isBy(this.#first, commitment.server, commitment.epoch)) this.#second = this.#first;
    this.#first = commitment;
  }

  get highest(): number {
    return this.#first === null ? -1 : this.#first.offset;
  }

  without(server: ServerId, epoch: number): number {
    if (this.#first === null || !isBy(this.#first, server, epoch)) return this.highest;
    return this.#second === null ? -1 : this.#second.offset;
  }
}

function isBy(commitment: Commitment, server: ServerId, epoch: number): boolean {
  return commitment.server === server && commitment.epoch === epoch;
}

/**
 * The keys written by recent commits, in log order, and the last commit of each.
 *
 * Invariants: offsets ascend; `#last` holds exactly the keys that stand in the window, each with its newest commit; what
 * falls out is noted in the floors. Everything is a function of what was admitted.
 */
export class CommitWindow {
  readonly #offsetsMax: number;
  readonly #keysMax: number;
  readonly #last = new Map<string, Commitment>();
  /** Parallel arrays: a key and its commit, in log order, from `#from` on. */
  #keys: string[] = [];
  #commitments: Commitment[] = [];
  #from = 0;
  readonly #newest = new HighestByWriter();
  readonly #dropped = new HighestByWriter();

  constructor({ offsets, keys }: { readonly offsets: number; readonly keys: number }) {
    this.#offsetsMax = offsets;
    this.#keysMax = keys;
  }

  get size(): number {
    return this.#keys.length - this.#from;
  }

  /** Offset of the newest commit; -1 when there was none. */
  get newest(): number {
    return this.#newest.highest;
  }

  newestOfOthers(server: ServerId, epoch: number): number {
    return this.#newest.without(server, epoch);
  }

  /** Commits below this offset are not all here any more. */
  get floor(): number {
    return this.#dropped.highest + 1;
  }

  /** The same, for commits of others than this server in this epoch. */
  floorOfOthers(server: ServerId, epoch: number): number {
    return this.#dropped.without(server, epoch) + 1;
  }

  lastOf(key: string): Commitment | undefined {
    return this.#last.get(key);
  }

  /** Place of the first key that was committed at `offset` or behind it; `size` when there is none. */
  firstSince(offset: number): number {
    let low = this.#from;
    let high = this.#commitments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#commitments[middle] as Commitment).offset < offset) low = middle + 1;
      else high = middle;
    }
    return low - this.#from;
  }

  keyAt(place: number): string {
    return this.#keys[this.#from + place] as string;
  }

  commitmentAt(place: number): Commitment {
    return this.#commitments[this.#from + place] as Commitment;
  }

  /** Hot: once a commit. */
  admit({ offset, server, epoch, writes }: Written): void {
    const commitment: Commitment = { offset, server, epoch };
    this.#newest.add(commitment);
    if (writes.length > this.#keysMax) {
      this.#dropAll(commitment);
      return;
    }
    for (let i = 0; i < writes.length; i++) {
      const key = writes[i] as string;
      this.#last.set(key, commitment);
      this.#keys.push(key);
      this.#commitments.push(commitment);
    }
    this.#trim(offset - this.#offsetsMax);
  }

  /** A load that the window cannot hold: what stood before it goes, and so does it. */
  #dropAll(load: Commitment): void {
    let last: Commitment | null = null;
    for (let at = this.#from; at < this.#commitments.length; at++) {
      const commitment = this.#commitments[at] as Commitment;
      if (commitment !== last) this.#dropped.add(commitment);
      last = commitment;
    }
    this.#dropped.add(load);
    this.#last.clear();
    this.#keys = [];
    this.#commitments = [];
    this.#from = 0;
  }

  /** Whole commits only: a window that held half of one could not be told from one that holds all of it. */
  #trim(oldest: number): void {
    let at = this.#from;
    const end = this.#keys.length;
    while (at < end) {
      const commitment = this.#commitments[at] as Commitment;
      if (commitment.offset >= oldest && end - at <= this.#keysMax) break;
      for (; at < end && this.#commitments[at] === commitment; at++) {
        const key = this.#keys[at] as string;
        if (this.#last.get(key) === commitment) this.#last.delete(key);
      }
      this.#dropped.add(commitment);
    }
    this.#from = at;
    if (at > SLACK && at * 2 > end) {
      this.#keys = this.#keys.slice(at);
      this.#commitments = this.#commitments.slice(at);
      this.#from = 0;
    }
  }
}
