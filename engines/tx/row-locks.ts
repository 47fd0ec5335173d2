import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { LockWaiter, RowLock, Version, Writer } from '../rows/version.js';
import type { RowLockStrength, SessionControl, WaitPolicy } from './transaction.js';
import type { WaitGraph } from './wait-graph.js';

export const STRENGTHS: Readonly<Record<RowLockStrength, number>> = { 'key-share': 0, share: 1, 'no-key-update': 2, update: 3 };

/** Rows: held; columns: asked for. PostgreSQL's table of row-level locks (13.3.2). */
const CONFLICTS: ReadonlyArray<readonly [boolean, boolean, boolean, boolean]> = [
  [false, false, false, true],
  [false, false, true, true],
  [false, true, true, true],
  [true, true, true, true],
];

/** Everything one transaction holds on rows; released together. */
export interface LockOwner extends Writer {
  readonly locks: Array<{ readonly lock: RowLock; readonly version: Version }>;
}

function conflicting(lock: RowLock, owner: Writer, strength: number): Writer | null {
  for (const holder of lock.holders) {
    if (holder.owner !== owner && (CONFLICTS[holder.strength] as readonly boolean[])[strength] === true) return holder.owner;
  }
  return null;
}

/**
 * Takes a row lock on the newest version of a chain at once, if nobody stands in the way. Waiters before us are not overtaken, unless we hold the row already.
 * Answers with whom to wait for.
 */
export function tryLock(head: Version, owner: LockOwner, strength: number): Writer | null {
  const { lock } = head;
  if (lock === null) {
    const fresh: RowLock = { holders: [{ owner, strength }], queue: [] };
    head.lock = fresh;
    owner.locks.push({ lock: fresh, version: head });
    return null;
  }
  const mine = lock.holders.find((holder) => holder.owner === owner);
  const other = conflicting(lock, owner, strength);
  if (other !== null) return other;
  if (mine !== undefined) {
    if (mine.strength < strength) mine.strength = strength;
    return null;
  }
  const before = lock.queue.find((waiter) => (CONFLICTS[waiter.strength] as readonly boolean[])[strength] === true && waiter.owner !== owner);
  if (before !== undefined && lock.holders.length > 0) return before.owner;
  lock.holders.push({ owner, strength });
  owner.locks.push({ lock, version: head });
  return null;
}

/** Lets go of all rows of a transaction and wakes those whose turn it is, in the order in which they came. */
export function releaseLocks(owner: LockOwner): void {
  const { locks } = owner;
  for (let i = 0; i < locks.length; i++) {
    const { lock, version } = locks[i] as LockOwner['locks'][number];
    const at = lock.holders.findIndex((holder) => holder.owner === owner);
    if (at >= 0) lock.holders.splice(at, 1);
    if (lock.holders.length === 0 && lock.queue.length === 0) {
      // Versions on top of this one share the lock; they let go of it when they are touched next.
      if (version.lock === lock) version.lock = null;
      continue;
    }
    wakeNext(lock);
  }
  locks.length = 0;
}

function wakeNext(lock: RowLock): void {
  // The first waiter, and with it those behind that may share the row with it.
  const first = lock.queue.shift();
  if (first === undefined) return;
  first.wake();
  while (lock.queue.length > 0) {
    const next = lock.queue[0] as LockWaiter;
    if ((CONFLICTS[first.strength] as readonly boolean[])[next.strength] === true) return;
    lock.queue.shift();
    next.wake();
  }
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
  if (policy === 'nowait') throw new SqlError('lock_not_available', `could not obtain lock on row in relation "${relation}"`);
  return false;
}

/**
 * Waits in a row's queue until woken. Rejects with 40P01 when the wait would close a circle, 55P03 after lock_timeout, or with the interrupt. The caller tries again when it resolves.
 */
export function waitInQueue(lock: RowLock, owner: Writer, holder: Writer, strength: number, surroundings: WaitSurroundings): Promise<void> {
  return waitFor(owner, holder, surroundings, (wake) => {
    const waiter: LockWaiter = { owner, strength, wake };
    lock.queue.push(waiter);
    return () => {
      const at = lock.queue.indexOf(waiter);
      if (at >= 0) lock.queue.splice(at, 1);
      else if (lock.holders.length === 0) wakeNext(lock);
    };
  });
}

/** The common part of every wait for another transaction. `join` queues the wake-up and returns what leaves the queue again. */
export function waitFor(owner: Writer, holder: Writer, { control, graph, after }: WaitSurroundings, join: (wake: () => void) => () => void): Promise<void> {
  if (control.interrupted !== null) return Promise.reject(control.interrupted);
  const circle = graph.wait(owner, holder);
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
    const cancelTimer = control.lockTimeoutMs > 0 ? after(control.lockTimeoutMs, () => fail(new SqlError('lock_not_available', 'canceling statement due to lock timeout'))) : null;
  });
}
