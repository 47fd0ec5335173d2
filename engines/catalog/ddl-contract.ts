import type { Query } from '#schemas/program/query.js';
import type { Statement } from '#schemas/program/statement.js';
import type { Condition } from '#schemas/sqlstate/conditions.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Row } from '#schemas/values/value.js';
import type { CatalogFunctions, EvaluationContext } from '../functions/definition.js';
import type { MaybePromise } from '../rows/reading.js';
import type { Transaction } from '../tx/transaction.js';
import type { Catalog, DatabaseEntry, UserEntry } from './entry.js';

/** The catalog over time: what sessions plan against. */
export interface CatalogHolder {
  /** The newest decided catalog. */
  readonly current: Catalog;
  /** `current`, or the catalog with `transaction`'s own uncommitted DDL in it. Synchronous when the transaction (or null) has made no DDL. */
  catalogFor(transaction: Transaction | null): MaybePromise<Catalog>;
  /** Runs a statement that changes the catalog. */
  execute(statement: Statement, context: DdlContext): MaybePromise<DdlResult>;
  /** Sequence and description functions for one session: currval and lastval are the session's own. */
  sessionFunctions(session: SessionIdentity): CatalogFunctions;
}

/** For whom names mean what: a database, a user and a search path. */
export interface NamingContext {
  readonly database: DatabaseEntry;
  readonly user: UserEntry;
  readonly searchPath: readonly string[];
  /** The session's catalog now (with own DDL, when the last statement left one). */
  readonly catalog: Catalog;
}

/** Who asks: description functions answer for this session. */
export interface SessionIdentity extends NamingContext {
  /** As the client knows it: for cancelling. */
  readonly pid: number;
}

export interface DdlContext {
  readonly transaction: Transaction;
  readonly catalog: Catalog;
  readonly database: DatabaseEntry;
  readonly user: UserEntry;
  readonly searchPath: readonly string[];
  readonly pid: number;
  readonly evaluation: EvaluationContext;
  notice(severity: 'NOTICE' | 'WARNING', condition: Condition, message: string): void;
  /** Lets long rewrites give others their turn; throws when interrupted. */
  yieldNow(): Promise<void> | null;
  /** Output columns of a query, bound against `catalog` (views, CREATE TABLE AS). */
  describeQuery(query: Query, catalog: Catalog): ReadonlyArray<{ readonly name: string; readonly type: SqlType }>;
  /** Runs a query in this transaction, batch by batch (CREATE TABLE AS). */
  runQuery(query: Query, catalog: Catalog, take: (rows: readonly Row[]) => MaybePromise<void>): Promise<number>;
}

export interface DdlResult {
  /** Command tag: 'CREATE TABLE', 'ALTER TABLE', … */
  readonly verb: string;
  /** Rows, for tags that count them (SELECT n of CREATE TABLE AS); -1 otherwise. */
  readonly count: number;
}
