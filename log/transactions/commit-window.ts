import type { Offset, ServerId } from '#schemas/kernel/brand.js';

/** One commit and the keys that it wrote. */
export interface Commitment {
  readonly offset: Offset;
  readonly server: ServerId;
  readonly epoch: number;
  readonly writes: readonly string[];
}

/** How much of the array's front may be unused before it is cut. */
const SLACK = 4_096;
const NOTHING: readonly string[] = [];

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
 * Invariants: offsets ascend; what falls out is noted in the floors. `#last` knows the keys of the commits before
 * `#indexed` that stand in the window, each with the newest of those commits. Everything is a function of what was admitted.
 */
export class CommitWindow {
  readonly #offsetsMax: number;
  readonly #keysMax: number;
  /** In log order, from `#from` on. */
  #commits: Commitment[] = [];
  #from = 0;
  /** Keys of the commits from `#from` on. */
  #size = 0;
  readonly #last = new Map<string, Commitment>();
  #indexed = 0;
  readonly #newest = new HighestByWriter();
  readonly #dropped = new HighestByWriter();

  constructor({ offsets, keys }: { readonly offsets: number; readonly keys: number }) {
    this.#offsetsMax = offsets;
    this.#keysMax = keys;
  }

  /** Keys that are kept; one that was written twice counts twice. */
  get size(): number {
    return this.#size;
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

  /**
   * The key's last commit. The first call after an `admit` enters the keys of all commits since the last one: where there is one server
   * and nobody is serializable nobody asks, and a commit costs no entry a key.
   */
  lastOf(key: string): Commitment | undefined {
    for (; this.#indexed < this.#commits.length; this.#indexed++) {
      const commitment = this.#commits[this.#indexed] as Commitment;
      for (let i = 0; i < commitment.writes.length; i++) this.#last.set(commitment.writes[i] as string, commitment);
    }
    return this.#last.get(key);
  }

  /** Calls `visit` with each commit at `offset` or behind it, until it answers true. */
  anySince(offset: number, visit: (commitment: Commitment) => boolean): boolean {
    let low = this.#from;
    let high = this.#commits.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#commits[middle] as Commitment).offset < offset) low = middle + 1;
      else high = middle;
    }
    for (; low < this.#commits.length; low++) if (visit(this.#commits[low] as Commitment)) return true;
    return false;
  }

  /** Hot: once a commit. */
  admit(offset: Offset, server: ServerId, epoch: number, writes: readonly string[]): void {
    if (writes.length > this.#keysMax) {
      this.#dropAll({ offset, server, epoch, writes: NOTHING });
      return;
    }
    const commitment: Commitment = { offset, server, epoch, writes };
    this.#newest.add(commitment);
    if (writes.length === 0) return;
    this.#commits.push(commitment);
    this.#size += writes.length;
    this.#trim(offset - this.#offsetsMax);
  }

  /** A load that the window cannot hold: what stood before it goes, and so does it. */
  #dropAll(load: Commitment): void {
    this.#newest.add(load);
    for (let at = this.#from; at < this.#commits.length; at++) this.#dropped.add(bare(this.#commits[at] as Commitment));
    this.#dropped.add(load);
    this.#last.clear();
    this.#commits = [];
    this.#from = 0;
    this.#indexed = 0;
    this.#size = 0;
  }

  /** Whole commits only: a window that held half of one could not be told from one that holds all of it. */
  #trim(oldest: number): void {
    let at = this.#from;
    for (; at < this.#commits.length; at++) {
      const commitment = this.#commits[at] as Commitment;
      if (commitment.offset >= oldest && this.#size <= this.#keysMax) break;
      const { writes } = commitment;
      this.#size -= writes.length;
      if (at < this.#indexed) {
        for (let i = 0; i < writes.length; i++) {
          const key = writes[i] as string;
          if (this.#last.get(key) === commitment) this.#last.delete(key);
        }
      }
      this.#dropped.add(bare(commitment));
    }
    this.#from = at;
    if (this.#indexed < at) this.#indexed = at;
    if (at > SLACK && at * 2 > this.#commits.length) {
      this.#commits = this.#commits.slice(at);
      this.#indexed -= at;
      this.#from = 0;
    }
  }
}

/** Without its keys, which nobody shall keep for the sake of an offset. */
function bare({ offset, server, epoch }: Commitment): Commitment {
  return { offset, server, epoch, writes: NOTHING };
}
