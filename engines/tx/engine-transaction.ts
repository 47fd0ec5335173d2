import { definitionRead, pointRead } from '#log/transactions/certified-keys.js';
import type { ReadRange } from '#schemas/events/event.js';
import type { ObjectId, Offset, VersionId } from '#schemas/kernel/brand.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Row } from '#schemas/values/value.js';
import type { KeyRange, MaybePromise, ReadView, RowCursor, VisibleRow } from '../rows/reading.js';
import type { IndexShape, TableShape } from '../rows/shape.js';
import type { TableData } from '../rows/table-data.js';
import { type LiveVersion, PENDING, type RowLock, Version, type Writer } from '../rows/version.js';
import { standsOnFailed } from './commit-failure.js';
import { HeldCursor } from './held-cursor.js';
import { NotingCursor } from './noting-cursor.js';
import { PostponedWrites } from './postponed.js';
import {
  disperse,
  hasEnded,
  isCrowded,
  mayNotWait,
  releaseLocks,
  STRENGTHS,
  tryLock,
  waitFor,
  waitInQueue,
} from './row-locks.js';
import { readOf } from './shared-commits.js';
import type {
  InsertOutcome,
  Isolation,
  LockOutcome,
  Mark,
  RowLockStrength,
  SessionControl,
  TableLockMode,
  Transaction,
  TransactionOptions,
  WaitPolicy,
} from './transaction.js';
import type { TransactionManager } from './transaction-manager.js';
import { conflictOf } from './unique-conflict.js';
import { Unit } from './unit.js';

/** A view that statements of one transaction share and that is brought up to date in place: one object a transaction. */
interface MutableView extends ReadView {
  snapshot: Offset;
  command: number;
  readonly owner: object;
}

interface EngineMark extends Mark {
  readonly rowLocks: number;
  readonly tableLocks: number;
  readonly checks: number;
  readonly postponed: number;
}

/** One transaction of this engine. See transaction.ts for what each method promises. */
export class EngineTransaction implements Transaction {
  readonly unit = new Unit();
  readonly isolation: Isolation;
  readOnly: boolean;
  readonly startedAt: bigint;
  readonly control: SessionControl;
  readonly view: MutableView;
  readonly #manager: TransactionManager;
  /** What a serializable transaction has read; null below. */
  readonly reads: ReadRange[] | null;
  /** Where engines share the log: what must not change before this commits, whatever its isolation; null where row locks see to it. */
  readonly guards: ReadRange[] | null;
  /** The snapshot of the first statement that locked or wrote; all commits of others behind it may be in conflict. */
  since: Offset | null = null;
  /** See `isForestalled`. */
  judgedFrom: Offset | null = null;
  checks: Array<() => MaybePromise<void>> | null = null;
  ends: Array<(committed: boolean) => void> | null = null;
  postponed: PostponedWrites | null = null;
  #makingPostponed = false;
  readonly #postpones: boolean;
  #began = false;
  #openCursors = 0;
  /** Scans see this snapshot rather than the view's (see seeLatest). */
  #latest: Offset | null = null;
  /** The oldest snapshot that an open cursor of this transaction or its running statement reads. */
  oldestSnapshot: Offset;
  /** Its commit is under way: nobody can roll it back any more. */
  committing = false;
  commitBeganMs = 0;
  over = false;

  constructor(manager: TransactionManager, options: TransactionOptions, startedAt: bigint) {
    this.#manager = manager;
    this.isolation = options.isolation;
    this.readOnly = options.readOnly;
    this.control = options.control;
    this.startedAt = startedAt;
    this.view = { snapshot: manager.durable, command: 1, owner: this.unit };
    this.oldestSnapshot = this.view.snapshot;
    this.reads = options.isolation === 'serializable' ? [] : null;
    this.guards = manager.shared ? [] : null;
    // Where engines share a log, a row that this one lets everybody write would be lost to the other all the more often.
    this.#postpones = options.postpones === true && options.isolation === 'read committed' && !manager.shared;
  }

  get dirty(): boolean {
    return this.unit.writes.length > 0 || this.unit.locks.length > 0 || this.checks !== null;
  }

