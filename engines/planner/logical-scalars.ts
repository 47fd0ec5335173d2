import type { Scalar } from '../vm/scalar.js';
import type { BoundAggregate, BoundFrameEnd, BoundSubquery, BoundWindow, Logical, SortKey } from './logical.js';

/** A bound query with every expression in it changed, those of its subqueries too. WITH queries stay as they are: others read them as well. */
export function mapScalars(plan: Logical, change: (scalar: Scalar) => Scalar): Logical {
  const down = (l: Logical): Logical => mapScalars(l, change);
  const keys = (list: readonly SortKey[]): SortKey[] => list.map((k) => ({ ...k, scalar: change(k.scalar) }));
  switch (plan.op) {
    case 'empty':
    case 'table':
    case 'virtual':
    case 'cte':
    case 'analytic':
      return plan;
    case 'past':
      return { ...plan, moment: plan.moment === null ? null : change(plan.moment) };
    case 'values':
      return { ...plan, rows: plan.rows.map((row) => row.map(change)) };
    case 'rows':
      return { ...plan, input: down(plan.input), rows: plan.rows.map((row) => row.map(change)) };
    case 'function':
      return { ...plan, arguments: plan.arguments.map(change) };
    case 'join':
      return { ...plan, left: down(plan.left), right: down(plan.right), on: plan.on === null ? null : change(plan.on) };
    case 'filter':
      return { ...plan, input: down(plan.input), predicate: change(plan.predicate) };
    case 'project':
      return {
        ...plan,
        input: down(plan.input),
        outputs: plan.outputs.map((o) => ({ ...o, scalar: change(o.scalar) })),
      };
    case 'aggregate':
      return {
        ...plan,
        input: down(plan.input),
        groups: plan.groups.map((g) => ({ ...g, scalar: change(g.scalar) })),
        aggregates: plan.aggregates.map((a) => mapAggregate(a, change, keys)),
      };
    case 'window':
      return { ...plan, input: down(plan.input), windows: plan.windows.map((w) => mapWindow(w, change)) };
    case 'distinct':
      return { ...plan, input: down(plan.input) };
    case 'sort':
      return { ...plan, input: down(plan.input), keys: keys(plan.keys) };
    case 'limit':
      return {
        ...plan,
        input: down(plan.input),
        limit: plan.limit === null ? null : change(plan.limit),
        offset: plan.offset === null ? null : change(plan.offset),
        withTies: plan.withTies === null ? null : keys(plan.withTies),
      };
    case 'set':
      return { ...plan, left: down(plan.left), right: down(plan.right) };
    case 'apply':
      return { ...plan, input: down(plan.input), subqueries: plan.subqueries.map((s) => mapSubquery(s, change)) };
    case 'project-set':
      return {
        ...plan,
        input: down(plan.input),
        functions: plan.functions.map((f) => ({ ...f, arguments: f.arguments.map(change) })),
      };
    case 'lock':
      return { ...plan, input: down(plan.input) };
  }
}

/** A subquery with every expression in it changed, and what its results are compared with. */
export function mapSubquery(subquery: BoundSubquery, change: (scalar: Scalar) => Scalar): BoundSubquery {
  return {
    ...subquery,
    plan: mapScalars(subquery.plan, change),
    compare: subquery.compare === null ? null : change(subquery.compare),
    operands: subquery.operands === null ? null : subquery.operands.map(change),
  };
}

function mapAggregate(
  aggregate: BoundAggregate,
  change: (scalar: Scalar) => Scalar,
  keys: (list: readonly SortKey[]) => SortKey[],
): BoundAggregate {
  return {
    ...aggregate,
    arguments: aggregate.arguments.map(change),
    orderBy: keys(aggregate.orderBy),
    filter: aggregate.filter === null ? null : change(aggregate.filter),
  };
}

/** A window function with every expression in it changed. */
export function mapWindow(window: BoundWindow, change: (scalar: Scalar) => Scalar): BoundWindow {
  const end = (e: BoundFrameEnd): BoundFrameEnd => ('offset' in e ? { ...e, offset: change(e.offset) } : e);
  return {
    ...window,
    arguments: window.arguments.map(change),
    filter: window.filter === null ? null : change(window.filter),
    partitionBy: window.partitionBy.map(change),
    orderBy: window.orderBy.map((k) => ({ ...k, scalar: change(k.scalar) })),
    frame: { ...window.frame, start: end(window.frame.start), end: end(window.frame.end) },
  };
}
