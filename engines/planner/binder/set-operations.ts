import type { QueryBody } from '#schemas/program/query.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import type { ColumnId, Scalar } from '../../vm/scalar.js';
import type { BoundSubquery, Logical } from '../logical.js';
import type { CteScope } from './context.js';
import { type BoundQuery, columnScalar, type OutputColumn } from './output.js';
import { plainPlace } from './place.js';
import { project } from './projection.js';
import type { QueryBinder } from './query.js';
import { Scope } from './scope.js';

export function values(
  binder: QueryBinder,
  body: Extract<QueryBody, { kind: 'values' }>,
  outer: Scope | null,
  ctes: CteScope | null,
): BoundQuery {
  const subqueries: BoundSubquery[] = [];
  const place = plainPlace('VALUES', new Scope(outer), ctes, subqueries);
  const width = body.rows[0]?.length ?? 0;
  const bound = body.rows.map((row) => {
    if (row.length !== width)
      throw new SqlError('syntax_error', 'VALUES lists must all be the same length', { token: body.token });
    return row.map((e) => binder.expressions.bind(e, place));
  });
  const columns = Array.from({ length: width }, (_, i): { type: SqlType; scalars: readonly Scalar[] } =>
    binder.expressions.unify(
      bound.map((row) => row[i] as Scalar),
      'VALUES',
      body.token,
    ),
  );
  const ids = binder.context.newIds(width);
  const rows = bound.map((_, r) => columns.map((c) => c.scalars[r] as Scalar));
  const plan = valuesPlan(rows, ids, subqueries);
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

function valuesPlan(
  rows: ReadonlyArray<readonly Scalar[]>,
  ids: readonly ColumnId[],
  subqueries: readonly BoundSubquery[],
): Logical {
  if (subqueries.length === 0) return { op: 'values', rows, ids };
  return { op: 'rows', input: { op: 'apply', input: { op: 'empty' }, subqueries }, rows, ids };
}

export function setOperation(
  binder: QueryBinder,
  body: Extract<QueryBody, { kind: 'set-operation' }>,
  outer: Scope | null,
  ctes: CteScope | null,
): BoundQuery {
  const left = binder.bind(body.left, outer, ctes, true);
  const right = binder.bind(body.right, outer, ctes, true);
  const word = body.operation.toUpperCase();
  if (left.columns.length !== right.columns.length)
    throw new SqlError('syntax_error', `each ${word} query must have the same number of columns`, {
      token: body.token,
    });
  const types = left.columns.map(
    (c, i) =>
      binder.expressions.unify(
        [columnScalar(left.columns, c.id), columnScalar(right.columns, (right.columns[i] as OutputColumn).id)],
        word,
        body.token,
      ).type,
  );
  const a = project(binder, left, types, body.token);
  const b = project(binder, right, types, body.token);
  const ids = binder.context.newIds(types.length);
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
