import type { ObjectId } from '#schemas/kernel/brand.js';
import { keyPrefixEnd } from '#schemas/values/key.js';
import type { KeyRange, MaybePromise, ReadView, RowCursor, RowReader, VisibleRow } from './reading.js';
import type { IndexShape, TableShape } from './shape.js';
import { type IndexData, TableData } from './table-data.js';
import { type Version, visibleVersion } from './version.js';

/** First batch of a scan; each later one is larger, up to the last. */
const FIRST_BATCH = 32;
const LAST_BATCH = 1_024;

/**
 * The rows of all tables: chains of versions by row key.
 *
 * Invariants: the head of a chain is its newest version; at most one unfinished transaction has versions in a chain, on top; offsets fall along a chain.
 */
export class Store implements RowReader {
  readonly #tables = new Map<ObjectId, TableData>();

  /** The table's data, in the shape given: DDL changes shapes, and whoever comes with a newer one brings it along. */
  table(shape: TableShape): TableData {
    let data = this.#tables.get(shape.id);
    if (data === undefined) {
      data = new TableData(shape);
      this.#tables.set(shape.id, data);
    }
    return data;
  }

  tableById(id: ObjectId): TableData | undefined {
    return this.#tables.get(id);
  }

  dropTable(id: ObjectId): void {
    this.#tables.delete(id);
  }

  get tables(): Iterable<TableData> {
    return this.#tables.values();
  }

  get(shape: TableShape, key: string, view: ReadView): MaybePromise<VisibleRow | null> {
    return visibleVersion(this.table(shape).rows.get(key), view);
  }

  scan(shape: TableShape, range: KeyRange, reverse: boolean, view: ReadView): RowCursor {
    return new TableCursor(this.table(shape), range, reverse, view);
  }

  scanIndex(shape: TableShape, index: IndexShape, range: KeyRange, reverse: boolean, view: ReadView): RowCursor {
    const data = this.table(shape);
    let found = data.index(index.id);
    if (found === undefined) {
      data.reshape(shape);
      found = data.index(index.id);
    }
    if (found === undefined) throw new Error(`index ${index.name} is not one of table ${shape.event.name}`);
    return new IndexCursor(data, found, range, reverse, view);
  }

  estimateRows(table: ObjectId): number {
    return this.#tables.get(table)?.live ?? 0;
  }
}

class TableCursor implements RowCursor {
  readonly #data: TableData;
  readonly #view: ReadView;
  readonly #reverse: boolean;
  #from: string | null;
  #to: string | null;
  #batch = FIRST_BATCH;
  #done = false;

  constructor(data: TableData, range: KeyRange, reverse: boolean, view: ReadView) {
    this.#data = data;
    this.#from = range.from;
    this.#to = range.to;
    this.#reverse = reverse;
    this.#view = view;
  }

  next(): readonly VisibleRow[] | null {
    const rows: VisibleRow[] = [];
    while (!this.#done && rows.length === 0) {
      let last: string | null = null;
      let seen = 0;
      const take = (key: string, head: Version): void => {
        seen++;
        last = key;
        const version = visibleVersion(head, this.#view);
        if (version !== null) rows.push(version);
      };
      if (this.#reverse) this.#data.rows.descend(this.#from, this.#to, this.#batch, take);
      else this.#data.rows.ascend(this.#from, this.#to, this.#batch, take);
      if (seen < this.#batch) this.#done = true;
      else if (this.#reverse) this.#to = last;
      // The next key after k is k with a zero byte behind it.
      else this.#from = `${last as unknown as string}\0`;
      this.#batch = Math.min(this.#batch * 4, LAST_BATCH);
    }
    return rows.length === 0 ? null : rows;
  }

  close(): void {
    this.#done = true;
  }
}

class IndexCursor implements RowCursor {
  readonly #data: TableData;
  readonly #index: IndexData;
  readonly #view: ReadView;
  readonly #reverse: boolean;
  #from: string | null;
  #to: string | null;
  #batch = FIRST_BATCH;
  #done = false;

  constructor(data: TableData, index: IndexData, range: KeyRange, reverse: boolean, view: ReadView) {
    this.#data = data;
    this.#index = index;
    this.#from = range.from;
    this.#to = range.to;
    this.#reverse = reverse;
    this.#view = view;
  }

  next(): readonly VisibleRow[] | null {
    const rows: VisibleRow[] = [];
    while (!this.#done && rows.length === 0) {
      let last: string | null = null;
      let seen = 0;
      const take = (entry: string, key: string): void => {
        seen++;
        last = entry;
        const head = this.#data.rows.get(key);
        const version = visibleVersion(head, this.#view);
        if (version === null) return;
        // A row with several versions may have entries of others; a row with one has its own alone.
        if ((head?.previous ?? null) !== null && this.#index.keyOf(version.row) + key !== entry) return;
        rows.push(version);
      };
      if (this.#reverse) this.#index.entries.descend(this.#from, this.#to, this.#batch, take);
      else this.#index.entries.ascend(this.#from, this.#to, this.#batch, take);
      if (seen < this.#batch) this.#done = true;
      else if (this.#reverse) this.#to = last;
      else this.#from = `${last as unknown as string}\0`;
      this.#batch = Math.min(this.#batch * 4, LAST_BATCH);
    }
    return rows.length === 0 ? null : rows;
  }

  close(): void {
    this.#done = true;
  }
}

/** Rows whose entries in a unique index have exactly these columns. */
export function entriesWith(index: IndexData, columns: string): readonly string[] {
  const found: string[] = [];
  index.entries.ascend(columns, keyPrefixEnd(columns), Number.POSITIVE_INFINITY, (_entry, key) => found.push(key));
  return found;
}
