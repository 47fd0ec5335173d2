import type { Expression } from '#schemas/program/expression.js';
import type { Query } from '#schemas/program/query.js';
import type { DeleteStatement, UpdateStatement } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { TableEntry } from '../catalog/entry.js';

/** WHERE of a statement, with the test that a row is among those that the statement's query finds. They are known by the primary key. */
export function whereAmong(statement: UpdateStatement | DeleteStatement, table: TableEntry): Expression | null {
  const { among, where } = statement;
  if (among === null) return where;
  const { token } = statement.table;
  const key = table.shape.key.map(({ slot }) => table.columns.find((column) => column.slot === slot)?.name);
  if (key.length === 0 || among.body.kind !== 'select')
    throw new SqlError('feature_not_supported', 'LIMIT of a change needs a primary key', { token });
  const columns = key.map((name): Expression => ({ kind: 'column', path: [String(name)], token }));
  const [only] = columns;
  const items = columns.map((expression) => ({ kind: 'expression', expression, alias: null }) as const);
  const query: Query = { ...among, body: { ...among.body, items } };
  const operand: Expression =
    columns.length === 1 && only !== undefined ? only : { kind: 'row', elements: columns, token };
  const found: Expression = { kind: 'quantified-subquery', symbol: '=', quantifier: 'any', operand, query, token };
  return where === null ? found : { kind: 'and', operands: [where, found], token };
}
