import type { Query } from '#schemas/program/query.js';
import type { Grammar } from '../../sql/dialect.js';
import { parseOrderBy } from '../../sql/function-call.js';
import { plainQuery, plainSelect, plainTable } from '../../sql/plain-query.js';

/** [ORDER BY …] [LIMIT n] of UPDATE and DELETE: the rows that such a query finds. An order alone changes nothing. */
export const among: NonNullable<Grammar['among']> = (p, { table, alias, where }): Query | null => {
  const orderBy = p.at('order', 'by') ? parseOrderBy(p) : [];
  if (!p.accept('limit')) return null;
  const limit = p.dialect.grammar.expression(p);
  const item = { ...plainTable(table.path, false, table.token), alias };
  const body = { ...plainSelect([], [item], table.token), where };
  return { ...plainQuery(body), orderBy, limit };
};