  setReadOnly(readOnly: boolean): void {
    this.readOnly = readOnly;
  }

  beginStatement(): ReadView {
    this.view.command++;
    if (!this.#began || this.isolation === 'read committed') {
      this.#began = true;
      this.view.snapshot = this.#manager.durable;
      if (this.#openCursors === 0) this.oldestSnapshot = this.view.snapshot;
    }
    return this.view;
  }

  get(table: TableShape, key: string): MaybePromise<VisibleRow | null> {
    if (this.reads !== null) this.reads.push(pointRead(table.id, key));
    return this.#manager.store.get(table, key, this.view);
  }

  scan(table: TableShape, range: KeyRange, reverse: boolean): RowCursor {
    this.reads?.push(readOf(table.id, range));
    return this.#hold(this.#manager.store.scan(table, range, reverse, this.#frozenView()));
  }

  scanIndex(table: TableShape, index: IndexShape, range: KeyRange, reverse: boolean): RowCursor {
    const cursor = this.#manager.store.scanIndex(table, index, range, reverse, this.#frozenView());
    return this.#hold(this.reads === null ? cursor : this.#noting(cursor, table, index, range, this.reads));
  }

  /** Writes are certified by row key and by unique entry; a range of an index that is not unique is covered by the whole table. */
  #noting(cursor: RowCursor, table: TableShape, index: IndexShape, range: KeyRange, reads: ReadRange[]): RowCursor {
    const whole = readOf(table.id, { from: null, to: null });
    reads.push(index.unique ? readOf(index.id, range) : whole);
    if (!index.unique) return cursor;
    reads.push(definitionRead(table.id));
    return new NotingCursor(cursor, table.id, reads, whole);
  }

  /** The view of this statement, for cursors that live longer. */
  #frozenView(): ReadView {
    const { command, owner } = this.view;
    return { snapshot: this.#latest ?? this.view.snapshot, command, owner };
  }

  async seeLatest<T>(run: () => Promise<T>): Promise<T> {
    await this.#manager.whenAllDecided();
    const held = this.#manager.hold();
    this.#latest = held.view.snapshot;
    try {
      return await run();
    } finally {
      this.#latest = null;
      held.release();
    }
  }

  #hold(cursor: RowCursor): RowCursor {
    if (this.isolation !== 'read committed') return cursor;
    this.#openCursors++;
    return new HeldCursor(cursor, this.#cursorEnded);
  }

  readonly #cursorEnded = (): void => {
    if (--this.#openCursors === 0) this.oldestSnapshot = this.view.snapshot;
  };

  // ── locking ────────────────────────────────────────────────────────────────────────────────────────────────────────

