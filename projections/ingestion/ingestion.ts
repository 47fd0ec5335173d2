import { setImmediate as nextTurn } from 'node:timers/promises';
import { RELATIONS } from '#schemas/catalog/system-tables.js';
import { EventCodec, recordKey } from '#schemas/events/codec.js';
import { FIRST_USER_OBJECT, type RowVersion } from '#schemas/events/event.js';
import { type DigestColumn, type TableDigest, TableDigester } from '#schemas/events/table-digest.js';
import type { ObjectId, Offset } from '#schemas/kernel/brand.js';
import type { WantedColumn, WantedKeys } from '#schemas/link/history-frames.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { keyEncoder } from '#schemas/values/key.js';
import { DEFAULT_TEXT_CONTEXT, printText } from '#schemas/values/text-form.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { Row } from '#schemas/values/value.js';
import type { KnownSchemas } from '../runner/known-schemas.js';
import type { Checkpoint, CommittedTransaction, Projection } from '../runner/projection.js';
import { PastColumns } from './past-columns.js';
import { Periods } from './periods.js';
import { type KeptVersion, VersionStore } from './version-store.js';

/** One row as it was. */
export interface PastRow {
  readonly key: string;
  /** By slot; may be shorter than the table is wide now. */
  readonly row: Row;
}

/** Rows decoded before others get a turn. */
const ROWS_PER_BATCH = 1_000;

const relationKey = keyEncoder(RELATIONS.shape.key);

/** The ingestion tier: every version of every row, as of any moment that the log knows. */
export class Ingestion implements Projection {
  readonly name = 'ingestion';
  readonly #store: VersionStore;
  readonly #codec: EventCodec;
  readonly #schemas: KnownSchemas;
  #duplicates = 0;

  /** `schemas`: the runner's own, which knows the schema of whatever is kept. */
  constructor(folder: string, schemas: KnownSchemas, ids: { readonly commit: number; readonly lease: number }) {
    this.#store = new VersionStore(folder);
    this.#schemas = schemas;
    this.#codec = new EventCodec(schemas, ids.commit, ids.lease);
  }

  checkpoint(): Checkpoint | null {
    return this.#store.checkpoint();
  }

