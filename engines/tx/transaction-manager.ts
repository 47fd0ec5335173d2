import { type LogRecord, OutcomeUnknown } from '#log/change-log.js';
import type { VersionMint } from '#log/clock/hybrid-clock.js';
import { CertifiedKeys } from '#log/transactions/certified-keys.js';
import { certifiedKey, type Verdict } from '#log/transactions/certifier.js';
import type { ReadRange } from '#schemas/events/event.js';
import { assert } from '#schemas/kernel/assert.js';
import type { ObjectId, Offset } from '#schemas/kernel/brand.js';
import type { ReadView } from '../rows/reading.js';
import type { Store } from '../rows/store.js';
import { PENDING } from '../rows/version.js';
import { Collector } from './collector.js';
import { neverWas, notSerializable, refusalOf, standsOnFailed, type Unresolved } from './commit-failure.js';
import { type CommitStamp, definesTables, encodeWrite, netWrites, replacesRow } from './commit-record.js';
import { EngineTransaction } from './engine-transaction.js';
import { releaseLocks, type WaitSurroundings } from './row-locks.js';
import { isForestalled, NOT_YET, readsOf, snapshotOf } from './shared-commits.js';
import { TableLocks } from './table-locks.js';
import type { SessionControl, Transaction, TransactionOptions, TransactionSystem } from './transaction.js';
import type { TransactionManagerOptions } from './transaction-manager-options.js';
import type { Unit, Write } from './unit.js';
import { unlinkAll, unlinkPassing } from './unlink.js';
import { WaitGraph } from './wait-graph.js';

/** Events in one append of a large transaction. A transaction with no more than these is appended in one piece. */
const EVENTS_PER_APPEND = 2_000;
const COMMIT_TIMEOUT_MS = 30_000;
/** Of a large transaction: one is encoded while another is being written. */
const APPENDS_UNDER_WAY = 3;
/** However late the log says that it does not know: it may find out soon. */
const OUTCOME_WAIT_MS_MIN = 1_000;

export interface TransactionStatistics {
  commits: number;
  rollbacks: number;
  lockWaits: number;
  conflicts: number;
  /** Updates that were put off because many waited for their row. */
  postponed: number;
}

/** Told of commits: the catalog wants to know of those that wrote system tables. Called before anybody can see them. */
export type DecidedListener = (writes: readonly Write[], offset: Offset) => void;

/** A snapshot that is kept readable until it is released. */
export interface HeldSnapshot {
  readonly view: ReadView;
  release(): void;
}

/**
 * Begins, commits and ends this engine's transactions.
 *
 * Owns the durable watermark (what a new snapshot sees) and the open transactions. Invariants: the watermark never moves back; a transaction's versions become visible all at once,
 * after its commit is durable (I2, I5, I6).
 */
export class TransactionManager implements TransactionSystem {
  readonly store: Store;
  readonly mint: VersionMint;
  readonly tableLocks: TableLocks;
  readonly graph = new WaitGraph();
  readonly statistics: TransactionStatistics = { commits: 0, rollbacks: 0, lockWaits: 0, conflicts: 0, postponed: 0 };
  readonly #options: TransactionManagerOptions;
  readonly #open = new Set<EngineTransaction>();
  readonly #units = new Set<Unit>();
  readonly #held = new Set<ReadView>();
  readonly #collector = new Collector(() => this.#horizon());
  /** Appended and not yet decided: the certifier does not know what they write yet. In the order of their appends. */
  readonly #deciding = new Map<Unit, readonly string[]>();
  readonly #waiting = new Map<Unit, Array<(error: Error | null) => void>>();
  /** Those of `#deciding` of which the log does not know whether they stand in it. */
  readonly #unresolved = new Map<Unit, Unresolved>();
  /** Where the log stood when each transaction that is being appended in pieces began with that. */
  readonly #streaming = new Map<Unit, Offset>();
  #appends = 0;
  #begun = 0;
  #durable: Offset;
  #listener: DecidedListener = () => undefined;
  onCommitMs: (ms: number) => void = () => undefined;
  onAppendMs: (ms: number) => void = () => undefined;

