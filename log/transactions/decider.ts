import { FIRST_USER_OBJECT, type LogEvent } from '#schemas/events/event.js';
import type { ObjectId, Offset, ServerId } from '#schemas/kernel/brand.js';
import { type AssembledTransaction, Assembler, type AssemblerOptions } from './assembler.js';
import { CertifiedKeys } from './certified-keys.js';
import { type Candidate, Certifier, type CertifierLimits, type Verdict } from './certifier.js';
import type { CommitMark, WindowMarks } from './commit-window.js';
import { Leases, type Term } from './leases.js';

/** What became of a transaction at the offset of its commit record. */
export interface Decision {
  readonly transaction: AssembledTransaction;
  readonly verdict: Verdict;
  /** System tables that it writes; null when there is none. */
  readonly definitions: ReadonlySet<ObjectId> | null;
}

/**
 * What a decider must be told to go on as if it had never stopped; plain JSON. Everything below `offset` was decided by then. Records are told again from `replayFrom`,
 * where the first of those begins that are not complete yet, or that later ones are compared with.
 */
export interface DeciderState {
  readonly offset: Offset;
  readonly replayFrom: Offset;
  /** In force at `replayFrom`. */
  readonly terms: ReadonlyArray<readonly [ServerId, Term]>;
  /** Before the first commit that is told again. */
  readonly marks: WindowMarks;
  /** Commits from `replayFrom` on are told again for the window. */
  readonly window: boolean;
  /** Commit records from `replayFrom` on whose transactions were refused. */
  readonly refused: readonly Offset[];
}

export interface DeciderOptions {
  readonly assembler?: AssemblerOptions;
  readonly certifier?: CertifierLimits;
}

const START: DeciderState = {
  offset: 0 as Offset,
  replayFrom: 0 as Offset,
  terms: [],
  marks: { newest: [], dropped: [] },
  window: false,
  refused: [],
};

/**
 * From the log's records to decided transactions: puts them together and judges them. What it answers follows from the records alone (I3), so every engine, projection and
 * replay comes to the same, also one that goes on from a state.
 */
export class Decider {
  readonly assembler: Assembler;
  readonly #certifier: Certifier;
  readonly #begin: Offset;
  readonly #admitsAgain: boolean;
  readonly #refused: Set<Offset>;
  /** Before each change of a lease, the terms until then. */
  #changes: Array<{ readonly offset: Offset; readonly terms: DeciderState['terms'] }> = [];

  private constructor(assembler: Assembler, certifier: Certifier, state: DeciderState) {
    this.assembler = assembler;
    this.#certifier = certifier;
    this.#begin = state.offset;
    this.#admitsAgain = state.window;
    this.#refused = new Set(state.refused);
  }

  /** `state`: null = from the log's beginning. */
  static resume(state: DeciderState | null, options: DeciderOptions = {}): Decider {
    const from = state ?? START;
    const assembler = new Assembler(options.assembler ?? null, new Leases(from.terms));
    return new Decider(assembler, new Certifier(options.certifier, from.marks), from);
  }

  /** Over parts that others use, too. Records below `begin` are only told for transactions that are decided from there on. */
  static over(assembler: Assembler, certifier: Certifier, begin: Offset): Decider {
    return new Decider(assembler, certifier, { ...START, offset: begin });
  }

  /** Takes the record at `offset`; answers with what is decided there. */
  take(offset: Offset, event: LogEvent): Decision | null {
    if (event.kind === 'lease' && event.action !== 'renewed')
      this.#changes.push({ offset, terms: this.assembler.leases.terms });
    const transaction = this.assembler.take(offset, event);
    if (transaction === null) return null;
    if (offset < this.#begin) {
      // Below the floor it has fallen out of the window already.
      const admits = this.#admitsAgain && offset >= this.#certifier.floor && !this.#refused.has(offset);
      if (admits) this.#certifier.admit(this.#candidate(transaction, null));
      return null;
    }
    const definitions = definitionsOf(transaction);
    const verdict = this.#certifier.decide(this.#candidate(transaction, definitions));
    if (verdict.kind !== 'commit') this.#refused.add(offset);
    return { transaction, verdict, definitions };
  }

  #candidate(transaction: AssembledTransaction, known: ReadonlySet<ObjectId> | null): Candidate {
    const { events, first, offset, server, epoch, commit } = transaction;
    const written = new CertifiedKeys((known ?? definitionsOf(transaction)) !== null);
    for (const row of events) written.add(row);
    return { first, offset, snapshot: commit.snapshot, server, epoch, writes: written.all, reads: commit.reads };
  }

  /** As `resume`, over a certifier that others ask, too; it must be empty. */
  static resumeWith(certifier: Certifier, state: DeciderState): Decider {
    certifier.resume(state.marks);
    return new Decider(new Assembler(null, new Leases(state.terms)), certifier, state);
  }

  /** The state when all below `next` was taken. */
  state(next: Offset): DeciderState {
    const { assembler } = this;
    const certifier = this.#certifier;
    const { newest, dropped } = certifier.marks;
    const window = this.#mayBeCompared(newest);
    const replayFrom = Math.min(
      next,
      assembler.oldestOpen ?? next,
      (window ? certifier.oldestRecord : null) ?? next,
    ) as Offset;
    for (const offset of this.#refused) if (offset < replayFrom) this.#refused.delete(offset);
    this.#changes = this.#changes.filter((change) => change.offset >= replayFrom);
    return {
      offset: next,
      replayFrom,
      terms: this.#changes[0]?.terms ?? assembler.leases.terms,
      marks: window ? { newest: dropped, dropped } : { newest, dropped: newest },
      window,
      refused: [...this.#refused],
    };
  }

  /**
   * May a later transaction have to be compared with one of these? Not where one server alone holds a lease and has seen all commits of others before it took it: its own
   * it has compared itself before it appended, and whoever takes a lease later has seen all of them.
   */
  #mayBeCompared(newest: readonly CommitMark[]): boolean {
    const { live } = this.assembler.leases;
    const [alone] = live;
    if (alone === undefined) return newest.length > 1;
    if (live.length > 1) return true;
    const [server, { epoch, since }] = alone;
    return newest.some((mark) => !isBy(mark, server, epoch) && !(mark.offset < since));
  }
}

function isBy(mark: CommitMark, server: ServerId, epoch: number): boolean {
  return mark.server === server && mark.epoch === epoch;
}

function definitionsOf({ events }: AssembledTransaction): ReadonlySet<ObjectId> | null {
  let definitions: Set<ObjectId> | null = null;
  for (const { table } of events) {
    if (table >= FIRST_USER_OBJECT) continue;
    definitions ??= new Set();
    definitions.add(table);
  }
  return definitions;
}
