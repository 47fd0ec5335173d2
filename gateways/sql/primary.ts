import type { Expression } from '#schemas/program/expression.js';
import { callArguments } from './function-call.js';
import { integerType, numberValue } from './literal-lifter.js';
import type { Parser } from './parser.js';
import { TOKEN } from './scanner.js';
import { atTypedLiteral, typedLiteral } from './typed-literal.js';

/** An expression without operators: a literal, column, call, parameter, or something in parentheses. */
export function primary(p: Parser): Expression {
  const { token } = p;
  const ordinal = p.ordinal;
  switch (token.kind) {
    case TOKEN.integer:
    case TOKEN.decimal: {
      const type = token.kind === TOKEN.integer ? integerType(token.text) : 'numeric';
      const literal = p.lifter.literal(type, numberValue(token.text, type), token.text, p.index, ordinal);
      p.advance();
      return literal;
    }
    case TOKEN.string: {
      const literal = p.lifter.literal('unknown', token.text, token.text, p.index, ordinal);
      p.advance();
      if (p.at('uescape') && p.peek(1).kind === TOKEN.string) throw p.unsupported('UESCAPE');
      return literal;
    }
    case TOKEN.bits:
      if (p.dialect.grammar.bits !== undefined) return p.dialect.grammar.bits(p);
      throw p.unsupported('a bit string');
    case TOKEN.parameter:
      return parameter(p);
    case TOKEN.symbol:
      if (token.text === '(') return indirection(p, parenthesised(p));
      throw p.syntaxError();
    case TOKEN.word:
    case TOKEN.quoted:
      return named(p);
    default:
      throw p.syntaxError();
  }
}

function parameter(p: Parser): Expression {
  const ordinal = p.ordinal;
  const number = p.token.text === '?' ? p.questionMarks++ + 1 : Number(p.token.text.slice(1));
  if (number < 1 || number > 65_535)
    throw p.errorAt('undefined_parameter', `there is no parameter ${p.token.text}`, ordinal);
  p.advance();
  return indirection(p, { kind: 'parameter', index: number - 1, token: ordinal });
}

function named(p: Parser): Expression {
  const { token } = p;
  const special = token.keyword === '' ? undefined : p.dialect.grammar.specials.get(token.keyword);
  if (special !== undefined && (p.atSymbol('(', 1) || !p.isIdentifier(token))) return special(p);
  if (atTypedLiteral(p)) return typedLiteral(p);
  return columnOrCall(p);
}

/** a, a.b, a.b.c, f(…), s.f(…). */
function columnOrCall(p: Parser): Expression {
  const first = p.token;
  const ordinal = p.ordinal;
  const isName = p.isIdentifier(first);
  if (!isName && !(p.isFunctionName(first) && (p.atSymbol('(', 1) || p.atSymbol('.', 1)))) throw p.syntaxError();
  const path = [p.advance().text];
  while (p.atSymbol('.')) {
    p.advance();
    if (p.atOperator('*')) throw p.unsupported('a whole-row reference here');
    path.push(p.label());
  }
  if (p.atSymbol('(')) {
    if (path.length === 1 && !p.isFunctionName(first)) throw p.syntaxError();
    const [single] = path;
    const name = path.length === 1 && single !== undefined ? [p.dialect.functionAliases.get(single) ?? single] : path;
    return indirection(p, callArguments(p, name, ordinal));
  }
  if (path.length > 3) throw p.unsupported('a column reference across databases', ordinal);
  return { kind: 'column', path, token: ordinal };
}

/** ( expression ), ( row, … ), ( query ). */
function parenthesised(p: Parser): Expression {
  const ordinal = p.ordinal;
  p.expectSymbol('(');
  if (p.startsQuery()) {
    const query = p.dialect.grammar.query(p);
    p.expectSymbol(')');
    return { kind: 'scalar-subquery', query, token: ordinal };
  }
  const bare = p.atSymbol('(');
  const first = p.dialect.grammar.expression(p);
  if (bare && first.kind === 'scalar-subquery' && p.continuesQuery()) {
    const query = p.dialect.grammar.queryRest(p, first.query);
    p.expectSymbol(')');
    return { kind: 'scalar-subquery', query, token: ordinal };
  }
  if (!p.atSymbol(',')) {
    p.expectSymbol(')');
    return first;
  }
  const elements = [first];
  while (p.acceptSymbol(',')) elements.push(p.dialect.grammar.expression(p));
  p.expectSymbol(')');
  return { kind: 'row', elements, token: ordinal };
}

/** .field behind a parenthesised expression, a call or a parameter. */
export function indirection(p: Parser, start: Expression): Expression {
  let expression = start;
  while (p.atSymbol('.')) {
    const token = p.ordinal;
    p.advance();
    if (p.atOperator('*')) throw p.unsupported('expansion of a composite value');
    expression = { kind: 'field', operand: expression, name: p.label(), token };
  }
  return expression;
}
