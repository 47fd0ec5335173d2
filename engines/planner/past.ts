import type { Evaluator } from '../vm/compile.js';
import type { PastKeys } from '../vm/operators/past.js';
import { AccessRanges } from '../vm/operators/scan.js';
import type { ColumnId, Scalar } from '../vm/scalar.js';
import { chooseAccess } from './access.js';
import { printScalar } from './explain.js';
import type { LogicalPast } from './logical.js';

/** A slot that no column stands in. */
const NO_COLUMN = -1 as ColumnId;

/**
 * The keys of the rows that these conditions leave of a table of the past; null when they do not fix its whole row key. Only a hint: rows of an earlier generation of the table
 * come whatever their keys are, so the conditions must be checked all the same.
 */
export function pastKeys(
  { table, ids }: LogicalPast,
  predicates: readonly Scalar[],
  compile: (scalar: Scalar) => Evaluator,
): PastKeys | null {
  const bySlot = new Array<ColumnId>(table.shape.event.slots).fill(NO_COLUMN);
  for (const [i, { slot }] of table.columns.entries()) bySlot[slot] = ids[i] ?? NO_COLUMN;
  const base = { op: 'table', table, alias: table.name, ids: bySlot, rowId: null } as const;
  const { path, used } = chooseAccess(base, predicates, Number.MAX_SAFE_INTEGER, () => false, compile, null);
  const ranges = new AccessRanges(path);
  if (!ranges.points) return null;
  return { note: `Row Key: ${used.map(printScalar).join(' AND ')}`, of: (runtime) => ranges.prefixes(runtime) };
}
