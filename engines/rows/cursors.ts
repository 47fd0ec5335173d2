import type { IndexData } from './index-data.js';
import type { LevelRows } from './level-rows.js';
import { OrderedScan, type ScanSource } from './ordered-scan.js';
import type { KeyRange, MaybePromise, ReadView, RowCursor, VisibleRow } from './reading.js';
import type { TableData } from './table-data.js';
import { type Version, visibleVersion } from './version.js';

/** First batch of a scan; each later one is larger, up to the last. */
const FIRST_BATCH = 32;
const LAST_BATCH = 1_024;

/** What both kinds of cursor have in common: batches that grow, and none that is empty. */
abstract class Cursor<V> implements RowCursor {
  readonly #scan: OrderedScan<V>;
  readonly #take = (key: string, value: V): void => this.see(key, value);
  #batch = FIRST_BATCH;
  protected rows: VisibleRow[] = [];

  constructor(source: ScanSource<V>, range: KeyRange, reverse: boolean) {
    this.#scan = new OrderedScan(source, range, reverse);
  }

  protected abstract see(key: string, value: V): void;

  next(): MaybePromise<readonly VisibleRow[] | null> {
    this.rows = [];
    while (!this.#scan.done && this.rows.length === 0) {
      const more = this.#scan.next(this.#batch, this.#take);
      this.#batch = Math.min(this.#batch * 4, LAST_BATCH);
      if (more !== undefined) return more.then(() => (this.rows.length > 0 ? this.rows : this.next()));
    }
    return this.rows.length === 0 ? null : this.rows;
  }

  close(): void {
    this.#scan.close();
  }
}

/** Rows in row-key order. */
export class TableCursor extends Cursor<Version> {
  readonly #view: ReadView;

  constructor(data: TableData, disk: LevelRows | null, range: KeyRange, reverse: boolean, view: ReadView) {
    super(new TableSource(data, disk), range, reverse);
    this.#view = view;
  }

  protected override see(_key: string, head: Version): void {
    const version = visibleVersion(head, this.#view);
    if (version !== null) this.rows.push(version);
  }
}

/** Rows in the order of an index. */
export class IndexCursor extends Cursor<string> {
  readonly #data: TableData;
  readonly #index: IndexData;
  readonly #view: ReadView;

  constructor(
    data: TableData,
    index: IndexData,
    disk: LevelRows | null,
    range: KeyRange,
    reverse: boolean,
    view: ReadView,
  ) {
    super(new IndexSource(data, index, disk), range, reverse);
    this.#data = data;
    this.#index = index;
    this.#view = view;
  }

  protected override see(entry: string, key: string): void {
    const head = this.#data.head(key);
    const version = visibleVersion(head, this.#view);
    if (version === null) return;
    // A row with several versions may have entries of others, and so may one that is on disk; a row in memory with one version has its own alone.
    const sure = this.#data.resident && head?.previous === null;
    if (!sure && `${this.#index.keyOf(version.row)}${key}` !== entry) return;
    this.rows.push(version);
  }
}

class TableSource implements ScanSource<Version> {
  readonly #data: TableData;
  readonly #disk: LevelRows | null;

  constructor(data: TableData, disk: LevelRows | null) {
    this.#data = data;
    this.#disk = disk;
  }

  get memory(): TableData['rows'] {
    return this.#data.rows;
  }

  get resident(): boolean {
    return this.#data.resident;
  }

  get generation(): number {
    return this.#data.generation;
  }

  openDisk(range: KeyRange, reverse: boolean): ReturnType<LevelRows['rows']> {
    return diskOf(this.#disk).rows(this.#data.id, range, reverse);
  }
}

class IndexSource implements ScanSource<string> {
  readonly #data: TableData;
  readonly #index: IndexData;
  readonly #disk: LevelRows | null;

  constructor(data: TableData, index: IndexData, disk: LevelRows | null) {
    this.#data = data;
    this.#index = index;
    this.#disk = disk;
  }

  get memory(): IndexData['entries'] {
    return this.#index.entries;
  }

  get resident(): boolean {
    return this.#data.resident;
  }

  get generation(): number {
    return this.#data.generation;
  }

  openDisk(range: KeyRange, reverse: boolean): ReturnType<LevelRows['entries']> {
    return diskOf(this.#disk).entries(this.#index.shape.id, range, reverse);
  }
}

function diskOf(disk: LevelRows | null): LevelRows {
  if (disk === null) throw new Error('a table that has no disk is not in memory');
  return disk;
}