  lock(table: TableShape, seen: VisibleRow, strength: RowLockStrength, wait: WaitPolicy): MaybePromise<LockOutcome> {
    const data = this.#manager.store.table(table);
    this.since ??= this.view.snapshot;
    const postpones = wait === 'unless-crowded' && this.#postpones;
    if (this.postponed?.pending === true && !this.#makingPostponed) {
      // Locks are taken in the order of the statements: behind a postponed write comes another one, or none.
      if (postpones && this.#holdForLater(data, seen)) return CROWDED;
      return this.makePostponed().then(() => this.lock(table, seen, strength, wait));
    }
    const outcome = this.#lockOnce(data, seen, STRENGTHS[strength], wait);
    if (outcome !== null) return outcome;
    if (postpones && this.#avoidCrowd(data, seen)) return CROWDED;
    return this.#lockWaiting(data, seen, STRENGTHS[strength], wait);
  }

  /** Null = somebody stands in the way and waiting is allowed. */
  #lockOnce(data: TableData, seen: VisibleRow, strength: number, wait: WaitPolicy): LockOutcome | null {
    const head = data.pinned(seen.key);
    if (head === undefined) return this.#gone();
    // A new row of somebody else in the place of one that we saw deleted: its insert is a lock as well.
    const inserting = !head.writer.appended && head.writer !== this.unit && head.lock === null;
    if (inserting || !tryLock(head, this.unit, strength))
      return mayNotWait(wait, data.shape.event.name) ? SKIPPED : null;
    return this.#afterLock(head, seen);
  }

  /** Where many wait, nobody does who need not. */
  #avoidCrowd(data: TableData, seen: VisibleRow): boolean {
    const lock = data.head(seen.key)?.lock ?? null;
    if (lock === null || !isCrowded(lock) || !this.#holdForLater(data, seen)) return false;
    disperse(lock);
    return true;
  }

  /** Holds a row so that it stays; false where that has to be waited for. */
  #holdForLater(data: TableData, seen: VisibleRow): boolean {
    const head = data.pinned(seen.key);
    if (head === undefined || this.#newestAppended(head) === null) return false;
    return tryLock(head, this.unit, STRENGTHS['key-share']);
  }

  postpone(table: ObjectId, write: () => MaybePromise<unknown>): void {
    this.postponed ??= new PostponedWrites();
    this.postponed.add(table, write);
    this.#manager.statistics.postponed++;
  }

  /** Makes the writes that were postponed. */
  async makePostponed(): Promise<void> {
    const { postponed, unit, view } = this;
    if (postponed === null) return;
    view.command++;
    this.#makingPostponed = true;
    try {
      await postponed.make(() => unit.writes.length);
    } finally {
      this.#makingPostponed = false;
    }
  }

  /** ON CONFLICT may meet a row that the snapshot does not see. */
  #requireSeen(writer: Writer): void {
    if (this.isolation === 'read committed' || writer === this.unit || writer.offset < this.view.snapshot) return;
    throw new SqlError('serialization_failure', 'could not serialize access due to concurrent update');
  }

