import type { ResultColumn } from '#schemas/link/frames.js';
import type { Statement } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Row } from '#schemas/values/value.js';
import { type CopyPlan, prepareCopy } from '../planner/copy.js';
import type { PrepareContext } from '../planner/prepare.js';
import type { MaybePromise } from '../rows/reading.js';
import type { Session } from './session.js';
import { requireMemory } from './surroundings.js';

type CopyStatement = Extract<Statement, { kind: 'copy-in' }>;

/** A COPY FROM STDIN in progress. */
export class CopyIn {
  readonly columns: readonly ResultColumn[];
  #count = 0;
  readonly #plan: CopyPlan;
  readonly #session: Session;

  private constructor(session: Session, plan: CopyPlan) {
    this.#session = session;
    this.#plan = plan;
    this.columns = plan.columns;
  }

  static open(session: Session, statement: CopyStatement): MaybePromise<CopyIn> {
    const transaction = session.block.require();
    if (transaction.readOnly)
      throw new SqlError('read_only_sql_transaction', 'cannot execute COPY FROM in a read-only transaction');
    const open = (context: PrepareContext): MaybePromise<CopyIn> => {
      const plan = prepareCopy(statement, context);
      const locking = transaction.lockTable(plan.table, 'row-exclusive', false);
      const opened = (): CopyIn => {
        transaction.beginStatement();
        return new CopyIn(session, plan);
      };
      return locking instanceof Promise ? locking.then(opened) : opened();
    };
    const context = session.surroundings.prepareContext();
    return context instanceof Promise ? context.then(open) : open(context);
  }

  /** Rows stored so far. */
  get count(): number {
    return this.#count;
  }

  insert(rows: readonly Row[]): MaybePromise<void> {
    requireMemory(this.#session.services);
    const run = this.#session.surroundings.runContext(this.#session.block.require());
    const inserting = this.#plan.insert(run, rows);
    if (inserting instanceof Promise) {
      return inserting.then(() => {
        this.#count += rows.length;
      });
    }
    this.#count += rows.length;
  }
}
