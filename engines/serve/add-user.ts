import type { Statement } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { NO_CONTROL } from '../catalog/catalog-store.js';
import type { CatalogHolder, DdlContext } from '../catalog/ddl-contract.js';
import { EXPRESSION_COMPILER } from '../planner/expression-compiler.js';
import type { TransactionSystem } from '../tx/transaction.js';

/** Who asks for it, and in which database; both stand in the catalog. */
export interface Administrator {
  readonly user: string;
  readonly database: string;
}

export interface NewUser {
  readonly name: string;
  /** Or its verifier, as CREATE USER takes one. */
  readonly password: string;
  readonly superuser: boolean;
}

function refuse(): never {
  throw new SqlError('feature_not_supported', 'CREATE USER runs no query');
}

/** CREATE USER without a session, on behalf of `administrator`. Durable when resolved; rejects with what the statement throws. */
export async function addUser(
  catalog: CatalogHolder,
  transactions: TransactionSystem,
  administrator: Administrator,
  { name, password, superuser }: NewUser,
): Promise<void> {
  const { current } = catalog;
  const user = current.user(administrator.user);
  const database = current.database(administrator.database);
  if (user === null || database === null)
    throw new SqlError('undefined_object', `there is no ${administrator.user} in ${administrator.database}`);
  const option = (word: string, value: string | boolean): { name: string; value: string | boolean; token: number } => ({
    name: word,
    value,
    token: 0,
  });
  const options = [option('login', true), option('password', password), option('superuser', superuser)];
  const statement: Statement = { kind: 'create-user', name, ifNotExists: false, options, token: 0 };
  const transaction = transactions.begin({ isolation: 'read committed', readOnly: false, control: NO_CONTROL });
  try {
    transaction.beginStatement();
    const context: DdlContext = {
      transaction,
      catalog: current,
      database,
      user,
      searchPath: [],
      evaluation: EXPRESSION_COMPILER.neutral,
      notice: () => undefined,
      yieldNow: () => null,
      describeQuery: refuse,
      runQuery: refuse,
    };
    await catalog.execute(statement, context);
  } catch (error) {
    transaction.rollback();
    throw error;
  }
  await transaction.commit();
}
