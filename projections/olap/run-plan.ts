import type { DuckDBConnection } from '@duckdb/node-api';
import type { AnalyticColumnId, AnalyticPlan } from '#schemas/analytics/plan.js';
import { encodeBatch } from '#schemas/arrow/batches.js';
import type { Offset } from '#schemas/kernel/brand.js';
import type { Row } from '#schemas/values/value.js';
import { isTooNarrow, sqlErrorOf } from './duckdb-errors.js';
import { type LoweredQuery, lowerPlan, type NumericWidth, type TableSql } from './lowering/lowering.js';
import { batchColumns } from './result-batches.js';
import { tableSource } from './table-source.js';
import type { Reader, Warehouse } from './warehouse.js';

export interface PlanRun {
  readonly plan: AnalyticPlan;
  readonly inputs: Row;
  readonly columns: readonly AnalyticColumnId[];
  readonly snapshot: Offset;
}

/** Runs a plan in DuckDB and answers with its batches, as they come. Throws SqlError, and ProjectionDamaged for a file that is not as it was written. */
export async function* runPlan(
  warehouse: Warehouse,
  folder: string,
  run: PlanRun,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const reader = warehouse.read();
  const connection = await warehouse.db.take();
  const interrupt = (): void => connection.interrupt();
  signal.addEventListener('abort', interrupt);
  try {
    yield* streamed(warehouse, connection, folder, run, reader);
  } finally {
    signal.removeEventListener('abort', interrupt);
    warehouse.db.release(connection);
    reader.release();
  }
}

async function* streamed(
  warehouse: Warehouse,
  connection: DuckDBConnection,
  folder: string,
  { plan, inputs, columns, snapshot }: PlanRun,
  reader: Reader,
): AsyncIterable<Uint8Array> {
  const files: Parameters<Warehouse['check']>[0][number][] = [];
  const tableSql: TableSql = (table, wanted, place) => {
    const state = reader.state(table);
    files.push(...state.files);
    return tableSource(folder, state, wanted, snapshot, place);
  };
  const lower = (width: NumericWidth): LoweredQuery => lowerPlan(plan, inputs, columns, tableSql, width);
  const query = lower('chosen');
  await warehouse.check(files);
  let isBegun = false;
  try {
    for await (const batch of batches(connection, query)) {
      isBegun = true;
      yield batch;
    }
  } catch (error) {
    if (isBegun || !isTooNarrow(error)) throw sqlErrorOf(error);
    yield* inSqlErrors(batches(connection, lower('widest')));
  }
}

async function* inSqlErrors<T>(items: AsyncIterable<T>): AsyncIterable<T> {
  try {
    yield* items;
  } catch (error) {
    throw sqlErrorOf(error);
  }
}

async function* batches(
  connection: DuckDBConnection,
  { sql, parameters, columns }: LoweredQuery,
): AsyncIterable<Uint8Array> {
  const result = await connection.stream(sql, parameters.values, parameters.types);
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk())
    yield encodeBatch(chunk.rowCount, batchColumns(chunk, columns));
}
