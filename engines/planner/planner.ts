import { unreachable } from '#schemas/kernel/assert.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import { keyEncoder } from '#schemas/values/key.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Row } from '#schemas/values/value.js';
import type { Catalog } from '../catalog/entry.js';
import { compile, type Evaluator } from '../vm/compile.js';
import { lower } from '../vm/instructions.js';
import { aggregateNode } from '../vm/operators/aggregate.js';
import { analyticNode } from '../vm/operators/analytic.js';
import { applyNode, type SubquerySpec } from '../vm/operators/apply.js';
import type { RowKey } from '../vm/operators/join.js';
import { type PlanNode, positionOf, type Runtime } from '../vm/operators/operator.js';
import { pastNode } from '../vm/operators/past.js';
import {
  distinctNode,
  EMPTY_NODE,
  expandNode,
  filterNode,
  functionNode,
  limitNode,
  projectNode,
  projectSetNode,
  rowHasher,
  setNode,
  valuesNode,
  virtualNode,
} from '../vm/operators/rows.js';
import { ScanNode } from '../vm/operators/scan.js';
import { keyOrder, keysOf, type SortSpec, sortNode } from '../vm/operators/sort.js';
import { type WindowSpec, windowNode } from '../vm/operators/window.js';
import type { ColumnId, Scalar } from '../vm/scalar.js';
import { lockNode } from '../vm/writes/lock-rows.js';
import { chooseAccess, pathOrders, type WantedOrder } from './access.js';
import { conjunction, conjuncts } from './conjuncts.js';
import { cteNode } from './cte.js';
import { printScalar } from './explain.js';
import { freeColumns } from './free-columns.js';
import { planJoins } from './joins.js';
import type {
  BoundAggregate,
  BoundFrameEnd,
  BoundSubquery,
  BoundWindow,
  Logical,
  LogicalPast,
  LogicalTable,
  SortKey,
} from './logical.js';
import { pastKeys } from './past.js';

export interface PlannerOptions {
  readonly catalog: Catalog;
  readonly database: ObjectId;
  readonly estimateRows: (table: ObjectId) => number;
}

/** Selectivity assumed of a condition that no access path uses. */
const FILTER_SELECTIVITY = 0.3;

/**
 * Chooses operators for a bound query.
 *
 * Columns of enclosing queries are read from registers: `#registers` gives each such column one, and whoever runs the inner plan fills it first.
 */
export class Planner {
  readonly options: PlannerOptions;
  readonly #registers = new Map<ColumnId, number>();

  constructor(options: PlannerOptions) {
    this.options = options;
  }

  /** Registers that a run needs. */
  get registers(): number {
    return this.#registers.size;
  }

  registerOf(id: ColumnId): number {
    let register = this.#registers.get(id);
    if (register === undefined) {
      register = this.#registers.size;
      this.#registers.set(id, register);
    }
    return register;
  }

  /** An evaluator over rows of a layout; columns that it does not have come from registers. */
  evaluator(scalar: Scalar, layout: readonly ColumnId[]): Evaluator {
    const positions = new Map(layout.map((id, i) => [id, i]));
    return compile(lower(scalar, { row: (id) => positions.get(id), register: (id) => this.registerOf(id) }));
  }

