import type { ObjectId } from '#schemas/kernel/brand.js';
import type { ResultColumn } from '#schemas/link/frames.js';
import type { Expression } from '#schemas/program/expression.js';
import type { Query, SelectItem } from '#schemas/program/query.js';
import type {
  Assignment,
  DeleteStatement,
  InsertStatement,
  ObjectPath,
  OnConflict,
  UpdateStatement,
} from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { ColumnEntry, TableEntry } from '../catalog/entry.js';
import type { IndexShape } from '../rows/shape.js';
import type { RowLockStrength } from '../tx/transaction.js';
import type { Evaluator } from '../vm/compile.js';
import type { PlanNode } from '../vm/operators/operator.js';
import { expandNode, heldRowsNode, projectNode, valuesNode } from '../vm/operators/rows.js';
import type { ColumnId, Scalar } from '../vm/scalar.js';
import {
  type ConflictAction,
  deleteWriter,
  type InsertPlan,
  insertWriter,
  type ModifyPlan,
  type SetColumn,
  type TargetPlan,
  updateWriter,
} from '../vm/writes/modify.js';
import { type TableRules, TableWriter } from '../vm/writes/table-writer.js';
import type { BindContext, CteScope } from './binder/context.js';
import type { Place } from './binder/expressions.js';
import { requirePrivilege } from './binder/privileges.js';
import { columnName, QueryBinder } from './binder/query.js';
import { Scope } from './binder/scope.js';
import { conjuncts } from './conjuncts.js';
import type { BoundSubquery, Logical, LogicalTable } from './logical.js';
import type { Planner } from './planner.js';
import { optimise } from './push-down.js';
import { tableIds } from './table-ids.js';
import { tableRules } from './table-rules.js';

/** A planned INSERT, UPDATE or DELETE. */
export interface PlannedWrite {
  readonly table: TableEntry;
  readonly modify: ModifyPlan;
  readonly columns: readonly ResultColumn[] | null;
}

/** Binds and plans statements that write rows. */
export class WritePlanner {
  readonly #context: BindContext;
  readonly #binder: QueryBinder;
  readonly #planner: Planner;
  readonly #rules = new Map<TableEntry, TableRules>();

  /** Tables that the statement reads, and those that it writes. */
  readonly reads = new Set<ObjectId>();
  readonly writes = new Set<ObjectId>();

  /** `planner` is the one of the whole statement: it hands out the registers. */
  constructor(context: BindContext, planner: Planner) {
    this.#context = context;
    this.#binder = new QueryBinder(context);
    this.#planner = planner;
    context.bindWrite = (statement, ctes) => {
      const { modify, columns } = this.statement(statement, ctes);
      return { modify, columns: columns?.map(([name, type]) => ({ name, type })) ?? null };
    };
  }

  /** Binds and plans a statement. `outer` are WITH queries of the statement around it. */
  statement(
    statement: InsertStatement | UpdateStatement | DeleteStatement,
    outer: CteScope | null = null,
  ): PlannedWrite {
    const ctes =
      statement.with.length === 0 ? outer : this.#binder.bindWith(statement.with, statement.recursive, null, outer);
    switch (statement.kind) {
      case 'insert':
        return this.#insert(statement, ctes);
      case 'update':
        return this.#update(statement, ctes);
      case 'delete':
        return this.#delete(statement, ctes);
    }
  }

