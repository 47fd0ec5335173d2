import type { TableEntry } from '../catalog/entry.js';
import type { Evaluator } from '../vm/compile.js';
import type { PlanNode } from '../vm/operators/operator.js';
import { ScanNode } from '../vm/operators/scan.js';
import { columnsOf, isVolatile, operandsOf, type Scalar } from '../vm/scalar.js';

/**
 * May an update of one row be made later in its transaction than its statement was run? It may where nobody could tell but by waiting less: the row is named by its whole key and by
 * nothing else, its new values follow from its own and from constants, and neither a key, an index, a constraint nor another table hangs on them.
 */
export function isPostponable(
  table: TableEntry,
  node: PlanNode,
  sets: ReadonlyArray<{ slot: number; scalar: Scalar | Evaluator }>,
  rules: { readonly checks: readonly unknown[]; readonly generated: readonly unknown[] },
): boolean {
  if (!(node instanceof ScanNode) || !node.ranges.points || node.options.filter !== null) return false;
  if (node.options.path.equalities.some(({ many }) => many)) return false;
  if (rules.checks.length > 0 || rules.generated.length > 0) return false;
  const { key, indexes } = table.shape;
  const isPlain = indexes.every(
    ({ columns, predicate }) => predicate === null && columns.every((c) => c.slot !== null),
  );
  if (!isPlain) return false;
  const held = new Set<number | null>([
    ...key.map(({ slot }) => slot),
    ...indexes.flatMap(({ columns }) => columns.map(({ slot }) => slot)),
    ...table.foreignKeys.flatMap(({ slots }) => slots),
  ]);
  return sets.every(({ slot, scalar }) => !held.has(slot) && typeof scalar !== 'function' && isPlainSum(scalar));
}

const EXACT: ReadonlySet<string> = new Set(['smallint', 'integer', 'bigint', 'numeric']);

/** Constants, or a column and what is added to it: what can go wrong with it hardly hangs on the row. */
function isPlainSum(scalar: Scalar): boolean {
  if (columnsOf(scalar).size === 0) return !isVolatile(scalar);
  if (!EXACT.has(scalar.type.kind)) return false;
  if (scalar.kind === 'column') return true;
  if (scalar.kind !== 'call') return false;
  const isSum = scalar.operator && (scalar.name === '+' || scalar.name === '-');
  const isCast = !scalar.operator && scalar.name === 'cast';
  return (isSum || isCast) && operandsOf(scalar).every(isPlainSum);
}
