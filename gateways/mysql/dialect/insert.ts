import { insertRest } from '../../sql/data-statements.js';
import type { StatementParser } from '../../sql/dialect.js';
import { NO_WITH } from '../../sql/query.js';

/** INSERT [IGNORE] [INTO]: IGNORE leaves out the rows that meet a unique key. NULL and 0 take the next number of an AUTO_INCREMENT column. */
export const insert: StatementParser = (p) => {
  p.expect('insert');
  const token = p.ordinal;
  const ignore = p.accept('ignore');
  p.accept('into');
  const statement = { ...insertRest(p, NO_WITH), zeroGenerates: true };
  if (!ignore || statement.onConflict !== null) return statement;
  return { ...statement, onConflict: { target: { kind: 'none' }, update: null, token } };
};
