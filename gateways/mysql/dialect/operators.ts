import type { Expression } from '#schemas/program/expression.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { call } from '../../sql/call.js';
import type { Grammar, InfixWord } from '../../sql/dialect.js';
import { STRENGTH } from '../../sql/precedence.js';
import { cast } from './functions.js';
import { shifted } from './intervals.js';
import { wideQuotient } from './quotients.js';
import { BYTE_COLLATION } from './types.js';

/** Operators that are words, and <=>, which the lexicon makes one. */
export const MYSQL_OPERATORS: ReadonlyMap<string, InfixWord> = new Map<string, InfixWord>([
  ['collate', { strength: STRENGTH.collate, make: collated }],
  ['div', { strength: STRENGTH.product, make: quotient }],
  [
    'mod',
    {
      strength: STRENGTH.product,
      make: (left, right, token) => ({ kind: 'operator', symbol: '%', operands: [left, right], token }),
    },
  ],
  [
    'null_safe_equal',
    {
      strength: STRENGTH.comparison,
      make: (left, right, token) => ({ kind: 'distinct-from', negated: true, left, right, token }),
    },
  ],
]);

/** DIV: the whole part of the exact quotient, NULL by zero. */
function quotient(left: Expression, right: Expression, token: number): Expression {
  const zero: Expression = { kind: 'constant', type: { kind: 'integer' }, value: 0, token };
  const divisor = call('nullif', [cast(right, 'numeric', token), zero], token);
  return cast(call('div', [cast(left, 'numeric', token), divisor], token), 'int8', token);
}

/** Operators of MySQL whose results are not those of the program's operators of the same spelling. */
export const infixOperator: NonNullable<Grammar['infixOperator']> = (left, symbol, right, token) => {
  if (symbol === '/') return wideQuotient(left, right, token);
  return symbol === '+' || symbol === '-' ? shifted(left, symbol, right, token) : undefined;
};

/** COLLATE of what all texts have here. */
function collated(left: Expression, right: Expression, token: number): Expression {
  if (right.kind === 'column' && right.path.length === 1 && BYTE_COLLATION.test(String(right.path[0]))) return left;
  throw new SqlError('feature_not_supported', 'a collation other than utf8mb4_bin is not supported', { token });
}
