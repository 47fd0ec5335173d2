import type { Row, Value } from '#schemas/values/value.js';
import { planAskedAgain } from '../../planner/asked-again.js';
import type { Logical, LogicalTable } from '../../planner/logical.js';
import type { Planner } from '../../planner/planner.js';
import type { MaybePromise } from '../../rows/reading.js';
import type { LockOutcome } from '../../tx/transaction.js';
import type { Evaluator } from '../compile.js';
import { type Batch, chain, type Operator, type PlanNode, type Runtime } from '../operators/operator.js';
import { fullWidth, identityAt } from '../operators/scan.js';
import { type AskedAgain, askAgain, mustAskAgain } from './asked-again.js';

interface LockedTable {
  readonly table: LogicalTable;
  readonly identity: number;
  /** Knows, too, where the table's slots stand in a row. */
  readonly asked: AskedAgain;
}

/**
 * SELECT … FOR UPDATE: locks the rows of its tables as they pass. A row that another transaction changed meanwhile is put in its newest state into the joined row and the
 * conditions are checked once more on it, with its subqueries; a row that went is left out.
 */
export function lockNode(planner: Planner, input: PlanNode, logical: Extract<Logical, { op: 'lock' }>): PlanNode {
  const tables: LockedTable[] = logical.tables.map((table) => ({
    table,
    identity: input.layout.indexOf(table.rowId as number),
    asked: planAskedAgain(planner, logical.input, table, input.layout),
  }));
  const conditions = conditionsOf(logical.input).map((scalar) => planner.evaluator(scalar, input.layout));
  return {
    layout: input.layout,
    rows: input.rows,
    label: 'LockRows',
    children: [input],
    notes: [],
    open: (runtime) =>
      new LockingOperator(input.open(runtime), (row) => lockRow(row, 0, tables, conditions, logical, runtime)),
  };
}

/** Conditions below the lock whose columns all stand in its rows. */
function conditionsOf(logical: Logical): ReadonlyArray<import('../scalar.js').Scalar> {
  if (logical.op === 'filter') return [logical.predicate, ...conditionsOf(logical.input)];
  if (logical.op === 'join' && logical.type === 'inner')
    return [
      ...(logical.on === null ? [] : [logical.on]),
      ...conditionsOf(logical.left),
      ...conditionsOf(logical.right),
    ];
  return logical.op === 'lock' || logical.op === 'apply' || logical.op === 'sort' ? conditionsOf(logical.input) : [];
}

/** Locks a row when it is asked for and no sooner: a LIMIT above leaves the rows behind it to others. */
class LockingOperator implements Operator {
  readonly #input: Operator;
  readonly #lock: (row: Row) => MaybePromise<Row | null>;
  #batch: Batch = [];
  #at = 0;

  constructor(input: Operator, lock: (row: Row) => MaybePromise<Row | null>) {
    this.#input = input;
    this.#lock = lock;
  }

  next(): MaybePromise<Batch | null> {
    for (;;) {
      if (this.#at >= this.#batch.length) {
        const batch = this.#input.next();
        if (batch instanceof Promise) return batch.then((b) => this.#goOn(b));
        if (batch === null) return null;
        this.#take(batch);
        continue;
      }
      const locked = this.#lock(this.#batch[this.#at++] as Row);
      if (locked instanceof Promise) return locked.then((row) => (row === null ? this.next() : [row]));
      if (locked !== null) return [locked];
    }
  }

  #goOn(batch: Batch | null): MaybePromise<Batch | null> {
    if (batch === null) return null;
    this.#take(batch);
    return this.next();
  }

  #take(batch: Batch): void {
    this.#batch = batch;
    this.#at = 0;
  }

  close(): void {
    this.#input.close();
  }
}

function lockRow(
  row: Row,
  from: number,
  tables: readonly LockedTable[],
  conditions: readonly Evaluator[],
  logical: Extract<Logical, { op: 'lock' }>,
  runtime: Runtime,
): MaybePromise<Row | null> {
  for (let t = from; t < tables.length; t++) {
    const locked = tables[t] as LockedTable;
    const seen = identityAt(row, locked.identity);
    if (seen === null) continue;
    const outcome = runtime.transaction.lock(locked.table.table.shape, seen, logical.strength, logical.wait);
    if (!(outcome instanceof Promise) && outcome.kind === 'locked') continue;
    return chain(outcome, (o) =>
      chain(applyOutcome(row, o, locked, conditions, runtime), (next) =>
        next === null ? null : lockRow(next, t + 1, tables, conditions, logical, runtime),
      ),
    );
  }
  return row;
}

function applyOutcome(
  row: Row,
  outcome: LockOutcome,
  { table, identity, asked }: LockedTable,
  conditions: readonly Evaluator[],
  runtime: Runtime,
): MaybePromise<Row | null> {
  if (outcome.kind === 'locked') return row;
  if (outcome.kind !== 'changed') return null;
  const newest = fullWidth(outcome.row.row, table.table.shape);
  if (mustAskAgain(asked, row, newest)) return askAgain(asked, newest, outcome.row, runtime);
  const changed: unknown[] = row.slice();
  asked.positions.forEach((at, slot) => {
    if (at >= 0) changed[at] = newest[slot] ?? null;
  });
  changed[identity] = outcome.row;
  const result = changed as Value[];
  return conditions.every((condition) => condition(result, runtime) === true) ? result : null;
}