  constructor(options: TransactionManagerOptions) {
    this.#options = options;
    this.store = options.store;
    this.mint = options.mint;
    this.#durable = options.durable;
    this.tableLocks = new TableLocks(() => this.#units);
  }

  onDecided(listener: DecidedListener): void {
    this.#listener = listener;
  }

  get durable(): Offset {
    return this.#durable;
  }

  get shared(): boolean {
    return this.#options.shared != null;
  }

  /** Another engine's transaction has committed; its versions are in the store, and seen from here on. */
  committedElsewhere(writes: readonly Write[], offset: Offset): void {
    this.#durable = Math.max(this.#durable, offset + 1) as Offset;
    for (const write of writes) this.#collector.add(write);
    this.#collector.collect();
  }

  /** Transactions that were ever begun: who sees it grow knows that somebody is at work. */
  get begun(): number {
    return this.#begun;
  }

  get active(): number {
    return this.#open.size;
  }

  /** Decided versions that older readers keep from settling. */
  get unsettled(): number {
    return this.#collector.size;
  }

  /** Where folding would have to begin to meet every record of every transaction that is not decided yet. */
  get replayFrom(): Offset {
    let from = this.#durable;
    for (const began of this.#streaming.values()) if (began < from) from = began;
    return from;
  }

  begin(options: TransactionOptions): Transaction {
    this.#begun++;
    const transaction = new EngineTransaction(this, options, this.#options.clock.nowMicros());
    this.#open.add(transaction);
    this.#units.add(transaction.unit);
    return transaction;
  }

  /** Good for what is read at once; `hold` keeps it good for longer. */
  latest(): ReadView {
    return { snapshot: this.#durable, owner: null, command: 0 };
  }

  hold(): HeldSnapshot {
    const view = this.latest();
    this.#held.add(view);
    const release = (): void => {
      if (this.#held.delete(view)) this.#collector.collect();
    };
    return { view, release };
  }

  /** Drops what no reader needs any more. Commits do this as they go; this is for what they leave when they cease. */
  collect(): void {
    this.#collector.collect();
  }

  surroundings(control: SessionControl): WaitSurroundings {
    return { control, graph: this.graph, after: (ms, run) => this.#options.clock.after(ms, run) };
  }

  /** A table's name for messages. */
  nameOf(table: ObjectId): string {
    return this.store.tableById(table)?.shape.event.name ?? String(table);
  }

  /** Resolves when an appended transaction is durable and decided; rejects when it failed, or is unresolved for longer than a client waits. */
  whenDecided(unit: Unit): Promise<void> {
    if (unit.failed) return Promise.reject(standsOnFailed());
    if (unit.offset !== PENDING) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const done = (error: Error | null): void => (error === null ? resolve() : reject(error));
      const waiting = this.#waiting.get(unit);
      if (waiting === undefined) this.#waiting.set(unit, [done]);
      else waiting.push(done);
      if (this.#unresolved.has(unit)) this.#giveUpAfter(this.#commitTimeoutMs, unit);
    });
  }

  /** Resolves when everything that is appended by now is decided, or failed. */
  async whenAllDecided(): Promise<void> {
    const last = [...this.#deciding.keys()].at(-1);
    if (last === undefined) return;
    try {
      await this.whenDecided(last);
    } catch (error) {
      // Over is over; but of one that nobody can tell about yet the rows may still come.
      if (!last.failed) throw error;
    }
  }

  // ── commit ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  commit(transaction: EngineTransaction): Promise<Offset> {
    if (transaction.over || transaction.committing) return Promise.reject(new Error('the transaction is over'));
    transaction.committing = true;
    transaction.commitBeganMs = this.#options.clock.monotonicMs();
    const reserved = this.#options.shared?.whenReserved() ?? null;
    if (transaction.checks === null && transaction.postponed === null && reserved === null)
      return this.#commitChecked(transaction);
    return this.#check(transaction, reserved).then(() => this.#commitChecked(transaction));
  }

  async #check(transaction: EngineTransaction, reserved: Promise<void> | null): Promise<void> {
    try {
      await reserved;
      await transaction.makePostponed();
      // A check may add further ones.
      for (let i = 0; i < (transaction.checks?.length ?? 0); i++) await transaction.checks?.[i]?.();
    } catch (error) {
      this.#abort(transaction);
      throw error;
    }
  }

  #commitChecked(transaction: EngineTransaction): Promise<Offset> {
    const { unit } = transaction;
    const { dependsOn } = unit;
    if (dependsOn?.failed === true) return this.#refuse(transaction, standsOnFailed());
    const writes = netWrites(unit);
    if (writes.length < unit.writes.length) unlinkPassing(unit);
    if (writes.length === 0) {
      this.#end(transaction);
      unit.appended = true;
      this.#tell(transaction, true);
      const durable = this.#durable;
      return dependsOn === null ? Promise.resolve(durable) : this.whenDecided(dependsOn).then(() => durable);
    }
    const written = new CertifiedKeys(writes.some(definesTables));
    if (writes.length <= EVENTS_PER_APPEND) return this.#append(transaction, writes, 0, written);
    return this.#stream(transaction, writes, written);
  }

  #refuse(transaction: EngineTransaction, error: Error): Promise<never> {
    this.#streaming.delete(transaction.unit);
    this.#abort(transaction);
    return Promise.reject(error);
  }

  /** Sends all but the last events ahead, a piece at a time, so that a large transaction neither fills memory nor holds up the others. */
  async #stream(transaction: EngineTransaction, writes: readonly Write[], written: CertifiedKeys): Promise<Offset> {
    const { unit } = transaction;
    const { log, partition, encoder } = this.#options;
    this.#streaming.set(unit, this.#durable);
    let sent = 0;
    const underWay: Array<Promise<Offset>> = [];
    try {
      const stamp = this.#stamp(transaction);
      while (writes.length - sent > EVENTS_PER_APPEND) {
        const records: LogRecord[] = [];
        for (const end = sent + EVENTS_PER_APPEND; sent < end; sent++)
          records.push(encodeWrite(writes[sent] as Write, unit, sent, stamp, null, encoder, written));
        const appended = log.append(partition, records);
        encoder.reset();
        // It is awaited, but perhaps after another one has failed.
        appended.catch(() => undefined);
        underWay.push(appended);
        if (underWay.length >= APPENDS_UNDER_WAY) await underWay.shift();
        if (unit.dependsOn?.failed === true) throw standsOnFailed();
      }
      // The commit is sent when all else stands in the log.
      await Promise.all(underWay);
    } catch (error) {
      // Without its commit record it never was, wherever these events stand.
      return this.#refuse(transaction, refusalOf(error instanceof OutcomeUnknown ? neverWas(error) : error));
    }
    if (unit.dependsOn?.failed === true) return this.#refuse(transaction, standsOnFailed());
    return this.#append(transaction, writes, sent, written);
  }

  #stamp(transaction: EngineTransaction): CommitStamp {
    const { server, epoch, clock, uncertaintyMicros } = this.#options;
    transaction.unit.id ??= this.mint.next();
    const timestamp = Number(clock.nowMicros());
    return { server, epoch, snapshot: snapshotOf(transaction), timestamp, uncertainty: uncertaintyMicros?.() ?? 0 };
  }

