import type { ObjectId, VersionId } from '#schemas/kernel/brand.js';
import { keyEncoder, keyPrefixEnd, partEncoder } from '#schemas/values/key.js';
import type { Row, Value } from '#schemas/values/value.js';
import { indexFingerprint, type TableCheckpoint } from './checkpoint.js';
import { type CacheStatistics, HotRows } from './hot-rows.js';
import { IndexData } from './index-data.js';
import type { LevelRows } from './level-rows.js';
import { ROW_BYTES_INITIAL, rowBytes } from './row-bytes.js';
import type { TableShape } from './shape.js';
import { SortedBlocks } from './sorted-blocks.js';
import { SETTLED, type Version } from './version.js';

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

/** Of a disk and the cache before it, what every table shares. */
export interface TableSurroundings {
  readonly disk: LevelRows | null;
  readonly cache: CacheStatistics;
  /** For the rows in use of a table that is not resident. */
  readonly hotBytes: number;
}

const HOT_ROWS_MIN = 1_024;
/** One write in this many is measured. */
const SAMPLE = 256;

/**
 * One table's rows and index entries.
 *
 * Invariants: `rows` holds the whole chain of every row that is not settled, not yet on disk, locked, or has more than one version; when `resident`, it holds every row.
 * A row that is in `rows` counts, whatever the disk says. Index entries in memory are those of the versions in `rows`, except that an unmoved row of a table that is not resident
 * may have its entry on disk only; entries that no version has any more may stand anywhere, so readers compare an entry with the row that it leads to.
 */
export class TableData {
  readonly id: ObjectId;
  shape: TableShape;
  rows = new SortedBlocks<Version>();
  /** Every row is in `rows`. */
  resident: boolean;
  /** Grows whenever rows leave `rows` for the disk. */
  generation = 0;
  /** Keys written since they were last taken to disk; with repetitions. */
  dirty: string[] = [];
  /** An index has neither all its entries in memory nor on disk: see Store.complete. */
  lacking = false;
  /** Committed live rows. */
  live = 0;
  /** What one row takes in memory, about; measured on samples. */
  rowBytes = ROW_BYTES_INITIAL;
  readonly hot: HotRows;
  readonly #disk: LevelRows | null;
  #indexes: IndexData[] = [];
  #keyOf: ((row: Row) => string) | null;
  #written = 0;

  /** `stored` is what the disk holds of the table. */
  constructor(shape: TableShape, { disk, cache, hotBytes }: TableSurroundings, stored: TableCheckpoint | null) {
    this.id = shape.id;
    this.shape = shape;
    this.#disk = disk;
    this.hot = new HotRows(HOT_ROWS_MIN, cache);
    this.#keyOf = rowKeyEncoder(shape);
    this.#indexes = shape.indexes.map((index) => new IndexData(index));
    this.resident = stored === null;
    if (stored === null) return;
    this.live = stored.live;
    this.rowBytes = stored.rowBytes;
    this.sizeCache(hotBytes);
    for (const index of this.#indexes) {
      const fingerprint = indexFingerprint(index.shape);
      index.stored = fingerprint !== null && stored.indexes.includes(fingerprint);
      if (!index.stored) this.lacking = true;
    }
  }

  get indexes(): readonly IndexData[] {
    return this.#indexes;
  }

  index(id: ObjectId): IndexData | undefined {
    const indexes = this.#indexes;
    for (let i = 0; i < indexes.length; i++) if ((indexes[i] as IndexData).shape.id === id) return indexes[i];
    return undefined;
  }

  /** Estimated memory of what is in `rows` and in the cache. */
  get memoryBytes(): number {
    return (this.rows.size + this.hot.size) * this.rowBytes;
  }

  // ── reading ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The newest version of a row, wherever it stands. */
  head(key: string): Version | undefined {
    const head = this.rows.get(key);
    if (head !== undefined || this.resident) return head;
    return this.#cold(key);
  }

  /** As `head`, and from now on in `rows`: what is locked may not be forgotten. */
  pinned(key: string): Version | undefined {
    const head = this.rows.get(key);
    if (head !== undefined || this.resident) return head;
    const cold = this.#cold(key);
    if (cold === undefined) return undefined;
    this.hot.delete(key);
    this.rows.set(key, cold);
    return cold;
  }

