import type { ResultColumn } from '#schemas/link/frames.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { ColumnEntry, TableEntry } from '../catalog/entry.js';
import type { RowLockStrength } from '../tx/transaction.js';
import type { Evaluator } from '../vm/compile.js';
import type { PlanNode } from '../vm/operators/operator.js';
import type { ModifyPlan, SetColumn } from '../vm/writes/modify.js';

/** A planned INSERT, UPDATE or DELETE. */
export interface PlannedWrite {
  readonly table: TableEntry;
  readonly modify: ModifyPlan;
  readonly columns: readonly ResultColumn[] | null;
  /** Waits for no row of another transaction, or can be postponed. */
  readonly overtakes: boolean;
}

export interface Returning {
  readonly evaluators: Evaluator[];
  readonly columns: ResultColumn[];
  readonly after: PlanNode | null;
  readonly heldKey: object;
}

export function modifyPlan(input: PlanNode, start: ModifyPlan['start'], returning: Returning | null): ModifyPlan {
  return {
    input,
    start,
    returns: returning !== null,
    after: returning?.after ?? null,
    heldKey: returning?.heldKey ?? input,
  };
}

export const NULL_EVALUATOR: Evaluator = () => null;

export function columnNamed(table: TableEntry, name: string, token: number): ColumnEntry {
  const column = table.columns.find((c) => c.name === name);
  if (column === undefined)
    throw new SqlError('undefined_column', `column "${name}" of relation "${table.name}" does not exist`, { token });
  return column;
}

/** An update that leaves every unique key alone does not stand in the way of foreign-key checks. */
export function strengthFor(table: TableEntry, sets: readonly SetColumn[]): RowLockStrength {
  const keys = new Set<number | null>([
    ...table.shape.key.map((k) => k.slot),
    ...table.shape.indexes.filter((i) => i.unique).flatMap((i) => i.columns.map((c) => c.slot)),
  ]);
  return sets.some((s) => keys.has(s.slot)) ? 'update' : 'no-key-update';
}
