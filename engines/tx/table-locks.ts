import type { ObjectId } from '#schemas/kernel/brand.js';
import type { Writer } from '../rows/version.js';
import { hasEnded, type WaitSurroundings, waitFor } from './row-locks.js';
import type { TableLockMode } from './transaction.js';

const MODES: readonly TableLockMode[] = [
  'access-share',
  'row-share',
  'row-exclusive',
  'share-update-exclusive',
  'share',
  'share-row-exclusive',
  'exclusive',
  'access-exclusive',
];

/** For each mode the set of modes it conflicts with, as bits: PostgreSQL's table of lock modes (13.3.1). */
const CONFLICTS: readonly number[] = [
  0b1000_0000, 0b1100_0000, 0b1111_0000, 0b1111_1000, 0b1110_1100, 0b1111_1100, 0b1111_1110, 0b1111_1111,
];

interface TableLock {
  /** Holders of each mode. */
  readonly counts: number[];
  /** Modes that somebody holds, as bits: the usual acquisition looks at this alone. */
  present: number;
  /** In the order in which they came. */
  readonly waiters: TableLockWaiter[];
}

interface TableLockWaiter {
  readonly owner: TableLockOwner;
  readonly mode: number;
  readonly wake: () => void;
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

  /** Takes the lock if nobody stands in the way. */
  tryAcquire(owner: TableLockOwner, table: ObjectId, mode: TableLockMode): boolean {
    const number = MODES.indexOf(mode);
    const held = owner.tableLocks;
    let known = false;
    for (let i = 0; i < held.length; i++) {
      const lock = held[i] as HeldTableLock;
      if (lock.table !== table) continue;
      if (lock.mode === number) return true;
      known = true;
    }
    const lock = this.#lock(table);
    const conflicts = CONFLICTS[number] as number;
    if ((lock.present & conflicts) !== 0 && this.#holders(owner, table, conflicts).length > 0) return false;
    // Those who wait for something stronger are not overtaken, or they would wait for ever; but whoever holds the table already is one of those they wait for.
    if (lock.waiters.length > 0 && !known && lock.waiters.some((waiter) => (conflicts & (1 << waiter.mode)) !== 0))
      return false;
    this.#take(owner, lock, table, number);
    return true;
  }

  /** Waits for what `tryAcquire` did not get. */
  acquire(owner: TableLockOwner, table: ObjectId, mode: TableLockMode, surroundings: WaitSurroundings): Promise<void> {
    const number = MODES.indexOf(mode);
    const lock = this.#lock(table);
    const place = placeInQueue(lock, owner, table);
    return waitFor(
      owner,
      () => this.#blockers(owner, lock, table, number, place),
      surroundings,
      (wake) => {
        const waiter: TableLockWaiter = { owner, mode: number, wake };
        lock.waiters.splice(place, 0, waiter);
        return () => {
          const at = lock.waiters.indexOf(waiter);
          if (at < 0) return;
          lock.waiters.splice(at, 1);
          this.#handOn(lock, table);
        };
      },
    );
  }

  #lock(table: ObjectId): TableLock {
    let lock = this.#locks.get(table);
    if (lock === undefined) {
      lock = { counts: [0, 0, 0, 0, 0, 0, 0, 0], present: 0, waiters: [] };
      this.#locks.set(table, lock);
    }
    return lock;
  }

  /** Who holds a conflicting mode, or waits for one before us. `place`: where we shall stand, as long as we do not yet. */
  #blockers(
    owner: TableLockOwner,
    lock: TableLock,
    table: ObjectId,
    mode: number,
    place: number,
  ): readonly TableLockOwner[] {
    const conflicts = CONFLICTS[mode] as number;
    const found = this.#holders(owner, table, conflicts);
    const isQueued = lock.waiters.some((waiter) => waiter.owner === owner);
    for (const [i, waiter] of lock.waiters.entries()) {
      if (isQueued ? waiter.owner === owner : i === place) break;
      if ((conflicts & (1 << waiter.mode)) !== 0) found.push(waiter.owner);
    }
    return found;
  }

  /** Those at the front of the queue whom nobody stops hold the lock from now on. */
  #handOn(lock: TableLock, table: ObjectId): void {
    while (lock.waiters.length > 0) {
      const { owner, mode, wake } = lock.waiters[0] as TableLockWaiter;
      if (!hasEnded(owner) && this.#holders(owner, table, CONFLICTS[mode] as number).length > 0) return;
      lock.waiters.shift();
      if (!hasEnded(owner)) this.#take(owner, lock, table, mode);
      wake();
    }
  }

  #take(owner: TableLockOwner, lock: TableLock, table: ObjectId, mode: number): void {
    lock.counts[mode] = (lock.counts[mode] as number) + 1;
    lock.present |= 1 << mode;
    owner.tableLocks.push({ table, mode });
  }

  /** All others who hold a conflicting mode. */
  #holders(owner: TableLockOwner, table: ObjectId, conflicts: number): TableLockOwner[] {
    const found: TableLockOwner[] = [];
    for (const other of this.#owners()) {
      if (
        other !== owner &&
        other.tableLocks.some((held) => held.table === table && (conflicts & (1 << held.mode)) !== 0)
      )
        found.push(other);
    }
    return found;
  }

  /** Lets go of everything that was taken since `owner` held `from` locks. */
  release(owner: TableLockOwner, from = 0): void {
    const held = owner.tableLocks;
    let awaited: ObjectId[] | null = null;
    for (let i = from; i < held.length; i++) {
      const { table, mode } = held[i] as HeldTableLock;
      const lock = this.#locks.get(table) as TableLock;
      const left = (lock.counts[mode] as number) - 1;
      lock.counts[mode] = left;
      if (left === 0) lock.present &= ~(1 << mode);
      if (lock.waiters.length > 0) (awaited ??= []).push(table);
    }
    held.length = from;
    if (awaited !== null) for (const table of awaited) this.#handOn(this.#lock(table), table);
  }
}

/** At the end; but who holds the table in some mode stands before those whom that keeps waiting, as in PostgreSQL, or each would wait for the other. */
function placeInQueue({ waiters }: TableLock, { tableLocks }: TableLockOwner, table: ObjectId): number {
  let held = 0;
  for (const lock of tableLocks) if (lock.table === table) held |= 1 << lock.mode;
  const at = waiters.findIndex(({ mode }) => ((CONFLICTS[mode] as number) & held) !== 0);
  return at < 0 ? waiters.length : at;
}
