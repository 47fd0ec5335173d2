import type { ObjectId } from '#schemas/kernel/brand.js';
import type { Logical } from './logical.js';

/** Tables that a plan reads, subqueries included. */
export function tableIds(plan: Logical): ObjectId[] {
  const ids = new Set<ObjectId>();
  const seen = new Set<object>();
  const visit = (l: Logical): void => {
    if (l.op === 'table') {
      if (!l.table.system) ids.add(l.table.id);
      return;
    }
    if ('input' in l) visit(l.input);
    if ('left' in l) {
      visit(l.left);
      visit(l.right);
    }
    if (l.op === 'apply') for (const s of l.subqueries) visit(s.plan);
    if (l.op === 'cte' && !seen.has(l.table)) {
      seen.add(l.table);
      if (l.table.plan !== null) visit(l.table.plan);
      if (l.table.recursive !== null) visit(l.table.recursive.plan);
    }
  };
  visit(plan);
  return [...ids];
}