  plan(logical: Logical, wanted: WantedOrder | null = null): PlanNode {
    switch (logical.op) {
      case 'empty':
        return EMPTY_NODE;
      case 'table':
      case 'join':
      case 'filter':
        return this.#relations(logical, wanted);
      case 'virtual': {
        const { catalog, database } = this.options;
        return virtualNode(logical.entry.name, logical.ids, () => logical.entry.rows(catalog, database));
      }
      case 'past':
        return this.#past(logical, []);
      case 'analytic':
        return analyticNode({ ...logical, inputs: logical.inputs.map((s) => this.evaluator(s, [])) });
      case 'values':
        return valuesNode(
          logical.rows.map((row) => row.map((s) => this.evaluator(s, []))),
          logical.ids,
        );
      case 'rows': {
        const input = this.plan(logical.input);
        return expandNode(
          input,
          logical.rows.map((row) => row.map((s) => this.evaluator(s, input.layout))),
          logical.ids,
        );
      }
      case 'function':
        return functionNode(
          logical.function,
          logical.arguments.map((a) => this.evaluator(a, [])),
          logical.ids,
          logical.ordinality,
        );
      case 'project': {
        const input = this.plan(logical.input, wantedBelow(wanted, logical.outputs));
        return projectNode(
          input,
          logical.outputs.map((o) => this.evaluator(o.scalar, input.layout)),
          logical.outputs.map((o) => o.id),
        );
      }
      case 'project-set':
        return this.#projectSet(logical);
      case 'aggregate':
        return this.#aggregate(logical);
      case 'window': {
        const input = this.plan(logical.input);
        return windowNode(
          input,
          logical.windows.map((w) => this.#window(w, input.layout)),
        );
      }
      case 'distinct': {
        const input = this.plan(logical.input, wanted);
        const positions = logical.on.map((id) => positionOf(input.layout, id));
        const types = logical.on.map((id) => typeIn(logical.input, id));
        return distinctNode(input, rowHasher(positions, types));
      }
      case 'sort':
        return this.#sort(logical.input, logical.keys, null);
      case 'limit':
        return this.#limit(logical);
      case 'set':
        return this.#set(logical);
      case 'apply':
        return this.applied(this.plan(logical.input, wanted), logical.subqueries);
      case 'cte':
        return cteNode(this, logical.table, logical.ids);
      case 'lock': {
        const input = this.plan(logical.input, wanted);
        return lockNode(this, input, logical);
      }
      default:
        return unreachable(logical);
    }
  }

  #set({ operation, all, left, right, leftIds, rightIds, ids, types }: Extract<Logical, { op: 'set' }>): PlanNode {
    const whole = rowHasher([...ids.keys()], types);
    return setNode(operation, all, this.#ordered(left, leftIds), this.#ordered(right, rightIds), ids, whole);
  }

  #projectSet(logical: Extract<Logical, { op: 'project-set' }>): PlanNode {
    const input = this.plan(logical.input);
    const functions = logical.functions.map((f) => ({
      id: f.id,
      definition: f.function,
      args: f.arguments.map((a) => this.evaluator(a, input.layout)),
      whole: f.whole,
    }));
    return projectSetNode(input, functions);
  }

  /** Rows with the results of subqueries behind them. */
  applied(input: PlanNode, subqueries: readonly BoundSubquery[]): PlanNode {
    let { layout } = input;
    const specs = subqueries.map((s) => {
      const spec = this.#subquery(s, layout);
      layout = [...layout, s.id];
      return spec;
    });
    return applyNode(input, specs);
  }

