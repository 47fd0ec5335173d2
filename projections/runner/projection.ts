import type { DeciderState } from '#log/transactions/decider.js';
import type { RowVersion } from '#schemas/events/event.js';
import type { ObjectId, Offset, ServerId, VersionId } from '#schemas/kernel/brand.js';

/** An event with the bytes that it stands in the log as: who keeps all versions keeps those. */
export interface SourcedVersion extends RowVersion {
  readonly source: Uint8Array;
}

/** A transaction that has committed. */
export interface CommittedTransaction {
  readonly transaction: VersionId;
  readonly server: ServerId;
  /** Of its commit record: a snapshot above it sees the transaction. */
  readonly offset: Offset;
  /** Microseconds since 1970; see RowVersion. */
  readonly timestamp: number;
  /** In their order. May be gone through more than once while `apply` runs. */
  readonly events: Iterable<SourcedVersion>;
  /** System tables that it writes; null when there is none. */
  readonly definitions: ReadonlySet<ObjectId> | null;
}

/** What a projection keeps with its data so that it can go on from there. Plain JSON. */
export interface Checkpoint {
  readonly decider: DeciderState;
  /** Digest of the record before the decider's offset, by which the log is known again; null when there is none. */
  readonly lastRecord: string | null;
}

/** The data of a fold of the log, and a checkpoint that is written with it or not at all. The runner feeds it. */
export interface Projection {
  readonly name: string;
  /** Where its data stands; null when it has none. Throws ProjectionDamaged. */
  checkpoint(): Checkpoint | null;
  /** Takes what was committed since the last checkpoint, in log order, together with the new one: both are there after a crash, or neither. */
  apply(transactions: readonly CommittedTransaction[], checkpoint: Checkpoint): Promise<void>;
  /** Forgets everything, the checkpoint first. */
  drop(): Promise<void>;
  close(): Promise<void>;
}

/** A projection's own files are not as it wrote them: it is rebuilt from the log. */
export class ProjectionDamaged extends Error {
  override readonly name = 'ProjectionDamaged';
}
