import type { ChangeLog, StoredRecord } from '#log/change-log.js';
import { millisOf } from '#log/clock/hybrid-clock.js';
import { Assembler } from '#log/transactions/assembler.js';
import type { Certifier } from '#log/transactions/certifier.js';
import { Decider, type DeciderState, type Decision } from '#log/transactions/decider.js';
import { Leases, type Term } from '#log/transactions/leases.js';
import type { EventCodec } from '#schemas/events/codec.js';
import { FIRST_USER_OBJECT, type RowVersion } from '#schemas/events/event.js';
import { readSchemaId } from '#schemas/events/wire-format.js';
import type { ObjectId, Offset, Partition, ServerId, VersionId } from '#schemas/kernel/brand.js';
import type { TableShape } from '../rows/shape.js';
import type { Store } from '../rows/store.js';
import type { TableData } from '../rows/table-data.js';
import { SETTLED, Version } from '../rows/version.js';
import { decodeRecord } from './decode-record.js';

/** Shapes of tables as of the place in the log that the fold has reached. */
export interface ShapeSource {
  /** Null for a table that no longer exists here: its rows are passed over. */
  shapeOf(table: ObjectId): TableShape | null;
  /** The transaction wrote system tables: shapes may be others now. Called after its rows are in the store. */
  systemRowsChanged(tables: ReadonlySet<ObjectId>): void;
}

/** What a fold has seen besides rows: where this engine must continue. */
export interface FoldState {
  /** One past the last record folded. */
  next: Offset;
  events: number;
  /** The newest version id: ids minted later must be greater. */
  lastVersion: VersionId | null;
  /** The newest time that any record is stamped with, microseconds since 1970: what is stamped later must not be older. */
  newestMicros: number;
  readonly decider: Decider;
}

/** Where a fold begins. */
export interface FoldStart {
  /** What was decided below is in the store already; records before it are only told for transactions that were decided later. */
  readonly offset: Offset;
  readonly lastVersion: VersionId | null;
  readonly terms: ReadonlyArray<readonly [ServerId, Term]>;
  /** Where several servers may have been at work: how verdicts go on. Null = nothing before `offset` is compared with. */
  readonly decider: DeciderState | null;
}

const FROM_THE_BEGINNING: FoldStart = { offset: 0 as Offset, lastVersion: null, terms: [], decider: null };

/**
 * Folds the log into the store: records to transactions, transactions to verdicts, commits to rows. Deterministic (I3): the state depends on the records alone.
 */
export class Folder {
  readonly state: FoldState;
  readonly #store: Store;
  readonly #codec: EventCodec;
  readonly #decider: Decider;
  readonly #shapes: ShapeSource;
  #lastTable: TableData | null = null;

  constructor(
    store: Store,
    codec: EventCodec,
    certifier: Certifier,
    shapes: ShapeSource,
    start: FoldStart = FROM_THE_BEGINNING,
  ) {
    this.#store = store;
    this.#codec = codec;
    this.#shapes = shapes;
    this.#decider =
      start.decider === null
        ? Decider.over(new Assembler(null, new Leases(start.terms)), certifier, start.offset)
        : Decider.resumeWith(certifier, start.decider);
    this.state = {
      next: 0 as Offset,
      events: 0,
      lastVersion: start.lastVersion,
      newestMicros: start.lastVersion === null ? 0 : (millisOf(start.lastVersion) + 1) * 1_000,
      decider: this.#decider,
    };
  }

  /** Folds [from, end of the log). `between` is awaited after each batch. */
  async replay(
    log: ChangeLog,
    partition: Partition,
    from: Offset,
    between: () => Promise<void> | null = () => null,
  ): Promise<void> {
    const end = await log.end(partition);
    this.state.next = from;
    for await (const batch of log.read(partition, from, end)) {
      if (this.#fetchSchemas !== null) await this.#fetchSchemas(this.#unknownIds(batch));
      this.fold(batch);
      const wait = between();
      if (wait !== null) await wait;
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
      const event = decodeRecord(this.#codec, record);
      state.events++;
      if (event.kind === 'row' && (state.lastVersion === null || event.version > state.lastVersion))
        state.lastVersion = event.version;
      if (event.timestamp > state.newestMicros) state.newestMicros = event.timestamp;
      const decision = this.#decider.take(record.offset, event);
      if (decision !== null && decision.verdict.kind === 'commit') this.#commit(decision);
      state.next = (record.offset + 1) as Offset;
    }
  }

  #commit({ transaction: { events }, definitions }: Decision): void {
    if (definitions === null) {
      for (const event of events) this.#apply(event);
      return;
    }
    // The rows of tables that the transaction itself has made can only be understood when its system rows are there.
    for (const event of events) if (event.table < FIRST_USER_OBJECT) this.#apply(event);
    this.#shapes.systemRowsChanged(definitions);
    this.#lastTable = null;
    for (const event of events) if (event.table >= FIRST_USER_OBJECT) this.#apply(event);
  }

  #apply(event: RowVersion): void {
    const data = this.#table(event.table);
    if (data !== null) apply(data, event);
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
}

/** Nobody reads yet, so the older version goes at once. What stands on disk is not asked: the newer version hides it until it is overwritten. */
function apply(data: TableData, { key, version: id, row, op }: RowVersion): void {
  const before = data.rows.get(key);
  if (row === null && before === undefined && data.resident) return;
  const version = new Version(key, id, row, SETTLED, 0, before ?? null, true);
  data.link(version);
  data.cut(version);
  data.noteDecided(version);
  if (before === undefined && !data.resident) {
    if (op === 'insert') data.live++;
    else if (op === 'delete') data.live--;
    return;
  }
  const wasLive = before !== undefined && before.row !== null;
  if (row !== null && !wasLive) data.live++;
  else if (row === null && wasLive) data.live--;
}
