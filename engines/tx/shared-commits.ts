import type { Verdict } from '#log/transactions/certifier.js';
import { CATALOG_TABLES } from '#schemas/catalog/system-tables.js';
import type { ReadRange } from '#schemas/events/event.js';
import type { Offset } from '#schemas/kernel/brand.js';
import type { EngineTransaction } from './engine-transaction.js';

/** What a commit needs where several engines write one log. */
export interface SharedCommits {
  /** On this engine's commit record at `offset`, which was just met in the log. */
  verdictAt(offset: Offset): Verdict;
  /** Null when every sequence value handed out is reserved; rejects when a reservation was refused. */
  whenReserved(): Promise<void> | null;
}

const ALL_KEYS = '\u00ff'.repeat(9);
const DEFINITIONS: readonly ReadRange[] = CATALOG_TABLES.map(({ shape }) => ({
  object: shape.id,
  from: '',
  to: ALL_KEYS,
}));

const NO_READS: readonly ReadRange[] = [];

/** The snapshot that a commit is judged by. Row locks put this engine's writers in order, whatever they saw; with others, all counts that came since it began to lock and write. */
export function snapshotOf({ view, since, guards }: EngineTransaction): Offset {
  return guards === null || since === null ? view.snapshot : since;
}

/** What a commit says that it has read. Every statement has read the catalog, too: where another engine has defined tables anew before the commit, that is refused. */
export function readsOf({ reads, guards }: EngineTransaction): readonly ReadRange[] {
  if (guards === null) return reads ?? NO_READS;
  return [...(reads ?? NO_READS), ...guards, ...DEFINITIONS];
}