  /** A plan whose rows hold just these columns, in this order. */
  #ordered(logical: Logical, ids: readonly ColumnId[]): PlanNode {
    const node = this.plan(logical);
    if (node.layout.length === ids.length && ids.every((id, i) => node.layout[i] === id)) return node;
    return projectNode(
      node,
      ids.map((id) => this.evaluator({ kind: 'column', type: ANY_TYPE, id, name: '' }, node.layout)),
      ids,
    );
  }

  // ── relations ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #relations(logical: Logical, wanted: WantedOrder | null): PlanNode {
    const predicates: Scalar[] = [];
    let below = logical;
    while (below.op === 'filter') {
      predicates.push(...conjuncts(below.predicate));
      below = below.input;
    }
    if (below.op === 'table') {
      const table = below;
      return this.withLocal(new Set(), () => this.scan(table, predicates, () => false, wanted));
    }
    if (below.op === 'join') return planJoins(this, below, predicates);
    if (below.op === 'past') return this.filtered(this.#past(below, predicates), predicates);
    return this.filtered(this.plan(below, wanted), predicates);
  }

  #past(logical: LogicalPast, predicates: readonly Scalar[]): PlanNode {
    const { table, moment, ids } = logical;
    const when = moment === null ? null : this.evaluator(moment, []);
    return pastNode(
      table,
      when,
      ids,
      pastKeys(logical, predicates, (s) => this.evaluator(s, [])),
    );
  }

  filtered(node: PlanNode, predicates: readonly Scalar[]): PlanNode {
    if (predicates.length === 0) return node;
    const condition = conjunction(predicates);
    return filterNode(node, this.evaluator(condition, node.layout), `Filter: ${printScalar(condition)}`);
  }

  estimate(table: LogicalTable): number {
    return Math.max(1, this.options.estimateRows(table.table.shape.id));
  }

  /** A scan of a base table by the best access path; `outer` says which other relations' columns stand in registers by then. */
  scan(
    table: LogicalTable,
    predicates: readonly Scalar[],
    outer: (id: ColumnId) => boolean,
    wanted: WantedOrder | null,
  ): ScanNode {
    const own = new Set(table.ids);
    const known = (id: ColumnId): boolean => !own.has(id) && (outer(id) || !this.#local.has(id));
    const rows = this.estimate(table);
    const chosen = chooseAccess(table, predicates, rows, known, (s) => this.evaluator(s, []), wanted);
    const rest = predicates.filter((p) => !chosen.used.includes(p));
    const layout = table.rowId === null ? table.ids : [...table.ids, table.rowId];
    const notes: string[] = [];
    if (chosen.used.length > 0) notes.push(`Index Cond: ${chosen.used.map(printScalar).join(' AND ')}`);
    if (rest.length > 0) notes.push(`Filter: ${rest.map(printScalar).join(' AND ')}`);
    return new ScanNode({
      shape: table.table.shape,
      name: table.alias === table.table.name ? table.table.name : `${table.table.name} ${table.alias}`,
      path: chosen.path,
      filter: rest.length === 0 ? null : this.evaluator(conjunction(rest), table.ids),
      layout,
      withRowId: table.rowId !== null,
      rows: Math.max(1, chosen.rows * FILTER_SELECTIVITY ** Math.min(rest.length, 3)),
      notes,
    });
  }

  /** Columns of the relations that are being joined: they stand in no register unless a nested loop puts them there. */
  #local: ReadonlySet<ColumnId> = new Set();

  /** Plans something while these columns are being joined. */
  withLocal<T>(columns: ReadonlySet<ColumnId>, plan: () => T): T {
    const before = this.#local;
    this.#local = columns;
    try {
      return plan();
    } finally {
      this.#local = before;
    }
  }

  // ── the rest ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #aggregate(logical: Extract<Logical, { op: 'aggregate' }>): PlanNode {
    const input = this.plan(logical.input);
    const groups = logical.groups.map((g) => ({
      id: g.id,
      evaluate: this.evaluator(g.scalar, input.layout),
      type: g.scalar.type,
    }));
    return aggregateNode(
      input,
      groups,
      logical.aggregates.map((a) => this.#aggregateSpec(a, input.layout)),
      logical.sets,
    );
  }

  #aggregateSpec(a: BoundAggregate, layout: readonly ColumnId[]): Parameters<typeof aggregateNode>[2][number] {
    return {
      id: a.id,
      definition: a.function,
      arguments: a.arguments.map((s) => this.evaluator(s, layout)),
      argumentTypes: a.arguments.map((s) => s.type),
      distinct: a.distinct,
      orderBy: a.orderBy.map((k) => this.sortSpec(k, layout)),
      filter: a.filter === null ? null : this.evaluator(a.filter, layout),
    };
  }

  #window(w: BoundWindow, layout: readonly ColumnId[]): WindowSpec {
    const end = (e: BoundFrameEnd): WindowSpec['start'] => ({
      kind: e.kind,
      offset: 'offset' in e ? this.evaluator(e.offset, layout) : null,
    });
    return {
      id: w.id,
      function: w.function,
      arguments: w.arguments.map((s) => this.evaluator(s, layout)),
      argumentTypes: w.arguments.map((s) => s.type),
      filter: w.filter === null ? null : this.evaluator(w.filter, layout),
      partitionBy: w.partitionBy.map((s) => this.sortSpec({ scalar: s, descending: false, nullsFirst: false }, layout)),
      orderBy: w.orderBy.map((k) => this.sortSpec(k, layout)),
      mode: w.frame.mode,
      start: end(w.frame.start),
      end: end(w.frame.end),
    };
  }

  sortSpec(key: SortKey, layout: readonly ColumnId[]): SortSpec {
    return {
      evaluate: this.evaluator(key.scalar, layout),
      type: key.scalar.type,
      descending: key.descending,
      nullsFirst: key.nullsFirst,
    };
  }

  #sort(below: Logical, keys: readonly SortKey[], limit: ((runtime: Runtime) => number | null) | null): PlanNode {
    const lockedLast = sortBelowLock(below, keys);
    if (lockedLast !== null) return this.plan(lockedLast);
    const columns = keys.map((k) => ({
      id: k.scalar.kind === 'column' ? k.scalar.id : -1,
      descending: k.descending,
      nullsFirst: k.nullsFirst,
    }));
    const wanted: WantedOrder | null = columns.every((c) => c.id >= 0) ? { columns } : null;
    const input = this.plan(below, wanted);
    if (wanted !== null && isOrdered(below, input, wanted)) return input;
    const note = `Sort Key: ${keys.map((k) => printScalar(k.scalar) + (k.descending ? ' DESC' : '')).join(', ')}`;
    return sortNode(
      input,
      keys.map((k) => this.sortSpec(k, input.layout)),
      limit,
      note,
    );
  }

  #limit(logical: Extract<Logical, { op: 'limit' }>): PlanNode {
    const limit = logical.limit === null ? null : this.evaluator(logical.limit, []);
    const offset = logical.offset === null ? null : this.evaluator(logical.offset, []);
    const topN = (runtime: Runtime): number | null => {
      const count = limit?.([], runtime) as bigint | null | undefined;
      const skip = (offset?.([], runtime) ?? 0n) as bigint;
      return count === null || count === undefined || count < 0n || skip < 0n ? null : Number(count + skip);
    };
    const sorted = logical.input.op === 'sort' && limit !== null && logical.withTies === null;
    const input =
      sorted && logical.input.op === 'sort'
        ? this.#sort(logical.input.input, logical.input.keys, topN)
        : this.plan(logical.input);
    if (logical.withTies === null) return limitNode(input, limit, offset, null);
    const specs = logical.withTies.map((k) => this.sortSpec(k, input.layout));
    const order = keyOrder(specs);
    return limitNode(
      input,
      limit,
      offset,
      (a, b, runtime) => order(keysOf(a, specs, runtime), keysOf(b, specs, runtime)) === 0,
    );
  }

  #subquery(s: BoundSubquery, layout: readonly ColumnId[]): SubquerySpec {
    const plan = this.plan(s.plan);
    const types = new Map<ColumnId, SqlType>();
    const free = freeColumns(s.plan, types);
    const passing = [...free]
      .filter((id) => layout.includes(id))
      .map((id) => ({ from: layout.indexOf(id), register: this.registerOf(id) }));
    const passingTypes = [...free].filter((id) => layout.includes(id)).map((id) => types.get(id) as SqlType);
    const joined = [...layout, ...plan.layout];
    const membership = s.operands === null ? null : this.#membership(s, layout);
    return {
      id: s.id,
      form: s.form,
      plan,
      passing,
      passingTypes,
      outputs: s.ids.map((id) => positionOf(plan.layout, id)),
      quantifier: s.quantifier,
      compare: s.compare === null ? null : this.evaluator(s.compare, joined),
      membership,
    };
  }

  /** `x IN (SELECT y)` by hash, when both sides have one type after the casts that = asked for. */
  #membership(s: BoundSubquery, layout: readonly ColumnId[]): SubquerySpec['membership'] {
    const tests = s.compare === null ? [] : s.compare.kind === 'and' ? s.compare.operands : [s.compare];
    const operands: Scalar[] = [];
    for (const [i, test] of tests.entries()) {
      if (test.kind !== 'call') return null;
      const [x, y] = test.arguments as [Scalar, Scalar];
      if (y.kind !== 'column' || y.id !== s.ids[i] || x.type.kind !== y.type.kind) return null;
      operands.push(x);
    }
    return operands.length === 0
      ? null
      : { operands: operands.map((o) => this.evaluator(o, layout)), types: operands.map((o) => o.type) };
  }

  /** A hash key of rows: null when a column is null. */
  rowKey(scalars: readonly Scalar[], layout: readonly ColumnId[]): RowKey {
    const evaluators = scalars.map((s) => this.evaluator(s, layout));
    const encode = keyEncoder(scalars.map((s) => ({ type: s.type })));
    return (row: Row, runtime: Runtime) => {
      const values = evaluators.map((e) => e(row, runtime));
      return values.includes(null) ? null : encode(values);
    };
  }
}

