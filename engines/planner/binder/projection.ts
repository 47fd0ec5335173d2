import type { SqlType } from '#schemas/values/type.js';
import type { ColumnId, Scalar } from '../../vm/scalar.js';
import type { Logical, Output } from '../logical.js';
import { type BoundQuery, columnScalar, type OutputColumn } from './output.js';
import type { QueryBinder } from './query.js';

/** The query's columns brought to given types. */
export function project(
  binder: QueryBinder,
  query: BoundQuery,
  types: readonly SqlType[],
  token: number,
): { plan: Logical; ids: ColumnId[] } {
  const { plan, columns } = typed(binder, query, types, token);
  const outputs = columns.map(
    (c, i): Output => ({
      id: binder.context.newId(),
      scalar: binder.context.coercion.require(columnScalar(columns, c.id), types[i] as SqlType, 'column', token),
    }),
  );
  return { plan: { op: 'project', input: plan, outputs }, ids: outputs.map((o) => o.id) };
}

/** A query bound with `keepUnknown`, its untyped literals and parameters given these types. */
export function typed(binder: QueryBinder, query: BoundQuery, types: readonly SqlType[], token: number): BoundQuery {
  let { plan } = query;
  const columns = query.columns.map((column, i): OutputColumn => {
    if (column.type.kind !== 'unknown') return column;
    const type = types[i] as SqlType;
    plan = retyped(plan, column.id, (scalar) => binder.context.coercion.require(scalar, type, 'column', token));
    return { ...column, type };
  });
  return { plan, columns };
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
