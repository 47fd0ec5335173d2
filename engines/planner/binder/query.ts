import type { Expression, OrderItem } from '#schemas/program/expression.js';
import type { CommonTable, GroupItem, Query, QueryBody, Select, SelectItem } from '#schemas/program/query.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { ColumnId, Scalar } from '../../vm/scalar.js';
import { columnsOf, sameScalar } from '../../vm/scalar.js';
import type {
  BoundAggregate,
  BoundSubquery,
  BoundWindow,
  CteTable,
  Logical,
  LogicalTable,
  Output,
  SortKey,
} from '../logical.js';
import { mapSubquery, mapWindow } from '../logical-scalars.js';
import { type BindContext, CteScope, type WithWrite } from './context.js';
import { ExpressionBinder, type Place, tokenOf } from './expressions.js';
import { FromBinder } from './from.js';
import { type Grouping, groupedExpression } from './grouping.js';
import { Scope } from './scope.js';

/** A column that a query answers with. */
export interface OutputColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly id: ColumnId;
  readonly table: number;
  readonly number: number;
}

export interface BoundQuery {
  readonly plan: Logical;
  readonly columns: readonly OutputColumn[];
}

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
  readonly #context: BindContext;
  readonly expressions: ExpressionBinder;
  readonly from: FromBinder;

  constructor(context: BindContext) {
    this.#context = context;
    const bindQuery = (query: Query, outer: Scope, ctes: CteScope | null): BoundQuery => this.bind(query, outer, ctes);
    this.expressions = new ExpressionBinder(context, bindQuery);
    this.from = new FromBinder(context, this.expressions, bindQuery);
  }

  /** `keepUnknown`: literals in the select list keep the type unknown, for a caller that gives them one (see `typed`). */
  bind(query: Query, outer: Scope | null, outerCtes: CteScope | null, keepUnknown = false): BoundQuery {
    const ctes = query.with.length === 0 ? outerCtes : this.bindWith(query.with, query.recursive, outer, outerCtes);
    const { body } = query;
    if (body.kind === 'select')
      return this.#finishSelect(query, this.#select(body, outer, ctes, keepUnknown), outer, ctes);
    const { plan, columns } =
      body.kind === 'values' ? this.#values(body, outer, ctes) : this.#setOperation(body, outer, ctes);
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
    return { plan: this.#limit(query, ordered, outer, ctes, null), columns };
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
      token: tokenOf(e),
    });
  }

  // ── WITH ───────────────────────────────────────────────────────────────────────────────────────────────────────────

  bindWith(tables: readonly CommonTable[], recursive: boolean, outer: Scope | null, parent: CteScope | null): CteScope {
    const scope = new CteScope(parent);
    for (const [i, table] of tables.entries()) {
      if (tables.slice(0, i).some((t) => t.name === table.name))
        throw new SqlError('duplicate_alias', `WITH query name "${table.name}" specified more than once`, {
          token: table.token,
        });
      if (table.statement.kind !== 'query') {
        this.#writeInWith(table, table.statement, outer, scope);
        continue;
      }
      const { query } = table.statement;
      if (
        recursive &&
        query.body.kind === 'set-operation' &&
        query.body.operation === 'union' &&
        mentions(query.body.right, table.name)
      ) {
        this.#recursive(table, query, query.body, outer, scope);
      } else {
        const { plan, columns } = this.bind(query, outer, scope);
        const materialized = table.materialized === true;
        scope.add({
          name: table.name,
          columns: this.#cteColumns(table, columns),
          plan,
          ids: columns.map((c) => c.id),
          recursive: null,
          references: 0,
          materialized,
          write: null,
        });
      }
    }
    return scope;
  }

  #writeInWith(table: CommonTable, statement: WithWrite, outer: Scope | null, scope: CteScope): void {
    const { bindWrite, withWrites } = this.#context;
    if (outer !== null || bindWrite === null) {
      throw new SqlError(
        'feature_not_supported',
        'WITH clause containing a data-modifying statement must be at the top level',
        { token: table.token },
      );
    }
    const { modify, columns } = bindWrite(statement, scope);
    const named = columns === null ? null : columns.map((c, i) => ({ ...c, name: table.columns[i] ?? c.name }));
    const cte: CteTable = {
      name: table.name,
      columns: named ?? [],
      plan: null,
      ids: [],
      recursive: null,
      references: 0,
      materialized: true,
      write: modify,
    };
    withWrites.push(cte);
    scope.add(cte);
  }

  #recursive(
    table: CommonTable,
    query: Query,
    body: Extract<QueryBody, { kind: 'set-operation' }>,
    outer: Scope | null,
    scope: CteScope,
  ): void {
    if (query.orderBy.length > 0 || query.limit !== null)
      throw new SqlError('feature_not_supported', 'ORDER BY and LIMIT in a recursive query are not supported', {
        token: table.token,
      });
    const first = this.bind(body.left, outer, scope, true);
    const columns = this.#cteColumns(table, first.columns).map((c) => ({
      ...c,
      type: c.type.kind === 'unknown' ? TYPES.text : c.type,
    }));
    const settled = this.#project(
      first,
      columns.map((c) => c.type),
      table.token,
    );
    const cte: CteTable = {
      name: table.name,
      columns,
      plan: settled.plan,
      ids: settled.ids,
      recursive: null,
      references: 0,
      materialized: true,
      write: null,
    };
    scope.add(cte);
    const term = this.bind(body.right, outer, scope, true);
    if (term.columns.length !== columns.length)
      throw new SqlError('syntax_error', 'each UNION query must have the same number of columns', {
        token: table.token,
      });
    term.columns.forEach((c, i) => {
      const wanted = (columns[i] as { type: SqlType }).type;
      if (
        c.type.kind !== wanted.kind &&
        this.#context.coercion.to({ kind: 'column', type: c.type, id: c.id, name: c.name }, wanted, 'implicit') === null
      ) {
        throw new SqlError(
          'datatype_mismatch',
          `recursive query "${table.name}" column ${i + 1} has type ${wanted.kind} in non-recursive term but type ${c.type.kind} overall`,
          { token: table.token },
        );
      }
    });
    const projected = this.#project(
      term,
      columns.map((c) => c.type),
      table.token,
    );
    cte.recursive = { plan: projected.plan, ids: projected.ids, all: body.all };
  }

  #cteColumns(table: CommonTable, columns: readonly OutputColumn[]): Array<{ name: string; type: SqlType }> {
    if (table.columns.length > columns.length) {
      throw new SqlError(
        'invalid_column_reference',
        `WITH query "${table.name}" has ${columns.length} columns available but ${table.columns.length} columns specified`,
        { token: table.token },
      );
    }
    return columns.map((c, i) => ({ name: table.columns[i] ?? c.name, type: c.type }));
  }

  /** The query's columns brought to given types. */
  #project(query: BoundQuery, types: readonly SqlType[], token: number): { plan: Logical; ids: ColumnId[] } {
    const { plan, columns } = this.typed(query, types, token);
    const outputs = columns.map(
      (c, i): Output => ({
        id: this.#context.newId(),
        scalar: this.#context.coercion.require(columnScalar(columns, c.id), types[i] as SqlType, 'column', token),
      }),
    );
    return { plan: { op: 'project', input: plan, outputs }, ids: outputs.map((o) => o.id) };
  }

  /** A query bound with `keepUnknown`, its untyped literals and parameters given these types. */
  typed(query: BoundQuery, types: readonly SqlType[], token: number): BoundQuery {
    let { plan } = query;
    const columns = query.columns.map((column, i): OutputColumn => {
      if (column.type.kind !== 'unknown') return column;
      const type = types[i] as SqlType;
      plan = retyped(plan, column.id, (scalar) => this.#context.coercion.require(scalar, type, 'column', token));
      return { ...column, type };
    });
    return { plan, columns };
  }

  // ── VALUES and set operations ──────────────────────────────────────────────────────────────────────────────────────

  #values(body: Extract<QueryBody, { kind: 'values' }>, outer: Scope | null, ctes: CteScope | null): BoundQuery {
    const subqueries: BoundSubquery[] = [];
    const place: Place = {
      scope: new Scope(outer),
      ctes,
      name: 'VALUES',
      aggregates: null,
      windows: null,
      windowDefinitions: null,
      subqueries,
      sets: null,
    };
    const width = body.rows[0]?.length ?? 0;
    const bound = body.rows.map((row) => {
      if (row.length !== width)
        throw new SqlError('syntax_error', 'VALUES lists must all be the same length', { token: body.token });
      return row.map((e) => this.expressions.bind(e, place));
    });
    const columns = Array.from({ length: width }, (_, i): { type: SqlType; scalars: readonly Scalar[] } =>
      this.expressions.unify(
        bound.map((row) => row[i] as Scalar),
        'VALUES',
        body.token,
      ),
    );
    const ids = this.#context.newIds(width);
    const rows = bound.map((_, r) => columns.map((c) => c.scalars[r] as Scalar));
    const plan = this.#valuesPlan(rows, ids, subqueries);
    return {
      plan,
      columns: columns.map((c, i) => ({
        name: `column${i + 1}`,
        type: c.type,
        id: ids[i] as number,
        table: 0,
        number: 0,
      })),
    };
  }

  #valuesPlan(
    rows: ReadonlyArray<readonly Scalar[]>,
    ids: readonly ColumnId[],
    subqueries: readonly BoundSubquery[],
  ): Logical {
    if (subqueries.length === 0) return { op: 'values', rows, ids };
    return { op: 'rows', input: { op: 'apply', input: { op: 'empty' }, subqueries }, rows, ids };
  }

  #setOperation(
    body: Extract<QueryBody, { kind: 'set-operation' }>,
    outer: Scope | null,
    ctes: CteScope | null,
  ): BoundQuery {
    const left = this.bind(body.left, outer, ctes, true);
    const right = this.bind(body.right, outer, ctes, true);
    const word = body.operation.toUpperCase();
    if (left.columns.length !== right.columns.length)
      throw new SqlError('syntax_error', `each ${word} query must have the same number of columns`, {
        token: body.token,
      });
    const types = left.columns.map(
      (c, i) =>
        this.expressions.unify(
          [columnScalar(left.columns, c.id), columnScalar(right.columns, (right.columns[i] as OutputColumn).id)],
          word,
          body.token,
        ).type,
    );
    const a = this.#project(left, types, body.token);
    const b = this.#project(right, types, body.token);
    const ids = this.#context.newIds(types.length);
    const plan: Logical = {
      op: 'set',
      operation: body.operation,
      all: body.all,
      left: a.plan,
      right: b.plan,
      leftIds: a.ids,
      rightIds: b.ids,
      ids,
      types,
    };
    return {
      plan,
      columns: left.columns.map((c, i) => ({
        name: c.name,
        type: types[i] as SqlType,
        id: ids[i] as number,
        table: 0,
        number: 0,
      })),
    };
  }

  // ── SELECT ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #select(select: Select, outer: Scope | null, ctes: CteScope | null, keepUnknown: boolean): BoundSelect {
    const scope = new Scope(outer);
    let input = this.from.list(select.from, scope, ctes);
    const tables = tablesOf(input);
    const base: Place = {
      scope,
      ctes,
      name: 'SELECT',
      aggregates: null,
      windows: null,
      windowDefinitions: new Map(select.windows.map((w) => [w.name, w.window])),
      subqueries: null,
      sets: null,
    };
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
        const rewrite = groupedExpression(full, aggregates, windows, tables, (id) => own.has(id), this.#context);
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
      const scalar = this.#context.coercion.settle(
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
        for (const { name, scalar } of this.star(item, scope)) found.push({ name, scalar, id: this.#context.newId() });
        continue;
      }
      const bound = this.expressions.bind(item.expression, place);
      const scalar = keepUnknown ? bound : this.#context.coercion.settle(bound);
      found.push({ name: item.alias ?? columnName(item.expression), scalar, id: this.#context.newId() });
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
      groups.push({ id: this.#context.newId(), scalar });
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
    return this.#context.coercion.settle(this.expressions.bind(e, place));
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
          { token: tokenOf(item.expression) },
        );
      }
      const id = this.#context.newId();
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
    plan = this.#limit(query, plan, outer, ctes, keys);
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
      if (containsGrouping(input))
        throw new SqlError(
          'feature_not_supported',
          `FOR ${locking.strength.toUpperCase().replaceAll('-', ' ')} is not allowed with GROUP BY, aggregate or window functions`,
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
      for (const table of tables) table.rowId ??= this.#context.newId();
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
  ): Logical {
    if (query.limit === null && query.offset === null) return plan;
    const place: Place = {
      scope: new Scope(outer),
      ctes,
      name: 'LIMIT',
      aggregates: null,
      windows: null,
      windowDefinitions: null,
      subqueries: null,
      sets: null,
    };
    const count = (e: Expression, what: string): Scalar =>
      this.#context.coercion.require(
        this.expressions.bind(e, { ...place, name: what }),
        TYPES.bigint,
        `argument of ${what}`,
        tokenOf(e),
      );
    return {
      op: 'limit',
      input: plan,
      limit: query.limit === null ? null : count(query.limit, 'LIMIT'),
      offset: query.offset === null ? null : count(query.offset, 'OFFSET'),
      withTies: query.withTies ? (keys ?? []) : null,
    };
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

/** The plan with one of its output expressions changed, wherever that is computed. */
function retyped(plan: Logical, id: ColumnId, change: (scalar: Scalar) => Scalar): Logical {
  switch (plan.op) {
    case 'project': {
      const output = plan.outputs.find((o) => o.id === id);
      if (output === undefined) return plan;
      const passed = output.scalar.kind === 'column' ? output.scalar : null;
      const input = passed === null ? plan.input : retyped(plan.input, passed.id, change);
      const outputs = plan.outputs.map((o) =>
        o.id !== id ? o : { id, scalar: passed === null ? change(o.scalar) : { ...passed, type: change(passed).type } },
      );
      return { ...plan, input, outputs };
    }
    case 'sort':
    case 'limit':
    case 'filter':
    case 'distinct':
      return { ...plan, input: retyped(plan.input, id, change) };
    default:
      return plan;
  }
}

function sortKeyOf(item: OrderItem, scalar: Scalar): SortKey {
  return { scalar, descending: item.descending, nullsFirst: item.nullsFirst ?? item.descending };
}

function columnScalar(columns: readonly OutputColumn[], id: ColumnId): Scalar {
  const column = columns.find((c) => c.id === id) as OutputColumn;
  return { kind: 'column', type: column.type, id, name: column.name };
}

/** The name of an unnamed output column, as PostgreSQL chooses it. */
export function columnName(e: Expression): string {
  switch (e.kind) {
    case 'column':
      return e.path.at(-1) as string;
    case 'call':
      return e.name.at(-1) as string;
    case 'cast': {
      const inner = columnName(e.operand);
      return inner === '?column?' || e.operand.kind === 'constant' ? (e.type.name.at(-1) as string) : inner;
    }
    case 'case': {
      const inner = e.otherwise === null ? '?column?' : columnName(e.otherwise);
      return inner === '?column?' ? 'case' : inner;
    }
    case 'exists':
      return 'exists';
    case 'array':
    case 'array-subquery':
      return 'array';
    case 'row':
      return 'row';
    case 'scalar-subquery': {
      const { body } = e.query;
      const item = body.kind === 'select' ? body.items[0] : undefined;
      return item?.kind === 'expression' ? (item.alias ?? columnName(item.expression)) : '?column?';
    }
    case 'collate':
    case 'subscript':
      return columnName(e.operand);
    default:
      return '?column?';
  }
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

function containsGrouping(plan: Logical): boolean {
  return plan.op === 'aggregate' || plan.op === 'window' || ('input' in plan && containsGrouping(plan.input));
}

/** Base tables of a FROM clause. */
function tablesOf(plan: Logical): LogicalTable[] {
  if (plan.op === 'table') return [plan];
  if (plan.op === 'join') return [...tablesOf(plan.left), ...tablesOf(plan.right)];
  return plan.op === 'filter' || plan.op === 'apply' ? tablesOf(plan.input) : [];
}

/** Does a query name this table anywhere in a FROM clause? */
function mentions(query: Query, name: string): boolean {
  return JSON.stringify(query, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)).includes(
    `"kind":"table","path":[${JSON.stringify(name)}]`,
  );
}
