import { isComputedType } from '#schemas/analytics/computed-types.js';
import type {
  AnalyticAggregation,
  AnalyticOutput,
  AnalyticPlan,
  AnalyticScalar,
  AnalyticSortKey,
  AnalyticSubquery,
} from '#schemas/analytics/plan.js';
import type { Numeric } from '#schemas/values/numeric.js';
import { divide, numericFromInteger } from '#schemas/values/numeric-arithmetic.js';
import { round } from '#schemas/values/numeric-basics.js';
import type { SqlType } from '#schemas/values/type.js';
import { TYPES } from '#schemas/values/type-name.js';
import { type ColumnId, columnsOf, type Evaluate, type Scalar } from '../../vm/scalar.js';
import { printScalar } from '../explain.js';
import { freeColumns } from '../free-columns.js';
import type { BoundAggregate, BoundSubquery, Logical, LogicalTable, Output, SortKey } from '../logical.js';
import { type AnalyticExpression, AnalyticScalars, type AnalyticSummand } from './analytic-scalars.js';
import { analyticAggregate } from './operations.js';

/** Ids of columns that are made here lie above those of any statement. */
const OWN_IDS = 1_000_000_000;
const WHOLE: SqlType = { kind: 'numeric', precision: null, scale: null };

/** A plan for the OLAP tier, and what the engine makes of its rows; null = nothing. */
export interface Offloaded {
  readonly plan: AnalyticPlan;
  readonly finish: readonly Output[] | null;
}

/** Turns one bound query, or a part of one, into a plan for the OLAP tier. */
export class Offload {
  readonly scalars = new AnalyticScalars();
  readonly tables: string[] = [];
  /** Columns that the statement looks at anywhere. */
  readonly #used: ReadonlySet<ColumnId>;
  #ownIds = 0;
  #refusal = '';

  constructor(used: ReadonlySet<ColumnId>) {
    this.#used = used;
  }

  /** What kept the last plan from being one. */
  get refusal(): string {
    return this.#refusal === '' ? this.scalars.refusal : this.#refusal;
  }

  /** The whole of it; null when the tier cannot compute all of it exactly. */
  whole(logical: Logical): Offloaded | null {
    if (logical.op === 'aggregate') return this.#aggregate(logical);
    const plan = this.#convert(logical, true);
    return plan === null ? null : { plan, finish: null };
  }

