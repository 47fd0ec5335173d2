import type { Expression } from '#schemas/program/expression.js';
import type { Value } from '#schemas/values/value.js';
import { call } from './call.js';
import type { SpecialParser } from './dialect.js';
import { callArguments } from './function-call.js';
import type { Parser } from './parser.js';
import { STRENGTH } from './precedence.js';
import { indirection } from './primary.js';
import { TOKEN } from './scanner.js';

const expression = (p: Parser): Expression => p.dialect.grammar.expression(p);

const textConstant = (value: string, token: number): Expression => ({
  kind: 'constant',
  type: { kind: 'text' },
  value,
  token,
});

/** Expressions of standard SQL that open with a keyword. Function-like ones become calls by PostgreSQL's names of the functions behind them. */
export const STANDARD_SPECIALS: ReadonlyMap<string, SpecialParser> = new Map<string, SpecialParser>([
  ['null', constant('unknown', null)],
  ['true', constant('boolean', true)],
  ['false', constant('boolean', false)],
  ['default', defaultValue],
  ['case', parseCase],
  ['cast', parseCast],
  ['exists', (p) => ({ kind: 'exists', token: p.ordinal, query: queryInParentheses(p) })],
  ['array', parseArray],
  ['row', parseRow],
  ['extract', inParentheses(extract)],
  ['substring', inParentheses(substring)],
  ['position', inParentheses(position)],
  ['overlay', inParentheses(overlay)],
  ['trim', inParentheses(trim)],
  ['coalesce', plainCall],
  ['nullif', plainCall],
  ['greatest', plainCall],
  ['least', plainCall],
  ['grouping', plainCall],
  ['normalize', plainCall],
  ...['current_date', 'current_role', 'current_user', 'session_user', 'user', 'current_catalog', 'current_schema'].map(
    (name) => [name, niladic] as const,
  ),
  ...['current_time', 'current_timestamp', 'localtime', 'localtimestamp'].map((name) => [name, withPrecision] as const),
  ['collation', collationFor],
  ...['treat', 'xmlconcat', 'xmlelement', 'xmlexists', 'xmlforest', 'xmlparse', 'xmlpi', 'xmlroot', 'xmlserialize'].map(
    (name) => [name, refuse] as const,
  ),
]);

function constant(kind: 'unknown' | 'boolean', value: Value): SpecialParser {
  return (p) => {
    const token = p.ordinal;
    p.advance();
    return { kind: 'constant', type: { kind }, value, token };
  };
}

function defaultValue(p: Parser): Expression {
  p.expect('default');
  return { kind: 'default', token: p.ordinal - 1 };
}

function refuse(p: Parser): Expression {
  throw p.unsupported(p.token.text.toUpperCase());
}

/** name ( … ), with literals kept as in every call. */
function inParentheses(rule: (p: Parser, token: number) => Expression): SpecialParser {
  return (p) => {
    const token = p.ordinal;
    p.advance();
    p.expectSymbol('(');
    const result = p.withoutLifting(() => rule(p, token));
    p.expectSymbol(')');
    return indirection(p, result);
  };
}

function queryInParentheses(p: Parser): Extract<Expression, { kind: 'exists' }>['query'] {
  p.advance();
  p.expectSymbol('(');
  const query = p.dialect.grammar.query(p);
  p.expectSymbol(')');
  return query;
}

function plainCall(p: Parser): Expression {
  const token = p.ordinal;
  const name = p.advance().keyword;
  p.expectSymbol('(');
  const args = p.withoutLifting(() => p.commaList(() => expression(p)));
  p.expectSymbol(')');
  return indirection(p, call(name, args, token));
}

function niladic(p: Parser): Expression {
  const token = p.ordinal;
  const { keyword } = p.advance();
  // current_schema() is an ordinary function, too.
  if (keyword === 'current_schema' && p.atSymbol('(')) return callArguments(p, [keyword], token);
  return call(keyword, [], token);
}

function withPrecision(p: Parser): Expression {
  const token = p.ordinal;
  const { keyword } = p.advance();
  if (!p.acceptSymbol('(')) return call(keyword, [], token);
  const precision: Expression = { kind: 'constant', type: { kind: 'integer' }, token: p.ordinal, value: p.integer() };
  p.expectSymbol(')');
  return call(keyword, [precision], token);
}

function parseCase(p: Parser): Expression {
  const token = p.ordinal;
  p.expect('case');
  const operand = p.at('when') ? null : expression(p);
  const branches: Array<{ when: Expression; then: Expression }> = [];
  while (p.accept('when')) {
    const when = expression(p);
    p.expect('then');
    branches.push({ when, then: expression(p) });
  }
  if (branches.length === 0) throw p.syntaxError();
  const otherwise = p.accept('else') ? expression(p) : null;
  p.expect('end');
  return { kind: 'case', operand, branches, otherwise, token };
}

