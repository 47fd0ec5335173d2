import { join } from 'node:path';
import type { AnalyticTableColumn } from '#schemas/analytics/plan.js';
import type { ObjectId, Offset } from '#schemas/kernel/brand.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Value } from '#schemas/values/value.js';
import { storageOf } from './column-storage.js';
import { identifier, parquetFiles } from './duckdb.js';
import type { FreshRows } from './fresh-rows.js';
import type { TableFile } from './manifest.js';
import {
  KEY_COLUMN,
  ODD_COLUMN,
  OFFSET_COLUMN,
  OPERATION,
  OPERATION_COLUMN,
  type TableLayout,
} from './table-layout.js';

/** What there is of a table at a moment. The lists are replaced, never changed. */
export interface TableState {
  readonly table: ObjectId;
  readonly name: string;
  readonly layouts: readonly TableLayout[];
  readonly files: readonly TableFile[];
  readonly fresh: readonly FreshRows[];
}

/** Gives a value a place among the parameters of a query; answers with SQL that stands for it. */
export type PlaceValue = (value: Value, column: AnalyticTableColumn) => string;

interface Part {
  readonly from: string;
  readonly layout: TableLayout;
  readonly changes: number;
  /** It may hold versions that the snapshot does not see. */
  readonly isAhead: boolean;
}

/**
 * SQL for the rows of a table as a snapshot sees them, its columns by `name`. Merge on read: a version counts unless a later one of its key, which only an update or a delete
 * can be, is visible, too. Where there are no such versions the files are read as they are.
 */
export function tableSource(
  folder: string,
  state: TableState,
  columns: readonly AnalyticTableColumn[],
  snapshot: Offset,
  place: PlaceValue,
  hidden: readonly string[] = [],
): string {
  refuseOdd(state, hidden.includes(ODD_COLUMN) ? [] : columns);
  const parts = partsOf(folder, state, snapshot);
  if (parts.length === 0) return emptySource(columns, hidden);
  const isChanged = parts.some(({ changes }) => changes > 0);
  const merged = isChanged ? [KEY_COLUMN, OFFSET_COLUMN, OPERATION_COLUMN] : [];
  const extra = [...new Set([...hidden, ...merged])];
  const all = parts.map((part) => selectFrom(part, columns, extra, snapshot, place)).join(' UNION ALL ');
  if (!isChanged) return all;
  const changed = parts
    .filter(({ changes }) => changes > 0)
    .map(
      ({ from }) =>
        `SELECT ${KEY_COLUMN}, ${OFFSET_COLUMN} FROM ${from} WHERE ${OPERATION_COLUMN} <> ${OPERATION.insert} AND ${OFFSET_COLUMN} < ${snapshot}`,
    );
  const last = `SELECT ${KEY_COLUMN} AS changed_key, max(${OFFSET_COLUMN}) AS last_offset FROM (${changed.join(' UNION ALL ')}) GROUP BY ${KEY_COLUMN}`;
  const shown = [...columns.map(({ id }) => `c${id}`), ...hidden];
  return (
    `SELECT ${shown.length === 0 ? '1 AS nothing' : shown.join(', ')} FROM (${all}) AS versions ` +
    `LEFT JOIN (${last}) AS changes ON versions.${KEY_COLUMN} = changes.changed_key ` +
    `WHERE ${OPERATION_COLUMN} <> ${OPERATION.delete} AND (last_offset IS NULL OR ${OFFSET_COLUMN} >= last_offset)`
  );
}

function refuseOdd({ name, files, fresh }: TableState, columns: readonly AnalyticTableColumn[]): void {
  for (const column of columns) {
    if (!files.some(({ odd }) => odd.includes(column.slot)) && !fresh.some(({ odd }) => odd.has(column.slot))) continue;
    throw new SqlError(
      'feature_not_supported',
      `column "${column.name}" of ${name} holds values that the OLAP tier cannot compute with, such as NaN`,
    );
  }
}

/** Files of one layout are read together. What is fresh may grow beyond the snapshot while it is read. */
function partsOf(folder: string, { layouts, files, fresh }: TableState, snapshot: Offset): Part[] {
  const parts: Part[] = [];
  for (const [number, layout] of layouts.entries()) {
    for (const isAhead of [false, true]) {
      const some = files.filter((file) => file.layout === number && file.maxOffset >= snapshot === isAhead);
      if (some.length === 0) continue;
      const paths = some.map(({ path }) => join(folder, path));
      const changes = some.reduce((sum, file) => sum + file.changes, 0);
      parts.push({ from: parquetFiles(paths), layout, changes, isAhead });
    }
  }
  for (const { name, layout, changes } of fresh) parts.push({ from: identifier(name), layout, changes, isAhead: true });
  return parts;
}

function selectFrom(
  { from, layout, isAhead }: Part,
  columns: readonly AnalyticTableColumn[],
  hidden: readonly string[],
  snapshot: Offset,
  place: PlaceValue,
): string {
  const shown = [...columns.map((column) => `${columnIn(layout, column, place)} AS c${column.id}`), ...hidden];
  const list = shown.length === 0 ? '1 AS nothing' : shown.join(', ');
  return `SELECT ${list} FROM ${from}${isAhead ? ` WHERE ${OFFSET_COLUMN} < ${snapshot}` : ''}`;
}

function columnIn(layout: TableLayout, column: AnalyticTableColumn, place: PlaceValue): string {
  const { slot, type, missing } = column;
  const { duckdb, use } = storageOf(type);
  const stored = layout.columns.find((each) => each.slot === slot);
  if (stored === undefined)
    return slot < layout.slots || missing === null ? `CAST(NULL AS ${duckdb.toString()})` : place(missing, column);
  const before = storageOf(stored.type);
  const name = identifier(stored.name);
  if (before.duckdb.toString() === duckdb.toString()) return name;
  if (before.use !== use || before.scale === null)
    throw new SqlError(
      'feature_not_supported',
      `column "${column.name}" has had another type, which the OLAP tier cannot convert`,
    );
  return `CAST(${name} AS ${duckdb.toString()})`;
}

function emptySource(columns: readonly AnalyticTableColumn[], hidden: readonly string[]): string {
  const shown = [
    ...columns.map(({ id, type }) => `CAST(NULL AS ${storageOf(type).duckdb.toString()}) AS c${id}`),
    ...hidden.map((name) => `NULL AS ${name}`),
  ];
  return `SELECT ${shown.length === 0 ? '1 AS nothing' : shown.join(', ')} WHERE false`;
}
