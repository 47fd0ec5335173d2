import type { DuckDBConnection } from '@duckdb/node-api';
import type { AnalyticColumnId, AnalyticPlan } from '#schemas/analytics/plan.js';
import { encodeBatch } from '#schemas/arrow/batches.js';
import type { Offset } from '#schemas/kernel/brand.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Row } from '#schemas/values/value.js';
import { lowerPlan } from './lowering/lowering.js';
import { DIVISION_BY_ZERO, NOT_EXACT } from './lowering/operations.js';
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
  const {
    sql,
    parameters,
    columns: answered,
  } = lowerPlan(plan, inputs, columns, (table, wanted, place) => {
    const state = reader.state(table);
    files.push(...state.files);
    return tableSource(folder, state, wanted, snapshot, place);
  });
  await warehouse.check(files);
  try {
    const result = await connection.stream(sql, parameters.values, parameters.types);
    for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk())
      yield encodeBatch(chunk.rowCount, batchColumns(chunk, answered));
  } catch (error) {
    throw error instanceof SqlError ? error : sqlErrorOf(error as Error);
  }
}

/** What DuckDB says, in SQL's conditions. */
function sqlErrorOf({ message }: Error): SqlError {
  if (message.includes(DIVISION_BY_ZERO)) return new SqlError('division_by_zero', 'division by zero');
  if (message.includes(NOT_EXACT))
    return new SqlError('feature_not_supported', 'the OLAP tier does not compute this value as the engine does');
  if (message.includes('More than one row returned by a subquery'))
    return new SqlError('cardinality_violation', 'more than one row returned by a subquery used as an expression');
  if (message.startsWith('INTERRUPT')) return new SqlError('query_canceled', 'canceling statement due to user request');
  if (message.startsWith('Out of Memory'))
    return new SqlError('out_of_memory', 'the OLAP tier has not enough memory for this query', {
      hint: 'olap-memory-mb says how much it may take.',
    });
  if (message.startsWith('Out of Range') || message.startsWith('Conversion'))
    return new SqlError('numeric_value_out_of_range', `value out of range: ${firstLine(message)}`);
  return new SqlError('internal_error', `the OLAP tier has failed: ${firstLine(message)}`);
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] as string;
}
