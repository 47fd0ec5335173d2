import type { ObjectId, Offset, ServerId, VersionId } from '../kernel/brand.js';
import type { SqlType } from '../values/type.js';
import type { Row } from '../values/value.js';

/** What the codec must know of one version of a table: enough to write its Avro schema and to place decoded fields in slots. */
export interface EventShape {
  readonly table: ObjectId;
  /** Database, schema and name as the Avro namespace and record name are formed from them. */
  readonly database: string;
  readonly schema: string;
  readonly name: string;
  /** Counts up with every change of the columns. */
  readonly schemaVersion: number;
  /** Live columns. A slot is never reused, so a decoded row keeps its meaning under any later version of the table. */
  readonly columns: readonly EventColumn[];
  /** One more than the highest slot: the length of a row. */
  readonly slots: number;
}

export interface EventColumn {
  readonly name: string;
  /** Earlier names: Avro aliases. */
  readonly formerNames: readonly string[];
  readonly type: SqlType;
  readonly slot: number;
}

/** Ids of objects that users make begin here, as in PostgreSQL. Tables below are system tables: what the log says of them says how the others are to be understood. */
export const FIRST_USER_OBJECT = 16_384;

export type Operation = 'insert' | 'update' | 'delete';
export type Consistency = 'strict' | 'monotonic' | 'bounded' | 'eventual';

/** One row's new state: the commonest record of the log. */
export interface RowVersion {
  readonly kind: 'row';
  readonly table: ObjectId;
  readonly schemaVersion: number;
  /** Encoded row key (schemas/values/key.ts), a binary string. Stands in the record's key, behind the table id. */
  readonly key: string;
  readonly version: VersionId;
  readonly previous: VersionId | null;
  readonly server: ServerId;
  readonly transaction: VersionId;
  /** 0-based place in its transaction. */
  readonly sequence: number;
  readonly op: Operation;
  /** By slot; null when op is delete. */
  readonly row: Row | null;
  readonly before: Row | null;
  /** Keys other than its own under which the row stands from now on: no other row may come to stand there meanwhile. */
  readonly claims: readonly Claim[];
  readonly consistency: Consistency;
  /** Commit timestamp: microseconds since 1970 UTC (a safe integer until the year 2255). */
  readonly timestamp: number;
  /** Bound on the clock's error, microseconds. */
  readonly uncertainty: number;
  /** Non-null on the transaction's last event: everything before it in the transaction commits with it. */
  readonly commit: Commit | null;
}

/** A place in a unique index, which a row takes. */
export interface Claim {
  readonly object: ObjectId;
  /** Encoded columns, and the row key where a null among them lets two rows be equal. A binary string. */
  readonly key: string;
}

export interface Commit {
  /** Lease epoch of the server when it wrote this; 0 for a server that holds no lease. */
  readonly epoch: number;
  /** One past the last offset whose effects the transaction saw. */
  readonly snapshot: Offset;
  /** Number of row events of the transaction. */
  readonly events: number;
  /** What a serializable transaction read; empty otherwise. */
  readonly reads: readonly ReadRange[];
}

/** A key range [from, to) of a table or index that was read; to = from + '\0' is a single key. Binary strings. */
export interface ReadRange {
  readonly object: ObjectId;
  readonly from: string;
  readonly to: string;
}

/** The commit of a transaction whose last row event was already sent without one. */
export interface CommitEvent {
  readonly kind: 'commit';
  readonly server: ServerId;
  readonly transaction: VersionId;
  readonly timestamp: number;
  readonly uncertainty: number;
  readonly commit: Commit;
}

/** Life of a server id. `epoch` counts the leases of that id; events of an older epoch behind a `fenced` or newer `taken` never happened. */
export interface ServerLease {
  readonly kind: 'lease';
  readonly action: 'taken' | 'renewed' | 'released' | 'fenced';
  readonly server: ServerId;
  readonly epoch: number;
  readonly holder: string;
  readonly timestamp: number;
}

export type LogEvent = RowVersion | CommitEvent | ServerLease;
