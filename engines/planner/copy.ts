import type { ObjectId } from '#schemas/kernel/brand.js';
import type { ResultColumn } from '#schemas/link/frames.js';
import type { Statement } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { fitToType, hasModifiers } from '#schemas/values/coerce.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { ColumnEntry } from '../catalog/entry.js';
import type { MaybePromise } from '../rows/reading.js';
import { Runtime } from '../vm/operators/operator.js';
import { buildRow, runDeferred } from '../vm/writes/modify.js';
import { WritePlanner } from './dml.js';
import { Planner } from './planner.js';
import { bindContext, type PrepareContext, plannerOptions, type RunContext } from './prepare.js';
import { columnNamed } from './write-plan.js';

/** COPY FROM STDIN into one table: rows come in the order of `columns`; the other columns take their defaults. */
export interface CopyPlan {
  readonly table: ObjectId;
  readonly columns: readonly ResultColumn[];
  /** Stores rows with defaults, generated columns and every constraint. */
  insert(run: RunContext, rows: readonly Row[]): MaybePromise<void>;
}

/** Plans COPY … FROM STDIN. */
export function prepareCopy(statement: Extract<Statement, { kind: 'copy-in' }>, context: PrepareContext): CopyPlan {
  const binding = bindContext([], context);
  const planner = new WritePlanner(binding, new Planner(plannerOptions(context)));
  const table = planner.target(statement.table, 'insert');
  const rules = planner.rulesOf(table);
  const writer = planner.writer(table);
  const given: readonly ColumnEntry[] =
    statement.columns.length === 0
      ? table.columns.filter((c) => c.generated === null)
      : statement.columns.map((name) => columnNamed(table, name, statement.table.token));
  for (const column of given) {
    if (column.generated !== null)
      throw new SqlError('invalid_column_reference', `column "${column.name}" is a generated column`, {
        detail: 'Generated columns cannot be used in COPY.',
      });
  }
  const defaults = table.columns.flatMap((c) => {
    const evaluate = rules.defaults[c.slot] ?? null;
    return evaluate === null || given.includes(c) ? [] : [{ slot: c.slot, evaluate }];
  });
  const parts = { writer, slots: given.map((c) => c.slot), defaults };
  const fits = given.map((c) => (hasModifiers(c.type) ? c.type : null));
  const anyFits = fits.some((type) => type !== null);
  const insertFrom = (rows: readonly Row[], from: number, runtime: Runtime): MaybePromise<void> => {
    for (let i = from; i < rows.length; i++) {
      const input = rows[i] as Row;
      const inserted = writer.insert(buildRow(parts, anyFits ? fitted(input, fits) : input, runtime), runtime);
      if (inserted instanceof Promise) return inserted.then(() => insertFrom(rows, i + 1, runtime));
    }
    return runDeferred(runtime);
  };
  return {
    table: table.id,
    columns: given.map((c): ResultColumn => [c.name, c.type, table.id, table.columns.indexOf(c) + 1]),
    insert: (run, rows) => insertFrom(rows, 0, new Runtime(run, [], 0)),
  };
}

/** Values fitted to their columns' lengths and precisions. */
function fitted(row: Row, fits: ReadonlyArray<SqlType | null>): Row {
  const result: Value[] = row.slice();
  for (let i = 0; i < fits.length; i++) {
    const type = fits[i] ?? null;
    if (type !== null) result[i] = fitToType(type, result[i] as Value, false);
  }
  return result;
}
