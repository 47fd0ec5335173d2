import { CATALOG_READ } from '#log/transactions/certified-keys.js';
import { certifiedKey, type Verdict } from '#log/transactions/certifier.js';
import type { ReadRange } from '#schemas/events/event.js';
import type { ObjectId, Offset } from '#schemas/kernel/brand.js';
import type { KeyRange } from '../rows/reading.js';
import { definesTables, newClaims } from './commit-record.js';
import type { EngineTransaction } from './engine-transaction.js';
import type { TransactionManagerOptions } from './transaction-manager-options.js';
import type { Write } from './unit.js';

/** Behind every offset there is. */
export const NOT_YET = Number.MAX_SAFE_INTEGER as Offset;

/** What a commit needs where several engines write one log. */
export interface SharedCommits {
  /** On this engine's commit record at `offset`, which was just met in the log. */
  verdictAt(offset: Offset): Verdict;
  /** Null when every sequence value handed out is reserved; rejects when a reservation was refused. */
  whenReserved(): Promise<void> | null;
}

const NO_READS: readonly ReadRange[] = [];

/** The snapshot that a commit is judged by. Row locks put this engine's writers in order, whatever they saw; with others, all counts that came since it began to lock and write. */
export function snapshotOf({ view, since, guards, judgedFrom }: EngineTransaction): Offset {
  if (judgedFrom !== null) return judgedFrom;
  return guards === null || since === null ? view.snapshot : since;
}

/**
 * Has another engine's commit that this one has met come in the way of a transaction that is to be appended? If none has, the transaction is judged by what this engine has met so
 * far: what comes behind that can still come in its way. Judged by its first snapshot it would also be refused for a row that it has waited for and read anew.
 *
 * A row counts from the moment when it was locked or inserted, because the follower says what comes behind that; places in unique indexes and reads count from the first snapshot.
 */
export function isForestalled(
  transaction: EngineTransaction,
  writes: readonly Write[],
  { certifier, server, epoch }: Pick<TransactionManagerOptions, 'certifier' | 'server' | 'epoch'>,
  met: Offset,
): boolean {
  const { forestalled } = transaction.unit;
  if (forestalled !== null && writes.some(({ data, version }) => forestalled.has(certifiedKey(data.id, version.key))))
    return true;
  // Whoever defines tables writes more keys than its rows'.
  if (writes.some(definesTables)) return false;
  const claims = writes.flatMap(newClaims);
  const snapshot = snapshotOf(transaction);
  const reads = readsOf(transaction);
  if (certifier.judge({ offset: NOT_YET, snapshot, server, epoch, writes: claims, reads }).kind !== 'commit')
    return true;
  transaction.judgedFrom = met;
  return false;
}

/** What a commit says that it has read. Every statement has read the catalog, too: where another engine has defined tables anew before the commit, that is refused. */
export function readsOf({ reads, guards }: EngineTransaction): readonly ReadRange[] {
  if (guards === null) return reads ?? NO_READS;
  return [...(reads ?? NO_READS), ...guards, CATALOG_READ];
}

/** What a scan of a range of keys reads, as the certifier knows it. */
export function readOf(object: ObjectId, { from, to }: KeyRange): ReadRange {
  // '\u00ff' nine times stands behind every key: tags are at most three.
  return { object, from: from ?? '', to: to ?? '\u00ff'.repeat(9) };
}
