import type { Expression } from '#schemas/program/expression.js';
import type { Query } from '#schemas/program/query.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import { arrayOf, TYPES } from '#schemas/values/type-name.js';
import type { Value } from '#schemas/values/value.js';
import type { CallScalar, Evaluate, Scalar } from '../../vm/scalar.js';
import type { BoundSubquery } from '../logical.js';
import type { ExpressionBinder } from './expressions.js';
import type { Place } from './place.js';
import { compareRows } from './row-comparison.js';

export function subquery(
  binder: ExpressionBinder,
  form: BoundSubquery['form'],
  query: Query,
  place: Place,
  token: number,
  type: SqlType | null,
  compare: ((ids: readonly Scalar[]) => Scalar) | null,
  operands: readonly Scalar[] | null,
  quantifier: 'any' | 'all',
): Scalar {
  if (place.subqueries === null)
    throw new SqlError('feature_not_supported', `cannot use subquery in ${place.name}`, { token });
  const { plan, columns } = binder.bindQuery(query, place.scope, place.ctes);
  if ((form === 'scalar' || form === 'array') && columns.length !== 1)
    throw new SqlError('syntax_error', 'subquery must return only one column', { token });
  const first = columns[0]?.type ?? TYPES.text;
  const result = type ?? (form === 'array' ? arrayOf(first) : first);
  const ids = columns.map((c) => c.id);
  if (operands !== null && operands.length !== columns.length)
    throw new SqlError(
      'syntax_error',
      `subquery has too ${operands.length > columns.length ? 'few' : 'many'} columns`,
      { token },
    );
  const outputs = columns.map((c): Scalar => ({ kind: 'column', type: c.type, id: c.id, name: c.name }));
  const subquery: BoundSubquery = {
    id: binder.context.newId(),
    form,
    plan,
    ids,
    compare: compare === null ? null : compare(outputs),
    quantifier,
    operands,
    type: result,
  };
  place.subqueries.push(subquery);
  return { kind: 'column', type: result, id: subquery.id, name: columns[0]?.name ?? '?column?' };
}

/** A subquery of one row, as its columns: UPDATE … SET (a, b) = (SELECT …). */
export function rowSubquery(
  binder: ExpressionBinder,
  query: Query,
  place: Place,
  count: number,
  token: number,
): Scalar[] {
  if (place.subqueries === null)
    throw new SqlError('feature_not_supported', `cannot use subquery in ${place.name}`, { token });
  const { plan, columns } = binder.bindQuery(query, place.scope, place.ctes);
  if (columns.length !== count)
    throw new SqlError('syntax_error', 'number of columns does not match number of values', { token });
  const id = binder.context.newId();
  const type: SqlType = TYPES.record;
  place.subqueries.push({
    id,
    form: 'row',
    plan,
    ids: columns.map((c) => c.id),
    compare: null,
    quantifier: 'any',
    operands: null,
    type,
  });
  const row: Scalar = { kind: 'column', type, id, name: 'row' };
  return columns.map((c, i): Scalar => {
    const evaluate: Evaluate = (values) => (values as readonly Value[])[i] ?? null;
    return {
      kind: 'call',
      type: c.type,
      name: `field ${i + 1}`,
      operator: false,
      arguments: [row],
      strict: true,
      volatility: 'immutable',
      evaluate,
    };
  });
}

export function quantified(
  binder: ExpressionBinder,
  e: Extract<Expression, { kind: 'quantified-subquery' }>,
  place: Place,
): Scalar {
  const operands = (e.operand.kind === 'row' ? e.operand.elements : [e.operand]).map((o) => binder.bind(o, place));
  const compare = (outputs: readonly Scalar[]): Scalar => {
    if (operands.length !== outputs.length)
      throw new SqlError(
        'syntax_error',
        `subquery has too ${operands.length > outputs.length ? 'few' : 'many'} columns`,
        { token: e.token },
      );
    const pairs = operands.map((o, i) => [o, outputs[i] as Scalar] as const);
    const [only] = pairs;
    if (only !== undefined && pairs.length === 1) return binder.applyOperator(e.symbol, only, e.token);
    return compareRows(binder, e.symbol, pairs, e.token);
  };
  return subquery(
    binder,
    'quantified',
    e.query,
    place,
    e.token,
    TYPES.boolean,
    compare,
    e.symbol === '=' && e.quantifier === 'any' ? operands : null,
    e.quantifier,
  );
}

export function quantifiedArray(
  binder: ExpressionBinder,
  e: Extract<Expression, { kind: 'quantified-array' }>,
  place: Place,
): Scalar {
  const operand = binder.bind(e.operand, place);
  let array = binder.bind(e.array, place);
  if (array.type.kind === 'unknown')
    array =
      binder.context.coercion.to(
        array,
        arrayOf(operand.type.kind === 'unknown' ? TYPES.text : operand.type),
        'implicit',
      ) ?? array;
  if (array.type.kind !== 'array')
    throw new SqlError('wrong_object_type', 'op ANY/ALL (array) requires array on right side', {
      token: e.token,
    });
  const element: Scalar = { kind: 'constant', type: array.type.element, value: null };
  const test = binder.applyOperator(e.symbol, [operand, element], e.token) as CallScalar;
  const [left, right] = test.arguments as [Scalar, Scalar];
  const items = binder.context.coercion.require(array, arrayOf(right.type), 'array', e.token);
  const any = e.quantifier === 'any';
  const { evaluate: compare, strict } = test;
  const evaluate: Evaluate = (value, list, context) => {
    if (list === null) return null;
    let unknown = false;
    for (const item of list as readonly Value[]) {
      const verdict =
        strict && (value === null || item === null) ? null : compare(value as Value, item, context as never);
      if (verdict === any) return any;
      if (verdict === null) unknown = true;
    }
    return unknown ? null : !any;
  };
  return {
    kind: 'call',
    type: TYPES.boolean,
    name: `${e.symbol} ${e.quantifier}`,
    operator: false,
    arguments: [left, items],
    strict: false,
    volatility: test.volatility,
    evaluate,
  };
}