  #afterLock(head: Version, seen: VisibleRow): LockOutcome {
    if (head.id === seen.id) {
      this.#requireSeen(head.writer);
      this.unit.standOn(head.writer);
      return { kind: 'locked', row: seen };
    }
    let newest: Version | null = head;
    // A key-share lock goes together with a pending update that keeps the key: what counts is the version below it.
    while (newest !== null && newest.writer !== this.unit && !newest.writer.appended) newest = newest.previous;
    if (newest !== null && newest.id === seen.id) {
      this.unit.standOn(newest.writer);
      return { kind: 'locked', row: seen };
    }
    if (newest !== null && newest.writer === this.unit)
      return newest.row === null ? GONE : { kind: 'changed', row: newest as LiveVersion };
    if (newest !== null) this.unit.standOn(newest.writer);
    if (newest === null || newest.row === null) return this.#gone();
    if (this.isolation !== 'read committed') {
      throw new SqlError('serialization_failure', 'could not serialize access due to concurrent update');
    }
    return { kind: 'changed', row: newest as LiveVersion };
  }

  #gone(): LockOutcome {
    if (this.isolation !== 'read committed')
      throw new SqlError('serialization_failure', 'could not serialize access due to concurrent delete');
    return GONE;
  }

  async #lockWaiting(data: TableData, seen: VisibleRow, strength: number, wait: WaitPolicy): Promise<LockOutcome> {
    for (;;) {
      const outcome = this.#lockOnce(data, seen, strength, wait);
      if (outcome !== null) return outcome;
      const head = data.pinned(seen.key);
      if (head === undefined) return this.#gone();
      this.#manager.statistics.lockWaits++;
      if (head.lock === null) await this.#waitForEnd(head.writer as Unit);
      else if (!(await this.#waitInQueue(head, head.lock, strength, wait)) && this.#holdForLater(data, seen))
        return CROWDED;
    }
  }

  #waitInQueue(head: Version, lock: RowLock, strength: number, wait: WaitPolicy): Promise<boolean> {
    const mayDisperse = wait === 'unless-crowded' && this.#postpones;
    if (isCrowded(lock)) disperse(lock);
    return waitInQueue(lock, head, this.unit, strength, mayDisperse, this.#manager.surroundings(this.control));
  }

  /** Until it is certain whether another transaction's rows stand in the way of a unique key. */
  async #outOfTheWay(other: Unit): Promise<void> {
    if (!other.appended) return this.#waitForEnd(other);
    await this.#manager.whenDecided(other).catch((error: unknown) => {
      if (!other.failed) throw error;
    });
  }

  /** Until another transaction has appended its commit, rolled back, or taken back some of its writes. */
  #waitForEnd(other: Unit): Promise<void> {
    if (hasEnded(other)) return Promise.resolve();
    const blockers = [other];
    return waitFor(
      this.unit,
      () => blockers,
      this.#manager.surroundings(this.control),
      (wake) => {
        other.waiters ??= [];
        other.waiters.push(wake);
        return () => {
          const at = other.waiters?.indexOf(wake) ?? -1;
          if (at >= 0) other.waiters?.splice(at, 1);
        };
      },
    );
  }

  lockTable(table: ObjectId, mode: TableLockMode, nowait: boolean, overtakes = false): MaybePromise<void> {
    const { tableLocks } = this.#manager;
    if (this.postponed?.pending === true) {
      const mayWait = mode !== 'access-share' && !overtakes;
      if (mayWait || this.postponed.awaits(table))
        return this.makePostponed().then(() => this.lockTable(table, mode, nowait));
    }
    if (tableLocks.tryAcquire(this.unit, table, mode)) return undefined;
    if (nowait)
      throw new SqlError('lock_not_available', `could not obtain lock on relation "${this.#manager.nameOf(table)}"`);
    return tableLocks.acquire(this.unit, table, mode, this.#manager.surroundings(this.control));
  }

  // ── writing ────────────────────────────────────────────────────────────────────────────────────────────────────────

  insert(table: TableShape, row: Row): MaybePromise<VisibleRow> {
    const outcome = this.#insert(table, row, NO_ARBITERS);
    if (outcome instanceof Promise) return outcome.then((o) => o.row);
    return outcome.row;
  }

  insertUnlessConflict(
    table: TableShape,
    row: Row,
    arbiters: ReadonlyArray<IndexShape | null> | null,
  ): MaybePromise<InsertOutcome> {
    return this.#insert(table, row, arbiters);
  }

  #insert(table: TableShape, row: Row, arbiters: ReadonlyArray<IndexShape | null> | null): MaybePromise<InsertOutcome> {
    const data = this.#data(table);
    if (data.lacking) return this.#manager.store.complete(data).then(() => this.#insert(table, row, arbiters));
    const id = this.#manager.mint.next();
    const key = data.keyOf(row, id);
    const conflict = conflictOf(this.unit, data, key, row, null, arbiters);
    if (conflict === null)
      return {
        kind: 'inserted',
        row: this.#link(data, key, id, row, data.hasOwnKey ? (data.head(key) ?? null) : null),
      };
    if (conflict instanceof Unit) return this.#outOfTheWay(conflict).then(() => this.#insert(table, row, arbiters));
    this.#requireSeen(conflict.writer);
    this.unit.standOn(conflict.writer);
    return { kind: 'conflict', row: conflict };
  }

  update(table: TableShape, locked: VisibleRow, row: Row): MaybePromise<VisibleRow> {
    const data = this.#data(table);
    if (data.lacking) return this.#manager.store.complete(data).then(() => this.update(table, locked, row));
    const key = data.hasOwnKey ? data.keyOf(row, locked.id) : locked.key;
    const moved = data.indexes.length > 0 && data.moves(locked.row, row);
    if (key !== locked.key || moved) {
      const conflict = conflictOf(this.unit, data, key, row, locked.key, NO_ARBITERS);
      if (conflict instanceof Unit) return this.#outOfTheWay(conflict).then(() => this.update(table, locked, row));
    }
    const { mint } = this.#manager;
    const head = data.head(locked.key) ?? null;
    if (key === locked.key) return this.#link(data, key, mint.next(), row, head, moved);
    this.#link(data, locked.key, mint.next(), null, head);
    return this.#link(data, key, mint.next(), row, data.head(key) ?? null);
  }

  delete(table: TableShape, locked: VisibleRow): MaybePromise<void> {
    const data = this.#data(table);
    this.#link(data, locked.key, this.#manager.mint.next(), null, data.head(locked.key) ?? null);
  }

  #data(table: TableShape): TableData {
    const data = this.#manager.store.table(table);
    // Whoever writes brings the newest shape: DDL has locked out everybody with an older one.
    if (data.shape !== table) data.reshape(table);
    return data;
  }

  #link(
    data: TableData,
    key: string,
    id: VersionId,
    row: Row | null,
    previous: Version | null,
    moved = true,
  ): LiveVersion {
    this.since ??= this.view.snapshot;
    const version = new Version(key, id, row, this.unit, this.view.command, previous, moved);
    data.link(version);
    this.unit.writes.push({ data, version });
    return version as LiveVersion;
  }

  // ── ending ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  atCommit(check: () => MaybePromise<void>): void {
    this.checks ??= [];
    this.checks.push(check);
  }

  afterEnd(run: (committed: boolean) => void): void {
    this.ends ??= [];
    this.ends.push(run);
  }

  mark(): Mark {
    const { writes, locks, tableLocks } = this.unit;
    const checks = this.checks?.length ?? 0;
    const mark: EngineMark = {
      position: writes.length,
      rowLocks: locks.length,
      tableLocks: tableLocks.length,
      checks,
      postponed: this.postponed?.size ?? 0,
    };
    return mark;
  }

  rollbackTo(mark: Mark): void {
    const { unit } = this;
    const { writes } = unit;
    while (writes.length > mark.position) {
      const write = writes.pop();
      if (write !== undefined) write.data.unlink(write.version);
    }
    const { rowLocks, tableLocks, checks, postponed } = mark as EngineMark;
    this.postponed?.rollbackTo(postponed, mark.position);
    // What was undone needs no look at commit.
    if (this.checks !== null) this.checks.length = checks;
    releaseLocks(unit, rowLocks);
    this.#manager.tableLocks.release(unit, tableLocks);
    unit.wakeWaiters();
  }

  commit(): Promise<Offset> {
    return this.#manager.commit(this);
  }

  rollback(): void {
    this.#manager.rollback(this);
  }

  awaitReadsDurable(): Promise<void> | null {
    const { dependsOn } = this.unit;
    if (dependsOn === null) return null;
    if (dependsOn.failed) return Promise.reject(standsOnFailed());
    if (dependsOn.offset !== PENDING) {
      this.unit.dependsOn = null;
      return null;
    }
    return this.#manager.whenDecided(dependsOn);
  }

  findNewest(table: TableShape, index: IndexShape | null, columns: string): MaybePromise<VisibleRow | null> {
    const data = this.#manager.store.table(table);
    if (index === null) return this.#guarded(table, this.#newestAppended(data.head(columns)));
    if (data.lacking) return this.#manager.store.complete(data).then(() => this.findNewest(table, index, columns));
    const found = data.index(index.id);
    if (found === undefined) return null;
    for (const key of data.candidates(found, columns)) {
      const row = this.#newestAppended(data.head(key));
      if (row !== null && found.keyOf(row.row) === columns) return this.#guarded(table, row);
    }
    return null;
  }

  #guarded(table: TableShape, row: LiveVersion | null): LiveVersion | null {
    if (row !== null) this.guards?.push(pointRead(table.id, row.key));
    return row;
  }

  guardTable(table: TableShape): void {
    this.guards?.push(readOf(table.id, { from: null, to: null }));
  }

  /** The newest version that is ours or whose commit is appended. */
  #newestAppended(head: Version | undefined): LiveVersion | null {
    let version: Version | null = head ?? null;
    while (version !== null && version.writer !== this.unit && !version.writer.appended) version = version.previous;
    if (version !== null) this.unit.standOn(version.writer);
    return version === null || version.row === null ? null : (version as LiveVersion);
  }
}

const NO_ARBITERS: readonly never[] = [];
const SKIPPED: LockOutcome = { kind: 'skipped' };
const GONE: LockOutcome = { kind: 'gone' };
const CROWDED: LockOutcome = { kind: 'crowded' };
