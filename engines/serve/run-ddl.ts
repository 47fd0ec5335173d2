import type { Query } from '#schemas/program/query.js';
import type { Statement } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { DdlContext } from '../catalog/ddl-contract.js';
import type { Catalog } from '../catalog/entry.js';
import { type PreparedPlan, prepare } from '../planner/prepare.js';
import type { MaybePromise } from '../rows/reading.js';
import type { Session } from './session.js';
import type { UtilityResult } from './utility.js';

/** Statements that PostgreSQL refuses inside a transaction block. */
const OUTSIDE_BLOCKS: ReadonlySet<string> = new Set(['create-database']);

/** Runs a statement that changes the catalog, in the session's transaction. */
export function runDdl(session: Session, statement: Statement): MaybePromise<UtilityResult> {
  const { block, services, surroundings } = session;
  const transaction = block.require();
  if (
    block.explicit &&
    (OUTSIDE_BLOCKS.has(statement.kind) || (statement.kind === 'drop' && statement.object === 'database'))
  ) {
    throw new SqlError(
      'active_sql_transaction',
      `${statement.kind === 'drop' ? 'DROP' : 'CREATE'} DATABASE cannot run inside a transaction block`,
    );
  }
  if (transaction.readOnly)
    throw new SqlError(
      'read_only_sql_transaction',
      `cannot execute ${statement.kind.replaceAll('-', ' ').toUpperCase()} in a read-only transaction`,
    );
  const context = surroundings.prepareContext();
  const run = (catalog: Catalog): MaybePromise<UtilityResult> => {
    transaction.beginStatement();
    const result = services.catalog.execute(statement, ddlContext(session, catalog));
    const finish = (r: { verb: string; count: number }): UtilityResult => {
      if (block.explicit) {
        block.changedCatalog = true;
        session.catalogChanged();
      }
      return { verb: r.verb, count: r.count, rows: null };
    };
    return result instanceof Promise ? result.then(finish) : finish(result);
  };
  return context instanceof Promise ? context.then((c) => run(c.catalog)) : run(context.catalog);
}

function ddlContext(session: Session, catalog: Catalog): DdlContext {
  const transaction = session.block.require();
  const runContext = session.surroundings.runContext(transaction);
  // As of now: rights may have been taken away since the session began.
  const user = catalog.userById(session.user.id);
  if (user === null)
    throw new SqlError('invalid_authorization_specification', `role "${session.user.name}" was dropped`);
  const plan = (query: Query, against: Catalog): PreparedPlan =>
    prepare({ kind: 'query', query }, [], {
      catalog: against,
      database: session.database.id,
      user,
      searchPath: session.surroundings.searchPath,
      statistics: session.services.rows,
      tier: 'tx',
    });
  return {
    transaction,
    pid: session.id,
    catalog,
    database: session.database,
    user,
    searchPath: session.surroundings.searchPath,
    evaluation: runContext.evaluation,
    notice: (severity, condition, message) => session.notice(severity, condition, message),
    yieldNow: () => runContext.yieldNow(),
    describeQuery: (query, against) => (plan(query, against).columns ?? []).map(([name, type]) => ({ name, type })),
    runQuery: async (query, against, take) => {
      const execution = plan(query, against).execute(runContext, []);
      try {
        for (let rows = await execution.next(); rows !== null; rows = await execution.next()) {
          await take(rows);
          const turn = runContext.yieldNow();
          if (turn !== null) await turn;
        }
        return execution.count;
      } finally {
        execution.close();
      }
    },
  };
}
