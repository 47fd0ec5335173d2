import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Session } from './session.js';
import type { Shape } from './statement-source.js';

/** What is heard in a failed transaction block. */
const HEARD: ReadonlySet<string> = new Set(['commit', 'rollback', 'rollback-to-savepoint']);

/** Throws 25P02 for what a failed transaction block does not hear. */
export function checkHeard(session: Session, shape: Shape): void {
  if (session.transaction.state === 2 && !HEARD.has(shape.kind)) {
    throw new SqlError(
      'in_failed_sql_transaction',
      'current transaction is aborted, commands ignored until end of transaction block',
    );
  }
}
