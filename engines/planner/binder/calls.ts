import type { Expression } from '#schemas/program/expression.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { Value } from '#schemas/values/value.js';
import type { TableFunction } from '../../functions/definition.js';
import type { CallScalar, Evaluate, Scalar } from '../../vm/scalar.js';
import { aggregate } from './aggregates.js';
import type { ExpressionBinder } from './expressions.js';
import { groupingCall } from './grouping.js';
import type { Place } from './place.js';
import { resolve } from './resolve.js';
import { argumentPlace } from './whole-row.js';
import { window } from './windows.js';

export function call(binder: ExpressionBinder, e: Extract<Expression, { kind: 'call' }>, place: Place): Scalar {
  const name = e.name.at(-1) as string;
  if (e.name.length > 1 && e.name[0] !== 'pg_catalog' && e.name[0] !== 'information_schema')
    throw binder.noFunction(
      e.name.join('.'),
      e.arguments.map((a) => binder.bind(a, place)),
      e.token,
    );
  const own = special(binder, name, e, place);
  if (own !== null) return own;
  const { library } = binder.context;
  if (e.over !== null) return window(binder, name, e, place);
  if (library.aggregate(name).length > 0) return aggregate(binder, name, e, argumentPlace(name, place));
  if (e.star || e.distinct || e.orderBy.length > 0 || e.filter !== null) {
    const what = e.star
      ? `${name}(*) specified, but ${name} is not an aggregate function`
      : `${e.distinct ? 'DISTINCT' : e.filter !== null ? 'FILTER' : 'ORDER BY'} specified, but ${name} is not an aggregate function`;
    throw new SqlError('wrong_object_type', what, { token: e.token });
  }
  if (library.window(name).length > 0)
    throw new SqlError('wrong_object_type', `window function ${name} requires an OVER clause`, { token: e.token });
  if (library.scalar(name).length === 0 && library.table(name).length > 0) return setFunction(binder, name, e, place);
  const inside = argumentPlace(name, place);
  return binder.applyFunction(
    name,
    e.arguments.map((a) => binder.bind(a, inside)),
    e.token,
  );
}

/** Functions whose arguments are not all evaluated, or whose type is not that of a signature. */
function special(
  binder: ExpressionBinder,
  name: string,
  e: Extract<Expression, { kind: 'call' }>,
  place: Place,
): Scalar | null {
  const args = (): readonly Scalar[] => e.arguments.map((a) => binder.bind(a, place));
  switch (name) {
    case 'coalesce': {
      const { type, scalars } = binder.unify(args(), 'COALESCE', e.token);
      return scalars.length === 1 ? (scalars[0] as Scalar) : { kind: 'coalesce', type, operands: scalars };
    }
    case 'nullif': {
      const [a, b] = args() as [Scalar, Scalar];
      const equal = binder.applyOperator('=', [a, b], e.token) as CallScalar;
      const first = equal.arguments[0] as Scalar;
      return {
        kind: 'case',
        type: first.type,
        branches: [{ when: equal, then: { kind: 'constant', type: first.type, value: null } }],
        otherwise: first,
      };
    }
    case 'greatest':
    case 'least': {
      const { type, scalars } = binder.unify(args(), name.toUpperCase(), e.token);
      const pick = binder.applyOperator(
        name === 'greatest' ? '>' : '<',
        [
          { kind: 'constant', type, value: null },
          { kind: 'constant', type, value: null },
        ],
        e.token,
      ) as CallScalar;
      const evaluate: Evaluate = (...values) => {
        const context = values.at(-1) as never;
        let best: Value = null;
        for (const v of values.slice(0, -1) as Value[])
          if (v !== null && (best === null || pick.evaluate(v, best, context) === true)) best = v;
        return best;
      };
      return {
        kind: 'call',
        type,
        name,
        operator: false,
        arguments: scalars,
        strict: false,
        volatility: 'immutable',
        evaluate,
      };
    }
    case 'grouping':
      if (place.aggregates === null)
        throw new SqlError('grouping_error', `grouping operations are not allowed in ${place.name}`, {
          token: e.token,
        });
      return groupingCall(args());
    default:
      return null;
  }
}

function setFunction(
  binder: ExpressionBinder,
  name: string,
  e: Extract<Expression, { kind: 'call' }>,
  place: Place,
): Scalar {
  if (place.sets === null)
    throw new SqlError('feature_not_supported', `set-returning functions are not allowed in ${place.name}`, {
      token: e.token,
    });
  const { definition, args } = tableFunction(
    binder,
    name,
    e.arguments.map((a) => binder.bind(a, { ...place, sets: null })),
    e.token,
  );
  const columns = definition.columns(args.map((a) => a.type));
  const id = binder.context.newId();
  place.sets.push({ id, function: definition, arguments: args, whole: columns.length > 1 });
  const [only] = columns;
  if (columns.length === 1 && only !== undefined) return { kind: 'column', type: only.type, id, name };
  binder.context.composites.set(id, columns);
  return { kind: 'column', type: TYPES.record, id, name };
}

/** Elements of an int2vector are counted from 0. */
function fromZero(definition: TableFunction): TableFunction {
  return {
    ...definition,
    *evaluate(args, context) {
      for (const [subscript] of definition.evaluate(args, context)) yield [(subscript as number) - 1];
    },
  };
}

/** A set-returning function over bound arguments. */
export function tableFunction(
  binder: ExpressionBinder,
  name: string,
  args: readonly Scalar[],
  token: number,
): { definition: TableFunction; args: readonly Scalar[] } {
  const candidates = binder.context.library.table(name).map((definition) => ({
    patterns: definition.arguments,
    variadic: definition.variadic === true,
    result: 'record' as const,
    definition,
  }));
  const found = resolve(
    candidates,
    args.map((a) => a.type),
    false,
  );
  if (found === 'none') throw binder.noFunction(name, args, token);
  if (found === 'ambiguous') throw binder.ambiguous(name, args, token);
  const [first] = args;
  const counted = name === 'generate_subscripts' && first !== undefined && binder.context.isVector(first);
  return {
    definition: counted ? fromZero(found.candidate.definition) : found.candidate.definition,
    args: args.map((a, i) =>
      binder.context.coercion.require(a, found.types[i] as SqlType, `argument of ${name}`, token),
    ),
  };
}