  /** Encodes and appends what is left without letting anything else run in between; from here on the transaction's place in the log is fixed. */
  #append(
    transaction: EngineTransaction,
    writes: readonly Write[],
    sent: number,
    written: CertifiedKeys,
  ): Promise<Offset> {
    const { unit } = transaction;
    const { log, partition, encoder, clock } = this.#options;
    const began = clock.monotonicMs();
    const reads = readsOf(transaction);
    const late = this.shared
      ? sent === 0 && isForestalled(transaction, writes, this.#options, this.#durable)
      : reads.length > 0 && this.#isOvertaken(transaction.view.snapshot, reads);
    if (late) {
      this.statistics.conflicts++;
      return this.#refuse(transaction, notSerializable());
    }
    let appended: Promise<Offset>;
    try {
      const stamp = this.#stamp(transaction);
      const commit = { epoch: stamp.epoch, snapshot: stamp.snapshot, events: writes.length, reads };
      const last = writes.length - 1;
      const records: LogRecord[] = [];
      for (let i = sent; i <= last; i++)
        records.push(encodeWrite(writes[i] as Write, unit, i, stamp, i === last ? commit : null, encoder, written));
      appended = log.append(partition, records);
      encoder.reset();
    } catch (error) {
      return this.#refuse(transaction, error as Error);
    }
    const keys = written.all;
    this.#deciding.set(unit, keys);
    unit.order = ++this.#appends;
    if (!this.shared) this.#releaseRows(transaction);
    const decide = (offset: Offset): Offset => {
      this.#decide(transaction, writes, keys, offset);
      const now = clock.monotonicMs();
      this.onAppendMs(now - began);
      this.onCommitMs(now - transaction.commitBeganMs);
      return offset;
    };
    return appended.then(decide, (error: unknown) => {
      if (error instanceof OutcomeUnknown) return this.#resolveLater(transaction, error, decide, began);
      throw this.#undo(transaction, error);
    });
  }

  /** Has anybody committed, or appended a commit, of something that this transaction has read, since its snapshot? */
  #isOvertaken(snapshot: Offset, reads: readonly ReadRange[]): boolean {
    const { certifier, server, epoch } = this.#options;
    if (snapshot < certifier.floor) return true;
    if (certifier.judge({ offset: NOT_YET, snapshot, server, epoch, writes: [], reads }).kind !== 'commit') return true;
    for (const keys of this.#deciding.values()) {
      for (const key of keys)
        for (const read of reads)
          if (key >= certifiedKey(read.object, read.from) && key < certifiedKey(read.object, read.to)) return true;
    }
    return false;
  }

  /**
   * The log finds out what became of the append, and takes no others before it knows. Until then the transaction stays as it is, neither seen by anybody nor undone;
   * its client, and whoever stands on it, wait for that, but not for ever: what they then are told changes nothing of it.
   */
  #resolveLater(
    transaction: EngineTransaction,
    error: OutcomeUnknown,
    decide: (offset: Offset) => Offset,
    beganMs: number,
  ): Promise<Offset> {
    const { unit } = transaction;
    const outcome = this.whenDecided(unit).then(() => unit.offset as Offset);
    const leftMs = this.#commitTimeoutMs - (this.#options.clock.monotonicMs() - beganMs);
    const unresolved: Unresolved = { error, cancels: [] };
    this.#unresolved.set(unit, unresolved);
    this.#giveUpAfter(Math.max(leftMs, OUTCOME_WAIT_MS_MIN), unit);
    error.settled
      .then(
        (offset) => {
          this.#unresolved.delete(unit);
          for (const cancel of unresolved.cancels) cancel();
          if (offset === null) this.#undo(transaction, neverWas(error));
          else decide(offset);
        },
        () => undefined,
      )
      .catch((refused: unknown) => {
        // Its client was told by `whenDecided`.
        if (!unit.failed) throw refused;
      });
    return outcome;
  }

  get #commitTimeoutMs(): number {
    return this.#options.commitTimeoutMs ?? COMMIT_TIMEOUT_MS;
  }

  /** Whoever waits for this unresolved commit then is told that nobody knows. */
  #giveUpAfter(ms: number, unit: Unit): void {
    const unresolved = this.#unresolved.get(unit);
    if (unresolved === undefined) return;
    const giveUp = (): void => this.#settle(unit, refusalOf(unresolved.error));
    unresolved.cancels.push(this.#options.clock.after(ms, giveUp));
  }

  #decide(transaction: EngineTransaction, writes: readonly Write[], keys: readonly string[], offset: Offset): void {
    const { unit } = transaction;
    const { kind } = this.#verdict(transaction, keys, offset);
    if (kind !== 'commit' && this.shared) {
      this.statistics.conflicts++;
      throw this.#undo(transaction, notSerializable());
    }
    // Whoever folds the log comes to the same; that it is a commit has been seen to before the append.
    assert(kind === 'commit', `the transaction at offset ${offset} is acknowledged and does not commit: ${kind}`);
    this.#deciding.delete(unit);
    this.#streaming.delete(unit);
    this.#listener(writes, offset);
    unit.offset = offset;
    this.#durable = Math.max(this.#durable, offset + 1) as Offset;
    this.statistics.commits++;
    for (let i = 0; i < writes.length; i++) {
      const write = writes[i] as Write;
      const { data, version } = write;
      const { lock } = version;
      if (lock !== null && lock.holders.length === 0 && lock.queue.length === 0) version.lock = null;
      const replaces = replacesRow(version);
      if (version.row === null) data.live--;
      else if (!replaces) data.live++;
      data.noteDecided(version);
      this.#collector.add(write);
    }
    this.#collector.collect();
    this.#release(transaction);
    this.#settle(unit, null);
    this.#tell(transaction, true);
  }

  #verdict(transaction: EngineTransaction, writes: readonly string[], offset: Offset): Verdict {
    const { certifier, server, epoch, shared } = this.#options;
    if (shared != null) return shared.verdictAt(offset);
    const reads = readsOf(transaction);
    return certifier.decide({ offset, snapshot: snapshotOf(transaction), server, epoch, writes, reads });
  }

  /** From here on others may build on the rows that it has written. Its table locks stay: whoever waits for one goes on by the catalog and the rows that it can see then. */
  #releaseRows(transaction: EngineTransaction): void {
    transaction.unit.appended = true;
    this.#endRows(transaction);
  }

  #release(transaction: EngineTransaction): void {
    transaction.unit.appended = true;
    this.#end(transaction);
  }

  #settle(unit: Unit, error: Error | null): void {
    const waiting = this.#waiting.get(unit);
    if (waiting === undefined) return;
    this.#waiting.delete(unit);
    for (const done of waiting) done(error);
  }

  /** The append failed: the transaction never was, and whoever stands on it must fail too. Answers with what the client is told. */
  #undo(transaction: EngineTransaction, cause: unknown): Error {
    const { unit } = transaction;
    unit.failed = true;
    this.#deciding.delete(unit);
    this.#streaming.delete(unit);
    unlinkAll(unit);
    this.#end(transaction);
    this.statistics.rollbacks++;
    const refusal = refusalOf(cause);
    this.#settle(unit, refusal);
    this.#tell(transaction, false);
    return refusal;
  }

  rollback(transaction: EngineTransaction): void {
    if (!transaction.committing) this.#abort(transaction);
  }

  #abort(transaction: EngineTransaction): void {
    if (transaction.over) return;
    const { unit } = transaction;
    unit.failed = true;
    if (unit.writes.length > 0) {
      unlinkAll(unit);
      this.statistics.rollbacks++;
    }
    this.#end(transaction);
    this.#tell(transaction, false);
  }

  /** The transaction holds nothing any more. */
  #end(transaction: EngineTransaction): void {
    this.#endRows(transaction);
    const { unit } = transaction;
    this.#units.delete(unit);
    if (unit.tableLocks.length > 0) this.tableLocks.release(unit);
  }

  #endRows(transaction: EngineTransaction): void {
    transaction.over = true;
    const { unit } = transaction;
    this.#open.delete(transaction);
    if (unit.locks.length > 0) releaseLocks(unit);
    unit.wakeWaiters();
  }

  #tell(transaction: EngineTransaction, committed: boolean): void {
    const { ends } = transaction;
    if (ends === null) return;
    transaction.ends = null;
    for (const run of ends) run(committed);
  }

  /** The oldest snapshot that is still read. */
  #horizon(): number {
    let horizon: number = this.#durable;
    for (const { oldestSnapshot } of this.#open) if (oldestSnapshot < horizon) horizon = oldestSnapshot;
    for (const { snapshot } of this.#held) if (snapshot < horizon) horizon = snapshot;
    return horizon;
  }
}
