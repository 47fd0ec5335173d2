import { indexFingerprint } from './checkpoint.js';
import type { IndexData } from './index-data.js';
import type { DiskBatch, LevelRows } from './level-rows.js';
import type { ReadView } from './reading.js';
import type { FlushMoment } from './store.js';
import type { TableData } from './table-data.js';
import { type LiveVersion, SETTLED, visibleVersion } from './version.js';

/**
 * Brings the disk's state of one table to that of the moment's view, which must be held against collection. `dirty` are the keys decided since the flush before and below the view's snapshot.
 * Writes batch by batch, or all rows into `last`, which the caller commits. Answers with the number of rows written.
 */
export async function flushTable(
  disk: LevelRows,
  data: TableData,
  dirty: readonly string[],
  { view, pace }: Pick<FlushMoment, 'view' | 'pace'>,
  rowsPerBatch: number,
  last: DiskBatch | null,
): Promise<number> {
  const keys = [...new Set(dirty)];
  const stored = data.indexes.filter((index) => index.stored);
  const step = last === null ? rowsPerBatch : keys.length;
  for (let from = 0; from < keys.length; from += step) {
    const batch = last ?? disk.write();
    const unique = new Map<string, string>();
    for (const key of step === keys.length ? keys : keys.slice(from, from + step))
      writeRow(disk, batch, data, stored, key, visibleVersion(data.rows.get(key), view), unique);
    if (last === null) await batch.commit();
    await pace();
  }
  for (const index of data.indexes)
    if (!index.stored && indexFingerprint(index.shape) !== null)
      await storeIndex(disk, data, index, view, rowsPerBatch);
  if (data.resident) for (const key of keys) forgetDead(data, key);
  return keys.length;
}

/**
 * A row and its entries, in one batch. `unique` holds the owners that this batch has given to unique columns: two rows may have exchanged theirs, and the one that gives them up may
 * come last.
 */
function writeRow(
  disk: LevelRows,
  batch: DiskBatch,
  data: TableData,
  stored: readonly IndexData[],
  key: string,
  version: LiveVersion | null,
  unique: Map<string, string>,
): void {
  if (stored.length > 0) {
    const old = disk.row(data.id, key)?.row ?? null;
    for (const index of stored) {
      const { id } = index.shape;
      const before = old === null ? null : index.keyOf(old);
      const after = version === null ? null : index.keyOf(version.row);
      if (before !== null && before !== after) {
        batch.deleteEntry(id, before, key);
        const owner = unique.get(`${id} ${before}`) ?? (index.shape.unique ? disk.uniqueOwner(id, before) : null);
        if (owner === key) batch.deleteUnique(id, before);
      }
      if (after === null || version === null) continue;
      if (after !== before) batch.putEntry(id, after, key);
      if (index.constrains(version.row)) {
        // Even if it was there before: after a torn flush the columns may be another row's.
        batch.putUnique(id, after, key);
        unique.set(`${id} ${after}`, key);
      }
    }
  }
  if (version === null) batch.deleteRow(data.id, key);
  else batch.putRow(data.id, version);
}

/** Takes a whole index to disk for the first time. The table is resident. */
async function storeIndex(
  disk: LevelRows,
  data: TableData,
  index: IndexData,
  view: ReadView,
  rowsPerBatch: number,
): Promise<void> {
  const { id } = index.shape;
  await disk.clearIndex(id);
  let from: string | null = null;
  for (;;) {
    const batch = disk.write();
    let seen = 0;
    let last = '';
    data.rows.ascend(from, null, rowsPerBatch, (key, head) => {
      seen++;
      last = key;
      const version = visibleVersion(head, view);
      const columns = version === null ? null : index.keyOf(version.row);
      if (version === null || columns === null) return;
      batch.putEntry(id, columns, key);
      if (index.constrains(version.row)) batch.putUnique(id, columns, key);
    });
    await batch.commit();
    if (seen < rowsPerBatch) break;
    from = `${last}\0`;
  }
  index.stored = true;
}

/** A deleted row that was still locked when its older versions were cut. */
function forgetDead(data: TableData, key: string): void {
  const head = data.rows.get(key);
  if (
    head !== undefined &&
    head.row === null &&
    head.writer === SETTLED &&
    head.previous === null &&
    head.lock === null
  )
    data.rows.delete(key);
}
