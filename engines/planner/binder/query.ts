import type { Expression, OrderItem } from '#schemas/program/expression.js';
import type { GroupItem, Query, Select, SelectItem } from '#schemas/program/query.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import { TYPES } from '#schemas/values/type-name.js';
import { type ColumnId, columnsOf, type Scalar, sameScalar } from '../../vm/scalar.js';
import type { BoundAggregate, BoundSubquery, BoundWindow, Logical, LogicalTable, Output, SortKey } from '../logical.js';
import { mapSubquery, mapWindow } from '../logical-scalars.js';
import { columnName } from './column-name.js';
import type { BindContext, CteScope } from './context.js';
import { ExpressionBinder } from './expressions.js';
import { FromBinder } from './from.js';
import { type Grouping, groupedExpression } from './grouping.js';
import { type BoundQuery, columnScalar, type OutputColumn } from './output.js';
import { type Place, plainPlace } from './place.js';
import { requirePrivilege } from './privileges.js';
import { Scope } from './scope.js';
import { setOperation, values } from './set-operations.js';
import { bindWith } from './with.js';

/** A bound SELECT whose ORDER BY may still ask for expressions over its input. */
interface BoundSelect {
  readonly columns: readonly OutputColumn[];
  /** Everything below the projection. */
  readonly input: Logical;
  readonly outputs: Output[];
  /** Binds an ORDER BY expression over the input; null for set operations and VALUES. */
  readonly bindSort: ((item: OrderItem) => Scalar) | null;
  readonly distinct: 'none' | 'rows' | readonly Expression[];
  readonly finish: (input: Logical) => Logical;
  readonly tables: readonly LogicalTable[];
}

/** Binds queries to logical plans. */
export class QueryBinder {
  readonly context: BindContext;
  readonly expressions: ExpressionBinder;
  readonly from: FromBinder;

  constructor(context: BindContext) {
    this.context = context;
    const bindQuery = (query: Query, outer: Scope, ctes: CteScope | null): BoundQuery => this.bind(query, outer, ctes);
    this.expressions = new ExpressionBinder(context, bindQuery);
    this.from = new FromBinder(context, this.expressions, bindQuery);
  }

  /** `keepUnknown`: literals in the select list keep the type unknown, for a caller that gives them one (see `typed`). */
  bind(query: Query, outer: Scope | null, outerCtes: CteScope | null, keepUnknown = false): BoundQuery {
    const ctes = query.with.length === 0 ? outerCtes : bindWith(this, query.with, query.recursive, outer, outerCtes);
    const { body } = query;
    if (body.kind === 'select')
      return this.#finishSelect(query, this.#select(body, outer, ctes, keepUnknown), outer, ctes);
    const { plan, columns } =
      body.kind === 'values' ? values(this, body, outer, ctes) : setOperation(this, body, outer, ctes);
    if (query.locking.length > 0)
      throw new SqlError(
        'feature_not_supported',
        `FOR UPDATE is not allowed with ${body.kind === 'values' ? 'VALUES' : 'UNION/INTERSECT/EXCEPT'}`,
        { token: query.locking[0]?.token ?? -1 },
      );
    let ordered = plan;
    if (query.orderBy.length > 0) {
      const keys = query.orderBy.map((item): SortKey => {
        return sortKeyOf(item, this.#setOrder(item.expression, columns));
      });
      ordered = { op: 'sort', input: plan, keys };
    }
    return { plan: this.#limit(query, ordered, outer, ctes, null, null), columns };
  }

  /** What a set operation is sorted by: one of its result columns. */
  #setOrder(e: Expression, columns: readonly OutputColumn[]): Scalar {
    const id = this.#outputId(e, columns);
    if (id !== null) return columnScalar(columns, id);
    if (e.kind === 'column' && e.path.length === 1) {
      throw new SqlError('undefined_column', `column "${e.path[0]}" does not exist`, { token: e.token });
    }
    throw new SqlError('feature_not_supported', 'invalid UNION/INTERSECT/EXCEPT ORDER BY clause', {
      detail: 'Only result column names can be used, not expressions or functions.',
      hint: 'Add the expression/function to every SELECT, or move the UNION into a FROM clause.',
      token: e.token,
    });
  }

  // ── SELECT ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #select(select: Select, outer: Scope | null, ctes: CteScope | null, keepUnknown: boolean): BoundSelect {
    const scope = new Scope(outer);
    let input = this.from.list(select.from, scope, ctes);
    const tables = tablesOf(input);
    const windowDefinitions = new Map(select.windows.map((w) => [w.name, w.window]));
    const base: Place = { ...plainPlace('SELECT', scope, ctes), windowDefinitions };
    if (select.where !== null) input = this.filter(input, select.where, { ...base, name: 'WHERE' });

    const aggregates: BoundAggregate[] = [];
    const windows: BoundWindow[] = [];
    const subqueries: BoundSubquery[] = [];
    const sets: NonNullable<Place['sets']> = [];
    const listPlace: Place = { ...base, aggregates, windows, subqueries, sets };
    const items = this.#items(
      select.items,
      scope,
      listPlace,
      keepUnknown && select.distinct.kind === 'none' && select.groupBy.length === 0,
    );
    const havingSubqueries: BoundSubquery[] = [];
    const having =
      select.having === null
        ? null
        : this.expressions.condition(select.having, {
            ...base,
            name: 'HAVING',
            aggregates,
            subqueries: havingSubqueries,
          });
    const sortScalars = new Map<OrderItem, Scalar>();
    const groupSubqueries: BoundSubquery[] = [];
    const grouping = this.#grouping(select, items, { ...base, name: 'GROUP BY', subqueries: groupSubqueries });
    const grouped = (): boolean => grouping !== null || aggregates.length > 0 || having !== null;

