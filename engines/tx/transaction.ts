import type { ObjectId, Offset } from '#schemas/kernel/brand.js';
import type { Row } from '#schemas/values/value.js';
import type { KeyRange, MaybePromise, ReadView, RowCursor, VisibleRow } from '../rows/reading.js';
import type { IndexShape, TableShape } from '../rows/shape.js';

export type Isolation = 'read committed' | 'repeatable read' | 'serializable';
export type RowLockStrength = 'key-share' | 'share' | 'no-key-update' | 'update';
/** unless-crowded: as block, but where many wait for the row already the caller is to postpone what it wants to do with it. */
export type WaitPolicy = 'block' | 'nowait' | 'skip-locked' | 'unless-crowded';
export type TableLockMode =
  | 'access-share'
  | 'row-share'
  | 'row-exclusive'
  | 'share-update-exclusive'
  | 'share'
  | 'share-row-exclusive'
  | 'exclusive'
  | 'access-exclusive';

/**
 * What the executor sees of a transaction. Reads through it are recorded when it is serializable. Everything that may wait for a lock returns
 * MaybePromise, obeys lock_timeout (55P03), statement_timeout and cancel (57014), and takes part in deadlock detection (40P01).
 *
 * Errors that leave the transaction failed are up to the session layer: it rolls back to the statement's start (or the whole implicit transaction).
 */
export interface Transaction {
  readonly isolation: Isolation;
  readonly readOnly: boolean;
  setReadOnly(readOnly: boolean): void;
  /** Microseconds since 1970: now() of the transaction. */
  readonly startedAt: bigint;
  /** True once something was written or a row lock is held. */
  readonly dirty: boolean;

  /** Begins a statement: read committed takes a new snapshot; own earlier writes become visible. */
  beginStatement(): ReadView;
  /** The running statement's view. */
  readonly view: ReadView;

  get(table: TableShape, key: string): MaybePromise<VisibleRow | null>;
  scan(table: TableShape, range: KeyRange, reverse: boolean): RowCursor;
  scanIndex(table: TableShape, index: IndexShape, range: KeyRange, reverse: boolean): RowCursor;

  /**
   * Locks the row that was seen as `seen`. 'locked': it is still that version. 'changed': another transaction committed a newer one meanwhile and
   * it is now locked (read committed: the caller re-checks its conditions on `row`; repeatable read and above get 40001 instead). 'gone': deleted
   * meanwhile (or 40001). 'skipped': skip-locked. 'crowded': unless-crowded; the row is held so that nobody can delete it or move its key. nowait: 55P03.
   */
  lock(table: TableShape, seen: VisibleRow, strength: RowLockStrength, wait: WaitPolicy): MaybePromise<LockOutcome>;

  /** Inserts a row; waits for others' uncommitted rows with the same unique key; 23505 with PostgreSQL's detail when one stands. */
  insert(table: TableShape, row: Row): MaybePromise<VisibleRow>;
  /**
   * INSERT … ON CONFLICT: as insert, but when the conflict is on one of `arbiters` (null = any unique index; an entry null = the row key) the
   * row that stands in the way is returned (its newest committed version, or our own), not inserted, not locked.
   */
  insertUnlessConflict(
    table: TableShape,
    row: Row,
    arbiters: ReadonlyArray<IndexShape | null> | null,
  ): MaybePromise<InsertOutcome>;
  /** Replaces a row that this transaction has locked at `update` or `no-key-update`. Unique keys are checked as in insert. A changed row key moves the row. */
  update(table: TableShape, locked: VisibleRow, row: Row): MaybePromise<VisibleRow>;
  /** Deletes a row that this transaction has locked at `update`. */
  delete(table: TableShape, locked: VisibleRow): MaybePromise<void>;

  /**
   * The newest committed (or own) row with exactly these encoded columns of a unique index, or with this row key (`index` null), whatever the snapshot: what
   * foreign keys are checked against. Not locked.
   */
  findNewest(table: TableShape, index: IndexShape | null, columns: string): MaybePromise<VisibleRow | null>;
  /**
   * Puts a write off until the transaction commits, or comes back to the table in another statement: then it is made as if its statement ran at that moment. Only for a row
   * that `lock` has called crowded, and a write of which the client is told nothing but that it happened. Read committed.
   */
  postpone(table: ObjectId, write: () => MaybePromise<unknown>): void;
  /** No other engine may write the table before this transaction commits. Nothing where there is only one: locks see to that. */
  guardTable(table: TableShape): void;

  /**
   * Lets `run` scan what is committed when it begins, whatever the isolation level, own writes included; first waits for what was appended before. For checks whose locks
   * keep out whatever would come later: foreign keys, DDL over rows. Not to be nested.
   */
  seeLatest<T>(run: () => Promise<T>): Promise<T>;

  /**
   * Whoever reads or writes a table in a new statement locks it first: what was postponed for it is made before. So is whatever was postponed when the statement may wait for rows or
   * tables, because locks are taken in the order of the statements; `overtakes`: it waits for none, or can be postponed as well.
   */
  lockTable(table: ObjectId, mode: TableLockMode, nowait: boolean, overtakes?: boolean): MaybePromise<void>;
  /** Runs at commit, before the commit is appended, in order: deferred constraints. A throw aborts the commit. */
  atCommit(check: () => MaybePromise<void>): void;
  /** Runs once after the transaction has ended. */
  afterEnd(run: (committed: boolean) => void): void;

  /** A mark for rolling back to: statements, savepoints. Cheap. */
  mark(): Mark;
  rollbackTo(mark: Mark): void;

  /**
   * Resolves when the commit is durable and decided. Locks are released when it is appended. Rejects with 40001 (certification), 58030 or 53100
   * (log away) or 08007 (outcome unknown); the transaction is over in every case.
   */
  commit(): Promise<Offset>;
  rollback(): void;
  /**
   * Rows that this transaction has read may belong to commits that are appended and not yet durable (after a lock wait). Such a result must not
   * leave the engine before they are: returns null when nothing is awaited (the usual case).
   */
  awaitReadsDurable(): Promise<void> | null;
}

export type LockOutcome =
  | { readonly kind: 'locked' | 'changed'; readonly row: VisibleRow }
  | { readonly kind: 'gone' | 'skipped' | 'crowded' };
export type InsertOutcome = { readonly kind: 'inserted' | 'conflict'; readonly row: VisibleRow };

/** Opaque; valid until the transaction ends or rolls back to an earlier one. */
export interface Mark {
  readonly position: number;
}

/** Hooks by which a waiting transaction can be ended from outside. */
export interface SessionControl {
  /** 0 = no limit. */
  lockTimeoutMs: number;
  /** Set when the client cancelled or a timeout fired: waiting operations reject with it. */
  readonly interrupted: Error | null;
  /** Registers a waiter to be told of an interrupt; returns the deregistration. */
  onInterrupt(run: (error: Error) => void): () => void;
}

export interface TransactionOptions {
  readonly isolation: Isolation;
  readonly readOnly: boolean;
  readonly control: SessionControl;
  /** Updates of rows that many wait for may be postponed. */
  readonly postpones?: boolean;
}

export interface TransactionSystem {
  begin(options: TransactionOptions): Transaction;
  /** A view of everything durable now, for internal readers. */
  latest(): ReadView;
}
