import { crossJoinNode, hashJoinNode, joinedLayout, nestedLoopNode, type Passing } from '../vm/operators/join.js';
import type { PlanNode } from '../vm/operators/operator.js';
import { type ColumnId, columnsOf, type Scalar } from '../vm/scalar.js';
import { conjunction, conjuncts } from './conjuncts.js';
import { printScalar } from './explain.js';
import { freeColumns, producedColumns } from './free-columns.js';
import type { Logical, LogicalJoin, LogicalTable } from './logical.js';
import type { Planner } from './planner.js';

/** One relation of a tree of inner joins, with the conditions that are its own. */
interface Leaf {
  readonly logical: Logical;
  readonly columns: ReadonlySet<ColumnId>;
  /** Columns of other leaves that it reads (LATERAL). */
  readonly needs: ReadonlySet<ColumnId>;
}

/** An inner side that is looked up once for each outer row costs less than hashing it, up to this many outer rows a row of it. */
const LOOKUP_COST = 4;

/** Plans a tree of joins: inner joins in the order that keeps intermediate results small, outer joins as they are written. */
export function planJoins(planner: Planner, join: LogicalJoin, predicates: readonly Scalar[]): PlanNode {
  if (join.type !== 'inner') return planOuter(planner, join, predicates);
  const leaves: Leaf[] = [];
  const all = [...predicates];
  flatten(join, leaves, all);
  const local = new Set(leaves.flatMap((leaf) => [...leaf.columns]));
  return planner.withLocal(local, () => order(planner, leaves, all, local));
}

function flatten(logical: Logical, leaves: Leaf[], predicates: Scalar[]): void {
  if (logical.op === 'filter') {
    predicates.push(...conjuncts(logical.predicate));
    flatten(logical.input, leaves, predicates);
    return;
  }
  if (logical.op === 'join' && logical.type === 'inner') {
    flatten(logical.left, leaves, predicates);
    flatten(logical.right, leaves, predicates);
    if (logical.on !== null) predicates.push(...conjuncts(logical.on));
    return;
  }
  leaves.push({ logical, columns: producedColumns(logical), needs: freeColumns(logical, new Map()) });
}

/** Conditions of which every local column is among `columns`. */
function applicable(
  predicates: readonly Scalar[],
  columns: ReadonlySet<ColumnId>,
  local: ReadonlySet<ColumnId>,
): Scalar[] {
  return predicates.filter((p) => [...columnsOf(p)].every((id) => columns.has(id) || !local.has(id)));
}

function order(
  planner: Planner,
  leaves: readonly Leaf[],
  predicates: readonly Scalar[],
  local: ReadonlySet<ColumnId>,
): PlanNode {
  const left = new Set(leaves);
  const open = new Set(predicates);
  const planned = new Map<Leaf, PlanNode>();
  for (const leaf of leaves) {
    const own = applicable(predicates, leaf.columns, local);
    for (const p of own) open.delete(p);
    planned.set(leaf, planLeaf(planner, leaf, own));
  }
  const ready = (leaf: Leaf, have: ReadonlySet<ColumnId>): boolean =>
    [...leaf.needs].every((id) => have.has(id) || !local.has(id));
  const have = new Set<ColumnId>();
  let node: PlanNode | null = null;
  while (left.size > 0) {
    const candidates = [...left].filter((leaf) => ready(leaf, have));
    const next: Leaf = node === null ? smallest(candidates, planned) : pick(candidates, planned, open, have, local);
    left.delete(next);
    const right = planned.get(next) as PlanNode;
    const before = new Set(have);
    for (const id of next.columns) have.add(id);
    const conditions = applicable([...open], have, local);
    for (const p of conditions) open.delete(p);
    node =
      node === null
        ? planner.filtered(right, conditions)
        : joinInner(planner, node, before, next, right, applicable(predicates, next.columns, local), conditions);
  }
  return node as PlanNode;
}

function smallest(leaves: readonly Leaf[], planned: ReadonlyMap<Leaf, PlanNode>): Leaf {
  return leaves.reduce((best, leaf) =>
    (planned.get(leaf) as PlanNode).rows < (planned.get(best) as PlanNode).rows ? leaf : best,
  );
}

