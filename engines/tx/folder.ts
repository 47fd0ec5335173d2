import { Assembler, type AssembledTransaction } from '#log/transactions/assembler.js';
import { type Certifier, certifiedKey } from '#log/transactions/certifier.js';
import type { ChangeLog, StoredRecord } from '#log/change-log.js';
import type { EventCodec } from '#schemas/events/codec.js';
import { readSchemaId } from '#schemas/events/wire-format.js';
import type { ObjectId, Offset, Partition, VersionId } from '#schemas/kernel/brand.js';
import type { TableShape } from '../rows/shape.js';
import type { Store } from '../rows/store.js';
import type { TableData } from '../rows/table-data.js';
import { settledAt, Version, type Writer } from '../rows/version.js';

/** Shapes of tables as of the place in the log that the fold has reached. */
export interface ShapeSource {
  /** Null for a table that no longer exists here: its rows are passed over. */
  shapeOf(table: ObjectId): TableShape | null;
  /** The transaction wrote system tables: shapes may be others now. Called after its rows are in the store. */
  systemRowsChanged(tables: ReadonlySet<ObjectId>): void;
}

/** Ids below this belong to system tables. */
export const FIRST_USER_OBJECT = 16_384;

/** What a fold has seen besides rows: where this engine must continue. */
export interface FoldState {
  /** One past the last record folded. */
  next: Offset;
  events: number;
  /** The newest version id: ids minted later must be greater. */
  lastVersion: VersionId | null;
  readonly assembler: Assembler;
}

/**
 * Folds the log into the store: records to transactions, transactions to verdicts, commits to rows. Deterministic (I3): the state depends on the records alone.
 */
export class Folder {
  readonly state: FoldState = { next: 0 as Offset, events: 0, lastVersion: null, assembler: new Assembler() };
  readonly #store: Store;
  readonly #codec: EventCodec;
  readonly #certifier: Certifier;
  readonly #shapes: ShapeSource;
  #lastTable: TableData | null = null;

  constructor(store: Store, codec: EventCodec, certifier: Certifier, shapes: ShapeSource) {
    this.#store = store;
    this.#codec = codec;
    this.#certifier = certifier;
    this.#shapes = shapes;
  }

  /** Folds [from, end of the log). */
  async replay(log: ChangeLog, partition: Partition, from: Offset): Promise<void> {
    const end = await log.end(partition);
    this.state.next = from;
    for await (const batch of log.read(partition, from, end)) {
      if (this.#fetchSchemas !== null) await this.#fetchSchemas(this.#unknownIds(batch));
      this.fold(batch);
    }
    this.state.next = Math.max(this.state.next, end) as Offset;
  }

  #fetchSchemas: ((ids: Iterable<number>) => Promise<void>) | null = null;
  readonly #seenIds = new Set<number>();

  /** With a foreign registry the schemas of a batch are fetched before it is folded, because folding does not wait. */
  resolveSchemas(fetch: (ids: Iterable<number>) => Promise<void>): void {
    this.#fetchSchemas = fetch;
  }

  #unknownIds(batch: readonly StoredRecord[]): number[] {
    const fresh: number[] = [];
    for (const { value } of batch) {
      const id = readSchemaId(value);
      if (this.#seenIds.has(id)) continue;
      this.#seenIds.add(id);
      fresh.push(id);
    }
    return fresh;
  }

  fold(batch: readonly StoredRecord[]): void {
    const { state } = this;
    for (let i = 0; i < batch.length; i++) {
      const record = batch[i] as StoredRecord;
      const event = this.#codec.decode(record.value, record.key);
      state.events++;
      if (event.kind === 'row' && (state.lastVersion === null || event.version > state.lastVersion)) state.lastVersion = event.version;
      const transaction = state.assembler.take(record.offset, event);
      if (transaction !== null) this.#decide(transaction);
      state.next = (record.offset + 1) as Offset;
    }
  }

  #decide(transaction: AssembledTransaction): void {
    const { events, offset, server, epoch, commit } = transaction;
    const writes: string[] = [];
    for (const event of events) writes.push(certifiedKey(event.table, event.key));
    const verdict = this.#certifier.decide({ offset, snapshot: commit.snapshot, server, epoch, writes, reads: commit.reads });
    if (verdict.kind !== 'commit') return;
    const writer = settledAt(offset);
    let system: Set<ObjectId> | null = null;
    for (const event of events) {
      const data = this.#table(event.table);
      if (data === null) continue;
      this.#apply(data, event.key, event.version, event.row, writer);
      if (event.table < FIRST_USER_OBJECT) (system ??= new Set()).add(event.table);
    }
    if (system !== null) {
      this.#shapes.systemRowsChanged(system);
      this.#lastTable = null;
    }
  }

  #table(id: ObjectId): TableData | null {
    if (this.#lastTable?.id === id) return this.#lastTable;
    const shape = this.#shapes.shapeOf(id);
    if (shape === null) return null;
    const data = this.#store.table(shape);
    data.reshape(shape);
    this.#lastTable = data;
    return data;
  }

  /** Nobody reads yet, so the older version goes at once. */
  #apply(data: TableData, key: string, id: VersionId, row: Version['row'], writer: Writer): void {
    const before = data.rows.get(key);
    const wasLive = before !== undefined && before.row !== null;
    const version = new Version(key, id, row, writer, 0, before ?? null, true);
    if (row === null && before === undefined) return;
    data.link(version);
    data.cut(version);
    if (row !== null && !wasLive) data.live++;
    else if (row === null && wasLive) data.live--;
  }
}
