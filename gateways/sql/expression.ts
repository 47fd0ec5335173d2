import type { Expression } from '#schemas/program/expression.js';
import type { Query } from '#schemas/program/query.js';
import { Numeric } from '#schemas/values/numeric.js';
import type { Value } from '#schemas/values/value.js';
import { call } from './call.js';
import type { Parser } from './parser.js';
import { infixStrength, STRENGTH } from './precedence.js';
import { primary } from './primary.js';
import { TOKEN } from './scanner.js';

/** A rule of the operator loop: reads the operator and what follows it. */
type Infix = (p: Parser, left: Expression) => Expression;

/**
 * Expressions by binding strength (a Pratt parser). Takes operators of at least `minimum`; operators that do not associate are followed
 * by weaker ones only.
 */
export function parseExpression(p: Parser, minimum = 0): Expression {
  return p.nested(() => {
    let left = prefix(p);
    let ceiling: number = STRENGTH.cast;
    for (;;) {
      const strength = nextStrength(p);
      if (strength === 0 || strength < minimum || strength > ceiling) return left;
      left = infix(p, left, strength);
      if (strength === STRENGTH.comparison || strength === STRENGTH.range) ceiling = strength - 1;
    }
  });
}

function prefix(p: Parser): Expression {
  const token = p.ordinal;
  if (p.token.kind === TOKEN.operator) return prefixOperator(p, token);
  if (p.at('not')) {
    p.advance();
    return { kind: 'not', operand: parseExpression(p, STRENGTH.not), token };
  }
  if (p.at('operator') && p.atSymbol('(', 1)) {
    const symbol = qualifiedOperator(p);
    return { kind: 'operator', symbol, operands: [parseExpression(p, STRENGTH.operator + 1)], token };
  }
  return primary(p);
}

function prefixOperator(p: Parser, token: number): Expression {
  refuseOperator(p);
  const symbol = p.token.text;
  const isSign = symbol === '-' || symbol === '+';
  if (!isSign && infixStrength(symbol) !== STRENGTH.operator) throw p.syntaxError();
  p.advance();
  if (!isSign) return { kind: 'operator', symbol, operands: [parseExpression(p, STRENGTH.operator + 1)], token };
  const operand = parseExpression(p, STRENGTH.sign);
  if (symbol === '-') {
    if (p.lifter.negate(operand)) return operand;
    if (operand.kind === 'constant') {
      const folded = negated(operand, token);
      if (folded !== null) return folded;
    }
  }
  return { kind: 'operator', symbol, operands: [operand], token };
}

/** A number with its sign: of the smallest type that holds the signed value. */
function negated(constant: Extract<Expression, { kind: 'constant' }>, token: number): Expression | null {
  const { value } = constant;
  const fold = (kind: 'integer' | 'bigint', folded: Value): Expression => ({
    kind: 'constant',
    type: { kind },
    value: folded,
    token,
  });
  if (typeof value === 'number' && constant.type.kind === 'integer') return fold('integer', value === 0 ? 0 : -value);
  if (typeof value === 'bigint')
    return value === 2_147_483_648n ? fold('integer', -2_147_483_648) : fold('bigint', -value);
  if (!(value instanceof Numeric)) return null;
  if (value.scale === 0 && value.unscaled === 9_223_372_036_854_775_808n) return fold('bigint', -value.unscaled);
  return { ...constant, value: new Numeric(-value.unscaled, value.scale, value.special), token };
}

/** Strength of the infix operator that is next, 0 when there is none. */
function nextStrength(p: Parser): number {
  const { token } = p;
  switch (token.kind) {
    case TOKEN.operator:
      return infixStrength(token.text);
    case TOKEN.symbol:
      return token.text === '::' ? STRENGTH.cast : token.text === '[' ? STRENGTH.subscript : 0;
    case TOKEN.word:
      break;
    default:
      return 0;
  }
  switch (token.keyword) {
    case 'or':
      return STRENGTH.or;
    case 'and':
      return STRENGTH.and;
    case 'is':
    case 'isnull':
    case 'notnull':
      return STRENGTH.is;
    case 'not':
      return isRange(p, 1) ? STRENGTH.range : 0;
    case 'at':
      return p.at('at', 'time', 'zone') ? STRENGTH.atTimeZone : 0;
    case 'collate':
      return STRENGTH.collate;
    case 'operator':
      return p.atSymbol('(', 1) ? STRENGTH.operator : 0;
    case 'overlaps':
      return STRENGTH.operator;
    default:
      if (isRange(p, 0)) return STRENGTH.range;
      return p.dialect.grammar.infixWords?.get(token.keyword)?.strength ?? 0;
  }
}

