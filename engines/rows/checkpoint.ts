import type { DeciderState } from '#log/transactions/decider.js';
import type { Term } from '#log/transactions/leases.js';
import type { ObjectId, Offset, ServerId, VersionId } from '#schemas/kernel/brand.js';
import type { IndexShape } from './shape.js';
import { StoreDamaged } from './store-damage.js';

/** What the store on disk says of itself. Written behind everything that it speaks of. */
export interface Checkpoint {
  /** The disk holds the rows as they were when everything below this offset was decided. */
  readonly offset: Offset;
  /** Where folding goes on: `offset`, or the first record of a transaction that was still being appended then. */
  readonly replayFrom: Offset;
  /** Digest of the record before `offset`, by which the log is known again; null when there is none. */
  readonly lastRecord: string | null;
  /** The terms of servers in force at `offset`. */
  readonly terms: ReadonlyArray<readonly [ServerId, Term]>;
  /** The newest version id that the engine knew of. */
  readonly lastVersion: VersionId | null;
  /** How verdicts go on, where other servers may be at work, too; null where this one had the log alone. */
  readonly decider: DeciderState | null;
  readonly tables: readonly TableCheckpoint[];
}

export interface TableCheckpoint {
  readonly id: ObjectId;
  readonly live: number;
  /** What one row takes in memory, about. */
  readonly rowBytes: number;
  /** Indexes whose entries are on disk, as `indexFingerprint` describes them. */
  readonly indexes: readonly string[];
}

/** Counts up when the layout on disk changes: another number's store is rebuilt from the log. */
const FORMAT = 2;

export function printCheckpoint(checkpoint: Checkpoint): Buffer {
  return Buffer.from(JSON.stringify({ format: FORMAT, ...checkpoint }));
}

/** Null when the bytes are of another format. Throws StoreDamaged when they are no checkpoint at all. */
export function parseCheckpoint(bytes: Buffer): Checkpoint | null {
  let parsed: Checkpoint & { readonly format: number };
  try {
    parsed = JSON.parse(bytes.toString('utf8')) as typeof parsed;
  } catch (error) {
    throw new StoreDamaged('the checkpoint of the row store cannot be read', { cause: error });
  }
  return parsed.format === FORMAT ? parsed : null;
}

/**
 * Says what an index's entries are made of; equal fingerprints, equal entries. Null for indexes over expressions or of a part of the rows: functions cannot be compared, so
 * their entries are never kept on disk.
 */
export function indexFingerprint(index: IndexShape): string | null {
  if (index.predicate !== null || index.columns.some((column) => column.evaluate !== null)) return null;
  const columns = index.columns.map((c) => [c.slot, c.type, c.descending, c.nullsFirst]);
  return JSON.stringify([index.id, index.name, index.unique, columns]);
}
