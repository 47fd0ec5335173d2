import type { Expression } from '#schemas/program/expression.js';
import type { InsertStatement } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { ColumnEntry, TableEntry } from '../catalog/entry.js';
import type { Evaluator } from '../vm/compile.js';
import type { PlanNode } from '../vm/operators/operator.js';
import { expandNode, projectNode, valuesNode } from '../vm/operators/rows.js';
import type { Scalar } from '../vm/scalar.js';
import { type InsertPlan, insertWriter, type SetColumn } from '../vm/writes/modify.js';
import type { CteScope } from './binder/context.js';
import { plainPlace } from './binder/place.js';
import { typed } from './binder/projection.js';
import { Scope } from './binder/scope.js';
import type { WritePlanner } from './dml.js';
import type { BoundSubquery } from './logical.js';
import { conflict } from './on-conflict.js';
import { columnNamed, modifyPlan, NULL_EVALUATOR, type PlannedWrite } from './write-plan.js';

export function insert(planner: WritePlanner, statement: InsertStatement, ctes: CteScope | null): PlannedWrite {
  const table = planner.target(statement.table, 'insert');
  const columns = insertColumns(statement, table);
  const { node, given } = insertSource(planner, statement, table, columns, ctes);
  const writer = planner.writer(table);
  const scope = new Scope(null);
  const target = planner.binder.from.base(table, statement.alias ?? table.name, [], scope, statement.table.token);
  planner.guardReads(table, scope);
  const returning = planner.returning(statement.returning, scope, target.ids, ctes);
  const plan: InsertPlan = {
    writer,
    slots: given.map((c) => c.slot),
    defaults: defaultsExcept(planner, table, given),
    conflict:
      statement.onConflict === null ? null : conflict(planner, statement.onConflict, table, scope, target, ctes),
    returning: returning?.evaluators ?? null,
  };
  return {
    table,
    modify: modifyPlan(node, () => insertWriter(plan), returning),
    columns: returning?.columns ?? null,
    overtakes: plan.conflict === null && table.foreignKeys.length === 0 && !hasUniqueKey(table),
  };
}

function hasUniqueKey({ shape }: TableEntry): boolean {
  return shape.key.length > 0 || shape.indexes.some(({ unique }) => unique);
}

function insertColumns(statement: InsertStatement, table: TableEntry): readonly ColumnEntry[] {
  if (statement.columns.length === 0) return table.columns;
  const seen = new Set<string>();
  return statement.columns.map(({ name, token }) => {
    const column = columnNamed(table, name, token);
    if (seen.has(name)) throw new SqlError('duplicate_column', `column "${name}" specified more than once`, { token });
    seen.add(name);
    return column;
  });
}

function defaultsExcept(planner: WritePlanner, table: TableEntry, given: readonly ColumnEntry[]): SetColumn[] {
  const { defaults } = planner.rulesOf(table);
  return table.columns.flatMap((c) => {
    const evaluate = defaults[c.slot] ?? null;
    return evaluate === null || given.includes(c) ? [] : [{ slot: c.slot, evaluate }];
  });
}

/** Rows to insert, as a plan whose columns are `given`. */
function insertSource(
  planner: WritePlanner,
  statement: InsertStatement,
  table: TableEntry,
  columns: readonly ColumnEntry[],
  ctes: CteScope | null,
): { node: PlanNode; given: readonly ColumnEntry[] } {
  const { source, overriding } = statement;
  if (source === null) return { node: planner.plan({ op: 'values', rows: [[]], ids: [] }), given: [] };
  const { body } = source;
  const plain =
    body.kind === 'values' &&
    source.orderBy.length === 0 &&
    source.limit === null &&
    source.offset === null &&
    source.with.length === 0;
  if (plain) return insertValues(planner, statement, body.rows, body.token, table, columns, ctes);
  const untyped = planner.binder.bind(source, null, ctes, true);
  const width = untyped.columns.length;
  checkWidth(width, statement, columns, source.body.token);
  const given = columns.slice(0, width);
  const bound = typed(
    planner.binder,
    untyped,
    given.map((c) => c.type),
    source.body.token,
  );
  for (const c of given) checkWritable(c, overriding, source.body.token);
  const outputs = bound.columns.map((c, i) => {
    const column = given[i] as ColumnEntry;
    const scalar: Scalar = { kind: 'column', type: c.type, id: c.id, name: c.name };
    return {
      id: planner.context.newId(),
      scalar: planner.context.coercion.assign(scalar, column.type, column.name, source.body.token),
    };
  });
  const input = planner.plan(bound.plan);
  return {
    node: projectNode(
      input,
      outputs.map((o, i) =>
        generating(
          planner,
          statement,
          table,
          given[i] as ColumnEntry,
          planner.planner.evaluator(o.scalar, input.layout),
        ),
      ),
      outputs.map((o) => o.id),
    ),
    given,
  };
}

/** What is given for a column, or its next number where the statement takes NULL and 0 for that. */
function generating(
  planner: WritePlanner,
  { zeroGenerates }: InsertStatement,
  table: TableEntry,
  column: ColumnEntry,
  given: Evaluator,
): Evaluator {
  const next = planner.rulesOf(table).defaults[column.slot];
  if (!zeroGenerates || column.identity === null || !next) return given;
  return (row, frame) => {
    const value = given(row, frame);
    return value === null || value === 0 || value === 0n ? next(row, frame) : value;
  };
}

function insertValues(
  planner: WritePlanner,
  statement: InsertStatement,
  rows: ReadonlyArray<readonly Expression[]>,
  token: number,
  table: TableEntry,
  columns: readonly ColumnEntry[],
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
  const place = plainPlace('VALUES', new Scope(null), ctes, subqueries);
  const { defaults } = planner.rulesOf(table);
  const bound = rows.map((row) => {
    if (row.length !== width) throw new SqlError('syntax_error', 'VALUES lists must all be the same length', { token });
    return row.map((e, i): Scalar | Evaluator => {
      const column = given[i] as ColumnEntry;
      if (e.kind === 'default') return defaults[column.slot] ?? NULL_EVALUATOR;
      checkWritable(column, statement.overriding, e.token);
      return planner.context.coercion.assign(
        planner.binder.expressions.bind(e, place),
        column.type,
        column.name,
        e.token,
      );
    });
  });
  const ids = planner.context.newIds(width);
  const input = subqueries.length === 0 ? null : planner.plan({ op: 'apply', input: { op: 'empty' }, subqueries });
  const layout = input?.layout ?? [];
  const evaluators = bound.map((row) =>
    row.map((s, i) =>
      typeof s === 'function'
        ? s
        : generating(planner, statement, table, given[i] as ColumnEntry, planner.planner.evaluator(s, layout)),
    ),
  );
  return { node: input === null ? valuesNode(evaluators, ids) : expandNode(input, evaluators, ids), given };
}

function checkWidth(width: number, statement: InsertStatement, columns: readonly ColumnEntry[], token: number): void {
  if (width > columns.length)
    throw new SqlError('syntax_error', 'INSERT has more expressions than target columns', { token });
  if (width < columns.length && statement.columns.length > 0)
    throw new SqlError('syntax_error', 'INSERT has more target columns than expressions', { token });
}

function checkWritable(column: ColumnEntry, overriding: InsertStatement['overriding'], token: number): void {
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
