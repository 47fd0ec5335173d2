import type { ObjectId } from '#schemas/kernel/brand.js';
import type { ResultColumn } from '#schemas/link/frames.js';
import type { Expression } from '#schemas/program/expression.js';
import type { SelectItem } from '#schemas/program/query.js';
import type {
  Assignment,
  DeleteStatement,
  InsertStatement,
  ObjectPath,
  UpdateStatement,
} from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { ColumnEntry, TableEntry } from '../catalog/entry.js';
import type { Evaluator } from '../vm/compile.js';
import type { PlanNode } from '../vm/operators/operator.js';
import { heldRowsNode, projectNode } from '../vm/operators/rows.js';
import type { ColumnId, Scalar } from '../vm/scalar.js';
import { deleteWriter, type SetColumn, type TargetPlan, updateWriter } from '../vm/writes/modify.js';
import { type TableRules, TableWriter } from '../vm/writes/table-writer.js';
import { whereAmong } from './among.js';
import { planAskedAgain } from './asked-again.js';
import { columnName } from './binder/column-name.js';
import type { BindContext, CteScope } from './binder/context.js';
import { type Place, plainPlace } from './binder/place.js';
import { requirePrivilege } from './binder/privileges.js';
import { QueryBinder } from './binder/query.js';
import { Scope } from './binder/scope.js';
import { rowSubquery } from './binder/subqueries.js';
import { bindWith } from './binder/with.js';
import { conjuncts } from './conjuncts.js';
import { insert } from './insert.js';
import type { BoundSubquery, Logical, LogicalTable } from './logical.js';
import type { Planner } from './planner.js';
import { isPostponable } from './postponable.js';
import { optimise } from './push-down.js';
import { RelatedTables } from './related-tables.js';
import { tableIds } from './table-ids.js';
import { tableRules } from './table-rules.js';
import {
  columnNamed,
  modifyPlan,
  NULL_EVALUATOR,
  type PlannedWrite,
  type Returning,
  strengthFor,
} from './write-plan.js';

/** Binds and plans statements that write rows. */
export class WritePlanner {
  readonly context: BindContext;
  readonly binder: QueryBinder;
  readonly planner: Planner;
  readonly #rules = new Map<TableEntry, TableRules>();

  /** Tables that the statement reads, and those that it locks because it writes. */
  readonly reads = new Set<ObjectId>();
  readonly related: RelatedTables;

  /** `planner` is the one of the whole statement: it hands out the registers. */
  constructor(context: BindContext, planner: Planner) {
    this.context = context;
    this.binder = new QueryBinder(context);
    this.planner = planner;
    this.related = new RelatedTables(context.catalog);
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
      statement.with.length === 0 ? outer : bindWith(this.binder, statement.with, statement.recursive, null, outer);
    switch (statement.kind) {
      case 'insert':
        return insert(this, statement, ctes);
      case 'update':
        return this.#update(statement, ctes);
      case 'delete':
        return this.#delete(statement, ctes);
    }
  }

  plan(logical: Logical): PlanNode {
    for (const id of tableIds(logical)) this.reads.add(id);
    return this.planner.plan(optimise(logical));
  }

  rulesOf(table: TableEntry): TableRules {
    let rules = this.#rules.get(table);
    if (rules === undefined) {
      rules = tableRules(table, this.context);
      this.#rules.set(table, rules);
    }
    return rules;
  }

  writer(table: TableEntry): TableWriter {
    return new TableWriter(this.rulesOf(table), this.context.catalog, (t) => this.rulesOf(t));
  }

  /** The table that a statement may write. Throws 42P01, 42809 or 42501. */
  target({ path, token }: ObjectPath, privilege: string): TableEntry {
    const entry = this.binder.from.relation(path, token);
    if (entry.kind === 'view')
      throw new SqlError('feature_not_supported', `writing to view "${entry.name}" is not supported`, { token });
    if (entry.kind !== 'table')
      throw new SqlError('wrong_object_type', `cannot change relation "${entry.name}"`, { token });
    if (entry.system)
      throw new SqlError('insufficient_privilege', `permission denied: "${entry.name}" is a system catalog`, { token });
    requirePrivilege(this.context.user, this.context.catalog, entry, privilege);
    this.related.written.add(entry.id);
    if (privilege === 'insert') this.related.inserted(entry);
    if (privilege === 'delete') this.related.deleted(entry);
    return entry;
  }

  /** Columns of the written table that the statement reads need SELECT too; it is the scope's only relation yet. */
  guardReads(table: TableEntry, scope: Scope): void {
    const { user, catalog } = this.context;
    for (const relation of scope.relations) relation.onRead = () => requirePrivilege(user, catalog, table, 'select');
  }

  // ── UPDATE and DELETE ──────────────────────────────────────────────────────────────────────────────────────────────

