import { PERIOD_COLUMNS, type WantedColumn, type WantedKeys } from '#schemas/link/history-frames.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { TableEntry } from '../../catalog/entry.js';
import type { MaybePromise } from '../../rows/reading.js';
import type { Evaluator } from '../compile.js';
import type { ColumnId } from '../scalar.js';
import type { Batch, Operator, PlanNode, Runtime } from './operator.js';

/** A reading of the past that is under way. */
export interface PastRows {
  /** Null at the end. Rejects with SqlError, and with the interrupt that comes before the answer. */
  next(): Promise<Batch | null>;
  close(): void;
}

/** Where rows of the past come from. */
export interface PastReader {
  /** `micros`: as of this moment; null = all versions with their periods. `keys`: rows that suffice; null = all. */
  open(relation: number, micros: number | null, columns: readonly WantedColumn[], keys: WantedKeys | null): PastRows;
}

/** Bounds of timestamptz stand for the infinities, which are no moments. */
const MOMENT_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** Keys of the rows that a statement can show, computed anew for each execution. */
export interface PastKeys {
  readonly note: string;
  of(runtime: Runtime): readonly string[];
}

/** A table as of a moment, or all versions of its rows. With `keys`, rows of other keys may be left out. */
export function pastNode(
  table: TableEntry,
  moment: Evaluator | null,
  layout: readonly ColumnId[],
  keys: PastKeys | null,
): PlanNode {
  const { missing } = table.shape;
  const columns = table.columns.map(({ name, slot, type }): WantedColumn => [name, slot, type, missing[slot] ?? null]);
  return {
    layout,
    rows: keys === null ? 1_000 : 1,
    label: `${moment === null ? 'All Versions' : 'Past Scan'} on ${table.name}`,
    children: [],
    notes: [
      ...(moment === null ? [`Period: ${PERIOD_COLUMNS.map(([name]) => name).join(', ')}`] : []),
      ...(keys === null ? [] : [keys.note]),
    ],
    open: (runtime) => new PastOperator(runtime, table, moment, columns, keys),
  };
}

class PastOperator implements Operator {
  readonly #begin: () => PastRows;
  #rows: PastRows | null = null;
  #closed = false;

  constructor(
    runtime: Runtime,
    table: TableEntry,
    moment: Evaluator | null,
    columns: readonly WantedColumn[],
    keys: PastKeys | null,
  ) {
    this.#begin = () => {
      const { past } = runtime.context;
      if (past === null)
        throw new SqlError('object_not_in_prerequisite_state', 'this node does not keep the past of its tables', {
          hint: 'Start it with the projection "ingestion" (--projections).',
        });
      const micros = moment === null ? null : microsOf(moment([], runtime));
      return past.open(table.id, micros, columns, keys === null ? null : [table.shape.id, keys.of(runtime)]);
    };
  }

  next(): MaybePromise<Batch | null> {
    if (this.#closed) return null;
    this.#rows ??= this.#begin();
    return this.#rows.next();
  }

  close(): void {
    this.#closed = true;
    this.#rows?.close();
  }
}

function microsOf(value: unknown): number {
  if (typeof value !== 'bigint')
    throw new SqlError('null_value_not_allowed', 'FOR SYSTEM_TIME AS OF takes a moment, and was given null');
  return Number(value > MOMENT_MAX ? MOMENT_MAX : value < 0n ? 0n : value);
}
