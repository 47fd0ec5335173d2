import type { VersionId } from '#schemas/kernel/brand.js';
import type { TableData } from '../rows/table-data.js';
import type { RowLock, Version } from '../rows/version.js';
import { PENDING } from '../rows/version.js';
import type { LockOwner } from './row-locks.js';
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
  readonly locks: Array<{ readonly lock: RowLock; readonly version: Version }> = [];
  readonly tableLocks: HeldTableLock[] = [];
  readonly writes: Write[] = [];
  /** UUIDv7, minted with the first write. */
  id: VersionId | null = null;
  /** Others that wait for this transaction to end, in order (unique keys). */
  waiters: Array<() => void> | null = null;
  /** The last transaction not yet durable on whose versions this one stands. */
  dependsOn: Unit | null = null;
  /** Set when the commit of a transaction on which this one stands has failed. */
  doomed = false;

  /** Notes that this transaction has seen versions of `other`. */
  standOn(other: unknown): void {
    if (other instanceof Unit && other !== this && other.appended && other.offset === PENDING) this.dependsOn = other;
  }
}