/** The next relation: one that a condition connects with what is joined already, the smallest of them. */
function pick(
  leaves: readonly Leaf[],
  planned: ReadonlyMap<Leaf, PlanNode>,
  open: ReadonlySet<Scalar>,
  have: ReadonlySet<ColumnId>,
  local: ReadonlySet<ColumnId>,
): Leaf {
  const connected = leaves.filter((leaf) => {
    const both = new Set([...have, ...leaf.columns]);
    return applicable([...open], both, local).length > 0;
  });
  return smallest(connected.length > 0 ? connected : leaves, planned);
}

function planLeaf(planner: Planner, leaf: Leaf, predicates: readonly Scalar[]): PlanNode {
  const { logical } = leaf;
  if (logical.op === 'table') return planner.scan(logical, predicates, () => false, null);
  if (logical.op === 'join') return planJoins(planner, logical, predicates);
  return planner.filtered(planner.plan(logical), predicates);
}

/** Equalities between the two sides, as pairs of scalars of one type. */
function equalities(
  conditions: readonly Scalar[],
  left: ReadonlySet<ColumnId>,
  right: ReadonlySet<ColumnId>,
  isLocal: (id: ColumnId) => boolean,
): Array<{ predicate: Scalar; left: Scalar; right: Scalar }> {
  const within = (s: Scalar, side: ReadonlySet<ColumnId>): boolean => {
    const columns = [...columnsOf(s)];
    return columns.some((id) => side.has(id)) && columns.every((id) => side.has(id) || !isLocal(id));
  };
  const pairs: Array<{ predicate: Scalar; left: Scalar; right: Scalar }> = [];
  for (const predicate of conditions) {
    if (predicate.kind !== 'call' || !predicate.operator || predicate.name !== '=') continue;
    const [a, b] = predicate.arguments as [Scalar, Scalar];
    if (a.type.kind !== b.type.kind) continue;
    if (within(a, left) && within(b, right)) pairs.push({ predicate, left: a, right: b });
    else if (within(b, left) && within(a, right)) pairs.push({ predicate, left: b, right: a });
  }
  return pairs;
}

function joinInner(
  planner: Planner,
  outer: PlanNode,
  outerColumns: ReadonlySet<ColumnId>,
  leaf: Leaf,
  inner: PlanNode,
  own: readonly Scalar[],
  conditions: readonly Scalar[],
): PlanNode {
  const lateral = [...leaf.needs].filter((id) => outerColumns.has(id));
  if (lateral.length > 0) return loop(planner, 'inner', outer, inner, lateral, conditions);
  const lookup =
    leaf.logical.op === 'table' ? lookupScan(planner, leaf.logical, [...own, ...conditions], outerColumns) : null;
  const pairs = equalities(
    conditions,
    outerColumns,
    leaf.columns,
    (id) => outerColumns.has(id) || leaf.columns.has(id),
  );
  if (
    lookup !== null &&
    (pairs.length === 0 || outer.rows * LOOKUP_COST * Math.max(lookup.node.rows, 1) < inner.rows + outer.rows)
  ) {
    return loop(planner, 'inner', outer, lookup.node, lookup.passes, []);
  }
  if (pairs.length === 0) return loop(planner, 'inner', outer, inner, [], conditions);
  return hash(planner, 'inner', outer, inner, pairs, conditions);
}

/** The table scanned with the outer row's columns known, when that lets it use a key. */
function lookupScan(
  planner: Planner,
  table: LogicalTable,
  predicates: readonly Scalar[],
  outerColumns: ReadonlySet<ColumnId>,
): { node: PlanNode; passes: ColumnId[] } | null {
  const node = planner.scan(table, predicates, (id) => outerColumns.has(id), null);
  if (node.options.path.equalities.length === 0) return null;
  const passes = new Set<ColumnId>();
  for (const p of predicates) for (const id of columnsOf(p)) if (outerColumns.has(id)) passes.add(id);
  return passes.size === 0 ? null : { node, passes: [...passes] };
}

function loop(
  planner: Planner,
  type: 'inner' | 'left',
  outer: PlanNode,
  inner: PlanNode,
  passes: readonly ColumnId[],
  conditions: readonly Scalar[],
): PlanNode {
  const passing: Passing[] = passes
    .map((id) => ({ from: outer.layout.indexOf(id), register: planner.registerOf(id) }))
    .filter((p) => p.from >= 0);
  const condition = conditions.length === 0 ? null : conjunction(conditions);
  return nestedLoopNode(
    type,
    outer,
    inner,
    passing,
    condition === null ? null : planner.evaluator(condition, joinedLayout(outer, inner)),
    condition === null ? null : `Join Filter: ${printScalar(condition)}`,
  );
}

