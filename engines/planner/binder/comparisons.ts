import type { Expression } from '#schemas/program/expression.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { sameKind, TYPES } from '#schemas/values/type-name.js';
import type { Value } from '#schemas/values/value.js';
import type { CallScalar, Evaluate, Scalar } from '../../vm/scalar.js';
import type { ExpressionBinder } from './expressions.js';
import type { Place } from './place.js';
import { commonType } from './resolve.js';
import { compareRows } from './row-comparison.js';
import { rowSubquery } from './subqueries.js';

export function rowComparison(
  binder: ExpressionBinder,
  symbol: string,
  left: Extract<Expression, { kind: 'row' }>,
  right: Expression,
  place: Place,
  token: number,
): Scalar {
  if (right.kind === 'scalar-subquery') {
    const items = rowSubquery(binder, right.query, place, left.elements.length, token);
    return compareRows(
      binder,
      symbol,
      left.elements.map((l, i) => [binder.bind(l, place), items[i] as Scalar]),
      token,
    );
  }
  if (right.kind !== 'row')
    throw new SqlError('feature_not_supported', 'a row can be compared with a row only', { token });
  if (left.elements.length !== right.elements.length)
    throw new SqlError('syntax_error', 'unequal number of entries in row expressions', { token });
  const pairs = left.elements.map(
    (l, i) => [binder.bind(l, place), binder.bind(right.elements[i] as Expression, place)] as const,
  );
  return compareRows(binder, symbol, pairs, token);
}

export function is(binder: ExpressionBinder, e: Extract<Expression, { kind: 'is' }>, place: Place): Scalar {
  if (e.operand.kind === 'row' && e.test === 'null') {
    const operands = e.operand.elements.map(
      (o): Scalar => ({ kind: 'is-null', type: TYPES.boolean, operand: binder.bind(o, place), negated: e.negated }),
    );
    return { kind: 'and', type: TYPES.boolean, operands };
  }
  const operand = binder.bind(e.operand, place);
  if (e.test === 'null')
    return {
      kind: 'is-null',
      type: TYPES.boolean,
      operand: binder.context.coercion.settle(operand),
      negated: e.negated,
    };
  const condition = binder.context.coercion.require(
    operand,
    TYPES.boolean,
    `argument of IS ${e.negated ? 'NOT ' : ''}${e.test.toUpperCase()}`,
    e.token,
  );
  if (e.test === 'unknown') return { kind: 'is-null', type: TYPES.boolean, operand: condition, negated: e.negated };
  return { kind: 'is-boolean', type: TYPES.boolean, operand: condition, test: e.test === 'true', negated: e.negated };
}

export function distinctFrom(
  binder: ExpressionBinder,
  e: Extract<Expression, { kind: 'distinct-from' }>,
  place: Place,
): Scalar {
  if (e.left.kind === 'row' && e.right.kind === 'row' && e.left.elements.length === e.right.elements.length) {
    const items = e.left.elements;
    const others = e.right.elements;
    const operands = items.map((left, i) =>
      distinctFrom(binder, { ...e, left, right: others[i] as Expression, token: e.token }, place),
    );
    return { kind: e.negated ? 'and' : 'or', type: TYPES.boolean, operands };
  }
  const equal = binder.applyOperator(
    '=',
    [binder.bind(e.left, place), binder.bind(e.right, place)],
    e.token,
  ) as CallScalar;
  const { evaluate } = equal;
  const distinct: Evaluate = (a, b, context) => (a === null || b === null ? a !== b : evaluate(a, b, context) !== true);
  const same: Evaluate = (a, b, context) => (a === null || b === null ? a === b : evaluate(a, b, context) === true);
  return {
    ...equal,
    name: e.negated ? 'is not distinct from' : 'is distinct from',
    operator: false,
    strict: false,
    evaluate: e.negated ? same : distinct,
  };
}

