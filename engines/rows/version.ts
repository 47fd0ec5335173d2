import type { VersionId } from '#schemas/kernel/brand.js';
import type { Row } from '#schemas/values/value.js';
import type { ReadView } from './reading.js';

/** Offset of a transaction that has none yet. */
export const PENDING = Number.POSITIVE_INFINITY;

/**
 * Who wrote a version, shared by all versions of one transaction: setting `offset` makes them all visible at once.
 */
export interface Writer {
  /** Of the commit record; PENDING until the commit is durable and decided. */
  offset: number;
  /** The commit is appended: row locks are gone and others may build on these versions, though they are not durable yet. */
  appended: boolean;
  /** The append failed: these versions never were. */
  failed: boolean;
}

/** Writer of everything that was committed before any snapshot that is still read. */
export const SETTLED: Writer = { offset: -1, appended: true, failed: false };

/** Locks on one row, hung on the newest version of its chain. */
export interface RowLock {
  readonly holders: LockHolder[];
  readonly queue: LockWaiter[];
}

/** A transaction as row locks know it: everything that it holds on rows, released together. */
export interface LockOwner extends Writer {
  readonly locks: HeldRowLock[];
}

export interface HeldRowLock {
  readonly lock: RowLock;
  /** The newest version when the lock was taken. */
  readonly version: Version;
  /** What the row was held with before, which comes back when this goes; NOT_HELD when it was not. */
  readonly before: number;
}

export const NOT_HELD = -1;

export interface LockHolder {
  readonly owner: LockOwner;
  /** 0 key-share, 1 share, 2 no-key-update, 3 update. */
  strength: number;
}

export interface LockWaiter {
  readonly owner: LockOwner;
  readonly strength: number;
  readonly version: Version;
  readonly wake: () => void;
  /** It may do without the lock for now when a crowd gathers; `dispersed`: that has come. */
  readonly mayDisperse: boolean;
  dispersed: boolean;
}

/**
 * One state of one row. The newest stands in the table; older ones hang behind it as long as somebody may read them.
 * One class with all fields set in the constructor: reading a chain stays monomorphic.
 */
export class Version {
  readonly key: string;
  readonly id: VersionId;
  /** Null = the row was deleted. */
  readonly row: Row | null;
  writer: Writer;
  /** Number of the statement that wrote it, within its transaction. */
  readonly command: number;
  previous: Version | null;
  lock: RowLock | null;
  /** Some secondary index has other entries for this version than for the one before. */
  readonly moved: boolean;

  constructor(
    key: string,
    id: VersionId,
    row: Row | null,
    writer: Writer,
    command: number,
    previous: Version | null,
    moved: boolean,
  ) {
    this.key = key;
    this.id = id;
    this.row = row;
    this.writer = writer;
    this.command = command;
    this.previous = previous;
    this.lock = previous === null ? null : previous.lock;
    this.moved = moved;
  }
}

/** A version that holds a row. */
export type LiveVersion = Version & { readonly row: Row };

/** The version of a chain that `view` sees; null when it sees none or a deleted row. */
export function visibleVersion(head: Version | undefined, view: ReadView): LiveVersion | null {
  let version: Version | null = head ?? null;
  while (version !== null) {
    const { writer } = version;
    if (writer === view.owner ? version.command < view.command : writer.offset < view.snapshot) {
      return version.row === null ? null : (version as LiveVersion);
    }
    version = version.previous;
  }
  return null;
}
