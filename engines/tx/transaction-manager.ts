import { type ChangeLog, LogUnavailable, type LogRecord, OutcomeUnknown } from '#log/change-log.js';
import type { VersionMint } from '#log/clock/hybrid-clock.js';
import { Certifier, certifiedKey } from '#log/transactions/certifier.js';
import type { Commit } from '#schemas/events/event.js';
import type { Offset, Partition, ServerId } from '#schemas/kernel/brand.js';
import type { Clock } from '#schemas/kernel/ports.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { ReadView } from '../rows/reading.js';
import type { Store } from '../rows/store.js';
import { type CommitStamp, type EventEncoder, encodeWrite, netWrites } from './commit-record.js';
import { EngineTransaction } from './engine-transaction.js';
import { releaseLocks, type WaitSurroundings } from './row-locks.js';
import { TableLocks } from './table-locks.js';
import type { SessionControl, Transaction, TransactionOptions, TransactionSystem } from './transaction.js';
import type { Unit, Write } from './unit.js';
import { WaitGraph } from './wait-graph.js';

/** Events in one append of a large transaction. */
const EVENTS_PER_APPEND = 2_000;

export interface TransactionManagerOptions {
  readonly store: Store;
  readonly log: ChangeLog;
  readonly partition: Partition;
  readonly encoder: EventEncoder;
  readonly clock: Clock;
  readonly mint: VersionMint;
  readonly server: ServerId;
  readonly epoch: number;
  readonly certifier: Certifier;
  /** One past the last record that the store holds. */
  readonly durable: Offset;
}

export interface TransactionStatistics {
  commits: number;
  rollbacks: number;
  lockWaits: number;
  conflicts: number;
}

/** Told of commits: the catalog wants to know of those that wrote system tables. Called before anybody can see them. */
export type DecidedListener = (writes: readonly Write[], offset: Offset) => void;

/**
 * Begins, commits and ends this engine's transactions.
 *
 * Owns the durable watermark (what a new snapshot sees), the open transactions, and the queue of versions that wait to be cut. Invariants: the watermark never moves back;
 * a transaction's versions become visible all at once, after its commit is durable (I2, I5, I6).
 */
export class TransactionManager implements TransactionSystem {
  readonly store: Store;
  readonly mint: VersionMint;
  readonly tableLocks: TableLocks;
  readonly graph = new WaitGraph();
  readonly statistics: TransactionStatistics = { commits: 0, rollbacks: 0, lockWaits: 0, conflicts: 0 };
  readonly #options: TransactionManagerOptions;
  readonly #open = new Set<EngineTransaction>();
  readonly #units = new Set<Unit>();
  readonly #deciding = new Map<Unit, Array<(error: Error | null) => void>>();
  /** Versions whose older ones are cut when nobody can read them any more, in offset order. */
  #toCut: Write[] = [];
  #cutFrom = 0;
  #durable: Offset;
  #listener: DecidedListener = () => undefined;
  onCommitMs: (ms: number) => void = () => undefined;

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

  get active(): number {
    return this.#open.size;
  }

  begin(options: TransactionOptions): Transaction {
    const transaction = new EngineTransaction(this, options, this.#options.clock.nowMicros());
    this.#open.add(transaction);
    this.#units.add(transaction.unit);
    return transaction;
  }

  latest(): ReadView {
    return { snapshot: this.#durable, owner: null, command: 0 };
  }

  surroundings(control: SessionControl): WaitSurroundings {
    return { control, graph: this.graph, after: (ms, run) => this.#options.clock.after(ms, run) };
  }

  whenDecided(unit: Unit): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.#deciding.get(unit);
      const done = (error: Error | null): void => (error === null ? resolve() : reject(error));
      if (waiting === undefined) this.#deciding.set(unit, [done]);
      else waiting.push(done);
    });
  }