export function between(binder: ExpressionBinder, e: Extract<Expression, { kind: 'between' }>, place: Place): Scalar {
  const operand = binder.bind(e.operand, place);
  const [low, high] = [binder.bind(e.low, place), binder.bind(e.high, place)];
  const within = (a: Scalar, b: Scalar): Scalar => ({
    kind: 'and',
    type: TYPES.boolean,
    operands: [binder.applyOperator('>=', [operand, a], e.token), binder.applyOperator('<=', [operand, b], e.token)],
  });
  const test: Scalar = e.symmetric
    ? { kind: 'or', type: TYPES.boolean, operands: [within(low, high), within(high, low)] }
    : within(low, high);
  return e.negated ? { kind: 'not', type: TYPES.boolean, operand: test } : test;
}

export function inList(binder: ExpressionBinder, e: Extract<Expression, { kind: 'in-list' }>, place: Place): Scalar {
  if (e.operand.kind === 'row') {
    const row = e.operand;
    const tests = e.list.map((item) => rowComparison(binder, '=', row, item, place, e.token));
    return negate(e.negated, { kind: 'or', type: TYPES.boolean, operands: tests });
  }
  const operand = binder.bind(e.operand, place);
  const items = e.list.map((item) => binder.bind(item, place));
  const type = commonType([operand.type, ...items.map((i) => i.type)]);
  // One set look-up instead of a comparison an item, where all items are constants of one hashable type.
  const tests = items.map((item) =>
    binder.applyOperator(
      '=',
      type === null ? [operand, item] : [operand, binder.context.coercion.to(item, type, 'implicit') ?? item],
      e.token,
    ),
  );
  const test: Scalar = tests.length === 1 ? (tests[0] as Scalar) : { kind: 'or', type: TYPES.boolean, operands: tests };
  return negate(e.negated, asSet(tests) ?? test);
}

/** An OR of `x = constant` over plain primitives as a look-up in a set. */
function asSet(tests: readonly Scalar[]): Scalar | null {
  if (tests.length < 4) return null;
  const values = new Set<Value>();
  const list: Scalar[] = [];
  let hasNull = false;
  const operand = (tests[0] as CallScalar).arguments[0] as Scalar;
  const kinds = new Set(['integer', 'smallint', 'bigint', 'text', 'uuid', 'varchar']);
  for (const t of tests) {
    const [x, item] = (t as CallScalar).arguments as [Scalar, Scalar];
    if (item.kind !== 'constant' || !kinds.has(x.type.kind) || !sameKind(x.type, item.type)) return null;
    list.push(item);
    if (item.value === null) hasNull = true;
    else values.add(item.value);
  }
  const evaluate: Evaluate = (x) => (values.has(x as Value) ? true : hasNull ? null : false);
  return {
    kind: 'call',
    type: TYPES.boolean,
    name: 'in',
    operator: false,
    arguments: [operand],
    strict: true,
    volatility: 'immutable',
    evaluate,
    list,
  };
}

function negate(negated: boolean, test: Scalar): Scalar {
  return negated ? { kind: 'not', type: TYPES.boolean, operand: test } : test;
}

export function like(binder: ExpressionBinder, e: Extract<Expression, { kind: 'like' }>, place: Place): Scalar {
  const operand = binder.bind(e.operand, place);
  let pattern = binder.bind(e.pattern, place);
  if (e.similar) {
    const escapes: readonly Scalar[] = e.escape === null ? [] : [binder.bind(e.escape, place)];
    pattern = binder.applyFunction('similar_to_escape', [pattern, ...escapes], e.token);
    return negate(e.negated, binder.applyOperator('~', [operand, pattern], e.token));
  }
  if (e.escape !== null)
    pattern = binder.applyFunction('like_escape', [pattern, binder.bind(e.escape, place)], e.token);
  const symbol = `${e.negated ? '!' : ''}~~${e.caseInsensitive ? '*' : ''}`;
  return binder.applyOperator(symbol, [operand, pattern], e.token);
}
