import type { PlanNode } from '../vm/operators/operator.js';
import { filterNode, heldRowsNode } from '../vm/operators/rows.js';
import type { ColumnId } from '../vm/scalar.js';
import type { AskedAgain } from '../vm/writes/asked-again.js';
import { columnsOfSubqueries } from './correlated.js';
import type { Logical, LogicalTable } from './logical.js';
import type { Planner } from './planner.js';
import { optimise } from './push-down.js';

/**
 * How the subqueries of a statement are asked again, over the newest state of a row of `table` that was waited for: `input` brings the statement's rows, whose columns are `layout`.
 */
export function planAskedAgain(
  planner: Planner,
  input: Logical,
  table: LogicalTable,
  layout: readonly ColumnId[],
): AskedAgain {
  const answered = columnsOfSubqueries(input);
  const slots = table.ids.flatMap((id, slot) => (answered.has(id) ? [slot] : []));
  const positions = table.ids.map((id) => layout.indexOf(id));
  if (slots.length === 0) return { slots, positions, again: null };
  const heldKey = {};
  const node = overOneRow(planner, input, table, heldRowsNode(heldKey, [...table.ids, table.rowId as number]));
  const again = node && { node, heldKey, columns: layout.map((id) => node.layout.indexOf(id)) };
  return { slots, positions, again };
}

/** What the statement does to the rows of the table, over a row that is held; null where other tables bring rows, too. */
function overOneRow(planner: Planner, logical: Logical, table: LogicalTable, held: PlanNode): PlanNode | null {
  if (logical === table) return held;
  if (logical.op !== 'filter' && logical.op !== 'apply' && logical.op !== 'sort') return null;
  const below = overOneRow(planner, logical.input, table, held);
  if (below === null || logical.op === 'sort') return below;
  if (logical.op === 'filter') return filterNode(below, planner.evaluator(logical.predicate, below.layout), '');
  return planner.applied(
    below,
    logical.subqueries.map((s) => ({ ...s, plan: optimise(s.plan) })),
  );
}
