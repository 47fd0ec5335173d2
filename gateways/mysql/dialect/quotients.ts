import type { Expression } from '#schemas/program/expression.js';
import type { SelectItem } from '#schemas/program/query.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { call } from '../../sql/call.js';

/*
 * MySQL calculates with more digits of a quotient than it shows, and how many it shows of what is calculated from one hangs on the types of all operands.
 * So a quotient is the wide one wherever it does not reach the result, the shown one where it is the result, and refused between the two.
 */

/** Functions whose results have as many digits as they are told, or none. */
const FIXES_DIGITS: ReadonlySet<string> = new Set(['round', 'trunc', 'floor', 'ceil', 'ceiling', 'sign', 'count']);
const EXACT_TYPES: ReadonlySet<string> = new Set(['numeric', 'int8', 'float8', 'float4']);

/** left / right, with the digits that MySQL goes on to calculate with. */
export function wideQuotient(left: Expression, right: Expression, token: number): Expression {
  return call(
    'mysql_quotient',
    [left, right].map((operand) => ofKnownType(operand, token)),
    token,
  );
}

/** A parameter without a type of its own is a number here, and an exact one. */
function ofKnownType(operand: Expression, token: number): Expression {
  if (operand.kind !== 'parameter') return operand;
  return {
    kind: 'cast',
    operand,
    type: { name: ['numeric'], modifiers: [], arrayDimensions: 0, token },
    token,
  };
}

/** An item of a list of results, with the digits that MySQL shows. Throws feature_not_supported where they are not known. */
export function shownItem(item: SelectItem): SelectItem {
  if (item.kind !== 'expression') return item;
  const { expression } = item;
  if (expression.kind === 'call' && expression.name[0] === 'mysql_quotient') {
    for (const operand of expression.arguments) requireFixed(operand);
    return { ...item, expression: { ...expression, name: ['mysql_divide'] } };
  }
  requireFixed(expression);
  return item;
}

/** No quotient comes through to this expression's value. */
function requireFixed(tree: unknown): void {
  if (typeof tree !== 'object' || tree === null) return;
  const node = tree as Partial<Expression>;
  switch (node.kind) {
    case 'is':
    case 'in-list':
    case 'between':
    case 'like':
    case 'distinct-from':
    case 'scalar-subquery':
    case 'exists':
    case 'quantified-subquery':
      return;
    case 'cast':
      if (EXACT_TYPES.has(node.type?.name[0] ?? '')) return;
      break;
    case 'operator':
      if (/^[<>=!]/.test(node.symbol ?? '')) return;
      break;
    case 'call':
      if (FIXES_DIGITS.has(node.name?.[0] ?? '')) return;
      if (node.name?.[0] === 'mysql_quotient')
        throw new SqlError(
          'feature_not_supported',
          'a quotient within a result is not supported: round() says how many digits it has',
          { token: node.token ?? 0 },
        );
      break;
  }
  for (const part of Object.values(tree)) requireFixed(part);
}