  #refuse(what: string): null {
    this.#refusal = what;
    return null;
  }

  /** `isTop`: its order is seen. */
  #convert(logical: Logical, isTop = false): AnalyticPlan | null {
    switch (logical.op) {
      case 'table':
        return this.#table(logical);
      case 'filter':
        return this.#filter(logical);
      case 'project':
        return this.#project(logical);
      case 'join':
        return this.#join(logical);
      case 'aggregate': {
        const found = this.#aggregate(logical);
        if (found === null || found.finish === null) return found?.plan ?? null;
        return this.#refuse('avg below other operators');
      }
      case 'distinct':
        return this.#distinct(logical);
      case 'sort':
        return isTop ? this.#sort(logical) : this.#refuse('an order in the middle of a query');
      case 'limit':
        return this.#limit(logical);
      case 'set':
        return this.#set(logical);
      case 'apply':
        return this.#apply(logical);
      case 'values':
        return this.#values(logical);
      case 'cte':
        return this.#cte(logical);
      default:
        return this.#refuse(NAMES[logical.op] ?? logical.op);
    }
  }

  #table({ table, ids, rowId }: LogicalTable): AnalyticPlan | null {
    if (table.system) return this.#refuse(`system table ${table.name}`);
    if (rowId !== null) return this.#refuse('row locks');
    const { shape } = table;
    const columns = table.columns.flatMap(({ name, slot, type }) => {
      const id = ids[slot];
      return id === undefined || !this.#used.has(id)
        ? []
        : [{ id, name, slot, type, missing: shape.missing[slot] ?? null }];
    });
    for (const { id, type } of columns) {
      const scale = type.kind === 'numeric' && isComputedType(type) ? (type.scale ?? 0) : null;
      this.scalars.columns.set(id, { isComputed: isComputedType(type), scale });
    }
    this.tables.push(table.name);
    return { op: 'table', table: shape.id, name: `${table.schema}.${table.name}`, columns };
  }

  #filter({ input, predicate }: Extract<Logical, { op: 'filter' }>): AnalyticPlan | null {
    const below = this.#convert(input);
    const converted = below === null ? null : this.scalars.convert(predicate);
    return below === null || converted === null ? null : { op: 'filter', input: below, predicate: converted.scalar };
  }

  #project({ input, outputs }: Extract<Logical, { op: 'project' }>): AnalyticPlan | null {
    const below = this.#convert(input);
    if (below === null) return null;
    const converted: AnalyticOutput[] = [];
    for (const { id, scalar } of outputs) {
      const found = this.scalars.handOn(scalar);
      if (found === null) return null;
      this.#know(id, found, scalar);
      converted.push({ id, scalar: found.scalar });
    }
    return { op: 'project', input: below, outputs: converted };
  }

  #know(id: ColumnId, { scale }: AnalyticExpression, scalar: Scalar): void {
    const isComputed =
      scalar.kind === 'column'
        ? (this.scalars.columns.get(scalar.id)?.isComputed ?? false)
        : scalar.type.kind === 'numeric' || isComputedType(scalar.type);
    this.scalars.columns.set(id, { isComputed, scale });
  }

  #join(join: Extract<Logical, { op: 'join' }>): AnalyticPlan | null {
    if (join.lateral) return this.#refuse('a lateral join');
    const left = this.#convert(join.left);
    const right = left === null ? null : this.#convert(join.right);
    if (left === null || right === null) return null;
    const on = join.on === null ? null : this.scalars.convert(join.on);
    if (join.on !== null && on === null) return null;
    return { op: 'join', type: join.type, left, right, on: on === null ? null : on.scalar };
  }

  // ── aggregates ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #aggregate(logical: Extract<Logical, { op: 'aggregate' }>): Offloaded | null {
    const input = this.#convert(logical.input);
    if (input === null) return null;
    const groups: AnalyticOutput[] = [];
    for (const { id, scalar } of logical.groups) {
      const found = isMark(scalar) ? MARK : this.scalars.convert(scalar);
      if (found === null) return null;
      this.#know(id, found, scalar);
      groups.push({ id, scalar: found.scalar });
    }
    const aggregates: AnalyticAggregation[] = [];
    const finish: Output[] = logical.groups.map(({ id, scalar }) => columnOutput(id, scalar.type, printScalar(scalar)));
    let isFinished = true;
    const outer = freeColumns(logical, new Map());
    for (const each of logical.aggregates) {
      if (isOf(each, outer)) return this.#refuse('an aggregate over columns of an outer query');
      const output = this.#aggregation(each, aggregates);
      if (output === null) return null;
      isFinished &&= output.scalar.kind === 'column';
      finish.push(output);
    }
    const { sets } = logical;
    return { plan: { op: 'aggregate', input, groups, aggregates, sets }, finish: isFinished ? null : finish };
  }

  /** Adds what one aggregate is made of, and answers with what the engine makes of that. */
  #aggregation(bound: BoundAggregate, into: AnalyticAggregation[]): Output | null {
    const [first] = bound.arguments;
    const name = bound.function.name;
    const aggregate = analyticAggregate(name, first?.type ?? null);
    if (aggregate === null || bound.arguments.length > 1 || bound.orderBy.length > 0)
      return this.#refuse(`aggregate ${name}`);
    const argument = this.#argument(aggregate, first, bound.distinct);
    if (first !== undefined && argument === null) return null;
    const filter = bound.filter === null ? null : this.scalars.convert(bound.filter);
    if (bound.filter !== null && filter === null) return null;
    const digits = argument?.digits ?? null;
    const { distinct } = bound;
    if (digits !== null && distinct) return this.#refuse('DISTINCT of numerics that show different numbers of digits');
    const add = (id: ColumnId, kind: AnalyticAggregation['aggregate'], type: SqlType): void => {
      const test = filter?.scalar ?? null;
      into.push({ id, aggregate: kind, argument: argument?.scalar ?? null, distinct, filter: test, type });
      const scale = type.kind === 'numeric' ? (argument?.scale ?? (first?.type.kind === 'numeric' ? null : 0)) : null;
      this.scalars.columns.set(id, { isComputed: true, scale });
    };
    if (aggregate !== 'average' && digits === null) {
      add(bound.id, aggregate, bound.type);
      return columnOutput(bound.id, bound.type, name);
    }
    const isFloat = bound.type.kind === 'double';
    const sum = columnOutput(this.#ownId(), isFloat ? TYPES.double : WHOLE, 'sum');
    add(sum.id, 'sum', sum.scalar.type);
    let total = sum.scalar;
    if (digits !== null && argument !== null) {
      const most = columnOutput(this.#ownId(), TYPES.integer, 'digits');
      into.push(mostDigits(most.id, digits, argument.scalar, filter?.scalar ?? null));
      total = shownWith(total, most.scalar);
    }
    if (aggregate !== 'average') return { id: bound.id, scalar: total };
    const count = columnOutput(this.#ownId(), TYPES.bigint, 'count');
    add(count.id, 'count', TYPES.bigint);
    return { id: bound.id, scalar: quotient(total, count.scalar) };
  }

  #argument(
    aggregate: AnalyticAggregation['aggregate'] | 'average',
    argument: Scalar | undefined,
    distinct: boolean,
  ): AnalyticSummand | null {
    if (argument === undefined) return null;
    if (aggregate === 'sum' || aggregate === 'average') return this.scalars.summand(argument);
    const found = aggregate === 'count' && !distinct ? this.scalars.handOn(argument) : this.scalars.convert(argument);
    return found === null ? null : { ...found, digits: null };
  }

  #ownId(): ColumnId {
    return OWN_IDS + this.#ownIds++;
  }

  // ── order and the rest ─────────────────────────────────────────────────────────────────────────────────────────────

  #distinct({ input, on }: Extract<Logical, { op: 'distinct' }>): AnalyticPlan | null {
    const below = this.#convert(input);
    if (below === null) return null;
    if (input.op !== 'project' || input.outputs.some(({ id }) => !on.includes(id))) return this.#refuse('DISTINCT ON');
    if (on.some((id) => this.scalars.columns.get(id)?.isComputed !== true))
      return this.#refuse('DISTINCT of a type that it does not compute with');
    return { op: 'distinct', input: below };
  }

  #sort({ input, keys }: Extract<Logical, { op: 'sort' }>): AnalyticPlan | null {
    const below = this.#convert(input);
    const converted = below === null ? null : this.#sortKeys(keys);
    return below === null || converted === null ? null : { op: 'sort', input: below, keys: converted };
  }

  #sortKeys(keys: readonly SortKey[]): AnalyticSortKey[] | null {
    const converted: AnalyticSortKey[] = [];
    for (const { scalar, descending, nullsFirst } of keys) {
      const found = this.scalars.convert(scalar);
      if (found === null) return null;
      converted.push({ scalar: found.scalar, descending, nullsFirst });
    }
    return converted;
  }

  #limit({ input, limit, offset, withTies }: Extract<Logical, { op: 'limit' }>): AnalyticPlan | null {
    if (withTies !== null) return this.#refuse('WITH TIES');
    const below = input.op === 'sort' ? this.#sort(input) : this.#convert(input);
    if (below === null) return null;
    const counts: Array<AnalyticScalar | null> = [];
    for (const scalar of [limit, offset]) {
      const found = scalar === null ? null : this.scalars.convert(scalar);
      if (scalar !== null && found === null) return null;
      counts.push(found?.scalar ?? null);
    }
    const [most = null, skipped = null] = counts;
    return { op: 'limit', input: below, limit: most, offset: skipped };
  }

  #set(set: Extract<Logical, { op: 'set' }>): AnalyticPlan | null {
    const left = this.#convert(set.left);
    const right = left === null ? null : this.#convert(set.right);
    if (left === null || right === null) return null;
    const { operation, all, leftIds, rightIds, ids } = set;
    for (const [i, id] of ids.entries()) {
      const a = this.scalars.columns.get(leftIds[i] as ColumnId);
      const b = this.scalars.columns.get(rightIds[i] as ColumnId);
      const isHandedOn = operation === 'union' && all;
      if (a === undefined || a.isComputed !== b?.isComputed || a.scale !== b.scale || !(a.isComputed || isHandedOn))
        return this.#refuse(`${operation.toUpperCase()} of types that it does not compute with`);
      this.scalars.columns.set(id, a);
    }
    return { op: 'set', operation, all, left, right, leftIds, rightIds, ids };
  }

  #apply({ input, subqueries }: Extract<Logical, { op: 'apply' }>): AnalyticPlan | null {
    const below = this.#convert(input);
    if (below === null) return null;
    const converted: AnalyticSubquery[] = [];
    for (const subquery of subqueries) {
      const found = this.#subquery(subquery);
      if (found === null) return null;
      converted.push(found);
    }
    return { op: 'apply', input: below, subqueries: converted };
  }

  #subquery({ id, form, plan, ids, compare, quantifier }: BoundSubquery): AnalyticSubquery | null {
    if (form === 'array' || form === 'row') return this.#refuse(`a subquery that makes a ${form}`);
    const below = this.#convert(plan);
    if (below === null) return null;
    const test = compare === null ? null : this.scalars.convert(compare);
    if (compare !== null && test === null) return null;
    const result = form === 'scalar' ? this.scalars.columns.get(ids[0] as ColumnId) : null;
    this.scalars.columns.set(id, result ?? { isComputed: true, scale: null });
    return { id, form: form === 'quantified' ? quantifier : form, plan: below, ids, compare: test?.scalar ?? null };
  }

  #values({ rows, ids }: Extract<Logical, { op: 'values' }>): AnalyticPlan | null {
    const converted: AnalyticScalar[][] = [];
    for (const row of rows) {
      const line: AnalyticScalar[] = [];
      for (const scalar of row) {
        const found = this.scalars.convert(scalar);
        if (found === null || scalar.type.kind === 'numeric') return this.#refuse('VALUES of such types');
        line.push(found.scalar);
      }
      converted.push(line);
    }
    for (const id of ids) this.scalars.columns.set(id, { isComputed: true, scale: null });
    return { op: 'values', rows: converted, ids };
  }

  /** Each place that reads a WITH query computes it by itself. */
  #cte({ table, ids }: Extract<Logical, { op: 'cte' }>): AnalyticPlan | null {
    if (table.plan === null || table.recursive !== null || table.write !== null)
      return this.#refuse(`WITH query ${table.name}`);
    const outputs = ids.map((id, i) => ({
      id,
      scalar: { kind: 'column' as const, type: columnType(table, i), id: table.ids[i] as ColumnId, name: table.name },
    }));
    return this.#project({ op: 'project', input: table.plan, outputs });
  }
}

