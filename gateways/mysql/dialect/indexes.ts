import type { OrderItem } from '#schemas/program/expression.js';
import type { TableConstraint, TableIndex } from '#schemas/program/statement.js';
import { parseDirection } from '../../sql/function-call.js';
import type { Parser } from '../../sql/parser.js';

/** KEY and UNIQUE KEY among the columns of CREATE TABLE. */
export function tableElement(p: Parser): TableConstraint | TableIndex | null {
  if (p.atAny('fulltext', 'spatial')) throw p.unsupported(`a ${p.token.text.toUpperCase()} index`);
  const token = p.ordinal;
  if (p.at('unique')) {
    p.advance();
    p.acceptAny('key', 'index');
    const name = indexName(p);
    const columns = p.parenthesised(() => p.identifier());
    method(p);
    return { kind: 'unique', name, columns, token };
  }
  if (p.acceptAny('key', 'index') === null) return null;
  const name = indexName(p);
  const keys = p.parenthesised(() => key(p));
  method(p);
  return { name, keys, token };
}

function indexName(p: Parser): string | null {
  const name = p.atSymbol('(') || p.at('using') ? null : p.identifier();
  method(p);
  return name;
}

/** USING BTREE, which every index is. */
function method(p: Parser): void {
  if (!p.accept('using')) return;
  if (!p.accept('btree')) throw p.unsupported(`an index USING ${p.token.text.toUpperCase()}`);
}

/** column [(length)] [ASC | DESC]: that only the head of a text is kept in an index changes no answer. */
function key(p: Parser): OrderItem {
  const token = p.ordinal;
  const column = p.identifier();
  if (p.atSymbol('(')) p.parenthesised(() => p.integer());
  return { expression: { kind: 'column', path: [column], token }, ...parseDirection(p, token) };
}
