import type { ReadRange } from '#schemas/events/event.js';
import type { Offset, ServerId } from '#schemas/kernel/brand.js';

/** What the certifier must know of a transaction that asks to commit at `offset`. */
export interface Candidate {
  readonly offset: Offset;
  /** One past the last offset that the transaction saw. */
  readonly snapshot: Offset;
  readonly server: ServerId;
  readonly epoch: number;
  /** Written keys: see `certifiedKey`. */
  readonly writes: readonly string[];
  /** Empty below serializable. */
  readonly reads: readonly ReadRange[];
}

export type Verdict =
  | { readonly kind: 'commit' }
  /** Another transaction committed `key` between the candidate's snapshot and here. */
  | { readonly kind: 'conflict'; readonly key: string; readonly offset: Offset }
  /** The window no longer reaches back to the candidate's snapshot. */
  | { readonly kind: 'snapshot-too-old' };

const COMMIT: Verdict = { kind: 'commit' };

interface Written {
  offset: Offset;
  server: ServerId;
  epoch: number;
}

/** Limits of the window. Both are part of the cluster's contract: every fold must use the same. */
export interface CertifierLimits {
  /** Offsets that the window reaches back. */
  readonly offsets: number;
  /** Keys that are kept. */
  readonly keys: number;
}

export const DEFAULT_LIMITS: CertifierLimits = { offsets: 1_000_000, keys: 1_000_000 };

/** Key under which a write is certified: object id as four bytes and the encoded key. Order within an object is key order. */
export function certifiedKey(object: number, key: string): string {
  return String.fromCharCode(object >>> 24, (object >>> 16) & 0xff, (object >>> 8) & 0xff, object & 0xff) + key;
}

/**
 * Decides transactions in log order. A pure function of the sequence of candidates: the same prefix gives the same verdicts on every engine, projection and replay.
 *
 * Write against write: commits of the candidate's own server and epoch are no conflict, because that engine's row locks have ordered them. Read against write: every
 * other transaction's commit is.
 *
 * State: for each recently written key the last commit. Bounded by `limits`: what falls out raises the floor, and a snapshot below the floor is too old. Keys come and
 * go in insertion order, which is offset order, because a key that is written again is inserted anew.
 */
export class Certifier {
  readonly #limits: CertifierLimits;
  readonly #written = new Map<string, Written>();
  /** Snapshots below this one cannot be judged any more. */
  #floor = 0;

  constructor(limits: CertifierLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
  }

  get floor(): number {
    return this.#floor;
  }

  get size(): number {
    return this.#written.size;
  }

  /** The verdict on a candidate, which must stand behind all earlier ones; a commit becomes part of the window. */
  decide(candidate: Candidate): Verdict {
    const verdict = this.judge(candidate);
    if (verdict.kind === 'commit') this.#admit(candidate);
    return verdict;
  }

  /** The verdict alone. */
  judge(candidate: Candidate): Verdict {
    const { snapshot, server, epoch, writes, reads } = candidate;
    if (snapshot < this.#floor && !this.#aloneSince(server, epoch, reads)) return { kind: 'snapshot-too-old' };
    for (let i = 0; i < writes.length; i++) {
      const key = writes[i] as string;
      const last = this.#written.get(key);
      if (last !== undefined && last.offset >= snapshot && (last.server !== server || last.epoch !== epoch))
        return { kind: 'conflict', key, offset: last.offset };
    }
    return reads.length === 0 ? COMMIT : this.#judgeReads(candidate);
  }

  /** While only one server has ever written, its writes need no window: its locks are the judge. */
  #aloneSince(server: ServerId, epoch: number, reads: readonly ReadRange[]): boolean {
    return reads.length === 0 && this.#only !== null && this.#only.server === server && this.#only.epoch === epoch;
  }

  /** The one server whose commits are all that ever fell out of the window; null when there were several. */
  #only: { readonly server: ServerId; readonly epoch: number } | null = null;
  #dropped = false;

  #judgeReads({ snapshot, reads }: Candidate): Verdict {
    const points = new Set<string>();
    const ranges: Array<readonly [from: string, to: string]> = [];
    for (const read of reads) {
      const from = certifiedKey(read.object, read.from);
      if (read.to === `${read.from}\0`) points.add(from);
      else ranges.push([from, certifiedKey(read.object, read.to)]);
    }
    for (const point of points) {
      const last = this.#written.get(point);
      if (last !== undefined && last.offset >= snapshot) return { kind: 'conflict', key: point, offset: last.offset };
    }
    if (ranges.length === 0) return COMMIT;
    for (const [key, last] of this.#written) {
      if (last.offset < snapshot) continue;
      for (const [from, to] of ranges)
        if (key >= from && key < to) return { kind: 'conflict', key, offset: last.offset };
    }
    return COMMIT;
  }

  #admit({ offset, server, epoch, writes }: Candidate): void {
    const written: Written = { offset, server, epoch };
    for (let i = 0; i < writes.length; i++) {
      const key = writes[i] as string;
      this.#written.delete(key);
      this.#written.set(key, written);
    }
    this.#trim(offset);
  }

  #trim(offset: Offset): void {
    const oldest = offset - this.#limits.offsets;
    for (const [key, last] of this.#written) {
      if (last.offset >= oldest && this.#written.size <= this.#limits.keys) break;
      this.#written.delete(key);
      this.#floor = Math.max(this.#floor, last.offset + 1);
      if (!this.#dropped) this.#only = { server: last.server, epoch: last.epoch };
      else if (this.#only !== null && (this.#only.server !== last.server || this.#only.epoch !== last.epoch))
        this.#only = null;
      this.#dropped = true;
    }
  }
}
