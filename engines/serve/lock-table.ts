import type { Statement } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { requireAnyPrivilege } from '../planner/binder/privileges.js';
import type { TableLockMode } from '../tx/transaction.js';
import type { Session } from './session.js';
import type { UtilityResult } from './utility.js';

const WRITES = ['update', 'delete', 'truncate'];

/** Rights of which one is enough for a mode. */
function privilegesFor(mode: TableLockMode): readonly string[] {
  if (mode === 'access-share') return ['select', ...WRITES, 'insert'];
  return mode === 'row-share' || mode === 'row-exclusive' ? ['insert', ...WRITES] : WRITES;
}

/** LOCK TABLE: takes the locks in the order of the names and keeps them until the transaction ends. */
export async function lockTables(
  session: Session,
  statement: Extract<Statement, { kind: 'lock-table' }>,
): Promise<UtilityResult> {
  if (!session.block.explicit)
    throw new SqlError('no_active_sql_transaction', 'LOCK TABLE can only be used in transaction blocks');
  const transaction = session.block.require();
  const mode = statement.mode.replaceAll(' ', '-') as TableLockMode;
  for (const { path, token } of statement.tables) {
    const { catalog, database, user, searchPath } = await session.surroundings.prepareContext();
    const found = catalog.relation(database, path, searchPath);
    if (found === null) throw new SqlError('undefined_table', `relation "${path.join('.')}" does not exist`, { token });
    if (found.kind !== 'table') throw new SqlError('wrong_object_type', `"${found.name}" is not a table`);
    requireAnyPrivilege(user, catalog, found, privilegesFor(mode));
    await transaction.lockTable(found.id, mode, statement.nowait);
  }
  return { verb: 'LOCK TABLE', count: -1, rows: null };
}