const ANY_TYPE: SqlType = { kind: 'unknown' };

/** An order wanted above a projection, in terms of what is below it; null when a computed column is asked for. */
function wantedBelow(
  wanted: WantedOrder | null,
  outputs: ReadonlyArray<{ readonly id: ColumnId; readonly scalar: Scalar }>,
): WantedOrder | null {
  if (wanted === null) return null;
  const columns: Array<WantedOrder['columns'][number]> = [];
  for (const column of wanted.columns) {
    const scalar = outputs.find((o) => o.id === column.id)?.scalar;
    if (scalar?.kind !== 'column') return null;
    columns.push({ ...column, id: scalar.id });
  }
  return { columns };
}

/** Rows are locked in the order in which they are wanted, and none that a LIMIT leaves out: the sort goes below the lock. Null where there is none. */
function sortBelowLock(below: Logical, keys: readonly SortKey[]): Logical | null {
  if (below.op !== 'project' || below.input.op !== 'lock') return null;
  const inner: SortKey[] = [];
  for (const key of keys) {
    const id = key.scalar.kind === 'column' ? key.scalar.id : -1;
    const output = below.outputs.find((o) => o.id === id);
    if (output === undefined) return null;
    inner.push({ ...key, scalar: output.scalar });
  }
  const { input: lock } = below;
  return { ...below, input: { ...lock, input: { op: 'sort', input: lock.input, keys: inner } } };
}

/** Do the rows of a plan come in this order by themselves? */
function isOrdered(logical: Logical, node: PlanNode, wanted: WantedOrder): boolean {
  if (logical.op === 'project') {
    const below = wantedBelow(wanted, logical.outputs);
    const child = node.children[0];
    return below !== null && child !== undefined && isOrdered(logical.input, child, below);
  }
  if (logical.op === 'filter')
    return isOrdered(logical.input, node instanceof ScanNode ? node : (node.children[0] ?? node), wanted);
  const [child] = node.children;
  if (logical.op === 'lock') return child !== undefined && isOrdered(logical.input, child, wanted);
  return logical.op === 'table' && node instanceof ScanNode && pathOrders(logical, node.options.path, wanted);
}

/** The type of a column that a plan makes. */
function typeIn(logical: Logical, id: ColumnId): SqlType {
  if (logical.op === 'project') {
    const output = logical.outputs.find((o) => o.id === id);
    if (output !== undefined) return output.scalar.type;
  }
  if ('input' in logical) return typeIn(logical.input, id);
  if (logical.op === 'set' || logical.op === 'analytic') return logical.types[logical.ids.indexOf(id)] ?? ANY_TYPE;
  return ANY_TYPE;
}
