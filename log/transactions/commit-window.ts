import type { Offset, ServerId } from '#schemas/kernel/brand.js';

/** That a server has committed in one of its epochs. */
export interface CommitMark {
  readonly offset: Offset;
  readonly server: ServerId;
  readonly epoch: number;
}

/** One commit and the keys that it wrote. */
export interface Commitment extends CommitMark {
  /** Offset of its first record. */
  readonly first: Offset;
  readonly writes: readonly string[];
}

/** What is known of commits without their keys: the newest of all, and the newest of those that have fallen out, each with the newest of any other writer. */
export interface WindowMarks {
  readonly newest: readonly CommitMark[];
  readonly dropped: readonly CommitMark[];
}

const NO_MARKS: WindowMarks = { newest: [], dropped: [] };

/** How much of the array's front may be unused before it is cut. */
const SLACK = 4_096;

/** The highest offset of any writer, and the highest of any other writer than that one: enough to leave out one writer. */
class HighestByWriter {
  #first: CommitMark | null;
  #second: CommitMark | null;

  constructor([first, second]: readonly CommitMark[]) {
    this.#first = first ?? null;
    this.#second = second ?? null;
  }

  /** Offsets come in ascending order. */
  add(commitment: CommitMark): void {
    if (this.#first !== null && !isBy(this.#first, commitment.server, commitment.epoch)) this.#second = this.#first;
    this.#first = commitment;
  }

  get marks(): readonly CommitMark[] {
    return [this.#first, this.#second].filter((mark) => mark !== null).map(markOf);
  }

  get highest(): number {
    return this.#first === null ? -1 : this.#first.offset;
  }

  without(server: ServerId, epoch: number): number {
    if (this.#first === null || !isBy(this.#first, server, epoch)) return this.highest;
    return this.#second === null ? -1 : this.#second.offset;
  }
}

function isBy(commitment: CommitMark, server: ServerId, epoch: number): boolean {
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
  readonly #newest: HighestByWriter;
  readonly #dropped: HighestByWriter;

  constructor({ offsets, keys }: { readonly offsets: number; readonly keys: number }, marks = NO_MARKS) {
    this.#newest = new HighestByWriter(marks.newest);
    this.#dropped = new HighestByWriter(marks.dropped);
    this.#offsetsMax = offsets;
    this.#keysMax = keys;
  }

  /** Keys that are kept; one that was written twice counts twice. */
  get size(): number {
    return this.#size;
  }

  get marks(): WindowMarks {
    return { newest: this.#newest.marks, dropped: this.#dropped.marks };
  }

  /** The first record of any commit that is kept; null when none is. Costs a look at each. */
  get oldestRecord(): Offset | null {
    let oldest: Offset | null = null;
    for (let at = this.#from; at < this.#commits.length; at++) {
      const { first } = this.#commits[at] as Commitment;
      if (oldest === null || first < oldest) oldest = first;
    }
    return oldest;
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
  admit(first: Offset, offset: Offset, server: ServerId, epoch: number, writes: readonly string[]): void {
    if (writes.length > this.#keysMax) {
      this.#dropAll({ offset, server, epoch });
      return;
    }
    const commitment: Commitment = { first, offset, server, epoch, writes };
    this.#newest.add(commitment);
    if (writes.length === 0) return;
    this.#commits.push(commitment);
    this.#size += writes.length;
    this.#trim(offset - this.#offsetsMax);
  }

  /** A load that the window cannot hold: what stood before it goes, and so does it. */
  #dropAll(load: CommitMark): void {
    this.#newest.add(load);
    for (let at = this.#from; at < this.#commits.length; at++)
      this.#dropped.add(markOf(this.#commits[at] as Commitment));
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
      this.#dropped.add(markOf(commitment));
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
function markOf({ offset, server, epoch }: CommitMark): CommitMark {
  return { offset, server, epoch };
}