  #cold(key: string): Version | undefined {
    const hot = this.hot.get(key);
    if (hot !== undefined) return hot;
    const version = this.#disk?.row(this.id, key) ?? undefined;
    if (version !== undefined) this.hot.put(version);
    return version;
  }

  /** Keys of the rows that may have exactly these columns in a unique index. */
  candidates(index: IndexData, columns: string): readonly string[] {
    const found: string[] = [];
    index.entries.ascend(columns, keyPrefixEnd(columns), Number.POSITIVE_INFINITY, (_entry, key) => found.push(key));
    if (this.resident || this.#disk === null) return found;
    const stored = this.#disk.uniqueOwner(index.shape.id, columns);
    if (stored !== null && !found.includes(stored)) found.push(stored);
    return found;
  }

  keyOf(row: Row, insertId: VersionId): string {
    return this.#keyOf === null ? insertId : this.#keyOf(row);
  }

  get hasOwnKey(): boolean {
    return this.#keyOf !== null;
  }

  /** Does a row's place in any secondary index change from `before` to `after`? */
  moves(before: Row, after: Row): boolean {
    for (const index of this.#indexes) if (index.keyOf(before) !== index.keyOf(after)) return true;
    return false;
  }

  // ── shape ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Takes the table's new shape; an index that came is filled from every version that is kept, or the table is `lacking`. */
  reshape(shape: TableShape): void {
    if (shape === this.shape) return;
    this.shape = shape;
    this.#keyOf = rowKeyEncoder(shape);
    const before = new Map(this.#indexes.map((index) => [index.shape.id, index]));
    this.#indexes = shape.indexes.map((index) => {
      const old = before.get(index.id);
      if (old?.hasEntriesOf(index) === true) {
        old.shape = index;
        return old;
      }
      const fresh = new IndexData(index);
      if (!this.resident) this.lacking = true;
      this.#fill(fresh);
      return fresh;
    });
  }

  #fill(index: IndexData): void {
    this.rows.ascend(null, null, Number.POSITIVE_INFINITY, (_key, head) => {
      for (let version: Version | null = head; version !== null; version = version.previous) addEntry(index, version);
    });
  }

  // ── writing ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Puts a version on top of its chain and its entries into the indexes. */
  link(version: Version): void {
    this.rows.set(version.key, version);
    const { previous } = version;
    if (!this.resident && previous !== null) {
      this.hot.delete(version.key);
      // The entry of the replaced version stands on disk, and goes from there while somebody may still read that version.
      if (version.moved || version.row === null) for (const index of this.#indexes) addEntry(index, previous);
    }
    if (version.row === null || this.#indexes.length === 0) return;
    if (previous !== null && previous.row !== null && !version.moved) return;
    for (const index of this.#indexes) addEntry(index, version);
  }

  /** Puts a decided version right below `above`, which is pending and not decided yet. Locks stay where they are, on the newest. */
  linkBelow(above: Version, version: Version): void {
    version.lock = null;
    above.previous = version;
    for (const index of this.#indexes) addEntry(index, version);
  }

  /** The version was decided: it has to be taken to disk. */
  noteDecided(version: Version): void {
    if (this.#disk !== null) this.dirty.push(version.key);
    if ((this.#written++ & (SAMPLE - 1)) === 0 && version.row !== null)
      this.rowBytes += (rowBytes(version.key, version.row) - this.rowBytes) / 8;
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
    this.#forgetEntries(version.key, version, null);
  }

  /** Drops everything behind `version`, which every reader now sees (or something newer). */
  cut(version: Version): void {
    const { previous } = version;
    if (previous !== null) {
      version.previous = null;
      if (this.#indexes.length > 0 && (version.moved || version.row === null || previous.previous !== null))
        this.#forgetEntries(version.key, previous, version);
    }
    // What is deleted on disk too is forgotten when the disk has been told.
    if (version.row === null && this.resident && version.lock === null && this.rows.get(version.key) === version)
      this.rows.delete(version.key);
  }

  /** Removes index entries that only `gone` and, when `last` is given, those behind it had. */
  #forgetEntries(key: string, gone: Version, last: Version | null): void {
    if (this.#indexes.length === 0) return;
    for (const index of this.#indexes) {
      const kept = new Set<string>();
      for (let v: Version | null = this.rows.get(key) ?? null; v !== null; v = v.previous) {
        const columns = v.row === null ? null : index.keyOf(v.row);
        if (columns !== null) kept.add(columns);
      }
      for (let v: Version | null = gone; v !== null; v = last === null ? null : v.previous) {
        const columns = v.row === null ? null : index.keyOf(v.row);
        if (columns !== null && !kept.has(columns)) index.entries.delete(columns + key);
      }
    }
  }

  // ── between memory and disk ────────────────────────────────────────────────────────────────────────────────────────

  /** A row came from disk while the table is being loaded. */
  admit(version: Version): void {
    const head = this.rows.get(version.key);
    if (head === undefined) this.rows.set(version.key, version);
    for (let v: Version | null = head ?? version; v !== null; v = v.previous)
      for (const index of this.#indexes) addEntry(index, v);
  }

  /** Everything that the disk holds was admitted. */
  becomeResident(): void {
    this.resident = true;
    this.lacking = false;
    this.generation++;
    this.hot.clear();
  }

  /**
   * Lets go of all rows that stand on disk as they are here. Call when the disk holds every settled version, which is so at the end of a flush.
   */
  release(): void {
    const kept = new SortedBlocks<Version>();
    this.rows.ascend(null, null, Number.POSITIVE_INFINITY, (key, head) => {
      if (head.writer !== SETTLED || head.previous !== null || head.lock !== null) kept.set(key, head);
      else if (head.row !== null && !this.resident) this.hot.put(head);
    });
    this.rows = kept;
    this.resident = false;
    this.generation++;
    for (const index of this.#indexes) {
      index.entries.clear();
      this.#fill(index);
    }
  }

  /** Says how much the rows in use may take when the table is not resident. Half of the rows that fit, because the cache has two generations. */
  sizeCache(bytes: number): void {
    this.hot.limit = Math.max(HOT_ROWS_MIN, Math.floor(bytes / this.rowBytes / 2));
  }
}

function addEntry(index: IndexData, version: Version): void {
  if (version.row === null) return;
  const columns = index.keyOf(version.row);
  if (columns !== null) index.entries.set(columns + version.key, version.key);
}
