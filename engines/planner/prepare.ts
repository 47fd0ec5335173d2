import type { ObjectId } from '#schemas/kernel/brand.js';
import type { ResultColumn } from '#schemas/link/frames.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Row } from '#schemas/values/value.js';
import type { Catalog, UserEntry } from '../catalog/entry.js';
import type { EvaluationContext } from '../functions/definition.js';
import type { MaybePromise } from '../rows/reading.js';
import type { TableLockMode, Transaction } from '../tx/transaction.js';

/** What a statement is planned against. */
export interface PrepareContext {
  readonly catalog: Catalog;
  readonly database: ObjectId;
  readonly user: UserEntry;
  readonly searchPath: readonly string[];
  readonly statistics: { estimateRows(table: ObjectId): number };
}

/** A statement bound, optimised and ready to run any number of times while the catalog version holds. */
export interface PreparedPlan {
  readonly parameters: readonly SqlType[];
  /** Null = returns no rows. */
  readonly columns: readonly ResultColumn[] | null;
  readonly verb: string;
  readonly writes: boolean;
  readonly lockModes: ReadonlyArray<readonly [table: ObjectId, mode: TableLockMode]>;
  execute(run: RunContext, parameters: Row): Execution;
}

export interface RunContext {
  readonly transaction: Transaction;
  readonly evaluation: EvaluationContext;
  /** Called between batches: gives other sessions their turn, and throws when the statement was interrupted. Null = go on. */
  yieldNow(): Promise<void> | null;
}

/** A running statement. */
export interface Execution {
  /** Rows for the client; null at the end. A statement without RETURNING answers null when its work is done. */
  next(): MaybePromise<readonly Row[] | null>;
  /** Rows affected, or returned so far. */
  readonly count: number;
  close(): void;
}