function hash(
  planner: Planner,
  type: 'inner' | 'left' | 'right' | 'full',
  left: PlanNode,
  right: PlanNode,
  pairs: ReturnType<typeof equalities>,
  conditions: readonly Scalar[],
): PlanNode {
  const rest = conditions.filter((c) => !pairs.some((p) => p.predicate === c));
  const notes = [`Hash Cond: ${pairs.map((p) => printScalar(p.predicate)).join(' AND ')}`];
  if (rest.length > 0) notes.push(`Join Filter: ${printScalar(conjunction(rest))}`);
  const rows = Math.max(1, (left.rows * right.rows) / Math.max(left.rows, right.rows, 1));
  return hashJoinNode(
    type,
    left,
    right,
    planner.rowKey(
      pairs.map((p) => p.left),
      left.layout,
    ),
    planner.rowKey(
      pairs.map((p) => p.right),
      right.layout,
    ),
    rest.length === 0 ? null : planner.evaluator(conjunction(rest), joinedLayout(left, right)),
    notes,
    rows,
  );
}

function planOuter(planner: Planner, join: LogicalJoin, predicates: readonly Scalar[]): PlanNode {
  const leftColumns = producedColumns(join.left);
  const rightColumns = producedColumns(join.right);
  const local = new Set([...leftColumns, ...rightColumns]);
  return planner.withLocal(local, () => planOuterSides(planner, join, predicates, leftColumns, rightColumns, local));
}

function planOuterSides(
  planner: Planner,
  join: LogicalJoin,
  predicates: readonly Scalar[],
  leftColumns: ReadonlySet<ColumnId>,
  rightColumns: ReadonlySet<ColumnId>,
  local: ReadonlySet<ColumnId>,
): PlanNode {
  const type = join.type as 'left' | 'right' | 'full';
  const on = join.on === null ? [] : conjuncts(join.on);
  // Conditions on the kept side alone can be checked before the join; conditions of ON on the other side alone, too.
  const leftOnly =
    type === 'left'
      ? applicable(predicates, leftColumns, local).filter((p) => [...columnsOf(p)].some((id) => leftColumns.has(id)))
      : [];
  const rightOnly = type === 'left' ? applicable(on, rightColumns, local) : [];
  const above = predicates.filter((p) => !leftOnly.includes(p));
  const conditions = on.filter((p) => !rightOnly.includes(p));
  const left = side(planner, join.left, leftOnly);
  const needs = [...freeColumns(join.right, new Map())].filter((id) => leftColumns.has(id));
  let node: PlanNode;
  if (needs.length > 0 && type === 'left') {
    node = loop(planner, 'left', left, side(planner, join.right, rightOnly), needs, conditions);
  } else {
    const right = side(planner, join.right, rightOnly);
    const pairs = equalities(conditions, leftColumns, rightColumns, (id) => local.has(id));
    const lookup =
      type === 'left' && join.right.op === 'table'
        ? lookupScan(planner, join.right, [...rightOnly, ...conditions], leftColumns)
        : null;
    if (
      lookup !== null &&
      (pairs.length === 0 || left.rows * LOOKUP_COST * Math.max(lookup.node.rows, 1) < right.rows + left.rows)
    ) {
      node = loop(planner, 'left', left, lookup.node, lookup.passes, []);
    } else if (pairs.length > 0) {
      node = hash(planner, type, left, right, pairs, conditions);
    } else if (type === 'left') {
      node = loop(planner, 'left', left, right, [], conditions);
    } else {
      node = crossJoinNode(
        type,
        left,
        right,
        conditions.length === 0 ? null : planner.evaluator(conjunction(conditions), joinedLayout(left, right)),
      );
    }
  }
  return planner.filtered(node, above);
}

function side(planner: Planner, logical: Logical, predicates: readonly Scalar[]): PlanNode {
  if (predicates.length === 0) return planner.plan(logical);
  return planner.plan({ op: 'filter', input: logical, predicate: conjunction(predicates) });
}