  // ── commit ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  async commit(transaction: EngineTransaction): Promise<Offset> {
    const { unit } = transaction;
    try {
      if (transaction.checks !== null) for (const check of transaction.checks) await check();
      if (unit.dependsOn?.failed === true) throw standsOnFailed();
    } catch (error) {
      this.rollback(transaction);
      throw error;
    }
    const writes = netWrites(unit);
    if (writes.length === 0) {
      const { dependsOn } = unit;
      this.#end(transaction, true);
      if (dependsOn !== null && dependsOn.offset === Number.POSITIVE_INFINITY) await this.whenDecided(dependsOn);
      return this.#durable;
    }
    return this.#append(transaction, writes);
  }

  /** Encodes and appends without letting anything else run in between; from here on the transaction's place in the log is fixed. */
  #append(transaction: EngineTransaction, writes: readonly Write[]): Promise<Offset> {
    const { unit } = transaction;
    const { log, partition, encoder, clock, server, epoch, certifier } = this.#options;
    const began = clock.monotonicMs();
    const snapshot = transaction.view.snapshot;
    const keys = certifiedWrites(writes);
    const reads = transaction.reads ?? [];
    if (reads.length > 0) {
      const verdict = certifier.judge({ offset: Number.MAX_SAFE_INTEGER as Offset, snapshot, server, epoch, writes: [], reads });
      if (verdict.kind !== 'commit' || this.#conflictsWithAppended(reads, unit)) {
        this.statistics.conflicts++;
        this.rollback(transaction);
        return Promise.reject(
          new SqlError('serialization_failure', 'could not serialize access due to read/write dependencies among transactions', { hint: 'The transaction might succeed if retried.' }),
        );
      }
    }
    unit.id = this.mint.next();
    const stamp: CommitStamp = { server, snapshot, timestamp: Number(clock.nowMicros()), uncertainty: 0, reads };
    let appended: Promise<Offset>;
    try {
      appended = this.#send(writes, unit, stamp, { snapshot, events: writes.length, reads }, log, partition, encoder);
    } catch (error) {
      this.rollback(transaction);
      return Promise.reject(error);
    }
    this.#keysOf.set(unit, keys);
    unit.appended = true;
    this.#end(transaction, null);
    return appended.then(
      (offset) => {
        certifier.decide({ offset, snapshot, server, epoch, writes: keys, reads: [] });
        this.#decide(unit, writes, offset);
        for (const run of transaction.ends ?? []) run(true);
        this.onCommitMs(clock.monotonicMs() - began);
        return offset;
      },
      (error: unknown) => {
        this.#undo(unit, error as Error);
        for (const run of transaction.ends ?? []) run(false);
        throw refusalOf(error);
      },
    );
  }

  /** Certified keys of commits that are appended and not yet decided: the certifier does not know them yet. */
  readonly #keysOf = new Map<Unit, readonly string[]>();

  #conflictsWithAppended(reads: CommitStamp['reads'], self: Unit): boolean {
    for (const [unit, keys] of this.#keysOf) {
      if (unit === self) continue;
      for (const key of keys) {
        for (const read of reads) if (key >= certifiedKey(read.object, read.from) && key < certifiedKey(read.object, read.to)) return true;
      }
    }
    return false;
  }

  #send(writes: readonly Write[], unit: Unit, stamp: CommitStamp, commit: Commit, log: ChangeLog, partition: Partition, encoder: EventEncoder): Promise<Offset> {
    const id = unit.id;
    if (id === null) throw new Error('a transaction is sent without an id');
    let records: LogRecord[] = [];
    const last = writes.length - 1;
    for (let i = 0; i < last; i++) {
      records.push(encodeWrite(writes[i] as Write, id, i, stamp, null, encoder));
      if (records.length === EVENTS_PER_APPEND) {
        // Its failure is told by the last append as well, because the log fails everything behind a failure.
        log.append(partition, records).catch(() => undefined);
        encoder.reset();
        records = [];
      }
    }
    records.push(encodeWrite(writes[last] as Write, id, last, stamp, commit, encoder));
    const appended = log.append(partition, records);
    encoder.reset();
    return appended;
  }

  #decide(unit: Unit, writes: readonly Write[], offset: Offset): void {
    this.#keysOf.delete(unit);
    this.#listener(writes, offset);
    unit.offset = offset;
    this.#durable = Math.max(this.#durable, offset + 1) as Offset;
    this.statistics.commits++;
    for (let i = 0; i < writes.length; i++) {
      const write = writes[i] as Write;
      const { data, version } = write;
      const { lock } = version;
      if (lock !== null && lock.holders.length === 0 && lock.queue.length === 0) version.lock = null;
      if (version.row === null) data.live--;
      else if (version.previous === null || baseIsDead(version)) data.live++;
      if (version.previous !== null || version.row === null) this.#toCut.push(write);
    }
    this.#collect();
    this.#settle(unit, null);
  }

  #settle(unit: Unit, error: Error | null): void {
    const waiting = this.#deciding.get(unit);
    if (waiting === undefined) return;
    this.#deciding.delete(unit);
    for (const done of waiting) done(error);
  }

  /** The append failed: the transaction never was, and whoever stands on it must fail too. */
  #undo(unit: Unit, error: Error): void {
    unit.failed = true;
    this.#keysOf.delete(unit);
    for (let i = unit.writes.length - 1; i >= 0; i--) {
      const { data, version } = unit.writes[i] as Write;
      data.unlink(version);
    }
    this.statistics.rollbacks++;
    this.#settle(unit, refusalOf(error));
  }

  rollback(transaction: EngineTransaction): void {
    if (transaction.over) return;
    const { writes } = transaction.unit;
    transaction.unit.failed = writes.length > 0;
    for (let i = writes.length - 1; i >= 0; i--) {
      const { data, version } = writes[i] as Write;
      data.unlink(version);
    }
    if (writes.length > 0) this.statistics.rollbacks++;
    this.#end(transaction, false);
  }

  /** The transaction holds nothing any more. `committed` null = its commit is under way, and its ends are told later. */
  #end(transaction: EngineTransaction, committed: boolean | null): void {
    if (transaction.over) return;
    transaction.over = true;
    const { unit } = transaction;
    this.#open.delete(transaction);
    this.#units.delete(unit);
    if (unit.locks.length > 0) releaseLocks(unit);
    if (unit.tableLocks.length > 0) this.tableLocks.release(unit);
    const { waiters } = unit;
    unit.waiters = null;
    if (waiters !== null) for (const wake of waiters) wake();
    if (committed !== null) for (const run of transaction.ends ?? []) run(committed);
  }

  // ── collection ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The oldest snapshot that is still read. */
  #horizon(): number {
    let horizon: number = this.#durable;
    for (const { view } of this.#open) if (view.snapshot < horizon) horizon = view.snapshot;
    return horizon;
  }

  #collect(): void {
    const horizon = this.#horizon();
    let at = this.#cutFrom;
    while (at < this.#toCut.length) {
      const { data, version } = this.#toCut[at] as Write;
      if (version.writer.offset >= horizon) break;
      data.cut(version);
      at++;
    }
    this.#cutFrom = at;
    if (at > 1_024 && at * 2 > this.#toCut.length) {
      this.#toCut = this.#toCut.slice(at);
      this.#cutFrom = 0;
    }
  }
}

