import { FIRST_USER_OBJECT } from '#schemas/events/event.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import type { Checkpoint, TableCheckpoint } from './checkpoint.js';
import { indexFingerprint } from './checkpoint.js';
import { IndexCursor, TableCursor } from './cursors.js';
import { flushTable } from './flush.js';
import type { CacheStatistics } from './hot-rows.js';
import { LevelRows } from './level-rows.js';
import type { KeyRange, MaybePromise, ReadView, RowCursor, RowReader, VisibleRow } from './reading.js';
import type { IndexShape, TableShape } from './shape.js';
import { TableData } from './table-data.js';
import { visibleVersion } from './version.js';

/** Ids below this belong to system tables. They are always wholly in memory. */

/** Rows fetched from disk at a time when a table is loaded. */
const LOAD_ROWS = 1_000;

export interface StoreStatistics extends CacheStatistics {
  flushes: number;
  flushedRows: number;
  loads: number;
  releases: number;
}

export type CheckpointHead = Omit<Checkpoint, 'tables' | 'offset'>;

/** A moment whose state is taken to disk. */
export interface FlushMoment {
  readonly view: ReadView;
  /** What the checkpoint says beside the tables; asked for when the tables are written. */
  describe(): Promise<CheckpointHead>;
  /** Called after each batch: resolves when the next one may be written. */
  pace(): Promise<void>;
  end(): void;
}

export interface StoreLimits {
  /** Rows in memory beyond this estimate make the largest tables leave it at the next flush. */
  readonly memoryBytes: number;
  /** For each table that is not wholly in memory, its rows in use, at least. */
  readonly hotBytes: number;
  /** Rows written to disk in one go, between which others have their turn. */
  readonly rowsPerBatch: number;
}

/** What a flush takes of one table, all at one moment. */
interface Taken {
  readonly data: TableData;
  readonly keys: string[];
  readonly live: number;
}

/** Limits of a store whose rows may take this much memory. */
export function storeLimits(memoryBytes: number): StoreLimits {
  return { memoryBytes, hotBytes: Math.max(memoryBytes / 16, HOT_BYTES_MIN), rowsPerBatch: 512 };
}

const HOT_BYTES_MIN = 8 << 20;

export const DEFAULT_STORE_LIMITS: StoreLimits = storeLimits(1 << 30);

/**
 * The rows of all tables: chains of versions by row key in memory, and below them, if there is a disk, one state of each row in LevelDB.
 *
 * Invariants: the head of a chain is its newest version; at most one unfinished transaction has versions in a chain, on top; offsets fall along a chain. What the disk holds
 * is settled: every reader may see it, unless memory has something newer. Flushing and loading take turns.
 */
export class Store implements RowReader {
  readonly statistics: StoreStatistics = { hits: 0, misses: 0, flushes: 0, flushedRows: 0, loads: 0, releases: 0 };
  /** May be changed while running. */
  limits: StoreLimits;
  readonly #disk: LevelRows | null;
  #checkpoint: Checkpoint | null;
  readonly #tables = new Map<ObjectId, TableData>();
  /** Tables that are on disk and that nobody has asked for yet. */
  readonly #untouched = new Map<ObjectId, TableCheckpoint>();
  /** Tables and indexes whose part of the disk is to be cleared. */
  #droppedTables: ObjectId[] = [];
  #droppedIndexes: ObjectId[] = [];
  /** Ids of the indexes that the last checkpoint named, by table. */
  readonly #storedIndexes = new Map<ObjectId, readonly ObjectId[]>();
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(
    disk: LevelRows | null = null,
    checkpoint: Checkpoint | null = null,
    limits: StoreLimits = DEFAULT_STORE_LIMITS,
  ) {
    this.#disk = disk;
    this.limits = limits;
    this.#checkpoint = checkpoint;
    for (const table of checkpoint?.tables ?? []) {
      this.#untouched.set(table.id, table);
      this.#storedIndexes.set(table.id, table.indexes.map(idOfFingerprint));
    }
  }

  /** A store with a disk in `folder`. What is there without a checkpoint that this version understands is removed: the log tells it anew. */
  static async open(folder: string, limits: StoreLimits = DEFAULT_STORE_LIMITS): Promise<Store> {
    return Store.on(await LevelRows.open(folder), limits);
  }

  static async on(disk: LevelRows, limits: StoreLimits = DEFAULT_STORE_LIMITS): Promise<Store> {
    const checkpoint = await disk.checkpoint();
    if (checkpoint === null) await disk.wipe();
    return new Store(disk, checkpoint, limits);
  }

  /** What the disk held when the store was opened; null = nothing. */
  get checkpoint(): Checkpoint | null {
    return this.#checkpoint;
  }

