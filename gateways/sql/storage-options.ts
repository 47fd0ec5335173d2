import type { Option } from '#schemas/program/statement.js';
import type { Parser } from './parser.js';
import { TOKEN } from './scanner.js';

/** ( name [= value], … ): WITH (…) of tables and databases, and the lists of EXPLAIN, VACUUM and COPY. */
export function optionList(p: Parser): Option[] {
  return p.parenthesised(() => {
    const token = p.ordinal;
    const parts = [p.label()];
    while (p.acceptSymbol('.')) parts.push(p.label());
    p.acceptOperator('=');
    return { name: parts.join('.'), value: optionValue(p), token };
  });
}

/** A word, string, number or nothing (null). */
export function optionValue(p: Parser): Option['value'] {
  const { token } = p;
  if (token.kind === TOKEN.integer || token.kind === TOKEN.decimal || p.atOperator('-')) {
    const sign = p.acceptOperator('-') ? -1 : 1;
    const number = Number(p.advance().text);
    if (Number.isNaN(number)) throw p.syntaxErrorAt(p.index - 1);
    return sign * number;
  }
  if (token.kind === TOKEN.string) return p.advance().text;
  if (token.kind !== TOKEN.word && token.kind !== TOKEN.quoted) return null;
  p.advance();
  return token.keyword === 'true' ? true : token.keyword === 'false' ? false : token.text;
}