    const outputs: Output[] = items.map((item) => ({ id: item.id, scalar: item.scalar }));
    const finish = (below: Logical): Logical => {
      let plan = below;
      const all = [...outputs];
      if (grouped()) {
        const full: Grouping = grouping ?? { groups: [], sets: null };
        // Subqueries that groups and aggregates are made of run for each input row, the others for each group.
        const inner = [...groupSubqueries, ...subqueries.filter((s) => usesSubquery(s.id, aggregates, full.groups))];
        const outer = [...havingSubqueries, ...subqueries.filter((s) => !inner.includes(s))];
        if (inner.length > 0) plan = { op: 'apply', input: plan, subqueries: inner };
        const own = new Set(scope.relations.flatMap((r) => r.columns.map((c) => c.id)));
        const rewrite = groupedExpression(full, aggregates, windows, tables, (id) => own.has(id), this.context);
        for (let i = 0; i < all.length; i++)
          all[i] = { id: (all[i] as Output).id, scalar: rewrite((all[i] as Output).scalar) };
        const condition = having === null ? null : rewrite(having);
        for (let i = 0; i < windows.length; i++) windows[i] = mapWindow(windows[i] as BoundWindow, rewrite);
        const applied = outer.map((s) => this.#subqueryOfGroups(s, rewrite));
        plan = { op: 'aggregate', input: plan, groups: full.groups, aggregates, sets: full.sets };
        if (applied.length > 0) plan = { op: 'apply', input: plan, subqueries: applied };
        if (condition !== null) plan = { op: 'filter', input: plan, predicate: condition };
      } else if (subqueries.length > 0) {
        plan = { op: 'apply', input: plan, subqueries };
      }
      if (windows.length > 0) plan = { op: 'window', input: plan, windows };
      if (sets.length > 0) plan = { op: 'project-set', input: plan, functions: sets };
      return { op: 'project', input: plan, outputs: all };
    };
    const bindSort = (item: OrderItem): Scalar => {
      const known = sortScalars.get(item);
      if (known !== undefined) return known;
      const scalar = this.context.coercion.settle(
        this.expressions.bind(item.expression, { ...listPlace, name: 'ORDER BY' }),
      );
      sortScalars.set(item, scalar);
      return scalar;
    };
    const distinct = select.distinct.kind === 'on' ? select.distinct.expressions : select.distinct.kind;
    const columns = items.map(({ name, scalar, id }): OutputColumn => {
      const origin = scalar.kind === 'column' ? scope.origin(scalar.id) : { table: 0, number: 0 };
      return { name, type: scalar.type, id, table: origin.table, number: origin.number };
    });
    return { columns, input, outputs, bindSort, distinct, finish, tables };
  }

