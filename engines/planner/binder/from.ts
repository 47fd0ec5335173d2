import { unreachable } from '#schemas/kernel/assert.js';
import { PERIOD_COLUMNS } from '#schemas/link/history-frames.js';
import type { Expression } from '#schemas/program/expression.js';
import type { FromItem } from '#schemas/program/query.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { RelationEntry, TableEntry } from '../../catalog/entry.js';
import type { Scalar } from '../../vm/scalar.js';
import type { BoundSubquery, Logical, LogicalTable } from '../logical.js';
import { tableFunction } from './calls.js';
import type { BindContext, CteScope } from './context.js';
import type { ExpressionBinder } from './expressions.js';
import { type BindQuery, type Place, plainPlace } from './place.js';
import { requirePrivilege, requireSchemaUsage } from './privileges.js';
import { Scope, type ScopeColumn, type ScopeRelation } from './scope.js';

/** FROM: relations with their names. */
export class FromBinder {
  readonly #context: BindContext;
  readonly #expressions: ExpressionBinder;
  readonly #bindQuery: BindQuery;

  constructor(context: BindContext, expressions: ExpressionBinder, bindQuery: BindQuery) {
    this.#context = context;
    this.#expressions = expressions;
    this.#bindQuery = bindQuery;
  }

  /** Binds a FROM list into `scope`; several items are joined without condition. */
  list(items: readonly FromItem[], scope: Scope, ctes: CteScope | null): Logical {
    let joined: Logical | null = null;
    for (const item of items) {
      const right = this.item(item, scope, ctes);
      joined =
        joined === null
          ? right
          : { op: 'join', type: 'inner', left: joined, right, on: null, lateral: isLateral(item) };
    }
    return joined ?? { op: 'empty' };
  }

