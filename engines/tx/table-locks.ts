import type { ObjectId } from '#schemas/kernel/brand.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Writer } from '../rows/version.js';
import { type WaitSurroundings, waitFor } from './row-locks.js';
import type { TableLockMode } from './transaction.js';

const MODES: readonly TableLockMode[] = ['access-share', 'row-share', 'row-exclusive', 'share-update-exclusive', 'share', 'share-row-exclusive', 'exclusive', 'access-exclusive'];

/** For each mode the set of modes it conflicts with, as bits: PostgreSQL's table of lock modes (13.3.1). */
const CONFLICTS: readonly number[] = [
  0b1000_0000,
  0b1100_0000,
  0b1111_0000,
  0b1111_1000,
  0b1110_1100,
  0b1111_1100,
  0b1111_1110,
  0b1111_1111,
];

interface TableLock {
  /** Holders of each mode. */
  readonly counts: number[];
  /** Modes that somebody holds, as bits: the usual acquisition looks at this alone. */
  present: number;
  readonly waiters: Array<() => void>;
}

/** A table lock that a transaction holds. */
export interface HeldTableLock {
  readonly table: ObjectId;
  readonly mode: number;
}

export interface TableLockOwner extends Writer {
  readonly tableLocks: HeldTableLock[];
}

/** Locks on whole tables: DDL against everything else. */
export class TableLocks {
  readonly #locks = new Map<ObjectId, TableLock>();
  /** Open transactions, to find out who holds what: asked only when somebody has to wait. */
  readonly #owners: () => Iterable<TableLockOwner>;

  constructor(owners: () => Iterable<TableLockOwner>) {
    this.#owners = owners;
  }

  /** Null when the lock was taken at once. */
  acquire(owner: TableLockOwner, table: ObjectId, mode: TableLockMode, nowait: boolean, surroundings: WaitSurroundings): Promise<void> | null {
    const number = MODES.indexOf(mode);
    const held = owner.tableLocks;
    for (let i = 0; i < held.length; i++) {
      const lock = held[i] as HeldTableLock;
      if (lock.table === table && lock.mode === number) return null;
    }
    let lock = this.#locks.get(table);
    if (lock === undefined) {
      lock = { counts: [0, 0, 0, 0, 0, 0, 0, 0], present: 0, waiters: [] };
      this.#locks.set(table, lock);
    }
    const conflicts = CONFLICTS[number] as number;
    if ((lock.present & conflicts) === 0 || this.#holder(owner, table, conflicts) === null) {
      this.#take(owner, lock, table, number);
      return null;
    }
    if (nowait) throw new SqlError('lock_not_available', 'could not obtain lock on relation');
    return this.#wait(owner, lock, table, number, surroundings);
  }

  async #wait(owner: TableLockOwner, lock: TableLock, table: ObjectId, mode: number, surroundings: WaitSurroundings): Promise<void> {
    for (;;) {
      const holder = this.#holder(owner, table, CONFLICTS[mode] as number);
      if (holder === null) break;
      await waitFor(owner, holder, surroundings, (wake) => {
        lock.waiters.push(wake);
        return () => {
          const at = lock.waiters.indexOf(wake);
          if (at >= 0) lock.waiters.splice(at, 1);
        };
      });
    }
    this.#take(owner, lock, table, mode);
  }

  #take(owner: TableLockOwner, lock: TableLock, table: ObjectId, mode: number): void {
    lock.counts[mode] = (lock.counts[mode] as number) + 1;
    lock.present |= 1 << mode;
    owner.tableLocks.push({ table, mode });
  }

  /** Somebody else who holds a conflicting mode. */
  #holder(owner: TableLockOwner, table: ObjectId, conflicts: number): TableLockOwner | null {
    for (const other of this.#owners()) {
      if (other !== owner && other.tableLocks.some((held) => held.table === table && (conflicts & (1 << held.mode)) !== 0)) return other;
    }
    return null;
  }

  release(owner: TableLockOwner, from = 0): void {
    const held = owner.tableLocks;
    for (let i = from; i < held.length; i++) {
      const { table, mode } = held[i] as HeldTableLock;
      const lock = this.#locks.get(table) as TableLock;
      const left = (lock.counts[mode] as number) - 1;
      lock.counts[mode] = left;
      if (left === 0) lock.present &= ~(1 << mode);
      if (lock.waiters.length > 0) for (const wake of lock.waiters.splice(0)) wake();
    }
    held.length = from;
  }
}
