import type { Expression, Window } from '#schemas/program/expression.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { WindowFunction } from '../../functions/definition.js';
import type { Scalar } from '../../vm/scalar.js';
import type { BoundFrame, BoundFrameEnd, BoundWindow } from '../logical.js';
import { aggregateDefinition } from './aggregates.js';
import type { ExpressionBinder } from './expressions.js';
import type { Place } from './place.js';
import { resolve } from './resolve.js';

export function window(
  binder: ExpressionBinder,
  name: string,
  e: Extract<Expression, { kind: 'call' }>,
  place: Place,
): Scalar {
  if (place.windows === null)
    throw new SqlError('windowing_error', `window functions are not allowed in ${place.name}`, { token: e.token });
  if (e.distinct)
    throw new SqlError('feature_not_supported', 'DISTINCT is not implemented for window functions', {
      token: e.token,
    });
  const inner: Place = { ...place, windows: null, name: 'window functions' };
  const over = windowDefinition(binder, e.over as Window, place, e.token);
  const args = e.star ? [] : e.arguments.map((a) => binder.bind(a, inner));
  const windows = binder.context.library.window(name).map((definition) => ({
    patterns: definition.arguments,
    variadic: false,
    result: definition.result,
    definition,
  }));
  const found =
    windows.length === 0
      ? 'none'
      : resolve(
          windows,
          args.map((a) => a.type),
          false,
        );
  let types: readonly SqlType[];
  let result: SqlType;
  let chosen: BoundWindow['function'];
  if (typeof found === 'object') {
    ({ types, result } = found);
    chosen = { kind: 'window', definition: found.candidate.definition satisfies WindowFunction };
  } else {
    if (binder.context.library.aggregate(name).length === 0) {
      if (windows.length > 0 || binder.context.library.scalar(name).length === 0)
        throw binder.noFunction(name, args, e.token);
      throw new SqlError(
        'wrong_object_type',
        `OVER specified, but ${name} is not a window function nor an aggregate function`,
        { token: e.token },
      );
    }
    const aggregate = aggregateDefinition(binder, name, args, e.token);
    ({ types, result } = aggregate);
    chosen = { kind: 'aggregate', definition: aggregate.definition };
  }
  const window: BoundWindow = {
    id: binder.context.newId(),
    function: chosen,
    arguments: args.map((a, i) =>
      binder.context.coercion.require(a, types[i] as SqlType, `argument of ${name}`, e.token),
    ),
    filter: e.filter === null ? null : binder.condition(e.filter, { ...inner, name: 'FILTER' }),
    partitionBy: over.partitionBy.map((p) => binder.context.coercion.settle(binder.bind(p, inner))),
    orderBy: over.orderBy.map((o) => binder.sortKey(o, inner)),
    frame: frame(binder, over, inner),
  };
  place.windows.push(window);
  return { kind: 'column', type: result, id: window.id, name };
}

function windowDefinition(binder: ExpressionBinder, window: Window, place: Place, token: number): Window {
  if (window.name === null) return window;
  const base = place.windowDefinitions?.get(window.name);
  if (base === undefined) throw new SqlError('undefined_object', `window "${window.name}" does not exist`, { token });
  const resolved = windowDefinition(binder, base, place, token);
  return {
    name: null,
    partitionBy: window.partitionBy.length > 0 ? window.partitionBy : resolved.partitionBy,
    orderBy: window.orderBy.length > 0 ? window.orderBy : resolved.orderBy,
    frame: window.frame ?? resolved.frame,
  };
}

function frame(binder: ExpressionBinder, window: Window, place: Place): BoundFrame {
  const { frame } = window;
  if (frame === null) return { mode: 'range', start: { kind: 'unbounded-preceding' }, end: { kind: 'current-row' } };
  const bound = (b: typeof frame.start): BoundFrameEnd => {
    if (!('offset' in b)) return b;
    if (frame.mode === 'range')
      throw new SqlError('feature_not_supported', 'RANGE with an offset is not supported', {
        token: b.offset.token,
      });
    return {
      kind: b.kind,
      offset: binder.context.coercion.require(
        binder.bind(b.offset, place),
        TYPES.bigint,
        'frame offset',
        b.offset.token,
      ),
    };
  };
  return { mode: frame.mode, start: bound(frame.start), end: bound(frame.end) };
}
