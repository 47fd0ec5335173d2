import type { InsertStatement } from '#schemas/program/statement.js';
import { assignment, insertRest } from '../../sql/data-statements.js';
import type { StatementParser } from '../../sql/dialect.js';
import type { Parser } from '../../sql/parser.js';
import { plainQuery } from '../../sql/plain-query.js';
import { NO_WITH } from '../../sql/query.js';

/** INSERT [IGNORE] [INTO]: IGNORE leaves out the rows that meet a unique key. NULL and 0 take the next number of an AUTO_INCREMENT column. */
export const insert: StatementParser = (p) => {
  p.expect('insert');
  const token = p.ordinal;
  const ignore = p.accept('ignore');
  p.accept('into');
  const statement = { ...(assignments(p) ?? insertRest(p, NO_WITH)), zeroGenerates: true };
  if (!ignore || statement.onConflict !== null) return statement;
  return { ...statement, onConflict: { target: { kind: 'none' }, update: null, token } };
};

/** REPLACE [INTO]: the row that is met gives way. */
export const replace: StatementParser = (p) => {
  const token = p.ordinal;
  p.expect('replace');
  p.accept('into');
  const statement = assignments(p) ?? insertRest(p, NO_WITH);
  if (statement.onConflict !== null) throw p.syntaxError();
  const update = { sets: [], where: null };
  return { ...statement, zeroGenerates: true, onConflict: { target: { kind: 'none' }, update, token } };
};

/** table SET column = value, …: one row; null = another form of INSERT. */
function assignments(p: Parser): InsertStatement | null {
  const { index } = p;
  const table = p.objectPath();
  const token = p.ordinal;
  if (!p.accept('set')) {
    p.index = index;
    return null;
  }
  const sets = p.commaList(() => assignment(p));
  const rows = [sets.map(({ value }) => value)];
  return {
    kind: 'insert',
    ...NO_WITH,
    table,
    alias: null,
    columns: sets.flatMap(({ columns }) => columns),
    source: plainQuery({ kind: 'values', rows, token }),
    overriding: null,
    onConflict: p.dialect.grammar.onDuplicate?.(p) ?? null,
    zeroGenerates: true,
    returning: [],
  };
}