  item(item: FromItem, scope: Scope, ctes: CteScope | null): Logical {
    switch (item.kind) {
      case 'table':
        return this.#table(item, scope, ctes);
      case 'subquery': {
        const { plan, columns } = this.#bindQuery(
          item.query,
          item.lateral ? scope : (scope.parent ?? new Scope(null)),
          ctes,
        );
        this.#name(
          scope,
          item.alias?.name ?? '',
          null,
          columns.map((c) => ({ ...c, table: 0, number: 0 })),
          item.alias?.columns ?? [],
          item.token,
        );
        return plan;
      }
      case 'function':
        return this.#function(item, scope, ctes);
      case 'join':
        return this.#join(item, scope, ctes);
      default:
        return unreachable(item);
    }
  }

  #table(item: Extract<FromItem, { kind: 'table' }>, scope: Scope, ctes: CteScope | null): Logical {
    const name = item.path.at(-1) as string;
    if (item.asOf !== null || item.allVersions) return this.#past(item, scope, ctes);
    const cte = item.path.length === 1 ? (ctes?.find(name) ?? null) : null;
    if (cte !== null) {
      if (cte.write?.returns === false) {
        throw new SqlError('feature_not_supported', `WITH query "${name}" does not have a RETURNING clause`, {
          token: item.token,
        });
      }
      cte.references++;
      const ids = this.#context.newIds(cte.columns.length);
      const columns = cte.columns.map((c, i): ScopeColumn => ({ ...c, id: ids[i] as number, table: 0, number: 0 }));
      this.#name(scope, item.alias?.name ?? name, null, columns, item.alias?.columns ?? [], item.token);
      return { op: 'cte', table: cte, ids };
    }
    const entry = this.relation(item.path, item.token);
    switch (entry.kind) {
      case 'table':
        requirePrivilege(this.#context.user, this.#context.catalog, entry, 'select');
        return this.base(entry, item.alias?.name ?? name, item.alias?.columns ?? [], scope, item.token);
      case 'view': {
        requirePrivilege(this.#context.user, this.#context.catalog, entry, 'select');
        const owner = this.#context.catalog.userById(entry.owner) ?? this.#context.user;
        const { plan, columns } = this.#context.as(owner, () => this.#bindQuery(entry.query, new Scope(null), null));
        const named = columns.map(
          (c, i): ScopeColumn => ({
            name: entry.columns[i]?.name ?? c.name,
            type: c.type,
            id: c.id,
            table: entry.id,
            number: i + 1,
          }),
        );
        this.#name(
          scope,
          item.alias?.name ?? name,
          entry.schema,
          named,
          item.alias?.columns ?? [],
          item.token,
          entry.name,
        );
        return plan;
      }
      case 'virtual': {
        const ids = this.#context.newIds(entry.columns.length);
        const columns = entry.columns.map(
          (c, i): ScopeColumn => ({ ...c, id: ids[i] as number, table: entry.id, number: i + 1 }),
        );
        this.#name(
          scope,
          item.alias?.name ?? name,
          entry.schema,
          columns,
          item.alias?.columns ?? [],
          item.token,
          entry.name,
        );
        return { op: 'virtual', entry, ids };
      }
      default:
        throw new SqlError('wrong_object_type', `"${name}" is ${entry.kind === 'index' ? 'an index' : 'a sequence'}`, {
          token: item.token,
        });
    }
  }

  /** Throws 42P01 or 0A000. */
  relation(path: readonly string[], token: number): RelationEntry {
    const { catalog, database, searchPath } = this.#context;
    const found = catalog.relation(database, path.length === 3 ? path.slice(1) : path, searchPath);
    if (found === null) throw new SqlError('undefined_table', `relation "${path.join('.')}" does not exist`, { token });
    requireSchemaUsage(this.#context.user, catalog, database, found.schema);
    return found;
  }

  /** A table as it was; the moment is the same for all rows of the statement. */
  #past(item: Extract<FromItem, { kind: 'table' }>, scope: Scope, ctes: CteScope | null): Logical {
    const entry = this.relation(item.path, item.token);
    if (entry.kind !== 'table')
      throw new SqlError(
        'feature_not_supported',
        `${entry.kind} "${entry.name}" cannot be read as of an earlier time`,
        {
          token: item.token,
        },
      );
    requirePrivilege(this.#context.user, this.#context.catalog, entry, 'select');
    const named = entry.columns.map(({ name, type }, i) => ({ name, type, table: entry.id, number: i + 1 }));
    const period = item.allVersions ? PERIOD_COLUMNS.map(([name, type]) => ({ name, type, table: 0, number: 0 })) : [];
    const ids = this.#context.newIds(named.length + period.length);
    const columns = [...named, ...period].map((column, i): ScopeColumn => ({ ...column, id: ids[i] as number }));
    const alias = item.alias?.name ?? entry.name;
    this.#name(scope, alias, entry.schema, columns, item.alias?.columns ?? [], item.token, entry.name);
    return { op: 'past', table: entry, moment: item.asOf === null ? null : this.#moment(item.asOf, ctes), ids };
  }

  #moment(e: Expression, ctes: CteScope | null): Scalar {
    const place = plainPlace('FOR SYSTEM_TIME AS OF', new Scope(null), ctes);
    const bound = this.#expressions.bind(e, place);
    return this.#context.coercion.require(bound, TYPES.timestamptz, 'argument of FOR SYSTEM_TIME AS OF', e.token);
  }

  base(table: TableEntry, alias: string, columnAliases: readonly string[], scope: Scope, token: number): LogicalTable {
    const ids = this.#context.newIds(table.shape.event.slots);
    const columns = table.columns.map(
      (c, i): ScopeColumn => ({
        name: c.name,
        type: c.type,
        id: ids[c.slot] as number,
        table: table.id,
        number: i + 1,
      }),
    );
    this.#name(scope, alias, table.schema, columns, columnAliases, token, table.name);
    return { op: 'table', table, alias, ids, rowId: null };
  }

  #name(
    scope: Scope,
    alias: string,
    schema: string | null,
    columns: readonly ScopeColumn[],
    columnAliases: readonly string[],
    token: number,
    name: string | null = null,
  ): ScopeRelation {
    if (columnAliases.length > columns.length) {
      throw new SqlError(
        'invalid_column_reference',
        `table "${alias}" has ${columns.length} columns available but ${columnAliases.length} columns specified`,
        { token },
      );
    }
    const relation: ScopeRelation = {
      alias,
      schema,
      name,
      columns: columns.map((c, i) => ({ ...c, name: columnAliases[i] ?? c.name })),
      merged: new Set(),
    };
    scope.add(relation, token);
    return relation;
  }

  #function(item: Extract<FromItem, { kind: 'function' }>, scope: Scope, ctes: CteScope | null): Logical {
    const { call } = item;
    if (call.kind !== 'call')
      throw new SqlError('feature_not_supported', 'only function calls can stand in FROM', { token: item.token });
    if (item.columnDefinitions.length > 0)
      throw new SqlError('feature_not_supported', 'a column definition list is not supported', { token: item.token });
    const name = call.name.at(-1) as string;
    const place: Place = {
      scope,
      ctes,
      name: 'function in FROM',
      aggregates: null,
      windows: null,
      windowDefinitions: null,
      subqueries: null,
      sets: null,
    };
    const alias = item.alias?.name ?? name;
    const ordinality: Array<{ name: string; type: SqlType }> = item.ordinality
      ? [{ name: 'ordinality', type: TYPES.bigint }]
      : [];
    if (this.#context.library.table(name).length === 0) {
      const scalar = this.#expressions.bind(call, place);
      const ids = this.#context.newIds(1 + ordinality.length);
      const columns = [{ name: item.alias?.columns[0] ?? alias, type: scalar.type }, ...ordinality];
      this.#name(
        scope,
        alias,
        null,
        columns.map((c, i) => ({ ...c, id: ids[i] as number, table: 0, number: 0 })),
        item.alias?.columns ?? [],
        item.token,
      );
      const values: readonly Scalar[] = item.ordinality
        ? [scalar, { kind: 'constant', type: TYPES.bigint, value: 1n }]
        : [scalar];
      return { op: 'values', rows: [values], ids };
    }
    const { definition, args } = tableFunction(
      this.#expressions,
      name,
      call.arguments.map((a) => this.#expressions.bind(a, place)),
      item.token,
    );
    const results = definition.columns(args.map((a) => a.type));
    // A function of one column is called by the alias alone: FROM generate_series(1, 3) AS i.
    const shown =
      results.length === 1 && item.alias !== null
        ? [{ name: alias, type: (results[0] as { type: SqlType }).type }]
        : results;
    const ids = this.#context.newIds(results.length + ordinality.length);
    const columns = [...shown, ...ordinality].map(
      (c, i): ScopeColumn => ({ ...c, id: ids[i] as number, table: 0, number: 0 }),
    );
    this.#name(scope, alias, null, columns, item.alias?.columns ?? [], item.token);
    return { op: 'function', function: definition, arguments: args, ids, ordinality: item.ordinality };
  }

  #join(item: Extract<FromItem, { kind: 'join' }>, scope: Scope, ctes: CteScope | null): Logical {
    const before = scope.relations.length;
    const left = this.item(item.left, scope, ctes);
    const middle = scope.relations.length;
    const right = this.item(item.right, scope, ctes);
    const leftRelations = scope.relations.slice(before, middle);
    const rightRelations = scope.relations.slice(middle);
    const type = item.type === 'cross' ? 'inner' : item.type;
    const lateral = isLateral(item.right);
    if (item.alias !== null)
      throw new SqlError('feature_not_supported', 'an alias for a join is not supported', { token: item.token });
    switch (item.condition.kind) {
      case 'none':
        return { op: 'join', type, left, right, on: null, lateral };
      case 'on': {
        const subqueries: BoundSubquery[] = [];
        const place: Place = {
          scope,
          ctes,
          name: 'JOIN/ON',
          aggregates: null,
          windows: null,
          windowDefinitions: null,
          subqueries,
          sets: null,
        };
        const on = this.#expressions.condition(item.condition.expression, place);
        if (subqueries.length === 0) return { op: 'join', type, left, right, on, lateral };
        if (type === 'left') {
          // As LATERAL: the rows of the right side that go with one of the left.
          const within: Logical = { op: 'apply', input: right, subqueries };
          return {
            op: 'join',
            type,
            left,
            right: { op: 'filter', input: within, predicate: on },
            on: null,
            lateral: true,
          };
        }
        if (type !== 'inner')
          throw new SqlError(
            'feature_not_supported',
            'a subquery in the condition of a right or full join is not supported',
            {
              token: item.token,
            },
          );
        const joined: Logical = { op: 'join', type, left, right, on: null, lateral };
        return { op: 'filter', input: { op: 'apply', input: joined, subqueries }, predicate: on };
      }
      case 'natural':
      case 'using': {
        const names =
          item.condition.kind === 'using' ? item.condition.columns : sharedNames(leftRelations, rightRelations);
        const on = this.#using(names, type, scope, leftRelations, rightRelations, item.token);
        return { op: 'join', type, left, right, on, lateral };
      }
      default:
        return unreachable(item.condition);
    }
  }

  #using(
    names: readonly string[],
    type: string,
    scope: Scope,
    left: readonly ScopeRelation[],
    right: readonly ScopeRelation[],
    token: number,
  ): Scalar | null {
    const tests: Scalar[] = [];
    for (const name of names) {
      const a = this.#usingColumn(name, left, 'left', scope, token);
      const b = this.#usingColumn(name, right, 'right', scope, token);
      tests.push(this.#expressions.applyOperator('=', [a, b], token));
      for (const relation of [...left, ...right])
        for (const c of relation.columns) if (c.name === name) relation.merged.add(c.id);
      const old = scope.merged.findIndex((m) => m.name === name);
      if (old >= 0) scope.merged.splice(old, 1);
      const both = this.#expressions.unify([a, b], 'JOIN/USING', token);
      const scalar: Scalar =
        type === 'right'
          ? (both.scalars[1] as Scalar)
          : type === 'full'
            ? { kind: 'coalesce', type: both.type, operands: both.scalars }
            : (both.scalars[0] as Scalar);
      scope.merged.push({ name, scalar });
    }
    if (tests.length === 0) return null;
    return tests.length === 1 ? (tests[0] as Scalar) : { kind: 'and', type: TYPES.boolean, operands: tests };
  }

  #usingColumn(name: string, relations: readonly ScopeRelation[], side: string, scope: Scope, token: number): Scalar {
    const all = relations.flatMap((r) => r.columns.filter((c) => c.name === name));
    const unmerged = all.filter((c) => !relations.some((r) => r.merged.has(c.id)));
    const merged = scope.merged.find((m) => m.name === name);
    if (merged !== undefined && all.length > unmerged.length && side === 'left') return merged.scalar;
    if (unmerged.length > 1)
      throw new SqlError('ambiguous_column', `common column name "${name}" appears more than once in ${side} table`, {
        token,
      });
    const only = unmerged[0];
    if (only === undefined)
      throw new SqlError(
        'undefined_column',
        `column "${name}" specified in USING clause does not exist in ${side} table`,
        { token },
      );
    return { kind: 'column', type: only.type, id: only.id, name };
  }
}

function sharedNames(left: readonly ScopeRelation[], right: readonly ScopeRelation[]): string[] {
  const namesOf = (relations: readonly ScopeRelation[]): string[] =>
    relations.flatMap((r) => r.columns.filter((c) => !r.merged.has(c.id)).map((c) => c.name));
  const other = new Set(namesOf(right));
  return [...new Set(namesOf(left).filter((name) => other.has(name)))];
}

function isLateral(item: FromItem): boolean {
  return (
    (item.kind === 'subquery' && item.lateral) ||
    item.kind === 'function' ||
    (item.kind === 'join' && (isLateral(item.left) || isLateral(item.right)))
  );
}
