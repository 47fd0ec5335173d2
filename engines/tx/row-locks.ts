import { SqlError } from '#schemas/sqlstate/sql-error.js';
import {
  type HeldRowLock,
  type LockHolder,
  type LockOwner,
  type LockWaiter,
  NOT_HELD,
  type RowLock,
  type Version,
  type Writer,
} from '../rows/version.js';
import type { RowLockStrength, SessionControl, WaitPolicy } from './transaction.js';
import type { Blockers, WaitGraph } from './wait-graph.js';

export const STRENGTHS: Readonly<Record<RowLockStrength, number>> = {
  'key-share': 0,
  share: 1,
  'no-key-update': 2,
  update: 3,
};

/** Rows: held; columns: asked for. PostgreSQL's table of row-level locks (13.3.2). */
const CONFLICTS: ReadonlyArray<readonly [boolean, boolean, boolean, boolean]> = [
  [false, false, false, true],
  [false, false, true, true],
  [false, true, true, true],
  [true, true, true, true],
];

function conflict(held: number, asked: number): boolean {
  return (CONFLICTS[held] as readonly boolean[])[asked] as boolean;
}

function holderAgainst(lock: RowLock, owner: LockOwner, strength: number): LockHolder | null {
  const { holders } = lock;
  for (let i = 0; i < holders.length; i++) {
    const holder = holders[i] as LockHolder;
    if (holder.owner !== owner && conflict(holder.strength, strength)) return holder;
  }
  return null;
}

/**
 * Takes a row lock on the newest version of a chain at once, if no holder stands in the way. Those who wait for a stronger one are overtaken, as in PostgreSQL: what is held together
 * with the present holders need not wait for whoever waits for them.
 */
export function tryLock(head: Version, owner: LockOwner, strength: number): boolean {
  const { lock } = head;
  if (lock === null) {
    const fresh: RowLock = { holders: [{ owner, strength }], queue: [] };
    head.lock = fresh;
    owner.locks.push({ lock: fresh, version: head, before: NOT_HELD });
    return true;
  }
  if (holderAgainst(lock, owner, strength) !== null) return false;
  const mine = lock.holders.find((holder) => holder.owner === owner);
  if (mine !== undefined) {
    strengthen(mine, owner, strength, lock, head);
    return true;
  }
  lock.holders.push({ owner, strength });
  owner.locks.push({ lock, version: head, before: NOT_HELD });
  return true;
}

/** Holds a row more strongly than before; a rollback to a savepoint takes that back. */
function strengthen(mine: LockHolder, owner: LockOwner, strength: number, lock: RowLock, version: Version): void {
  if (mine.strength >= strength) return;
  owner.locks.push({ lock, version, before: mine.strength });
  mine.strength = strength;
}

/** Lets go of the rows that a transaction has locked since it held `from` of them, and hands them to those whose turn it is, in the order in which they came. */
export function releaseLocks(owner: LockOwner, from = 0): void {
  const { locks } = owner;
  for (let i = from; i < locks.length; i++) {
    const { lock, version, before } = locks[i] as HeldRowLock;
    const at = lock.holders.findIndex((holder) => holder.owner === owner);
    if (at >= 0 && before !== NOT_HELD) {
      const mine = lock.holders[at] as LockHolder;
      mine.strength = Math.min(mine.strength, before);
    } else if (at >= 0) lock.holders.splice(at, 1);
    if (lock.queue.length > 0) handOn(lock);
    // Versions on top of this one share the lock; they let go of it when they are decided.
    if (lock.holders.length === 0 && version.lock === lock) version.lock = null;
  }
  locks.length = from;
}

/** Those at the front of the queue whom nobody stops hold the lock from now on: nobody can slip in before they wake. */
function handOn(lock: RowLock): void {
  while (lock.queue.length > 0) {
    const { owner, strength, version, wake } = lock.queue[0] as LockWaiter;
    const ended = hasEnded(owner);
    if (!ended && holderAgainst(lock, owner, strength) !== null) return;
    lock.queue.shift();
    if (ended) {
      wake();
      continue;
    }
    const mine = lock.holders.find((holder) => holder.owner === owner);
    if (mine !== undefined) strengthen(mine, owner, strength, lock, version);
    else {
      lock.holders.push({ owner, strength });
      owner.locks.push({ lock, version, before: NOT_HELD });
    }
    wake();
  }
}

/** A transaction that has ended gets nothing any more, even if nobody has told those who wait on its behalf. */
export function hasEnded(owner: Writer): boolean {
  return owner.appended || owner.failed;
}