  #update(statement: UpdateStatement, ctes: CteScope | null): PlannedWrite {
    const table = this.target(statement.table, 'update');
    const scope = new Scope(null);
    const target = this.binder.from.base(
      table,
      statement.alias?.name ?? table.name,
      statement.alias?.columns ?? [],
      scope,
      statement.table.token,
    );
    this.guardReads(table, scope);
    const subqueries: BoundSubquery[] = [];
    const source = this.#withFrom(target, statement.from, scope, ctes);
    const place = plainPlace('UPDATE', scope, ctes, subqueries);
    const where = whereAmong(statement, table);
    const filtered = where === null ? source : this.binder.filter(source, where, { ...place, name: 'WHERE' });
    const assignments = this.sets(statement.sets, table, place);
    const input: Logical = subqueries.length === 0 ? filtered : { op: 'apply', input: filtered, subqueries };
    const node = this.plan(input);
    const sets = assignments.map(
      ({ slot, scalar }): SetColumn => ({
        slot,
        evaluate: typeof scalar === 'function' ? scalar : this.planner.evaluator(scalar, node.layout),
      }),
    );
    const returning = this.returning(statement.returning, scope, node.layout, ctes);
    const plan = {
      ...this.#targetPlan(
        table,
        target,
        node,
        filtered,
        input,
        statement.from.length > 0,
        returning?.evaluators ?? null,
      ),
      postponable: returning === null && isPostponable(table, node, assignments, this.rulesOf(table)),
    };
    const strength = strengthFor(table, sets);
    return {
      table,
      modify: modifyPlan(node, () => updateWriter(plan, sets, strength), returning),
      columns: returning?.columns ?? null,
      overtakes: plan.postponable,
    };
  }

  #delete(statement: DeleteStatement, ctes: CteScope | null): PlannedWrite {
    const table = this.target(statement.table, 'delete');
    const scope = new Scope(null);
    const target = this.binder.from.base(
      table,
      statement.alias?.name ?? table.name,
      statement.alias?.columns ?? [],
      scope,
      statement.table.token,
    );
    this.guardReads(table, scope);
    const source = this.#withFrom(target, statement.using, scope, ctes);
    const place = plainPlace('WHERE', scope, ctes);
    const where = whereAmong(statement, table);
    const filtered = where === null ? source : this.binder.filter(source, where, place);
    const node = this.plan(filtered);
    const returning = this.returning(statement.returning, scope, node.layout, ctes);
    const plan = this.#targetPlan(
      table,
      target,
      node,
      filtered,
      filtered,
      statement.using.length > 0,
      returning?.evaluators ?? null,
    );
    return {
      table,
      modify: modifyPlan(node, () => deleteWriter(plan), returning),
      columns: returning?.columns ?? null,
      overtakes: false,
    };
  }

  #withFrom(target: LogicalTable, from: UpdateStatement['from'], scope: Scope, ctes: CteScope | null): Logical {
    target.rowId = this.context.newId();
    if (from.length === 0) return target;
    return {
      op: 'join',
      type: 'inner',
      left: target,
      right: this.binder.from.list(from, scope, ctes),
      on: null,
      lateral: false,
    };
  }

  #targetPlan(
    table: TableEntry,
    target: LogicalTable,
    node: PlanNode,
    filtered: Logical,
    input: Logical,
    joined: boolean,
    returning: readonly Evaluator[] | null,
  ): TargetPlan {
    const conditions = filtered.op === 'filter' ? conjuncts(filtered.predicate) : [];
    const asked = planAskedAgain(this.planner, input, target, node.layout);
    return {
      writer: this.writer(table),
      positions: asked.positions,
      identity: node.layout.indexOf(target.rowId as number),
      recheck: conditions.map((c) => this.planner.evaluator(c, node.layout)),
      asked,
      postponable: false,
      joined,
      returning,
    };
  }

  /** SET: each column with its new value; DEFAULT comes as an evaluator already. */
  sets(
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
        assign(name, this.binder.expressions.bind(value, place), value.token);
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
      found.push({ slot: column.slot, scalar: this.context.coercion.assign(value, column.type, name, valueToken) });
    };
    for (const { columns, value } of assignments) {
      const [only] = columns;
      if (columns.length === 1 && only !== undefined && value.kind !== 'row') {
        set(only, value);
        continue;
      }
      if (value.kind === 'scalar-subquery') {
        const values = rowSubquery(this.binder.expressions, value.query, place, columns.length, value.token);
        for (const [i, column] of columns.entries()) assign(column, values[i] as Scalar, value.token);
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
      for (const [i, column] of columns.entries()) set(column, value.elements[i] as Expression);
    }
    this.related.updated(
      table,
      found.map(({ slot }) => slot),
    );
    return found;
  }

  returning(
    items: readonly SelectItem[],
    scope: Scope,
    layout: readonly ColumnId[],
    ctes: CteScope | null,
  ): Returning | null {
    if (items.length === 0) return null;
    const subqueries: BoundSubquery[] = [];
    const place = plainPlace('RETURNING', scope, ctes, subqueries);
    const scalars: Scalar[] = [];
    const columns: ResultColumn[] = [];
    const add = (name: string, scalar: Scalar): void => {
      const origin = scalar.kind === 'column' ? scope.origin(scalar.id) : { table: 0, number: 0 };
      scalars.push(scalar);
      columns.push([name, scalar.type, origin.table, origin.number]);
    };
    for (const item of items) {
      if (item.kind === 'star') for (const { name, scalar } of this.binder.star(item, scope)) add(name, scalar);
      else
        add(
          item.alias ?? columnName(item.expression),
          this.context.coercion.settle(this.binder.expressions.bind(item.expression, place)),
        );
    }
    const heldKey = {};
    if (subqueries.length === 0)
      return { evaluators: scalars.map((s) => this.planner.evaluator(s, layout)), columns, after: null, heldKey };
    // The writer returns whole rows; what is asked of them is computed when all is written.
    for (const s of subqueries) for (const id of tableIds(s.plan)) this.reads.add(id);
    const applied = this.planner.applied(
      heldRowsNode(heldKey, layout),
      subqueries.map((s) => ({ ...s, plan: optimise(s.plan) })),
    );
    const after = projectNode(
      applied,
      scalars.map((s) => this.planner.evaluator(s, applied.layout)),
      this.context.newIds(scalars.length),
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