  apply(transactions: readonly CommittedTransaction[], checkpoint: Checkpoint): Promise<void> {
    return this.#store.commit(checkpoint, () => {
      for (const { events, offset } of transactions)
        for (const event of events) if (!this.#store.put(event, offset)) this.#duplicates++;
      this.#store.putTimes(transactions);
    });
  }

  /** Versions that came again under an id that was there, and were left out. */
  get duplicates(): number {
    return this.#duplicates;
  }

  get versions(): number {
    return this.#store.size;
  }

  /** The snapshot that sees everything committed until then, microseconds since 1970. */
  snapshotAt(micros: number): Offset {
    return this.#store.snapshotAt(micros);
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
    for (const batch of batches(this.#store.newest(table, snapshot))) {
      const rows: PastRow[] = [];
      for (const version of batch) {
        const { row } = this.#decode(table, version);
        if (row !== null) rows.push({ key: version.rowKey, row });
      }
      if (rows.length > 0) yield rows;
      await nextTurn();
    }
  }

  /**
   * What an engine reads of the past: the rows of a relation as of a moment, or with null all versions of them, each with its period; only the wanted columns. A relation that
   * was rewritten since is read under the id that its rows had then. Of `keys`' generation only the rows that they name.
   */
  async *history(
    relation: ObjectId,
    micros: number | null,
    wanted: readonly WantedColumn[],
    newest: Offset,
    keys: WantedKeys | null,
  ): AsyncIterable<readonly Row[]> {
    const columns = new PastColumns(wanted, this.#schemas);
    if (micros === null) {
      for (const [table, until] of this.#generations(relation, newest))
        yield* this.#versions(this.#allOf(table, keys), table, columns, newest, until);
      return;
    }
    this.#requireKept(micros);
    const snapshot = Math.min(this.#store.snapshotAt(micros), newest) as Offset;
    const table = this.generationAt(relation, snapshot);
    if (table === null) return;
    for (const batch of batches(this.#newestOf(table, snapshot, keys))) {
      const rows: Row[] = [];
      for (const version of batch) {
        const { row } = this.#decode(table, version);
        if (row !== null) rows.push(columns.fit(version.source, row));
      }
      if (rows.length > 0) yield rows;
      await nextTurn();
    }
  }

  #requireKept(micros: number): void {
    const { floor } = this.#store;
    if (micros >= floor) return;
    const since = printText(TYPES.timestamptz, BigInt(floor), DEFAULT_TEXT_CONTEXT);
    throw new SqlError('snapshot_too_old', `the past before ${since} is not kept any more`, {
      hint: 'The setting history-retention-hours says for how long it is; a rebuild of the projection brings back what the log has.',
    });
  }

  /** Forgets what only moments before `micros` can see. Answers with the number of versions dropped. */
  prune(micros: number): Promise<number> {
    const snapshot = this.#store.snapshotAt(micros);
    const there = this.#generationsAt(snapshot);
    return this.#store.prune(micros, snapshot, (table, version) => {
      const { version: id, row } = this.#decode(table, version);
      return { id, isThere: row !== null && (table < FIRST_USER_OBJECT || there.has(table)) };
    });
  }

  /** Ids under which rows stood then. */
  #generationsAt(snapshot: Offset): ReadonlySet<ObjectId> {
    const { id } = RELATIONS.shape;
    const found = new Set<ObjectId>();
    for (const version of this.#store.newest(id, snapshot)) {
      const { row } = this.#decode(id, version);
      const generation = row === null ? null : RELATIONS.fromRow(row).generation;
      if (generation !== null) found.add(generation);
    }
    return found;
  }

  /** All ids under which a relation's rows have stood, the oldest first, with the time when that ended; null = it has not. */
  #generations(relation: ObjectId, before: Offset): ReadonlyMap<ObjectId, bigint | null> {
    const { id } = RELATIONS.shape;
    const found = new Map<ObjectId, bigint | null>();
    let last: ObjectId | null = null;
    for (const version of this.#store.allOf(id, relationKey([relation]))) {
      if (version.offset >= before) break;
      const { row, timestamp } = this.#decode(id, version);
      const generation = row === null ? null : RELATIONS.fromRow(row).generation;
      if (last !== null && generation !== last) found.set(last, BigInt(timestamp));
      if (generation !== null && generation !== last) found.set(generation, null);
      last = generation;
    }
    return found;
  }

  /** Each row's newest version that the snapshot sees. */
  *#newestOf(table: ObjectId, snapshot: Offset, keys: WantedKeys | null): Iterable<KeptVersion> {
    if (keys?.[0] !== table) yield* this.#store.newest(table, snapshot);
    else
      for (const rowKey of keys[1]) {
        const found = this.#store.get(table, rowKey, snapshot);
        if (found !== null) yield found;
      }
  }

  *#allOf(table: ObjectId, keys: WantedKeys | null): Iterable<KeptVersion> {
    if (keys?.[0] !== table) yield* this.#store.all(table);
    else for (const rowKey of keys[1]) yield* this.#store.allOf(table, rowKey);
  }

  async *#versions(
    all: Iterable<KeptVersion>,
    table: ObjectId,
    columns: PastColumns,
    before: Offset,
    tableUntil: bigint | null,
  ): AsyncIterable<readonly Row[]> {
    const periods = new Periods(tableUntil);
    for (const batch of batches(all)) {
      for (const version of batch) {
        if (version.offset >= before) continue;
        const event = this.#decode(table, version);
        periods.take(version.rowKey, event, event.row === null ? null : columns.fit(version.source, event.row));
      }
      const rows = periods.ready();
      if (rows.length > 0) yield rows;
      await nextTurn();
    }
    const rest = periods.finish();
    if (rest.length > 0) yield rest;
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

function* batches(versions: Iterable<KeptVersion>): Iterable<readonly KeptVersion[]> {
  let batch: KeptVersion[] = [];
  for (const version of versions) {
    batch.push(version);
    if (batch.length < ROWS_PER_BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
