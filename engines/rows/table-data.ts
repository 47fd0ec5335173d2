import type { ObjectId, VersionId } from '#schemas/kernel/brand.js';
import { type KeyEncoder, keyEncoder, partEncoder } from '#schemas/values/key.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { IndexShape, TableShape } from './shape.js';
import { SortedBlocks } from './sorted-blocks.js';
import type { Version } from './version.js';

/** The encoder of a table's row key from a row; null when the row key is the version id of the insert. */
export function rowKeyEncoder(shape: TableShape): ((row: Row) => string) | null {
  if (shape.key.length === 0) return null;
  const encode = keyEncoder(shape.key);
  const slots = shape.key.map((column) => column.slot);
  if (slots.length === 1) {
    const only = partEncoder(shape.key[0] as TableShape['key'][number]);
    const slot = slots[0] as number;
    return (row) => only(row[slot] as Value);
  }
  return (row) => encode(slots.map((slot) => row[slot] as Value));
}

/** One secondary index in memory: [encoded columns][row key] → row key. */
export class IndexData {
  readonly shape: IndexShape;
  readonly entries = new SortedBlocks<string>();
  readonly #encode: KeyEncoder;

  constructor(shape: IndexShape) {
    this.shape = shape;
    this.#encode = keyEncoder(shape.columns);
  }

  /** Encoded columns of a row, without its row key; null when the row has no entry (a partial index leaves it out). */
  keyOf(row: Row): string | null {
    const { predicate, columns } = this.shape;
    if (predicate !== null && !predicate(row)) return null;
    return this.#encode(columns.map((column) => valueOf(column, row)));
  }

  /** A unique index does not hold two rows with these columns; nulls never are equal. */
  constrains(row: Row): boolean {
    return this.shape.unique && this.shape.columns.every((column) => valueOf(column, row) !== null);
  }
}

function valueOf(column: IndexShape['columns'][number], row: Row): Value {
  if (column.evaluate !== null) return column.evaluate(row);
  return row[column.slot as number] ?? null;
}

/** One table's rows and index entries in memory. */
export class TableData {
  readonly id: ObjectId;
  shape: TableShape;
  readonly rows = new SortedBlocks<Version>();
  #indexes: IndexData[] = [];
  #keyOf: ((row: Row) => string) | null;
  /** Committed live rows. */
  live = 0;

  constructor(shape: TableShape) {
    this.id = shape.id;
    this.shape = shape;
    this.#keyOf = rowKeyEncoder(shape);
    this.#indexes = shape.indexes.map((index) => new IndexData(index));
  }

  get indexes(): readonly IndexData[] {
    return this.#indexes;
  }

  index(id: ObjectId): IndexData | undefined {
    return this.#indexes.find((index) => index.shape.id === id);
  }

  /** Takes the table's new shape; an index that came is filled from every version that is kept. */
  reshape(shape: TableShape): void {
    if (shape === this.shape) return;
    this.shape = shape;
    this.#keyOf = rowKeyEncoder(shape);
    const before = new Map(this.#indexes.map((index) => [index.shape.id, index]));
    this.#indexes = shape.indexes.map((index) => {
      const old = before.get(index.id);
      if (old !== undefined && old.shape === index) return old;
      return this.#fill(new IndexData(index));
    });
  }

  #fill(index: IndexData): IndexData {
    this.rows.ascend(null, null, Number.POSITIVE_INFINITY, (key, head) => {
      for (let version: Version | null = head; version !== null; version = version.previous) {
        if (version.row === null) continue;
        const columns = index.keyOf(version.row);
        if (columns !== null) index.entries.set(columns + key, key);
      }
    });
    return index;
  }

  keyOf(row: Row, insertId: VersionId): string {
    return this.#keyOf === null ? insertId : this.#keyOf(row);
  }

  get hasOwnKey(): boolean {
    return this.#keyOf !== null;
  }

  /** Puts a version on top of its chain and its entries into the indexes. */
  link(version: Version): void {
    this.rows.set(version.key, version);
    if (version.row === null || this.#indexes.length === 0) return;
    if (version.previous !== null && version.previous.row !== null && !version.moved) return;
    for (const index of this.#indexes) {
      const columns = index.keyOf(version.row);
      if (columns !== null) index.entries.set(columns + version.key, version.key);
    }
  }

  /** Does a row's place in any secondary index change from `before` to `after`? */
  moves(before: Row, after: Row): boolean {
    for (const index of this.#indexes) if (index.keyOf(before) !== index.keyOf(after)) return true;
    return false;
  }

  /** Takes a version out of its chain wherever it stands, as if it never had been. */
  unlink(version: Version): void {
    const head = this.rows.get(version.key);
    if (head === version) {
      if (version.previous === null) this.rows.delete(version.key);
      else {
        version.previous.lock = version.lock;
        this.rows.set(version.key, version.previous);
      }
    } else {
      let above: Version | null = head ?? null;
      while (above !== null && above.previous !== version) above = above.previous;
      if (above === null) return;
      above.previous = version.previous;
    }
    this.#forgetEntries(version.key, [version]);
  }

  /** Drops everything behind `version`, which every reader now sees (or something newer). */
  cut(version: Version): void {
    const { previous } = version;
    if (previous !== null) {
      version.previous = null;
      if (this.#indexes.length > 0 && (version.moved || version.row === null || previous.previous !== null)) {
        const dropped: Version[] = [];
        for (let old: Version | null = previous; old !== null; old = old.previous) dropped.push(old);
        this.#forgetEntries(version.key, dropped);
      }
    }
    if (version.row === null && this.rows.get(version.key) === version && version.lock === null) this.rows.delete(version.key);
  }

  /** Removes index entries that only `gone` versions of a row had. */
  #forgetEntries(key: string, gone: readonly Version[]): void {
    if (this.#indexes.length === 0) return;
    for (const index of this.#indexes) {
      const kept = new Set<string>();
      for (let v: Version | null = this.rows.get(key) ?? null; v !== null; v = v.previous) {
        const columns = v.row === null ? null : index.keyOf(v.row);
        if (columns !== null) kept.add(columns);
      }
      for (const version of gone) {
        const columns = version.row === null ? null : index.keyOf(version.row);
        if (columns !== null && !kept.has(columns)) index.entries.delete(columns + key);
      }
    }
  }
}
