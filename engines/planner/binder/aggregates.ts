import type { Expression } from '#schemas/program/expression.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import type { AggregateFunction } from '../../functions/definition.js';
import type { Scalar } from '../../vm/scalar.js';
import type { BoundAggregate } from '../logical.js';
import type { ExpressionBinder } from './expressions.js';
import type { Place } from './place.js';
import { resolve } from './resolve.js';

export function aggregateDefinition(
  binder: ExpressionBinder,
  name: string,
  args: readonly Scalar[],
  token: number,
): { definition: AggregateFunction; types: readonly SqlType[]; result: SqlType } {
  const candidates = binder.context.library.aggregate(name).map((definition) => ({
    patterns: definition.arguments,
    variadic: definition.variadic === true,
    result: definition.result,
    definition,
  }));
  const found = resolve(
    candidates,
    args.map((a) => a.type),
    false,
  );
  if (found === 'none') throw binder.noFunction(name, args, token);
  if (found === 'ambiguous') throw binder.ambiguous(name, args, token);
  return { definition: found.candidate.definition, types: found.types, result: found.result };
}

export function aggregate(
  binder: ExpressionBinder,
  name: string,
  e: Extract<Expression, { kind: 'call' }>,
  place: Place,
): Scalar {
  if (place.aggregates === null)
    throw new SqlError('grouping_error', `aggregate functions are not allowed in ${place.name}`, { token: e.token });
  const inner: Place = { ...place, name: 'aggregate function calls', aggregates: null, windows: null, sets: null };
  const bound = e.star ? [] : e.arguments.map((a) => insideAggregate(binder, a, inner, e.token));
  const { definition, types, result } = aggregateDefinition(binder, name, bound, e.token);
  const aggregate: BoundAggregate = {
    id: binder.context.newId(),
    function: definition,
    arguments: bound.map((a, i) =>
      binder.context.coercion.require(a, types[i] as SqlType, `argument of ${name}`, e.token),
    ),
    distinct: e.distinct,
    orderBy: e.orderBy.map((o) => binder.sortKey(o, inner)),
    filter: e.filter === null ? null : binder.condition(e.filter, { ...inner, name: 'FILTER' }),
    type: result,
  };
  place.aggregates.push(aggregate);
  return { kind: 'column', type: result, id: aggregate.id, name };
}

function insideAggregate(binder: ExpressionBinder, argument: Expression, inner: Place, token: number): Scalar {
  try {
    return binder.bind(argument, inner);
  } catch (error) {
    if (
      error instanceof SqlError &&
      error.condition === 'grouping_error' &&
      error.message.includes('not allowed in aggregate')
    ) {
      throw new SqlError('grouping_error', 'aggregate function calls cannot be nested', { token });
    }
    throw error;
  }
}
