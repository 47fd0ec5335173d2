import { type ColumnId, operandsOf, type Scalar } from '../vm/scalar.js';
import { freeColumns } from './free-columns.js';
import type { Logical } from './logical.js';

/** Columns of the plan's own rows that its subqueries read: their answers are of these. */
export function columnsOfSubqueries(logical: Logical, found: Set<ColumnId> = new Set()): Set<ColumnId> {
  const read = (scalar: Scalar): void => {
    if (scalar.kind === 'column') found.add(scalar.id);
    else for (const operand of operandsOf(scalar)) read(operand);
  };
  if (logical.op === 'apply') {
    for (const { plan, compare, operands } of logical.subqueries) {
      for (const id of freeColumns(plan, new Map())) found.add(id);
      for (const scalar of [...(operands ?? []), ...(compare === null ? [] : [compare])]) read(scalar);
    }
  }
  if ('input' in logical) columnsOfSubqueries(logical.input, found);
  if ('left' in logical) {
    columnsOfSubqueries(logical.left, found);
    columnsOfSubqueries(logical.right, found);
  }
  return found;
}