/** Does an aggregate look at columns of enclosing queries only? DuckDB takes it for one of theirs. */
function isOf({ arguments: args, filter }: BoundAggregate, outer: ReadonlySet<ColumnId>): boolean {
  if (outer.size === 0) return false;
  const columns = new Set([...args, ...(filter === null ? [] : [filter])].flatMap((each) => [...columnsOf(each)]));
  return columns.size > 0 && [...columns].every((id) => outer.has(id));
}

function columnType({ columns }: Extract<Logical, { op: 'cte' }>['table'], at: number): SqlType {
  return columns[at]?.type ?? { kind: 'unknown' };
}

/** What operators are called that the tier has not. */
const NAMES: Readonly<Record<string, string>> = {
  past: 'FOR SYSTEM_TIME',
  virtual: 'a catalog table',
  rows: 'VALUES over columns',
  function: 'a function in FROM',
  window: 'window functions',
  'project-set': 'a function that returns rows',
  lock: 'row locks',
  empty: 'a query without FROM',
  analytic: 'a query of the OLAP tier',
};

function columnOutput(id: ColumnId, type: SqlType, name = ''): Output {
  return { id, scalar: { kind: 'column', type, id, name } };
}

/** Which grouping sets a column stands in is told by a mark: constant, and null where the set leaves it out. */
function isMark(scalar: Scalar): boolean {
  return scalar.kind === 'call' && scalar.name === 'grouping mark';
}