function parseCast(p: Parser): Expression {
  const token = p.ordinal;
  p.expect('cast');
  p.expectSymbol('(');
  const operand = expression(p);
  // The type decides whether a literal just read stays lifted; see the infix ::.
  p.expect('as');
  const type = p.dialect.grammar.typeName(p);
  const isConvertible = type.arrayDimensions === 0 && p.dialect.convertibleTypes.has(type.name.join('.'));
  p.expectSymbol(')');
  return indirection(p, { kind: 'cast', operand: isConvertible ? operand : p.lifter.restore(operand), type, token });
}

function parseArray(p: Parser): Expression {
  const token = p.ordinal;
  if (p.atSymbol('(', 1)) return { kind: 'array-subquery', query: queryInParentheses(p), token };
  p.expect('array');
  return arrayElements(p, token);
}

/** [a, b], and [[…], […]] where inner brackets need no ARRAY. */
function arrayElements(p: Parser, token: number): Expression {
  p.expectSymbol('[');
  const element = (): Expression => (p.atSymbol('[') ? p.nested(() => arrayElements(p, p.ordinal)) : expression(p));
  const elements = p.atSymbol(']') ? [] : p.commaList(element);
  p.expectSymbol(']');
  return { kind: 'array', elements, token };
}

function parseRow(p: Parser): Expression {
  const token = p.ordinal;
  p.expect('row');
  p.expectSymbol('(');
  const elements = p.atSymbol(')') ? [] : p.commaList(() => expression(p));
  p.expectSymbol(')');
  return indirection(p, { kind: 'row', elements, token });
}

/** extract(field FROM x) → extract(text, x) */
function extract(p: Parser, token: number): Expression {
  const field = textConstant(p.token.text, p.ordinal);
  const { kind } = p.token;
  if (kind !== TOKEN.word && kind !== TOKEN.quoted && kind !== TOKEN.string) throw p.syntaxError();
  p.advance();
  p.expect('from');
  return call('extract', [field, expression(p)], token);
}

/** substring(x FROM a FOR b), its other orders, SIMILAR … ESCAPE, and the plain call. */
function substring(p: Parser, token: number): Expression {
  const text = expression(p);
  if (p.accept('similar')) {
    const pattern = expression(p);
    p.expect('escape');
    return call('substring', [text, pattern, expression(p)], token);
  }
  if (p.atSymbol(',')) {
    const args = [text];
    while (p.acceptSymbol(',')) args.push(expression(p));
    return call('substring', args, token);
  }
  let from: Expression | null = p.accept('from') ? expression(p) : null;
  const length = p.accept('for') ? expression(p) : null;
  if (from === null && p.accept('from')) from = expression(p);
  if (from === null && length === null) return call('substring', [text], token);
  const start = from ?? { kind: 'constant', type: { kind: 'integer' }, value: 1, token: -1 };
  return call('substring', length === null ? [text, start] : [text, start, length], token);
}

/** position(a IN b) → position(b, a), the order of the function's arguments. */
function position(p: Parser, token: number): Expression {
  // IN would be read as an operator: only stronger ones may stand before it.
  const sought = p.dialect.grammar.expression(p, STRENGTH.escape);
  p.expect('in');
  return call('position', [p.dialect.grammar.expression(p, STRENGTH.escape), sought], token);
}

function overlay(p: Parser, token: number): Expression {
  const args = [expression(p)];
  if (p.accept('placing')) {
    args.push(expression(p));
    p.expect('from');
    args.push(expression(p));
    if (p.accept('for')) args.push(expression(p));
  } else while (p.acceptSymbol(',')) args.push(expression(p));
  return call('overlay', args, token);
}

/** trim([side] [characters FROM] text) → btrim, ltrim or rtrim(text [, characters]) */
function trim(p: Parser, token: number): Expression {
  const side = p.acceptAny('leading', 'trailing', 'both');
  const name = side === 'leading' ? 'ltrim' : side === 'trailing' ? 'rtrim' : 'btrim';
  if (p.accept('from'))
    return call(
      name,
      p.commaList(() => expression(p)),
      token,
    );
  const first = expression(p);
  if (p.accept('from')) return call(name, [...p.commaList(() => expression(p)), first], token);
  const args = [first];
  while (p.acceptSymbol(',')) args.push(expression(p));
  return call(name, args, token);
}

/** COLLATION FOR (x) */
function collationFor(p: Parser): Expression {
  const token = p.ordinal;
  p.expect('collation', 'for');
  p.expectSymbol('(');
  const operand = expression(p);
  p.expectSymbol(')');
  return call('pg_collation_for', [operand], token);
}
