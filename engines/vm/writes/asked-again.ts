import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Row } from '#schemas/values/value.js';
import type { MaybePromise, VisibleRow } from '../../rows/reading.js';
import { chain, type PlanNode, type Runtime } from '../operators/operator.js';
import { withIdentity } from '../operators/scan.js';
import { sameValue } from './constraints.js';

/** A statement's subqueries, where they read columns of a table of which a row may change while it is waited for. */
export interface AskedAgain {
  /** Slots that they read: where one has changed, their answers are of another state. */
  readonly slots: readonly number[];
  /** Where each slot stands in an input row. */
  readonly positions: readonly number[];
  /** The statement over one row, which stands in the runtime with its identity behind it; null where there is no such plan. */
  readonly again: {
    readonly node: PlanNode;
    readonly heldKey: object;
    /** Where each column of an input row stands in the node's rows. */
    readonly columns: readonly number[];
  } | null;
}

/** Has a column changed that a subquery reads? */
export function mustAskAgain({ slots, positions }: AskedAgain, input: Row, newest: Row): boolean {
  return slots.some((slot) => !sameValue(input[positions[slot] as number] ?? null, newest[slot] ?? null));
}

/** The input row that the statement would have come to, had it found the row in this state; null when it would have passed it over. Throws 40001 where there is no plan for that. */
export function askAgain(
  { again }: AskedAgain,
  newest: Row,
  identity: VisibleRow,
  runtime: Runtime,
): MaybePromise<Row | null> {
  if (again === null) {
    throw new SqlError('serialization_failure', 'could not serialize access due to concurrent update', {
      hint: 'A subquery of the statement reads a column that was changed meanwhile. Run it again.',
    });
  }
  runtime.tables.set(again.heldKey, [withIdentity(newest, identity)]);
  const operator = again.node.open(runtime);
  return chain(operator.next(), (batch) => {
    operator.close();
    const found = batch?.[0];
    return found === undefined ? null : again.columns.map((at) => found[at] ?? null);
  });
}