const MARK: AnalyticExpression = { scalar: { kind: 'constant', type: TYPES.integer, value: 0 }, scale: null };

function mostDigits(
  id: ColumnId,
  digits: AnalyticScalar,
  summand: AnalyticScalar,
  filter: AnalyticScalar | null,
): AnalyticAggregation {
  const isAdded: AnalyticScalar = { kind: 'is-null', type: TYPES.boolean, operand: summand, negated: true };
  const test: AnalyticScalar =
    filter === null ? isAdded : { kind: 'and', type: TYPES.boolean, operands: [filter, isAdded] };
  return { id, aggregate: 'max', argument: digits, distinct: false, filter: test, type: TYPES.integer };
}

function finishing(name: string, type: SqlType, args: readonly Scalar[], evaluate: Evaluate): Scalar {
  return {
    kind: 'call',
    type,
    name,
    operator: false,
    arguments: args,
    strict: true,
    volatility: 'immutable',
    evaluate,
  };
}

/** A sum with as many digits as the most of what it adds up; more of them are zeros. */
function shownWith(sum: Scalar, digits: Scalar): Scalar {
  return finishing('sum', WHOLE, [sum, digits], (total, scale) => round(total as Numeric, scale as number));
}

/** avg(), of exact numbers as PostgreSQL divides the sum. */
function quotient(sum: Scalar, count: Scalar): Scalar {
  return sum.type.kind === 'double'
    ? finishing('avg', TYPES.double, [sum, count], (total, rows) => (total as number) / Number(rows))
    : finishing('avg', WHOLE, [sum, count], (total, rows) =>
        divide(total as Numeric, numericFromInteger(rows as bigint)),
      );
}