  #plan(logical: Logical): PlanNode {
    for (const id of tableIds(logical)) this.reads.add(id);
    return this.#planner.plan(optimise(logical));
  }

  rulesOf(table: TableEntry): TableRules {
    let rules = this.#rules.get(table);
    if (rules === undefined) {
      rules = tableRules(table, this.#context);
      this.#rules.set(table, rules);
    }
    return rules;
  }

  writer(table: TableEntry): TableWriter {
    return new TableWriter(this.rulesOf(table), this.#context.catalog, (t) => this.rulesOf(t));
  }

  /** The table that a statement may write. Throws 42P01, 42809 or 42501. */
  target({ path, token }: ObjectPath, privilege: string): TableEntry {
    const entry = this.#binder.from.relation(path, token);
    if (entry.kind === 'view')
      throw new SqlError('feature_not_supported', `writing to view "${entry.name}" is not supported`, { token });
    if (entry.kind !== 'table')
      throw new SqlError('wrong_object_type', `cannot change relation "${entry.name}"`, { token });
    if (entry.system)
      throw new SqlError('insufficient_privilege', `permission denied: "${entry.name}" is a system catalog`, { token });
    requirePrivilege(this.#context.user, this.#context.catalog, entry, privilege);
    this.writes.add(entry.id);
    return entry;
  }

  // ── INSERT ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #insert(statement: InsertStatement, ctes: CteScope | null): PlannedWrite {
    const table = this.target(statement.table, 'insert');
    const columns = this.#insertColumns(statement, table);
    const { node, given } = this.#insertSource(statement, table, columns, ctes);
    const writer = this.writer(table);
    const scope = new Scope(null);
    const target = this.#binder.from.base(table, statement.alias ?? table.name, [], scope, statement.table.token);
    const returning = this.#returning(statement.returning, scope, target.ids, ctes);
    const plan: InsertPlan = {
      writer,
      slots: given.map((c) => c.slot),
      defaults: this.#defaultsExcept(table, given),
      conflict: statement.onConflict === null ? null : this.#conflict(statement.onConflict, table, scope, target, ctes),
      returning: returning?.evaluators ?? null,
    };
    return {
      table,
      modify: modifyPlan(node, () => insertWriter(plan), returning),
      columns: returning?.columns ?? null,
    };
  }

  #insertColumns(statement: InsertStatement, table: TableEntry): readonly ColumnEntry[] {
    if (statement.columns.length === 0) return table.columns;
    const seen = new Set<string>();
    return statement.columns.map(({ name, token }) => {
      const column = columnNamed(table, name, token);
      if (seen.has(name))
        throw new SqlError('duplicate_column', `column "${name}" specified more than once`, { token });
      seen.add(name);
      return column;
    });
  }

  #defaultsExcept(table: TableEntry, given: readonly ColumnEntry[]): SetColumn[] {
    const { defaults } = this.rulesOf(table);
    return table.columns.flatMap((c) => {
      const evaluate = defaults[c.slot] ?? null;
      return evaluate === null || given.includes(c) ? [] : [{ slot: c.slot, evaluate }];
    });
  }

  /** Rows to insert, as a plan whose columns are `given`. */
  #insertSource(
    statement: InsertStatement,
    table: TableEntry,
    columns: readonly ColumnEntry[],
    ctes: CteScope | null,
  ): { node: PlanNode; given: readonly ColumnEntry[] } {
    const { source, overriding } = statement;
    if (source === null) return { node: this.#plan({ op: 'values', rows: [[]], ids: [] }), given: [] };
    const { body } = source;
    const plain =
      body.kind === 'values' &&
      source.orderBy.length === 0 &&
      source.limit === null &&
      source.offset === null &&
      source.with.length === 0;
    if (plain) return this.#insertValues(body.rows, body.token, table, columns, overriding, ctes);
    const untyped = this.#binder.bind(source, null, ctes, true);
    const width = untyped.columns.length;
    this.#checkWidth(width, statement, columns, tokenOfQuery(source));
    const given = columns.slice(0, width);
    const bound = this.#binder.typed(
      untyped,
      given.map((c) => c.type),
      tokenOfQuery(source),
    );
    for (const c of given) this.#checkWritable(c, overriding, tokenOfQuery(source));
    const outputs = bound.columns.map((c, i) => {
      const column = given[i] as ColumnEntry;
      const scalar: Scalar = { kind: 'column', type: c.type, id: c.id, name: c.name };
      return {
        id: this.#context.newId(),
        scalar: this.#context.coercion.assign(scalar, column.type, column.name, tokenOfQuery(source)),
      };
    });
    const input = this.#plan(bound.plan);
    return {
      node: projectNode(
        input,
        outputs.map((o) => this.#planner.evaluator(o.scalar, input.layout)),
        outputs.map((o) => o.id),
      ),
      given,
    };
  }

  #insertValues(
    rows: ReadonlyArray<readonly Expression[]>,
    token: number,
    table: TableEntry,
    columns: readonly ColumnEntry[],
    overriding: InsertStatement['overriding'],
    ctes: CteScope | null,
  ): { node: PlanNode; given: readonly ColumnEntry[] } {
    const width = rows[0]?.length ?? 0;
    if (width > columns.length)
      throw new SqlError('syntax_error', 'INSERT has more expressions than target columns', {
        token: rows[0]?.[columns.length]?.token ?? token,
      });
    if (width < columns.length && columns !== table.columns)
      throw new SqlError('syntax_error', 'INSERT has more target columns than expressions', { token });
    const given = columns.slice(0, width);
    const subqueries: BoundSubquery[] = [];
    const place: Place = {
      scope: new Scope(null),
      ctes,
      name: 'VALUES',
      aggregates: null,
      windows: null,
      windowDefinitions: null,
      subqueries,
      sets: null,
    };
    const { defaults } = this.rulesOf(table);
    const bound = rows.map((row) => {
      if (row.length !== width)
        throw new SqlError('syntax_error', 'VALUES lists must all be the same length', { token });
      return row.map((e, i): Scalar | Evaluator => {
        const column = given[i] as ColumnEntry;
        if (e.kind === 'default') return defaults[column.slot] ?? NULL_EVALUATOR;
        this.#checkWritable(column, overriding, e.token);
        return this.#context.coercion.assign(
          this.#binder.expressions.bind(e, place),
          column.type,
          column.name,
          e.token,
        );
      });
    });
    const ids = this.#context.newIds(width);
    const input = subqueries.length === 0 ? null : this.#plan({ op: 'apply', input: { op: 'empty' }, subqueries });
    const layout = input?.layout ?? [];
    const evaluators = bound.map((row) =>
      row.map((s) => (typeof s === 'function' ? s : this.#planner.evaluator(s, layout))),
    );
    return { node: input === null ? valuesNode(evaluators, ids) : expandNode(input, evaluators, ids), given };
  }

  #checkWidth(width: number, statement: InsertStatement, columns: readonly ColumnEntry[], token: number): void {
    if (width > columns.length)
      throw new SqlError('syntax_error', 'INSERT has more expressions than target columns', { token });
    if (width < columns.length && statement.columns.length > 0)
      throw new SqlError('syntax_error', 'INSERT has more target columns than expressions', { token });
  }

  #checkWritable(column: ColumnEntry, overriding: InsertStatement['overriding'], token: number): void {
    if (column.generated !== null) {
      throw new SqlError('generated_always', `cannot insert a non-DEFAULT value into column "${column.name}"`, {
        detail: `Column "${column.name}" is a generated column.`,
        token,
      });
    }
    if (column.identity === 'always' && overriding !== 'system') {
      throw new SqlError('generated_always', `cannot insert a non-DEFAULT value into column "${column.name}"`, {
        detail: `Column "${column.name}" is an identity column defined as GENERATED ALWAYS.`,
        hint: 'Use OVERRIDING SYSTEM VALUE to override.',
        token,
      });
    }
  }

  #conflict(
    onConflict: OnConflict,
    table: TableEntry,
    scope: Scope,
    target: LogicalTable,
    ctes: CteScope | null,
  ): ConflictAction {
    const arbiters = this.#arbiters(onConflict, table);
    if (onConflict.update === null) return { arbiters, update: null };
    if (arbiters === null)
      throw new SqlError('syntax_error', 'ON CONFLICT DO UPDATE requires inference specification or constraint name', {
        hint: 'For example, ON CONFLICT (column_name).',
        token: onConflict.token,
      });
    requirePrivilege(this.#context.user, this.#context.catalog, table, 'update');
    const both = new Scope(null);
    for (const relation of scope.relations) both.add(relation, -1);
    const excludedIds = this.#context.newIds(table.shape.event.slots);
    both.add(
      {
        alias: 'excluded',
        schema: null,
        name: null,
        columns: table.columns.map((c, i) => ({
          name: c.name,
          type: c.type,
          id: excludedIds[c.slot] as number,
          table: table.id,
          number: i + 1,
        })),
        merged: new Set(excludedIds),
      },
      -1,
    );
    const place: Place = {
      scope: both,
      ctes,
      name: 'ON CONFLICT',
      aggregates: null,
      windows: null,
      windowDefinitions: null,
      subqueries: null,
      sets: null,
    };
    const layout = [...target.ids, ...excludedIds];
    const sets = this.#sets(onConflict.update.sets, table, place).map(
      ({ slot, scalar }): SetColumn => ({
        slot,
        evaluate: typeof scalar === 'function' ? scalar : this.#planner.evaluator(scalar, layout),
      }),
    );
    const where =
      onConflict.update.where === null
        ? null
        : this.#planner.evaluator(
            this.#binder.expressions.condition(onConflict.update.where, { ...place, name: 'WHERE' }),
            layout,
          );
    return { arbiters, update: { sets, where, strength: strengthFor(table, sets) } };
  }

  #arbiters({ target, token }: OnConflict, table: TableEntry): ReadonlyArray<IndexShape | null> | null {
    if (target.kind === 'none') return null;
    if (target.kind === 'constraint') {
      const constraint = table.uniqueConstraints.find((c) => c.name === target.name);
      if (constraint === undefined)
        throw new SqlError('undefined_object', `constraint "${target.name}" for table "${table.name}" does not exist`, {
          token,
        });
      return [constraint.index];
    }
    const slots = target.columns.map((e) => {
      if (e.kind !== 'column')
        throw new SqlError('feature_not_supported', 'expressions in ON CONFLICT are not supported', { token });
      return columnNamed(table, e.path.at(-1) as string, e.token).slot;
    });
    const matches = (columns: ReadonlyArray<{ readonly slot: number | null }>): boolean =>
      columns.length === slots.length && columns.every((c) => c.slot !== null && slots.includes(c.slot));
    const found: Array<IndexShape | null> = table.shape.indexes.filter(
      (i) => i.unique && i.predicate === null && matches(i.columns),
    );
    if (table.shape.key.length > 0 && matches(table.shape.key)) found.push(null);
    if (found.length === 0)
      throw new SqlError(
        'invalid_column_reference',
        'there is no unique or exclusion constraint matching the ON CONFLICT specification',
        { token },
      );
    return found;
  }

  // ── UPDATE and DELETE ──────────────────────────────────────────────────────────────────────────────────────────────

  #update(statement: UpdateStatement, ctes: CteScope | null): PlannedWrite {
    const table = this.target(statement.table, 'update');
    const scope = new Scope(null);
    const target = this.#binder.from.base(
      table,
      statement.alias?.name ?? table.name,
      statement.alias?.columns ?? [],
      scope,
      statement.table.token,
    );
    const subqueries: BoundSubquery[] = [];
    const source = this.#withFrom(target, statement.from, scope, ctes);
    const place: Place = {
      scope,
      ctes,
      name: 'UPDATE',
      aggregates: null,
      windows: null,
      windowDefinitions: null,
      subqueries,
      sets: null,
    };
    const filtered =
      statement.where === null ? source : this.#binder.filter(source, statement.where, { ...place, name: 'WHERE' });
    const assignments = this.#sets(statement.sets, table, place);
    const input: Logical = subqueries.length === 0 ? filtered : { op: 'apply', input: filtered, subqueries };
    const node = this.#plan(input);
    const sets = assignments.map(
      ({ slot, scalar }): SetColumn => ({
        slot,
        evaluate: typeof scalar === 'function' ? scalar : this.#planner.evaluator(scalar, node.layout),
      }),
    );
    const returning = this.#returning(statement.returning, scope, node.layout, ctes);
    const plan = this.#targetPlan(
      table,
      target,
      node,
      filtered,
      statement.from.length > 0,
      returning?.evaluators ?? null,
    );
    const strength = strengthFor(table, sets);
    return {
      table,
      modify: modifyPlan(node, () => updateWriter(plan, sets, strength), returning),
      columns: returning?.columns ?? null,
    };
  }

  #delete(statement: DeleteStatement, ctes: CteScope | null): PlannedWrite {
    const table = this.target(statement.table, 'delete');
    const scope = new Scope(null);
    const target = this.#binder.from.base(
      table,
      statement.alias?.name ?? table.name,
      statement.alias?.columns ?? [],
      scope,
      statement.table.token,
    );
    const source = this.#withFrom(target, statement.using, scope, ctes);
    const place: Place = {
      scope,
      ctes,
      name: 'WHERE',
      aggregates: null,
      windows: null,
      windowDefinitions: null,
      subqueries: null,
      sets: null,
    };
    const filtered = statement.where === null ? source : this.#binder.filter(source, statement.where, place);
    const node = this.#plan(filtered);
    const returning = this.#returning(statement.returning, scope, node.layout, ctes);
    const plan = this.#targetPlan(
      table,
      target,
      node,
      filtered,
      statement.using.length > 0,
      returning?.evaluators ?? null,
    );
    return {
      table,
      modify: modifyPlan(node, () => deleteWriter(plan), returning),
      columns: returning?.columns ?? null,
    };
  }

  #withFrom(target: LogicalTable, from: UpdateStatement['from'], scope: Scope, ctes: CteScope | null): Logical {
    target.rowId = this.#context.newId();
    if (from.length === 0) return target;
    return {
      op: 'join',
      type: 'inner',
      left: target,
      right: this.#binder.from.list(from, scope, ctes),
      on: null,
      lateral: false,
    };
  }

  #targetPlan(
    table: TableEntry,
    target: LogicalTable,
    node: PlanNode,
    filtered: Logical,
    joined: boolean,
    returning: readonly Evaluator[] | null,
  ): TargetPlan {
    const conditions = filtered.op === 'filter' ? conjuncts(filtered.predicate) : [];
    return {
      writer: this.writer(table),
      positions: target.ids.map((id) => node.layout.indexOf(id)),
      identity: node.layout.indexOf(target.rowId as number),
      recheck: conditions.map((c) => this.#planner.evaluator(c, node.layout)),
      joined,
      returning,
    };
  }

  /** SET: each column with its new value; DEFAULT comes as an evaluator already. */
  #sets(
    assignments: readonly Assignment[],
    table: TableEntry,
    place: Place,
  ): Array<{ slot: number; scalar: Scalar | Evaluator }> {
    const { defaults } = this.rulesOf(table);
    const found: Array<{ slot: number; scalar: Scalar | Evaluator }> = [];
    const target = ({ name, token }: { name: string; token: number }): ColumnEntry => {
      const column = columnNamed(table, name, token);
      if (found.some((f) => f.slot === column.slot))
        throw new SqlError('syntax_error', `multiple assignments to same column "${name}"`, { token });
      return column;
    };
    const set = (name: { name: string; token: number }, value: Expression): void => {
      if (value.kind !== 'default') {
        assign(name, this.#binder.expressions.bind(value, place), value.token);
        return;
      }
      const { slot } = target(name);
      found.push({ slot, scalar: defaults[slot] ?? NULL_EVALUATOR });
    };
    const assign = (to: { name: string; token: number }, value: Scalar, valueToken: number): void => {
      const column = target(to);
      const { name, token } = to;
      if (column.generated !== null || column.identity === 'always') {
        throw new SqlError('generated_always', `column "${name}" can only be updated to DEFAULT`, {
          detail: `Column "${name}" is ${column.generated !== null ? 'a generated column' : 'an identity column defined as GENERATED ALWAYS'}.`,
          token,
        });
      }
      found.push({ slot: column.slot, scalar: this.#context.coercion.assign(value, column.type, name, valueToken) });
    };
    for (const { columns, value } of assignments) {
      const [only] = columns;
      if (columns.length === 1 && only !== undefined && value.kind !== 'row') {
        set(only, value);
        continue;
      }
      if (value.kind === 'scalar-subquery') {
        const values = this.#binder.expressions.rowSubquery(value.query, place, columns.length, value.token);
        columns.forEach((c, i) => assign(c, values[i] as Scalar, value.token));
        continue;
      }
      if (value.kind !== 'row')
        throw new SqlError(
          'syntax_error',
          'source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression',
          { token: value.token },
        );
      if (value.elements.length !== columns.length)
        throw new SqlError('syntax_error', 'number of columns does not match number of values', { token: value.token });
      columns.forEach((c, i) => set(c, value.elements[i] as Expression));
    }
    return found;
  }

  #returning(
    items: readonly SelectItem[],
    scope: Scope,
    layout: readonly ColumnId[],
    ctes: CteScope | null,
  ): Returning | null {
    if (items.length === 0) return null;
    const subqueries: BoundSubquery[] = [];
    const place: Place = {
      scope,
      ctes,
      name: 'RETURNING',
      aggregates: null,
      windows: null,
      windowDefinitions: null,
      subqueries,
      sets: null,
    };
    const scalars: Scalar[] = [];
    const columns: ResultColumn[] = [];
    const add = (name: string, scalar: Scalar): void => {
      const origin = scalar.kind === 'column' ? scope.origin(scalar.id) : { table: 0, number: 0 };
      scalars.push(scalar);
      columns.push([name, scalar.type, origin.table, origin.number]);
    };
    for (const item of items) {
      if (item.kind === 'star') for (const { name, scalar } of this.#binder.star(item, scope)) add(name, scalar);
      else
        add(
          item.alias ?? columnName(item.expression),
          this.#context.coercion.settle(this.#binder.expressions.bind(item.expression, place)),
        );
    }
    const heldKey = {};
    if (subqueries.length === 0)
      return { evaluators: scalars.map((s) => this.#planner.evaluator(s, layout)), columns, after: null, heldKey };
    // The writer returns whole rows; what is asked of them is computed when all is written.
    for (const s of subqueries) for (const id of tableIds(s.plan)) this.reads.add(id);
    const applied = this.#planner.applied(
      heldRowsNode(heldKey, layout),
      subqueries.map((s) => ({ ...s, plan: optimise(s.plan) })),
    );
    const after = projectNode(
      applied,
      scalars.map((s) => this.#planner.evaluator(s, applied.layout)),
      this.#context.newIds(scalars.length),
    );
    return {
      evaluators: layout.map(
        (_, i): Evaluator =>
          (row) =>
            row[i] ?? null,
      ),
      columns,
      after,
      heldKey,
    };
  }
}

interface Returning {
  readonly evaluators: Evaluator[];
  readonly columns: ResultColumn[];
  readonly after: PlanNode | null;
  readonly heldKey: object;
}

function modifyPlan(input: PlanNode, start: ModifyPlan['start'], returning: Returning | null): ModifyPlan {
  return {
    input,
    start,
    returns: returning !== null,
    after: returning?.after ?? null,
    heldKey: returning?.heldKey ?? input,
  };
}

const NULL_EVALUATOR: Evaluator = () => null;

export function columnNamed(table: TableEntry, name: string, token: number): ColumnEntry {
  const column = table.columns.find((c) => c.name === name);
  if (column === undefined)
    throw new SqlError('undefined_column', `column "${name}" of relation "${table.name}" does not exist`, { token });
  return column;
}

/** An update that leaves every unique key alone does not stand in the way of foreign-key checks. */
function strengthFor(table: TableEntry, sets: readonly SetColumn[]): RowLockStrength {
  const keys = new Set<number | null>([
    ...table.shape.key.map((k) => k.slot),
    ...table.shape.indexes.filter((i) => i.unique).flatMap((i) => i.columns.map((c) => c.slot)),
  ]);
  return sets.some((s) => keys.has(s.slot)) ? 'update' : 'no-key-update';
}

function tokenOfQuery(query: Query): number {
  return query.body.token;
}
