import type { Assignment, Statement } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { DATA_STATEMENTS } from '../../sql/data-statements.js';
import type { StatementParser } from '../../sql/dialect.js';

/**
 * MySQL assigns from left to right, and what stands further right reads the new values; the program reads the old ones. Throws
 * feature_not_supported where that would be seen.
 */
export function requireIndependent(sets: readonly Assignment[]): void {
  const assigned = new Set<string>();
  for (const { columns, value } of sets) {
    const token = assigned.size === 0 ? null : tokenOfColumn(value, assigned);
    if (token !== null)
      throw new SqlError('feature_not_supported', 'reading a column that was assigned further left is not supported', {
        token,
      });
    for (const { name } of columns) assigned.add(name);
  }
}

/** Where a tree first reads one of these columns of the changed row; null = it does not. */
function tokenOfColumn(tree: unknown, names: ReadonlySet<string>): number | null {
  if (typeof tree !== 'object' || tree === null) return null;
  const node = tree as { readonly kind?: unknown; readonly path?: unknown; readonly token?: unknown };
  if (node.kind === 'column' && Array.isArray(node.path)) {
    const isChanged = names.has(String(node.path.at(-1))) && node.path[0] !== 'excluded';
    return isChanged ? Number(node.token) : null;
  }
  for (const part of Object.values(tree)) {
    const found = tokenOfColumn(part, names);
    if (found !== null) return found;
  }
  return null;
}

/** UPDATE of the shared grammar, without what would read otherwise than MySQL does. */
export const update: StatementParser = (p) => {
  const parse = DATA_STATEMENTS.get('update');
  if (parse === undefined) throw p.syntaxError();
  const statement = parse(p) as Statement;
  if (statement.kind === 'update') requireIndependent(statement.sets);
  return statement;
};
