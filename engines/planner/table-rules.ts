import type { Expression } from '#schemas/program/expression.js';
import type { SqlType } from '#schemas/values/type.js';
import type { TableEntry } from '../catalog/entry.js';
import type { Evaluator } from '../vm/compile.js';
import { compile } from '../vm/compile.js';
import { lower } from '../vm/instructions.js';
import type { Scalar } from '../vm/scalar.js';
import type { TableRules } from '../vm/writes/table-writer.js';
import type { BindContext } from './binder/context.js';
import type { Place } from './binder/place.js';
import { QueryBinder } from './binder/query.js';
import { Scope } from './binder/scope.js';

/** A place for an expression over one table's columns alone; positions in rows are slots. */
function tablePlace(table: Pick<TableEntry, 'name' | 'schema' | 'columns' | 'id'>, name: string): Place {
  const scope = new Scope(null);
  scope.add(
    {
      alias: table.name,
      schema: table.schema,
      name: table.name,
      columns: table.columns.map((c, i) => ({
        name: c.name,
        type: c.type,
        id: c.slot,
        table: table.id,
        number: i + 1,
      })),
      merged: new Set(),
    },
    -1,
  );
  return {
    scope,
    ctes: null,
    name,
    aggregates: null,
    windows: null,
    windowDefinitions: null,
    subqueries: null,
    sets: null,
  };
}

const slotPlacement = { row: (id: number): number => id, register: (): undefined => undefined };

/** An expression over one row of a table: CHECK, generated column, index expression. Column ids are slots. */
export function bindRowExpression(
  expression: Expression,
  table: Pick<TableEntry, 'name' | 'schema' | 'columns' | 'id'>,
  context: BindContext,
  what: string,
): Scalar {
  return new QueryBinder(context).expressions.bind(expression, tablePlace(table, what));
}

export function rowEvaluator(scalar: Scalar): Evaluator {
  return compile(lower(scalar, slotPlacement));
}

/** A column's default as a value of its type. */
function bindDefault(expression: Expression, type: SqlType, column: string, context: BindContext): Evaluator {
  const place: Place = {
    ...tablePlace({ name: '', schema: '', columns: [], id: 0 as TableEntry['id'] }, 'DEFAULT expressions'),
  };
  const scalar = new QueryBinder(context).expressions.bind(expression, place);
  return rowEvaluator(context.coercion.assign(scalar, type, column, expression.token));
}

/** Checks, generated columns and defaults of a table, bound. */
export function tableRules(table: TableEntry, context: BindContext): TableRules {
  const checks = table.checks.map((check) => {
    const scalar = bindRowExpression(check.expression, table, context, 'CHECK constraints');
    return { name: check.name, evaluate: rowEvaluator(scalar) };
  });
  const generated = table.columns.flatMap((c) => {
    if (c.generated === null) return [];
    const scalar = bindRowExpression(c.generated.expression, table, context, 'column generation expressions');
    return [{ slot: c.slot, evaluate: rowEvaluator(context.coercion.assign(scalar, c.type, c.name, -1)) }];
  });
  const defaults: Array<Evaluator | null> = new Array<Evaluator | null>(table.shape.event.slots).fill(null);
  for (const c of table.columns)
    if (c.default !== null) defaults[c.slot] = bindDefault(c.default.expression, c.type, c.name, context);
  return { table, checks, generated, defaults };
}