/** IN, LIKE, ILIKE, BETWEEN or SIMILAR TO at this distance; SUBSTRING has a SIMILAR of its own. */
function isRange(p: Parser, ahead: number): boolean {
  switch (p.peek(ahead).keyword) {
    case 'in':
    case 'like':
    case 'ilike':
    case 'between':
      return true;
    case 'similar':
      return p.peek(ahead + 1).keyword === 'to';
    default:
      return false;
  }
}

/** The next token is an operator: not one whose meaning the program lacks. */
function refuseOperator(p: Parser): void {
  if (p.dialect.refusedOperators?.has(p.token.text) === true) throw p.unsupported(`the operator ${p.token.text}`);
}

function infix(p: Parser, left: Expression, strength: number): Expression {
  if (p.token.kind === TOKEN.operator) {
    const token = p.ordinal;
    refuseOperator(p);
    return binary(p, left, p.advance().text, strength, token);
  }
  const word = p.dialect.grammar.infixWords?.get(p.token.keyword);
  if (word !== undefined) {
    const token = p.ordinal;
    p.advance();
    return word.make(left, parseExpression(p, word.strength + 1), token);
  }
  switch (strength) {
    case STRENGTH.or:
    case STRENGTH.and:
      return junction(p, left, strength === STRENGTH.or ? 'or' : 'and', strength);
    case STRENGTH.is:
      return isTest(p, left);
    case STRENGTH.range:
      return rangeTest(p, left);
    default:
      return postfix(p, left);
  }
}

const postfix: Infix = (p, left) => {
  const token = p.ordinal;
  if (p.at('operator')) return binary(p, left, qualifiedOperator(p), STRENGTH.operator, token);
  if (p.accept('overlaps')) return overlaps(p, left, token);
  if (p.accept('at', 'time', 'zone')) {
    const zone = parseExpression(p, STRENGTH.atTimeZone + 1);
    return call('timezone', [zone, left], token);
  }
  if (p.accept('collate')) return { kind: 'collate', operand: left, collation: p.path(), token };
  if (p.acceptSymbol('::')) {
    const type = p.dialect.grammar.typeName(p);
    return {
      kind: 'cast',
      operand:
        p.dialect.convertibleTypes.has(type.name.join('.')) && type.arrayDimensions === 0
          ? left
          : p.lifter.restore(left),
      type,
      token,
    };
  }
  return subscript(p, left, token);
};

/** [index], [lower:upper]; the missing bounds of [:] come as NULL constants. */
function subscript(p: Parser, operand: Expression, token: number): Expression {
  p.expectSymbol('[');
  const missing: Expression = { kind: 'constant', type: { kind: 'unknown' }, value: null, token: -1 };
  const index = p.atSymbol(':') ? missing : parseExpression(p);
  let upper: Expression | null = null;
  if (p.acceptSymbol(':')) upper = p.atSymbol(']') ? missing : parseExpression(p);
  p.expectSymbol(']');
  return { kind: 'subscript', operand, index, upper, token };
}

/** Reads all that one AND or OR joins at this level into one node, so that long chains stay flat. */
function junction(p: Parser, left: Expression, kind: 'and' | 'or', strength: number): Expression {
  const token = p.ordinal;
  const operands = [left];
  while (p.accept(kind)) operands.push(parseExpression(p, strength + 1));
  return { kind, operands, token };
}

function binary(p: Parser, left: Expression, symbol: string, strength: number, token: number): Expression {
  if (p.atAny('any', 'some', 'all') && p.atSymbol('(', 1)) return quantified(p, left, symbol, token);
  const right = parseExpression(p, strength + 1);
  return (
    p.dialect.grammar.infixOperator?.(left, symbol, right, token) ?? {
      kind: 'operator',
      symbol,
      operands: [left, right],
      token,
    }
  );
}

function quantified(p: Parser, operand: Expression, symbol: string, token: number): Expression {
  const quantifier = p.advance().keyword === 'all' ? 'all' : 'any';
  p.expectSymbol('(');
  const inner = queryOrExpression(p);
  p.expectSymbol(')');
  return inner.query !== null
    ? { kind: 'quantified-subquery', symbol, quantifier, operand, query: inner.query, token }
    : { kind: 'quantified-array', symbol, quantifier, operand, array: inner.expression, token };
}

