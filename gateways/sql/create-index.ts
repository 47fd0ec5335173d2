import type { Expression, OrderItem } from '#schemas/program/expression.js';
import type { Statement } from '#schemas/program/statement.js';
import { parseDirection } from './function-call.js';
import type { Parser } from './parser.js';
import { primary } from './primary.js';

/** CREATE [UNIQUE] INDEX; INDEX is the next token. */
export function createIndex(p: Parser, unique: boolean): Statement {
  const token = p.ordinal;
  p.expect('index');
  const concurrently = p.accept('concurrently');
  const ifNotExists = p.accept('if', 'not', 'exists');
  const name = p.at('on') ? null : p.identifier();
  p.expect('on');
  p.accept('only');
  const table = p.objectPath();
  const method = p.accept('using') ? p.identifier() : 'btree';
  return p.withoutLifting(() => {
    const keys = p.parenthesised(() => indexKey(p));
    const include = p.accept('include') ? p.parenthesised(() => p.identifier()) : [];
    if (p.at('nulls', 'not')) throw p.unsupported('NULLS NOT DISTINCT');
    p.accept('nulls', 'distinct');
    if (p.at('with') || p.at('tablespace')) throw p.unsupported(`${p.token.text.toUpperCase()} of an index`);
    const where = p.accept('where') ? p.dialect.grammar.expression(p) : null;
    return {
      kind: 'create-index',
      name,
      table,
      unique,
      ifNotExists,
      concurrently,
      method,
      keys,
      include,
      where,
      token,
    };
  });
}

/** column | f(…) | (expression), then [COLLATE c] [operator class] [ASC | DESC] [NULLS …] */
function indexKey(p: Parser): OrderItem {
  const token = p.ordinal;
  let expression: Expression = p.atSymbol('(') ? parenthesised(p) : columnOrCall(p);
  if (p.accept('collate')) expression = { kind: 'collate', operand: expression, collation: p.path(), token };
  if (p.isIdentifier(p.token) && !p.at('nulls')) operatorClass(p);
  return { expression, ...parseDirection(p, token) };
}

function columnOrCall(p: Parser): Expression {
  const token = p.ordinal;
  if (!p.atSymbol('(', 1) && !p.atSymbol('.', 1)) return { kind: 'column', path: [p.identifier()], token };
  const expression = primary(p);
  if (expression.kind !== 'call') throw p.syntaxErrorAt(p.first + token + 1);
  return expression;
}

function parenthesised(p: Parser): Expression {
  p.expectSymbol('(');
  const expression = p.dialect.grammar.expression(p);
  p.expectSymbol(')');
  return expression;
}

/**
 * Classes named after their type are the default ones. text_pattern_ops and its kin compare bytes, which is how every index here
 * compares text, so they ask for nothing more.
 */
function operatorClass(p: Parser): void {
  const token = p.ordinal;
  const name = p.path().at(-1) ?? '';
  if (
    !/^(?:text|varchar|bpchar)_(?:pattern_)?ops$|^(?:int[248]|float[48]|numeric|bool|date|time|timetz|timestamp|timestamptz|interval|uuid|bytea|name|oid|char|array|jsonb)_ops$/.test(
      name,
    )
  )
    throw p.unsupported(`operator class ${name}`, token);
}