/** Waiters that make a crowd. Between fewer everybody waits in turn, as in PostgreSQL. */
const CROWD = 2;

/** Do so many wait for the row already that one more would wait long? */
export function isCrowded(lock: RowLock): boolean {
  return lock.queue.length >= CROWD;
}

/** Sends away those who can do their work later, instead of one after the other; but nobody from a row that is being deleted: he would come back at once. */
export function disperse(lock: RowLock): void {
  const { queue } = lock;
  for (let i = queue.length - 1; i >= 0; i--) {
    const waiter = queue[i] as LockWaiter;
    if (!waiter.mayDisperse || holderAgainst(lock, waiter.owner, STRENGTHS['key-share']) !== null) continue;
    queue.splice(i, 1);
    waiter.dispersed = true;
    waiter.wake();
  }
  if (queue.length > 0) handOn(lock);
}

/** How a lock wait is bounded and where it is seen. */
export interface WaitSurroundings {
  readonly control: SessionControl;
  readonly graph: WaitGraph;
  readonly after: (ms: number, run: () => void) => () => void;
}

/** Refuses at once what may not wait. Answers true when the row is to be skipped. */
export function mayNotWait(policy: WaitPolicy, relation: string): boolean {
  if (policy === 'skip-locked') return true;
  if (policy === 'nowait')
    throw new SqlError('lock_not_available', `could not obtain lock on row in relation "${relation}"`);
  return false;
}

/**
 * Waits in the queue of a lock until it was handed to us. Rejects with 40P01 when the wait would close a circle, 55P03 after lock_timeout, or with the interrupt. The row may be another
 * when it resolves. Answers false when the crowd was dispersed before.
 */
export async function waitInQueue(
  lock: RowLock,
  version: Version,
  owner: LockOwner,
  strength: number,
  mayDisperse: boolean,
  surroundings: WaitSurroundings,
): Promise<boolean> {
  let waiter: LockWaiter | null = null;
  const place = placeInQueue(lock, owner);
  const blockers = (): readonly object[] => {
    const found: object[] = [];
    for (const holder of lock.holders)
      if (holder.owner !== owner && conflict(holder.strength, strength)) found.push(holder.owner);
    for (const [i, other] of lock.queue.entries()) {
      if (waiter === null ? i === place : other === waiter) break;
      if (other.owner !== owner && conflict(other.strength, strength)) found.push(other.owner);
    }
    return found;
  };
  await waitFor(owner, blockers, surroundings, (wake) => {
    const joined: LockWaiter = { owner, strength, version, wake, mayDisperse, dispersed: false };
    waiter = joined;
    lock.queue.splice(place, 0, joined);
    return () => {
      const at = lock.queue.indexOf(joined);
      if (at < 0) return;
      lock.queue.splice(at, 1);
      // Those behind may have waited for nobody but us.
      if (lock.queue.length > 0) handOn(lock);
    };
  });
  return !(waiter as LockWaiter | null)?.dispersed;
}

/** At the end; but who holds the row already stands before those who wait for him, or each would wait for the other. */
function placeInQueue({ holders, queue }: RowLock, owner: LockOwner): number {
  const mine = holders.find((holder) => holder.owner === owner);
  const at = mine === undefined ? -1 : queue.findIndex((waiter) => conflict(mine.strength, waiter.strength));
  return at < 0 ? queue.length : at;
}

/** The common part of every wait for other transactions. `join` queues the wake-up and returns what leaves the queue again. */
export function waitFor(
  owner: object,
  blockers: Blockers,
  { control, graph, after }: WaitSurroundings,
  join: (wake: () => void) => () => void,
): Promise<void> {
  if (control.interrupted !== null) return Promise.reject(control.interrupted);
  const circle = graph.wait(owner, blockers);
  if (circle !== null) return Promise.reject(circle);
  return new Promise((resolve, reject) => {
    let settled = false;
    const settle = (): boolean => {
      if (settled) return false;
      settled = true;
      graph.done(owner);
      cancelTimer?.();
      forget();
      return true;
    };
    const leave = join(() => {
      if (settle()) resolve();
    });
    const fail = (error: Error): void => {
      if (!settle()) return;
      leave();
      reject(error);
    };
    const forget = control.onInterrupt(fail);
    const cancelTimer =
      control.lockTimeoutMs > 0
        ? after(control.lockTimeoutMs, () =>
            fail(new SqlError('lock_not_available', 'canceling statement due to lock timeout')),
          )
        : null;
  });
}
