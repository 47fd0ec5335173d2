import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { Execution } from '../../planner/prepare.js';
import type { MaybePromise, VisibleRow } from '../../rows/reading.js';
import type { IndexShape } from '../../rows/shape.js';
import type { LockOutcome, RowLockStrength } from '../../tx/transaction.js';
import type { Evaluator } from '../compile.js';
import { BATCH_ROWS, type Batch, chain, drain, type PlanNode, type Runtime } from '../operators/operator.js';
import { fullWidth, identityAt } from '../operators/scan.js';
import { type AskedAgain, askAgain, mustAskAgain } from './asked-again.js';
import type { TableWriter } from './table-writer.js';

/** What a writing statement does with each of its input rows; answers whether it counts. */
export type WriteRow = (row: Row, runtime: Runtime, returned: Row[] | null) => MaybePromise<boolean>;

/** A statement that writes: input rows, and what is done with each. */
export interface ModifyPlan {
  readonly input: PlanNode;
  readonly start: () => WriteRow;
  readonly returns: boolean;
  /** RETURNING with subqueries: computed of what the writer returned, which stands in the runtime under `heldKey`. */
  readonly after: PlanNode | null;
  readonly heldKey: object;
}

/** Writes all rows of a statement. Answers how many; what RETURNING says is added to `returned`. */
function runWrites(plan: ModifyPlan, runtime: Runtime, returned: Row[] | null): MaybePromise<number> {
  const operator = plan.input.open(runtime);
  const write = plan.start();
  const counter = { count: 0 };
  return chain(
    drain(operator, runtime, (batch) => writeAll(batch, 0, write, runtime, returned, counter)),
    () => {
      operator.close();
      return counter.count;
    },
  );
}

function writeAll(
  batch: Batch,
  from: number,
  write: WriteRow,
  runtime: Runtime,
  returned: Row[] | null,
  counter: { count: number },
): MaybePromise<void> {
  for (let i = from; i < batch.length; i++) {
    const counted = write(batch[i] as Row, runtime, returned);
    if (counted instanceof Promise) {
      return counted.then((c) => {
        if (c) counter.count++;
        return writeAll(batch, i + 1, write, runtime, returned, counter);
      });
    }
    if (counted) counter.count++;
  }
}

/** Runs the statements of WITH that write, in order, and keeps what they return under their plans. */
export function runWithWrites(plans: readonly ModifyPlan[], runtime: Runtime, from = 0): MaybePromise<void> {
  for (let i = from; i < plans.length; i++) {
    const plan = plans[i] as ModifyPlan;
    const returned: Row[] | null = plan.returns ? [] : null;
    const kept = chain(runWrites(plan, runtime, returned), () =>
      chain(finishReturning(plan, runtime, returned), (rows) => void runtime.tables.set(plan, rows)),
    );
    if (kept instanceof Promise) return kept.then(() => runWithWrites(plans, runtime, i + 1));
  }
}

/** The rows of RETURNING, its subqueries run. */
function finishReturning(plan: ModifyPlan, runtime: Runtime, returned: Row[] | null): MaybePromise<Row[]> {
  if (returned === null || plan.after === null) return returned ?? [];
  runtime.tables.set(plan.heldKey, returned);
  const operator = plan.after.open(runtime);
  const rows: Row[] = [];
  const take = (batch: Batch): void => {
    for (const row of batch) rows.push(row);
  };
  return chain(drain(operator, runtime, take), () => rows);
}

/** Checks that look at all that a statement wrote. One may ask for more of them. */
export function runDeferred(runtime: Runtime, from = 0): MaybePromise<void> {
  for (let i = from; runtime.deferred !== null && i < runtime.deferred.length; i++) {
    const done = (runtime.deferred[i] as () => MaybePromise<void>)();
    if (done instanceof Promise) return done.then(() => runDeferred(runtime, i + 1));
  }
}

const NO_PLANS: readonly ModifyPlan[] = [];

