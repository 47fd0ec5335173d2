import { RELATIONS } from '#schemas/catalog/system-tables.js';
import { EventCodec, recordKey } from '#schemas/events/codec.js';
import type { RowVersion } from '#schemas/events/event.js';
import { type DigestColumn, type TableDigest, TableDigester } from '#schemas/events/table-digest.js';
import type { ObjectId, Offset } from '#schemas/kernel/brand.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { keyEncoder } from '#schemas/values/key.js';
import type { Row } from '#schemas/values/value.js';
import type { KnownSchemas } from '../runner/known-schemas.js';
import type { Checkpoint, CommittedTransaction, Projection } from '../runner/projection.js';
import { type KeptVersion, VersionStore } from './version-store.js';

/** A moment of the past. */
export type Moment =
  /** Microseconds since 1970: everything committed until then. */
  | { readonly micros: number }
  /** Everything committed below this offset. */
  | { readonly snapshot: Offset };

/** One row as it was. */
export interface PastRow {
  readonly key: string;
  /** By slot; may be shorter than the table is wide now. */
  readonly row: Row;
}

/** One version of a row. */
export interface PastVersion {
  readonly event: RowVersion;
  /** Of its commit. */
  readonly offset: Offset;
}

/** Rows decoded before others get a turn. */
const ROWS_PER_BATCH = 1_000;

const relationKey = keyEncoder(RELATIONS.shape.key);

/** The ingestion tier: every version of every row, as of any moment that the log knows. */
export class Ingestion implements Projection {
  readonly name = 'ingestion';
  readonly #store: VersionStore;
  readonly #codec: EventCodec;
  #duplicates = 0;

  /** `schemas`: the runner's own, which knows the schema of whatever is kept. */
  constructor(folder: string, schemas: KnownSchemas, ids: { readonly commit: number; readonly lease: number }) {
    this.#store = new VersionStore(folder);
    this.#codec = new EventCodec(schemas, ids.commit, ids.lease);
  }

  checkpoint(): Checkpoint | null {
    return this.#store.checkpoint();
  }

  apply(transactions: readonly CommittedTransaction[], checkpoint: Checkpoint): Promise<void> {
    return this.#store.commit(checkpoint, () => {
      for (const { events, offset, timestamp } of transactions) {
        for (const event of events) if (!this.#store.put(event, offset)) this.#duplicates++;
        this.#store.putTime(timestamp, offset);
      }
    });
  }

  /** Versions that came again under an id that was there, and were left out. */
  get duplicates(): number {
    return this.#duplicates;
  }

  get versions(): number {
    return this.#store.size;
  }

  snapshotAt(moment: Moment): Offset {
    return 'snapshot' in moment ? moment.snapshot : this.#store.snapshotAt(moment.micros);
  }

  /** Under which id the rows of a relation stood in the log then: rewriting a table gives it another one. Null when it was not there. */
  generationAt(relation: ObjectId, snapshot: Offset): ObjectId | null {
    const { id } = RELATIONS.shape;
    const found = this.#store.get(id, relationKey([relation]), snapshot);
    const row = found === null ? null : this.#decode(id, found).row;
    return row === null ? null : (RELATIONS.fromRow(row).generation ?? null);
  }

  /** The rows of a table as a snapshot sees them, in the order of their keys. */
  async *rowsAt(table: ObjectId, snapshot: Offset): AsyncIterable<readonly PastRow[]> {
    let batch: PastRow[] = [];
    for (const version of this.#store.newest(table, snapshot)) {
      const { row } = this.#decode(table, version);
      if (row === null) continue;
      batch.push({ key: version.rowKey, row });
      if (batch.length < ROWS_PER_BATCH) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  /** All versions of a table's rows that a snapshot knows: rows in the order of their keys, each oldest first. */
  async *versionsAt(table: ObjectId, snapshot: Offset): AsyncIterable<readonly PastVersion[]> {
    let batch: PastVersion[] = [];
    for (const version of this.#store.all(table)) {
      if (version.offset >= snapshot) continue;
      batch.push({ event: this.#decode(table, version), offset: version.offset });
      if (batch.length < ROWS_PER_BATCH) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  async digest(table: ObjectId, columns: readonly DigestColumn[], snapshot: Offset): Promise<TableDigest> {
    const digester = new TableDigester(table, columns);
    for await (const rows of this.rowsAt(table, snapshot)) for (const { key, row } of rows) digester.add(key, row);
    return digester.finish();
  }

  #decode(table: ObjectId, { rowKey, source }: KeptVersion): RowVersion {
    const event = this.#codec.decode(source, recordKey(table, rowKey));
    if (event.kind !== 'row') throw new SqlError('data_corrupted', 'a kept version is no version of a row');
    return event;
  }

  drop(): Promise<void> {
    return this.#store.drop();
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