function baseIsDead(version: Write['version']): boolean {
  let base = version.previous;
  while (base !== null && base.writer === version.writer) base = base.previous;
  return base === null || base.row === null;
}

/** Row keys and unique entries that a transaction wrote. */
export function certifiedWrites(writes: readonly Write[]): string[] {
  const keys: string[] = [];
  for (let i = 0; i < writes.length; i++) {
    const { data, version } = writes[i] as Write;
    keys.push(certifiedKey(data.id, version.key));
    for (const index of data.indexes) {
      if (!index.shape.unique || !(version.moved || version.previous === null)) continue;
      const columns = version.row === null ? null : index.keyOf(version.row);
      if (columns !== null) keys.push(certifiedKey(index.shape.id, columns));
    }
  }
  return keys;
}

function standsOnFailed(): SqlError {
  return new SqlError('serialization_failure', 'could not serialize access: a transaction whose rows this one has changed could not be committed', { hint: 'The transaction might succeed if retried.' });
}

/** What a client is told of an append that failed. */
export function refusalOf(error: unknown): Error {
  if (error instanceof LogUnavailable) {
    return error.reason === 'full'
      ? new SqlError('disk_full', `could not commit: ${error.message}`, { hint: 'Free space on the disk that holds the log; nothing has been changed.' })
      : new SqlError('cannot_connect_now', `could not commit: ${error.message}`, { hint: 'Nothing has been changed; try again when the log is back.' });
  }
  if (error instanceof OutcomeUnknown) return new SqlError('transaction_resolution_unknown', `the outcome of the commit is not known: ${error.message}`);
  return error instanceof Error ? error : new Error(String(error));
}