/** Runs a writing statement to its end at the first `next`; RETURNING rows are handed out afterwards. */
export class ModifyExecution implements Execution {
  readonly #plan: ModifyPlan;
  readonly #runtime: Runtime;
  readonly #before: readonly ModifyPlan[];
  #returned: Row[] | null;
  #ran = false;
  #at = 0;
  count = 0;

  /** `before`: statements of WITH that write. */
  constructor(plan: ModifyPlan, runtime: Runtime, before: readonly ModifyPlan[] = NO_PLANS) {
    this.#plan = plan;
    this.#runtime = runtime;
    this.#before = before;
    this.#returned = plan.returns ? [] : null;
  }

  next(): MaybePromise<readonly Row[] | null> {
    if (this.#ran) return this.#batch();
    this.#ran = true;
    if (this.#before.length === 0) return this.#write();
    return chain(runWithWrites(this.#before, this.#runtime), () => this.#write());
  }

  #write(): MaybePromise<readonly Row[] | null> {
    const written = runWrites(this.#plan, this.#runtime, this.#returned);
    return written instanceof Promise ? written.then((count) => this.#finish(count)) : this.#finish(written);
  }

  #finish(count: number): MaybePromise<readonly Row[] | null> {
    this.count = count;
    const checked = runDeferred(this.#runtime);
    if (this.#plan.after === null && !(checked instanceof Promise)) return this.#batch();
    return chain(checked, () =>
      chain(finishReturning(this.#plan, this.#runtime, this.#returned), (rows) => {
        if (this.#returned !== null) this.#returned = rows;
        return this.#batch();
      }),
    );
  }

  #batch(): readonly Row[] | null {
    if (this.#returned === null || this.#at >= this.#returned.length) return null;
    const batch = this.#returned.slice(this.#at, this.#at + BATCH_ROWS);
    this.#at += batch.length;
    return batch;
  }

  close(): void {
    this.#returned = null;
  }
}

function project(outputs: readonly Evaluator[], row: Row, runtime: Runtime): Row {
  const result: Value[] = new Array(outputs.length);
  for (let i = 0; i < outputs.length; i++) result[i] = (outputs[i] as Evaluator)(row, runtime);
  return result;
}

// ── INSERT ───────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface ConflictAction {
  /** Null = any unique key; an entry null = the row key. */
  readonly arbiters: ReadonlyArray<IndexShape | null> | null;
  /** Null = DO NOTHING. Evaluators run over the standing row with the excluded row behind it. */
  readonly update: {
    readonly sets: readonly SetColumn[];
    readonly where: Evaluator | null;
    readonly strength: RowLockStrength;
  } | null;
}

export interface SetColumn {
  readonly slot: number;
  readonly evaluate: Evaluator;
}

export interface InsertPlan {
  readonly writer: TableWriter;
  /** Slot of each input column. */
  readonly slots: readonly number[];
  /** Defaults of the other slots that have one. */
  readonly defaults: readonly SetColumn[];
  readonly conflict: ConflictAction | null;
  readonly returning: readonly Evaluator[] | null;
}

/** The full row of one input row. */
export function buildRow(
  { writer, slots, defaults }: Pick<InsertPlan, 'writer' | 'slots' | 'defaults'>,
  input: Row,
  runtime: Runtime,
): Row {
  const row: Value[] = new Array(writer.table.shape.event.slots);
  for (let i = 0; i < row.length; i++) row[i] = null;
  for (let i = 0; i < slots.length; i++) row[slots[i] as number] = input[i] as Value;
  for (let i = 0; i < defaults.length; i++) {
    const { slot, evaluate } = defaults[i] as SetColumn;
    row[slot] = evaluate(row, runtime);
  }
  return writer.complete(row, runtime);
}

export function insertWriter(plan: InsertPlan): WriteRow {
  const { writer, conflict, returning } = plan;
  if (conflict !== null) return conflictWriter(plan, conflict);
  return (input, runtime, returned) => {
    const row = buildRow(plan, input, runtime);
    const inserted = writer.insert(row, runtime);
    if (returned === null || returning === null) return inserted instanceof Promise ? inserted.then(() => true) : true;
    return chain(inserted, () => {
      returned.push(project(returning, row, runtime));
      return true;
    });
  };
}

function conflictWriter(plan: InsertPlan, conflict: ConflictAction): WriteRow {
  const { writer, returning } = plan;
  const { shape } = writer.table;
  /** Rows that this statement has written: none may be written twice. */
  const touched = new Set<string>();
  const finish = (row: Row, runtime: Runtime, returned: Row[] | null): boolean => {
    if (returned !== null && returning !== null) returned.push(project(returning, row, runtime));
    return true;
  };
  const attempt = async (row: Row, runtime: Runtime, returned: Row[] | null): Promise<boolean> => {
    for (;;) {
      const outcome = await runtime.transaction.insertUnlessConflict(shape, row, conflict.arbiters);
      if (outcome.kind === 'inserted') {
        touched.add(outcome.row.key);
        await writer.checkInserted(row, runtime);
        return finish(row, runtime, returned);
      }
      if (conflict.update === null) return false;
      if (touched.has(outcome.row.key)) {
        throw new SqlError('cardinality_violation', 'ON CONFLICT DO UPDATE command cannot affect row a second time', {
          hint: 'Ensure that no rows proposed for insertion within the same command have duplicate constrained values.',
        });
      }
      const locked = await runtime.transaction.lock(shape, outcome.row, conflict.update.strength, 'block');
      // Changed while it was waited for: it may not stand in the way any more.
      if (locked.kind !== 'locked') continue;
      const standing = fullWidth(locked.row.row, shape);
      const both = standing.concat(row);
      if (conflict.update.where !== null && conflict.update.where(both, runtime) !== true) return false;
      const next: Value[] = standing.slice();
      for (const { slot, evaluate } of conflict.update.sets) next[slot] = evaluate(both, runtime);
      const updated = await writer.update(locked.row, writer.complete(next, runtime), runtime);
      touched.add(updated.key);
      return finish(next, runtime, returned);
    }
  };
  return (input, runtime, returned) => attempt(buildRow(plan, input, runtime), runtime, returned);
}

// ── UPDATE and DELETE ────────────────────────────────────────────────────────────────────────────────────────────────

export interface TargetPlan {
  readonly writer: TableWriter;
  /** Positions in input rows: of the target's slots, and of its identity. */
  readonly positions: readonly number[];
  readonly identity: number;
  /** Checked again on the newest state of a row that another transaction changed meanwhile. */
  readonly recheck: readonly Evaluator[];
  readonly asked: AskedAgain;
  /** What is written follows from the row alone, and nothing else hangs on it: where many wait for the row, that may be done at the end of the transaction. */
  readonly postponable: boolean;
  /** A join may bring one target row several times: it is written once. */
  readonly joined: boolean;
  /** Over the input row with the target's new state in place. */
  readonly returning: readonly Evaluator[] | null;
}

interface Target {
  readonly input: Row;
  readonly target: VisibleRow;
}

/** The input row with the target's newest state in it; null when the row is gone or no longer meant. */
function targetRow(plan: TargetPlan, input: Row, outcome: LockOutcome, runtime: Runtime): MaybePromise<Target | null> {
  if (outcome.kind === 'locked') return { input, target: outcome.row };
  if (outcome.kind !== 'changed') return null;
  const target = outcome.row;
  const newest = fullWidth(target.row, plan.writer.table.shape);
  if (mustAskAgain(plan.asked, input, newest)) {
    return chain(askAgain(plan.asked, newest, target, runtime), (row) =>
      row === null ? null : { input: row, target },
    );
  }
  const next = withTarget(plan, input, newest);
  return plan.recheck.every((condition) => condition(next, runtime) === true) ? { input: next, target } : null;
}

function withTarget({ positions }: TargetPlan, input: Row, row: Row): Row {
  const next: Value[] = input.slice();
  for (let slot = 0; slot < positions.length; slot++) next[positions[slot] as number] = row[slot] ?? null;
  return next;
}

export function updateWriter(plan: TargetPlan, sets: readonly SetColumn[], strength: RowLockStrength): WriteRow {
  const { writer, identity, joined, returning } = plan;
  const { shape } = writer.table;
  const done = joined ? new Set<string>() : null;
  const changed = ({ input, target }: Target, runtime: Runtime): Row => {
    const next: Value[] = fullWidth(target.row, shape).slice();
    for (let i = 0; i < sets.length; i++) {
      const { slot, evaluate } = sets[i] as SetColumn;
      next[slot] = evaluate(input, runtime);
    }
    return writer.complete(next, runtime);
  };
  const write = (found: Target | null, runtime: Runtime, returned: Row[] | null): MaybePromise<boolean> => {
    if (found === null) return false;
    const next = changed(found, runtime);
    const updated = writer.update(found.target, next, runtime);
    const finish = (): boolean => {
      if (returned !== null && returning !== null)
        returned.push(project(returning, withTarget(plan, found.input, next), runtime));
      return true;
    };
    return updated instanceof Promise ? updated.then(finish) : finish();
  };
  const apply = (input: Row, outcome: LockOutcome, runtime: Runtime, returned: Row[] | null): MaybePromise<boolean> => {
    if (outcome.kind === 'crowded') return postpone(input, runtime);
    const found = targetRow(plan, input, outcome, runtime);
    return found instanceof Promise ? found.then((f) => write(f, runtime, returned)) : write(found, runtime, returned);
  };
  const postpone = (input: Row, runtime: Runtime): boolean => {
    const target = identityAt(input, identity) as VisibleRow;
    // What can be wrong with the new values is said now rather than at the end.
    changed({ input, target }, runtime);
    const { transaction } = runtime;
    transaction.postpone(writer.table.id, () =>
      chain(transaction.lock(shape, target, strength, 'block'), (o) => apply(input, o, runtime, null)),
    );
    return true;
  };
  const wait = plan.postponable ? 'unless-crowded' : 'block';
  return (input, runtime, returned) => {
    const seen = identityAt(input, identity) as VisibleRow;
    if (done?.has(seen.key) === true) return false;
    const outcome = runtime.transaction.lock(shape, seen, strength, wait);
    const written =
      outcome instanceof Promise
        ? outcome.then((o) => apply(input, o, runtime, returned))
        : apply(input, outcome, runtime, returned);
    return done === null ? written : noteWritten(done, seen.key, written);
  };
}

/** A partner that no longer matches the row's newest state leaves it to the next one. */
function noteWritten(done: Set<string>, key: string, written: MaybePromise<boolean>): MaybePromise<boolean> {
  return chain(written, (isWritten) => {
    if (isWritten) done.add(key);
    return isWritten;
  });
}

export function deleteWriter(plan: TargetPlan): WriteRow {
  const { writer, identity, joined, returning } = plan;
  const { shape } = writer.table;
  const done = joined ? new Set<string>() : null;
  const write = (found: Target | null, runtime: Runtime, returned: Row[] | null): MaybePromise<boolean> => {
    if (found === null) return false;
    return chain(writer.delete(found.target, runtime), () => {
      if (returned !== null && returning !== null) returned.push(project(returning, found.input, runtime));
      return true;
    });
  };
  const apply = (input: Row, outcome: LockOutcome, runtime: Runtime, returned: Row[] | null): MaybePromise<boolean> =>
    chain(targetRow(plan, input, outcome, runtime), (found) => write(found, runtime, returned));
  return (input, runtime, returned) => {
    const seen = identityAt(input, identity) as VisibleRow;
    if (done?.has(seen.key) === true) return false;
    const written = chain(runtime.transaction.lock(shape, seen, 'update', 'block'), (outcome) =>
      apply(input, outcome, runtime, returned),
    );
    return done === null ? written : noteWritten(done, seen.key, written);
  };
}