/** What stands in parentheses: a query, or an expression. `((select …))` is a query, as in PostgreSQL. */
function queryOrExpression(
  p: Parser,
): { readonly query: Query } | { readonly query: null; readonly expression: Expression } {
  if (p.startsQuery()) return { query: p.dialect.grammar.query(p) };
  const bare = p.atSymbol('(');
  const expression = parseExpression(p);
  if (bare && expression.kind === 'scalar-subquery' && p.atSymbol(')')) return { query: expression.query };
  return { query: null, expression };
}

/** OPERATOR(pg_catalog.+): its symbol. */
function qualifiedOperator(p: Parser): string {
  const token = p.ordinal;
  p.expect('operator');
  p.expectSymbol('(');
  while (p.token.kind !== TOKEN.operator) {
    const schema = p.identifier();
    if (schema !== 'pg_catalog') throw p.unsupported('an operator outside pg_catalog', token);
    p.expectSymbol('.');
  }
  const symbol = p.advance().text;
  p.expectSymbol(')');
  return symbol;
}

function overlaps(p: Parser, left: Expression, token: number): Expression {
  const right = parseExpression(p, STRENGTH.operator + 1);
  if (left.kind !== 'row' || right.kind !== 'row') throw p.unsupported('OVERLAPS of anything but rows', token);
  for (const [side, row] of [
    ['left', left],
    ['right', right],
  ] as const)
    if (row.elements.length !== 2)
      throw p.errorAt('syntax_error', `wrong number of parameters on ${side} side of OVERLAPS expression`, row.token);
  return call('overlaps', [...left.elements, ...right.elements], token);
}

function isTest(p: Parser, operand: Expression): Expression {
  const token = p.ordinal;
  if (p.accept('isnull')) return { kind: 'is', test: 'null', negated: false, operand, token };
  if (p.accept('notnull')) return { kind: 'is', test: 'null', negated: true, operand, token };
  p.expect('is');
  const negated = p.accept('not');
  const test = p.acceptAny('null', 'true', 'false', 'unknown');
  if (test !== null) return { kind: 'is', test, negated, operand, token };
  if (p.accept('distinct')) {
    p.expect('from');
    return { kind: 'distinct-from', negated, left: operand, right: parseExpression(p, STRENGTH.is + 1), token };
  }
  if (p.atAny('document', 'normalized', 'nfc', 'nfd', 'nfkc', 'nfkd', 'json', 'of'))
    throw p.unsupported(`IS ${p.token.text.toUpperCase()}`);
  throw p.syntaxError();
}

function rangeTest(p: Parser, operand: Expression): Expression {
  const token = p.ordinal;
  const negated = p.accept('not');
  if (p.accept('between')) return between(p, operand, negated, token);
  if (p.accept('in')) return inTest(p, operand, negated, token);
  const caseInsensitive = p.at('ilike');
  const similar = p.accept('similar');
  if (similar) p.expect('to');
  else p.advance();
  if (!similar && p.atAny('any', 'some', 'all') && p.atSymbol('(', 1))
    return quantified(p, operand, `${negated ? '!' : ''}~~${caseInsensitive ? '*' : ''}`, token);
  const pattern = parseExpression(p, STRENGTH.escape);
  const escapedBy = p.accept('escape') ? parseExpression(p, STRENGTH.escape) : null;
  return { kind: 'like', negated, caseInsensitive, similar, operand, pattern, escape: escapedBy, token };
}

function between(p: Parser, operand: Expression, negated: boolean, token: number): Expression {
  const symmetric = p.accept('symmetric');
  if (!symmetric) p.accept('asymmetric');
  const low = parseExpression(p, STRENGTH.escape);
  p.expect('and');
  return { kind: 'between', negated, symmetric, operand, low, high: parseExpression(p, STRENGTH.escape), token };
}

function inTest(p: Parser, operand: Expression, negated: boolean, token: number): Expression {
  p.expectSymbol('(');
  const first = queryOrExpression(p);
  if (first.query !== null) {
    p.expectSymbol(')');
    const any: Expression = {
      kind: 'quantified-subquery',
      symbol: '=',
      quantifier: 'any',
      operand,
      query: first.query,
      token,
    };
    return negated ? { kind: 'not', operand: any, token } : any;
  }
  const list = [first.expression];
  while (p.acceptSymbol(',')) list.push(parseExpression(p));
  p.expectSymbol(')');
  return { kind: 'in-list', negated, operand, list, token };
}
