import type { Row, Value } from '#schemas/values/value.js';
import type { RunContext } from '../../planner/prepare.js';
import type { MaybePromise } from '../../rows/reading.js';
import type { Transaction } from '../../tx/transaction.js';
import type { Frame } from '../interpret.js';
import type { ColumnId } from '../scalar.js';

/** A batch of rows. */
export type Batch = readonly Row[];

/** A running operator: rows are pulled from it in batches, null at the end. At once while everything is in memory, as a promise where something is waited for. */
export interface Operator {
  next(): MaybePromise<Batch | null>;
  close(): void;
}

/** What one execution of a plan shares: its frame, its transaction, and what WITH queries have computed. */
export class Runtime implements Frame {
  readonly parameters: Row;
  readonly registers: Value[];
  readonly context: RunContext;
  readonly transaction: Transaction;
  #tables: Map<object, unknown> | null = null;

  constructor(context: RunContext, parameters: Row, registers: number) {
    this.context = context;
    this.transaction = context.transaction;
    this.parameters = parameters;
    this.registers = registers === 0 ? NO_REGISTERS : new Array<Value>(registers).fill(null);
  }

  /** What WITH queries share within one execution, by an identity of theirs. Most statements have none. */
  get tables(): Map<object, unknown> {
    this.#tables ??= new Map();
    return this.#tables;
  }

  /** Checks that look at all of a statement's writes; run when it has made them. */
  deferred: Array<() => MaybePromise<void>> | null = null;

  atStatementEnd(check: () => MaybePromise<void>): void {
    this.deferred ??= [];
    this.deferred.push(check);
  }

  get evaluation(): RunContext['evaluation'] {
    return this.context.evaluation;
  }
}

const NO_REGISTERS: Value[] = [];

/** A planned operator: what it makes and how to start it. Holds no state of any execution. */
export interface PlanNode {
  /** Columns of its rows, by position. */
  readonly layout: readonly ColumnId[];
  /** Rows expected. */
  readonly rows: number;
  open(runtime: Runtime): Operator;
  /** One line for EXPLAIN. */
  readonly label: string;
  readonly children: readonly PlanNode[];
  /** Lines under the label: conditions. */
  readonly notes: readonly string[];
}

/** `then` without a promise where there is none. */
export function chain<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** Takes every batch of an operator. Gives others their turn in between. */
export function drain(
  operator: Operator,
  runtime: Runtime,
  take: (batch: Batch) => MaybePromise<void>,
): MaybePromise<void> {
  for (;;) {
    const batch = operator.next();
    if (batch instanceof Promise) return drainSlowly(operator, runtime, take, batch);
    if (batch === null) return;
    const taken = take(batch);
    if (taken instanceof Promise) return taken.then(() => drain(operator, runtime, take));
    const turn = runtime.context.yieldNow();
    if (turn !== null) return turn.then(() => drain(operator, runtime, take));
  }
}

async function drainSlowly(
  operator: Operator,
  runtime: Runtime,
  take: (batch: Batch) => MaybePromise<void>,
  first: Promise<Batch | null>,
): Promise<void> {
  for (let batch = await first; batch !== null; batch = await operator.next()) {
    const taken = take(batch);
    if (taken instanceof Promise) await taken;
    const turn = runtime.context.yieldNow();
    if (turn !== null) await turn;
  }
}

/** Position of a column in a layout. */
export function positionOf(layout: readonly ColumnId[], id: ColumnId): number {
  const at = layout.indexOf(id);
  if (at < 0) throw new Error(`column ${id} is not in the layout [${layout.join(', ')}]`);
  return at;
}

export const BATCH_ROWS = 1_024;

/** An operator over rows that are there already, in batches. */
export class RowsOperator implements Operator {
  #rows: readonly Row[];
  #at = 0;

  constructor(rows: readonly Row[]) {
    this.#rows = rows;
  }

  next(): Batch | null {
    if (this.#at >= this.#rows.length) return null;
    const from = this.#at;
    this.#at = Math.min(from + BATCH_ROWS, this.#rows.length);
    return from === 0 && this.#at === this.#rows.length ? this.#rows : this.#rows.slice(from, this.#at);
  }

  close(): void {
    this.#rows = [];
  }
}

/** An operator that first computes all of its rows. */
export class ComputedOperator implements Operator {
  readonly #compute: () => MaybePromise<readonly Row[]>;
  readonly #dispose: () => void;
  #rows: RowsOperator | null = null;

  constructor(compute: () => MaybePromise<readonly Row[]>, dispose: () => void) {
    this.#compute = compute;
    this.#dispose = dispose;
  }

  next(): MaybePromise<Batch | null> {
    if (this.#rows !== null) return this.#rows.next();
    return chain(this.#compute(), (rows) => {
      this.#rows = new RowsOperator(rows);
      return this.#rows.next();
    });
  }

  close(): void {
    this.#dispose();
    this.#rows = new RowsOperator([]);
  }
}

/** An operator that turns each batch of another into one of its own; empty batches are passed over. */
export class MappedOperator implements Operator {
  readonly #input: Operator;
  readonly #map: (batch: Batch) => MaybePromise<Batch>;

  constructor(input: Operator, map: (batch: Batch) => MaybePromise<Batch>) {
    this.#input = input;
    this.#map = map;
  }

  next(): MaybePromise<Batch | null> {
    for (;;) {
      const batch = this.#input.next();
      if (batch instanceof Promise)
        return batch.then((b) =>
          b === null ? null : chain(this.#map(b), (mapped) => (mapped.length > 0 ? mapped : this.next())),
        );
      if (batch === null) return null;
      const mapped = this.#map(batch);
      if (mapped instanceof Promise) return mapped.then((m) => (m.length > 0 ? m : this.next()));
      if (mapped.length > 0) return mapped;
    }
  }

  close(): void {
    this.#input.close();
  }
}
