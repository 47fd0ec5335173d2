import type { Expression } from '#schemas/program/expression.js';
import { call } from '../../sql/call.js';
import type { Parser } from '../../sql/parser.js';
import { moment } from './moments.js';

/** Units that leave a date a date, and those that make a moment of it; the two-part ones are refused. */
const DAY_UNITS: ReadonlySet<string> = new Set(['day', 'week', 'month', 'quarter', 'year']);
const TIME_UNITS: ReadonlySet<string> = new Set(['microsecond', 'second', 'minute', 'hour']);

/** What INTERVAL n unit is until it is known what it is added to: no function of the program. */
const INTERVAL = 'interval';

function constant(kind: 'text' | 'unknown', value: string, token: number): Expression {
  return { kind: 'constant', type: { kind }, value, token };
}

/** INTERVAL amount unit */
export function interval(p: Parser): Expression {
  const token = p.ordinal;
  p.expect('interval');
  const amount = p.fixedExpression();
  const unit = p.token.keyword;
  if (unit.includes('_')) throw p.unsupported(`the unit ${unit.toUpperCase()}`);
  if (!DAY_UNITS.has(unit) && !TIME_UNITS.has(unit)) throw p.syntaxError();
  p.advance();
  return call(INTERVAL, [constant('text', unit, token), amount], token);
}

/** Moment + or - interval; undefined = `by` is no interval. */
export function shifted(to: Expression, symbol: string, by: Expression, token: number): Expression | undefined {
  if (by.kind !== 'call' || by.name[0] !== INTERVAL) return undefined;
  const [unitOf, amount] = by.arguments;
  if (unitOf?.kind !== 'constant' || amount === undefined) return undefined;
  const unit = String(unitOf.value);
  const named = (type: string, operand: Expression): Expression => ({
    kind: 'cast',
    operand,
    type: { name: [type], modifiers: [], arrayDimensions: 0, token },
    token,
  });
  const one = named('interval', constant('unknown', unit === 'quarter' ? '3 month' : `1 ${unit}`, token));
  // Fractions count for seconds only.
  const count = unit === 'second' ? named('float8', amount) : named('int8', amount);
  const total: Expression = { kind: 'operator', symbol: '*', operands: [one, named('float8', count)], token };
  const signed: Expression = symbol === '-' ? { kind: 'operator', symbol: '-', operands: [total], token } : total;
  return call(DAY_UNITS.has(unit) ? 'mysql_add_days' : 'mysql_add_time', [moment(to, token), signed], token);
}

/** DATE_ADD(moment, INTERVAL …) and DATE_SUB. */
export function addition(symbol: '+' | '-') {
  return ([to, by, ...more]: readonly Expression[], token: number): Expression | undefined =>
    to === undefined || by === undefined || more.length > 0 ? undefined : shifted(to, symbol, by, token);
}
