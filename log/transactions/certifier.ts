import type { ReadRange } from '#schemas/events/event.js';
import { assert } from '#schemas/kernel/assert.js';
import type { Offset, ServerId } from '#schemas/kernel/brand.js';
import { type Commitment, CommitWindow, type WindowMarks } from './commit-window.js';

/** What the certifier must know of a transaction that asks to commit at `offset`. */
export interface Candidate {
  /** Of its first record; `offset` where nothing is said. */
  readonly first?: Offset;
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
const TOO_OLD: Verdict = { kind: 'snapshot-too-old' };

/** Limits of the window. Both are part of the cluster's contract: every fold must use the same. */
export interface CertifierLimits {
  /** Offsets that the window reaches back. */
  readonly offsets: number;
  /** Written keys that are kept; one that was written twice counts twice. */
  readonly keys: number;
}

const DEFAULT_LIMITS: CertifierLimits = { offsets: 1_000_000, keys: 500_000 };

/** Key under which a write is certified: object id as four bytes and the encoded key. Order within an object is key order. */
export function certifiedKey(object: number, key: string): string {
  return String.fromCharCode(object >>> 24, (object >>> 16) & 0xff, (object >>> 8) & 0xff, object & 0xff) + key;
}

/**
 * Decides transactions in log order. A pure function of the sequence of candidates: the same prefix gives the same
 * verdicts on every engine, projection and replay.
 *
 * Write against write: the last commit of each written key decides. One of the candidate's own server and epoch is no
 * conflict: that engine's row locks have put the candidate behind it, and so behind whatever it was itself put behind.
 * Read against write: every other transaction's commit is a conflict. Commits of the candidate's own server and epoch that
 * have fallen out of the window are not asked for: that engine has compared its own before it appended.
 *
 * State: the window of recent commits, bounded by `limits`. A snapshot behind which commits have fallen out of the window
 * that might be in conflict is too old. With one server that reads nothing, judging costs the same however many keys were
 * written, and admitting next to nothing.
 */
export class Certifier {
  #window: CommitWindow;
  readonly #limits: CertifierLimits;

  /** `marks`: of the commits that were made before, for a window that begins empty. */
  constructor(limits: CertifierLimits = DEFAULT_LIMITS, marks?: WindowMarks) {
    this.#window = new CommitWindow(limits, marks);
    this.#limits = limits;
  }

  /** Begins behind the commits that the marks tell of, instead of behind none. */
  resume(marks: WindowMarks): void {
    assert(this.#window.newest < 0, 'a certifier that has seen commits cannot begin behind others');
    this.#window = new CommitWindow(this.#limits, marks);
  }

  get marks(): WindowMarks {
    return this.#window.marks;
  }

  /** The first record of any commit in the window; null when it is empty. */
  get oldestRecord(): Offset | null {
    return this.#window.oldestRecord;
  }

  /** Reads of snapshots below this one cannot be judged any more against the commits of all. */
  get floor(): number {
    return this.#window.floor;
  }

  /** Written keys that are kept. */
  get size(): number {
    return this.#window.size;
  }

  /** The verdict on a candidate, which must stand behind all earlier ones; a commit becomes part of the window. */
  decide(candidate: Candidate): Verdict {
    const verdict = this.judge(candidate);
    if (verdict.kind === 'commit') this.admit(candidate);
    return verdict;
  }

  /** A commit that was decided before becomes part of the window. */
  admit({ first, offset, server, epoch, writes }: Candidate): void {
    this.#window.admit(first ?? offset, offset, server, epoch, writes);
  }

  /** The verdict alone. */
  judge(candidate: Candidate): Verdict {
    const { snapshot, server, epoch, writes, reads } = candidate;
    const window = this.#window;
    if (writes.length > 0) {
      if (snapshot < window.floorOfOthers(server, epoch)) return TOO_OLD;
      if (window.newestOfOthers(server, epoch) >= snapshot) {
        for (let i = 0; i < writes.length; i++) {
          const key = writes[i] as string;
          const last = window.lastOf(key);
          if (last !== undefined && last.offset >= snapshot && (last.server !== server || last.epoch !== epoch)) {
            return { kind: 'conflict', key, offset: last.offset };
          }
        }
      }
    }
    return reads.length === 0 ? COMMIT : this.#judgeReads(candidate);
  }

  #judgeReads({ snapshot, server, epoch, reads }: Candidate): Verdict {
    const window = this.#window;
    if (snapshot < window.floorOfOthers(server, epoch)) return TOO_OLD;
    if (window.newest < snapshot) return COMMIT;
    const ranges: Array<readonly [from: string, to: string]> = [];
    for (const { object, from, to } of reads) {
      const key = certifiedKey(object, from);
      if (isPoint(from, to)) {
        const last = window.lastOf(key);
        if (last !== undefined && last.offset >= snapshot) return conflict(key, last);
      } else ranges.push([key, certifiedKey(object, to)]);
    }
    if (ranges.length === 0) return COMMIT;
    let found: Verdict = COMMIT;
    window.anySince(snapshot, (commitment) => {
      const hit = commitment.writes.find((key) => ranges.some(([from, to]) => key >= from && key < to));
      if (hit !== undefined) found = conflict(hit, commitment);
      return hit !== undefined;
    });
    return found;
  }
}

function isPoint(from: string, to: string): boolean {
  return to.length === from.length + 1 && to.charCodeAt(from.length) === 0 && to.startsWith(from);
}

function conflict(key: string, { offset }: Commitment): Verdict {
  return { kind: 'conflict', key, offset };
}