  /** A subquery above an aggregation: of the input's columns it may use the grouped ones. Throws 42803. */
  #subqueryOfGroups(subquery: BoundSubquery, rewrite: (scalar: Scalar) => Scalar): BoundSubquery {
    try {
      return mapSubquery(subquery, rewrite);
    } catch (error) {
      const column =
        error instanceof SqlError && error.condition === 'grouping_error'
          ? /^column (".*") must appear/.exec(error.message)?.[1]
          : undefined;
      if (column === undefined) throw error;
      throw new SqlError('grouping_error', `subquery uses ungrouped column ${column} from outer query`);
    }
  }

  /** input filtered by a condition, with the subqueries that it uses. */
  filter(input: Logical, condition: Expression, place: Place): Logical {
    const subqueries: BoundSubquery[] = [];
    const predicate = this.expressions.condition(condition, { ...place, subqueries });
    return { op: 'filter', input: subqueries.length === 0 ? input : { op: 'apply', input, subqueries }, predicate };
  }

  #items(
    items: readonly SelectItem[],
    scope: Scope,
    place: Place,
    keepUnknown: boolean,
  ): Array<{ name: string; scalar: Scalar; id: ColumnId }> {
    const found: Array<{ name: string; scalar: Scalar; id: ColumnId }> = [];
    for (const item of items) {
      if (item.kind === 'star') {
        for (const { name, scalar } of this.star(item, scope))
          found.push({ name, scalar, id: this.context.outputFor(scalar) });
        continue;
      }
      const bound = this.expressions.bind(item.expression, place);
      const scalar = keepUnknown ? bound : this.context.coercion.settle(bound);
      found.push({ name: item.alias ?? columnName(item.expression), scalar, id: this.context.outputFor(scalar) });
    }
    return found;
  }

  /** What * or t.* stands for. */
  star(item: Extract<SelectItem, { kind: 'star' }>, scope: Scope): Array<{ name: string; scalar: Scalar }> {
    if (item.path.length > 0) {
      const relation = scope.relation(item.path);
      if (relation === null) throw scope.missing(item.path.at(-1) as string, item.token);
      return relation.columns.map((c) => ({
        name: c.name,
        scalar: { kind: 'column', type: c.type, id: c.id, name: c.name },
      }));
    }
    if (scope.relations.length === 0)
      throw new SqlError('syntax_error', 'SELECT * with no tables specified is not valid', { token: item.token });
    for (const relation of scope.relations) relation.onRead?.();
    const merged = scope.merged.map((m) => ({ name: m.name, scalar: m.scalar }));
    const plain = scope.relations.flatMap((r) =>
      r.columns
        .filter((c) => !r.merged.has(c.id))
        .map((c) => ({ name: c.name, scalar: { kind: 'column' as const, type: c.type, id: c.id, name: c.name } })),
    );
    return [...merged, ...plain];
  }

  #grouping(select: Select, items: ReadonlyArray<{ name: string; scalar: Scalar }>, place: Place): Grouping | null {
    if (select.groupBy.length === 0) return null;
    const groups: Output[] = [];
    const indexOf = (e: Expression): number => {
      const scalar = this.#groupExpression(e, items, place);
      const known = groups.findIndex((g) => sameScalar(g.scalar, scalar));
      if (known >= 0) return known;
      groups.push({ id: this.context.newId(), scalar });
      return groups.length - 1;
    };
    const alternatives = select.groupBy.map((item) => groupSets(item, indexOf));
    let sets: number[][] = [[]];
    for (const alternative of alternatives)
      sets = sets.flatMap((set) => alternative.map((more) => [...new Set([...set, ...more])]));
    return {
      groups,
      sets:
        alternatives.every((a) => a.length === 1) && select.groupBy.every((g) => g.kind === 'expression') ? null : sets,
    };
  }

  /** An ordinal, an output name that is no column, or an expression. */
  #groupExpression(e: Expression, items: ReadonlyArray<{ name: string; scalar: Scalar }>, place: Place): Scalar {
    if (e.kind === 'constant' && typeof e.value === 'number') {
      const item = items[e.value - 1];
      if (item === undefined)
        throw new SqlError('invalid_column_reference', `GROUP BY position ${e.value} is not in select list`, {
          token: e.token,
        });
      return item.scalar;
    }
    if (e.kind === 'column' && e.path.length === 1 && place.scope.findHere(e.path, e.token) === null) {
      const item = items.find((i) => i.name === e.path[0]);
      if (item !== undefined) return item.scalar;
    }
    return this.context.coercion.settle(this.expressions.bind(e, place));
  }

  // ── behind the projection ──────────────────────────────────────────────────────────────────────────────────────────

  #finishSelect(query: Query, bound: BoundSelect, outer: Scope | null, ctes: CteScope | null): BoundQuery {
    const { outputs, columns, distinct } = bound;
    const visible = outputs.length;
    const idOf = (item: OrderItem): ColumnId => {
      const named = this.#outputId(item.expression, columns);
      if (named !== null) return named;
      const scalar = (bound.bindSort as NonNullable<BoundSelect['bindSort']>)(item);
      const same = outputs.find((o) => sameScalar(o.scalar, scalar));
      if (same !== undefined) return same.id;
      if (distinct === 'rows') {
        throw new SqlError(
          'invalid_column_reference',
          'for SELECT DISTINCT, ORDER BY expressions must appear in select list',
          { token: item.expression.token },
        );
      }
      const id = this.context.newId();
      outputs.push({ id, scalar });
      return id;
    };
    const keyIds = query.orderBy.map((item) => ({ item, id: idOf(item) }));
    const onIds = Array.isArray(distinct)
      ? (distinct as readonly Expression[]).map((e) => idOf({ expression: e, descending: false, nullsFirst: null }))
      : [];
    const typeOf = (id: ColumnId): SqlType => (outputs.find((o) => o.id === id) as Output).scalar.type;
    const keys = keyIds.map(
      ({ item, id }): SortKey => sortKeyOf(item, { kind: 'column', type: typeOf(id), id, name: '' }),
    );

    let plan = bound.finish(bound.input);
    if (query.locking.length > 0) plan = this.#lock(query, bound, plan);
    if (distinct === 'rows') plan = { op: 'distinct', input: plan, on: outputs.map((o) => o.id) };
    if (onIds.length > 0) {
      const leading = new Set(keyIds.slice(0, onIds.length).map((k) => k.id));
      if (keys.length > 0 && !onIds.every((id) => leading.has(id))) {
        throw new SqlError(
          'invalid_column_reference',
          'SELECT DISTINCT ON expressions must match initial ORDER BY expressions',
        );
      }
      if (keys.length > 0) plan = { op: 'sort', input: plan, keys };
      plan = { op: 'distinct', input: plan, on: onIds };
    } else if (keys.length > 0) {
      plan = { op: 'sort', input: plan, keys };
    }
    plan = this.#limit(query, plan, outer, ctes, keys, bound.bindSort);
    if (outputs.length > visible) {
      plan = {
        op: 'project',
        input: plan,
        outputs: outputs
          .slice(0, visible)
          .map((o) => ({ id: o.id, scalar: { kind: 'column', type: o.scalar.type, id: o.id, name: '' } })),
      };
    }
    return { plan, columns };
  }

  /** FOR UPDATE: rows are locked below the projection, so that what is answered is computed from the locked rows. */
  #lock(query: Query, bound: BoundSelect, plan: Logical): Logical {
    if (plan.op !== 'project') return plan;
    let { input } = plan;
    for (const locking of query.locking) {
      const barred = barredFromLocking(input, bound.distinct);
      if (barred !== null)
        throw new SqlError(
          'feature_not_supported',
          `FOR ${locking.strength.toUpperCase().replaceAll('-', ' ')} is not allowed with ${barred}`,
          { token: locking.token },
        );
      const tables =
        locking.of.length === 0
          ? bound.tables
          : locking.of.map((name) => {
              const table = bound.tables.find((t) => t.alias === name);
              if (table === undefined)
                throw new SqlError(
                  'undefined_table',
                  `relation "${name}" in FOR UPDATE clause not found in FROM clause`,
                  { token: locking.token },
                );
              return table;
            });
      for (const table of tables) {
        requirePrivilege(this.context.user, this.context.catalog, table.table, 'update');
        table.rowId ??= this.context.newId();
      }
      input = { op: 'lock', input, tables, strength: locking.strength, wait: locking.wait };
    }
    return { ...plan, input };
  }

  #limit(
    query: Query,
    plan: Logical,
    outer: Scope | null,
    ctes: CteScope | null,
    keys: readonly SortKey[] | null,
    bindOwn: BoundSelect['bindSort'],
  ): Logical {
    if (query.limit === null && query.offset === null) return plan;
    const place = plainPlace('LIMIT', new Scope(outer), ctes);
    const count = (e: Expression, what: string): Scalar => {
      const bound = this.#outsideRows(e, { ...place, name: what }, bindOwn);
      return this.context.coercion.require(bound, TYPES.bigint, `argument of ${what}`, e.token);
    };
    return {
      op: 'limit',
      input: plan,
      limit: query.limit === null ? null : count(query.limit, 'LIMIT'),
      offset: query.offset === null ? null : count(query.offset, 'OFFSET'),
      withTies: query.withTies ? (keys ?? []) : null,
    };
  }

  /** An expression that may not depend on the query's own rows. Throws 42P10 where it does. */
  #outsideRows(e: Expression, place: Place, bindOwn: BoundSelect['bindSort']): Scalar {
    try {
      return this.expressions.bind(e, place);
    } catch (error) {
      const isUnknown =
        error instanceof SqlError && (error.condition === 'undefined_column' || error.condition === 'undefined_table');
      if (!isUnknown || bindOwn === null) throw error;
      bindOwn({ expression: e, descending: false, nullsFirst: null });
      throw new SqlError('invalid_column_reference', `argument of ${place.name} must not contain variables`, {
        token: e.token,
      });
    }
  }

  /** The output column that an ORDER BY item names by ordinal or by name. */
  #outputId(e: Expression, columns: readonly OutputColumn[]): ColumnId | null {
    if (e.kind === 'constant') {
      if (typeof e.value !== 'number' || !Number.isInteger(e.value))
        throw new SqlError('syntax_error', 'non-integer constant in ORDER BY', { token: e.token });
      const column = columns[e.value - 1];
      if (column === undefined)
        throw new SqlError('invalid_column_reference', `ORDER BY position ${e.value} is not in select list`, {
          token: e.token,
        });
      return column.id;
    }
    if (e.kind !== 'column' || e.path.length !== 1) return null;
    const named = columns.filter((c) => c.name === e.path[0]);
    const first = named[0];
    if (first === undefined) return null;
    if (
      named.length > 1 &&
      new Set(named.map((c) => c.id)).size > 1 &&
      !(named.every((c) => c.table === first.table && c.number === first.number) && first.table !== 0)
    ) {
      throw new SqlError('ambiguous_column', `ORDER BY "${first.name}" is ambiguous`, { token: e.token });
    }
    return first.id;
  }
}

