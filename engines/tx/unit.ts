import type { VersionId } from '#schemas/kernel/brand.js';
import type { TableData } from '../rows/table-data.js';
import { type HeldRowLock, type LockOwner, PENDING, type Version } from '../rows/version.js';
import type { HeldTableLock, TableLockOwner } from './table-locks.js';

/** One write of a transaction, in order. */
export interface Write {
  readonly data: TableData;
  readonly version: Version;
}

/**
 * The identity of one transaction in the store: what its versions point to, what it holds, what it wrote.
 */
export class Unit implements LockOwner, TableLockOwner {
  offset = PENDING;
  appended = false;
  failed = false;
  /** Place of its commit among the appends of this engine; 0 before. */
  order = 0;
  readonly locks: HeldRowLock[] = [];
  readonly tableLocks: HeldTableLock[] = [];
  readonly writes: Write[] = [];
  /** UUIDv7, minted at commit. */
  id: VersionId | null = null;
  /** Others that wait for this transaction to end, in order (unique keys). */
  waiters: Array<() => void> | null = null;
  /**
   * Of the transactions not yet durable on whose versions this one stands, the one that was appended last: when one of them fails, those appended behind it and not
   * yet durable fail as well.
   */
  dependsOn: Unit | null = null;
  /** Rows that this transaction had locked or written when another engine's commit of them was met in the log, by their certified keys. Writing them, it would undo that. */
  forestalled: Set<string> | null = null;

  /** Notes that this transaction has seen versions of `other`. */
  standOn(other: object): void {
    if (!(other instanceof Unit) || other === this || !other.appended || other.offset !== PENDING) return;
    const { dependsOn } = this;
    if (dependsOn === null || (!dependsOn.failed && dependsOn.order < other.order)) this.dependsOn = other;
  }

  /** Wakes those who wait for the outcome of a write. */
  wakeWaiters(): void {
    const { waiters } = this;
    if (waiters === null) return;
    this.waiters = null;
    for (const wake of waiters) wake();
  }
}
