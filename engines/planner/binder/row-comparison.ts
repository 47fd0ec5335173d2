import { TYPES } from '#schemas/values/type-name.js';
import type { Scalar } from '../../vm/scalar.js';
import type { ExpressionBinder } from './expressions.js';

/** Rows compare by their first items that differ. */
export function compareRows(
  binder: ExpressionBinder,
  symbol: string,
  pairs: ReadonlyArray<readonly [Scalar, Scalar]>,
  token: number,
): Scalar {
  const compare = (op: string, [a, b]: readonly [Scalar, Scalar]): Scalar => binder.applyOperator(op, [a, b], token);
  if (symbol === '=') return { kind: 'and', type: TYPES.boolean, operands: pairs.map((p) => compare('=', p)) };
  if (symbol === '<>' || symbol === '!=')
    return { kind: 'or', type: TYPES.boolean, operands: pairs.map((p) => compare('<>', p)) };
  // (a, b) < (c, d)  =  a < c OR (a = c AND b < d)
  const strict = symbol.charAt(0);
  let result = compare(symbol, pairs.at(-1) as readonly [Scalar, Scalar]);
  for (const pair of pairs.slice(0, -1).reverse()) {
    const equalAndRest: Scalar = { kind: 'and', type: TYPES.boolean, operands: [compare('=', pair), result] };
    result = { kind: 'or', type: TYPES.boolean, operands: [compare(strict, pair), equalAndRest] };
  }
  return result;
}