  /** Flush before, or the next start folds more of the log. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#inTurn(async () => this.#disk?.close());
  }

  /** The table's data, in the shape given when it is new here. */
  table(shape: TableShape): TableData {
    let data = this.#tables.get(shape.id);
    if (data === undefined) {
      data = new TableData(
        shape,
        { disk: this.#disk, cache: this.statistics, hotBytes: this.limits.hotBytes },
        this.#untouched.get(shape.id) ?? null,
      );
      this.#untouched.delete(shape.id);
      this.#tables.set(shape.id, data);
    }
    return data;
  }

  /** Empties the store: the log will tell everything anew. Before anybody uses it. */
  async forget(): Promise<void> {
    await this.#disk?.wipe();
    this.#checkpoint = null;
    this.#tables.clear();
    this.#untouched.clear();
    this.#storedIndexes.clear();
  }

  tableById(id: ObjectId): TableData | undefined {
    return this.#tables.get(id);
  }

  /** Ids of all tables that there is data of. */
  get tableIds(): readonly ObjectId[] {
    return [...this.#untouched.keys(), ...this.#tables.keys()];
  }

  get tables(): Iterable<TableData> {
    return this.#tables.values();
  }

  dropTable(id: ObjectId): void {
    if (!this.#tables.has(id) && !this.#untouched.has(id)) return;
    this.#droppedTables.push(id);
    const indexes = new Set(this.#storedIndexes.get(id));
    for (const index of this.#tables.get(id)?.indexes ?? []) indexes.add(index.shape.id);
    this.#droppedIndexes.push(...indexes);
    this.#storedIndexes.delete(id);
    this.#tables.delete(id);
    this.#untouched.delete(id);
  }

  // ── reading ────────────────────────────────────────────────────────────────────────────────────────────────────────

  get(shape: TableShape, key: string, view: ReadView): MaybePromise<VisibleRow | null> {
    return visibleVersion(this.table(shape).head(key), view);
  }

  scan(shape: TableShape, range: KeyRange, reverse: boolean, view: ReadView): RowCursor {
    return new TableCursor(this.table(shape), this.#disk, range, reverse, view);
  }

  scanIndex(shape: TableShape, index: IndexShape, range: KeyRange, reverse: boolean, view: ReadView): RowCursor {
    const data = this.table(shape);
    if (data.index(index.id) === undefined) data.reshape(shape);
    const found = data.index(index.id);
    if (found === undefined) throw new Error(`index ${index.name} is not one of table ${shape.event.name}`);
    if (data.lacking)
      return new LateCursor(
        this.complete(data).then(() => new IndexCursor(data, found, this.#disk, range, reverse, view)),
      );
    return new IndexCursor(data, found, this.#disk, range, reverse, view);
  }

  estimateRows(table: ObjectId): number {
    return this.#tables.get(table)?.live ?? this.#untouched.get(table)?.live ?? 0;
  }

  // ── memory and disk ────────────────────────────────────────────────────────────────────────────────────────────────

  get hasDisk(): boolean {
    return this.#disk !== null;
  }

  /** Estimated bytes of rows in memory. */
  get memoryBytes(): number {
    let bytes = 0;
    for (const data of this.#tables.values()) bytes += data.memoryBytes;
    return bytes;
  }

  /** Decided versions that the disk does not have, and their estimated bytes. */
  get dirty(): { readonly rows: number; readonly bytes: number } {
    let rows = 0;
    let bytes = 0;
    for (const data of this.#tables.values()) {
      rows += data.dirty.length;
      bytes += data.dirty.length * data.rowBytes;
    }
    return { rows, bytes };
  }

  /** Brings a table wholly into memory, and with it the indexes that the disk does not have. */
  complete(data: TableData): Promise<void> {
    return this.#inTurn(() => this.#load(data));
  }

  async #load(data: TableData): Promise<void> {
    const disk = this.#disk;
    if (disk === null || data.resident) return;
    const scan = disk.rows(data.id, { from: null, to: null }, false);
    try {
      for (;;) {
        await scan.fill(LOAD_ROWS);
        if (scan.ended) break;
        for (const version of scan.values) data.admit(version);
      }
    } finally {
      scan.close();
    }
    data.becomeResident();
    this.statistics.loads++;
  }

  /**
   * Brings the disk to the state of one moment and writes the checkpoint. `begin` is called when it is this flush's turn, again as long as it answers null: its view sees everything decided so far, and is held against
   * collection until `end`. When it fails nothing is lost: the log has it, and the next flush writes it.
   */
  flush(begin: () => FlushMoment | null): Promise<void> {
    return this.#inTurn(async () => {
      const disk = this.#disk;
      if (disk === null) return;
      let moment = begin();
      // From the moment to what is taken of the tables nothing else may run.
      for (; moment === null; moment = begin()) await null;
      const taken: Taken[] = [];
      for (const data of this.#tables.values()) {
        taken.push({ data, keys: data.dirty, live: data.live });
        data.dirty = [];
      }
      try {
        await this.#flush(disk, moment, taken);
      } catch (error) {
        for (const { data, keys } of taken) for (const key of keys) data.dirty.push(key);
        throw error;
      } finally {
        moment.end();
      }
    });
  }

  async #flush(disk: LevelRows, moment: FlushMoment, taken: readonly Taken[]): Promise<void> {
    const { view } = moment;
    const tables: TableCheckpoint[] = [...this.#untouched.values()];
    await this.#clearDropped(disk);
    // System tables change with the checkpoint, at once: a fold reads the log by what they say at its beginning.
    const last = disk.write();
    try {
      for (const { data, keys, live } of taken) {
        if (data.lacking) await this.#load(data);
        const batch = data.id < FIRST_USER_OBJECT ? last : null;
        this.statistics.flushedRows += await flushTable(disk, data, keys, moment, this.limits.rowsPerBatch, batch);
        // Dropped meanwhile: the next flush clears what was written.
        if (this.#tables.get(data.id) === data) tables.push({ ...this.#describe(data), live });
      }
      await disk.writeCheckpoint({ ...(await moment.describe()), offset: view.snapshot, tables }, last);
    } catch (error) {
      await last.discard();
      throw error;
    }
    this.statistics.flushes++;
    // Everything settled is on disk now, because the held view has kept what came later from settling.
    for (const data of this.#leaving(taken.map(({ data }) => data))) data.release();
    this.#shareCache();
  }

  /** Tables that are not resident share what the others leave of half the memory: the rest is for what is written between two flushes. */
  #shareCache(): void {
    const tables = [...this.#tables.values()];
    const cold = tables.filter((data) => !data.resident);
    let resident = 0;
    for (const data of tables) if (data.resident) resident += data.memoryBytes;
    const share = (this.limits.memoryBytes / 2 - resident) / Math.max(cold.length, 1);
    for (const data of cold) data.sizeCache(Math.max(share, this.limits.hotBytes));
  }

  #describe(data: TableData): Omit<TableCheckpoint, 'live'> {
    const stored = data.indexes.filter((index) => index.stored);
    const ids = stored.map((index) => index.shape.id);
    this.#droppedIndexes.push(...(this.#storedIndexes.get(data.id) ?? []).filter((id) => !ids.includes(id)));
    this.#storedIndexes.set(data.id, ids);
    return {
      id: data.id,
      rowBytes: Math.round(data.rowBytes),
      indexes: stored.map((index) => indexFingerprint(index.shape) as string),
    };
  }

  /** Tables whose settled rows leave memory: those that are not resident, and the largest of the others while they are too many. */
  #leaving(tables: readonly TableData[]): readonly TableData[] {
    const leaving = tables.filter((data) => !data.resident);
    let bytes = this.memoryBytes;
    const largest = tables
      .filter((data) => data.resident && data.id >= FIRST_USER_OBJECT && data.indexes.every((index) => index.stored))
      .sort((a, b) => b.memoryBytes - a.memoryBytes);
    for (const data of largest) {
      if (bytes <= this.limits.memoryBytes) break;
      bytes -= data.memoryBytes;
      this.statistics.releases++;
      leaving.push(data);
    }
    return leaving;
  }

  /** Before anything new is written: an id that is dropped and made anew between two checkpoints is not cleared again. */
  async #clearDropped(disk: LevelRows): Promise<void> {
    const tables = this.#droppedTables;
    const indexes = this.#droppedIndexes;
    this.#droppedTables = [];
    this.#droppedIndexes = [];
    for (const id of tables) await disk.clearTable(id);
    for (const id of indexes) await disk.clearIndex(id);
  }

  /** Brings tables into memory, small ones first, as long as three quarters of what is allowed are not passed. */
  async warmUp(shapeOf: (table: ObjectId) => TableShape | null): Promise<void> {
    for (const id of this.tableIds) {
      const shape = this.#tables.has(id) ? null : shapeOf(id);
      if (shape !== null) this.table(shape);
    }
    const cold = [...this.#tables.values()]
      .filter((data) => !data.resident)
      .sort((a, b) => a.live * a.rowBytes - b.live * b.rowBytes);
    for (const data of cold) {
      if (this.#closed || this.memoryBytes + data.live * data.rowBytes > this.limits.memoryBytes * 0.75) break;
      await this.complete(data);
    }
    this.#shareCache();
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(run, run);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

/** The id that an index fingerprint begins with. */
function idOfFingerprint(fingerprint: string): ObjectId {
  return (JSON.parse(fingerprint) as [ObjectId])[0];
}

/** A cursor that has to wait for its index. */
class LateCursor implements RowCursor {
  readonly #opening: Promise<RowCursor>;
  #closed = false;

  constructor(opening: Promise<RowCursor>) {
    this.#opening = opening;
    opening.catch(() => undefined);
  }

  async next(): Promise<readonly VisibleRow[] | null> {
    const cursor = await this.#opening;
    return this.#closed ? null : cursor.next();
  }

  close(): void {
    this.#closed = true;
    this.#opening.then(
      (cursor) => cursor.close(),
      () => undefined,
    );
  }
}