function sortKeyOf(item: OrderItem, scalar: Scalar): SortKey {
  return { scalar, descending: item.descending, nullsFirst: item.nullsFirst ?? item.descending };
}

function groupSets(item: GroupItem, indexOf: (e: Expression) => number): number[][] {
  if (item.kind === 'expression') return [[indexOf(item.expression)]];
  const sets = item.sets.map((set) => set.map(indexOf));
  if (item.form === 'grouping-sets') return sets;
  if (item.form === 'rollup')
    return Array.from({ length: sets.length + 1 }, (_, i) => sets.slice(0, sets.length - i).flat());
  return Array.from({ length: 1 << sets.length }, (_, mask) =>
    sets.filter((__, i) => (mask & (1 << (sets.length - 1 - i))) === 0).flat(),
  );
}

/** Is a subquery's result a part of a group expression or of an aggregate? */
function usesSubquery(id: ColumnId, aggregates: readonly BoundAggregate[], groups: readonly Output[]): boolean {
  const uses = (scalar: Scalar): boolean => columnsOf(scalar).has(id);
  return (
    groups.some((g) => uses(g.scalar)) ||
    aggregates.some(
      (a) => a.arguments.some(uses) || (a.filter !== null && uses(a.filter)) || a.orderBy.some((k) => uses(k.scalar)),
    )
  );
}

/** What keeps the rows of a SELECT from being those of its tables, in PostgreSQL's words; null = nothing does. */
function barredFromLocking(plan: Logical, distinct: BoundSelect['distinct']): string | null {
  if (distinct !== 'none') return 'DISTINCT clause';
  if (plan.op === 'window') return 'window functions';
  if (plan.op === 'aggregate') return plan.groups.length > 0 ? 'GROUP BY clause' : 'aggregate functions';
  return 'input' in plan ? barredFromLocking(plan.input, 'none') : null;
}

/** Base tables of a FROM clause. */
function tablesOf(plan: Logical): LogicalTable[] {
  if (plan.op === 'table') return [plan];
  if (plan.op === 'join') return [...tablesOf(plan.left), ...tablesOf(plan.right)];
  return plan.op === 'filter' || plan.op === 'apply' ? tablesOf(plan.input) : [];
}
