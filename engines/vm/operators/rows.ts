import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { keyEncoder } from '#schemas/values/key.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { TableFunction } from '../../functions/definition.js';
import type { MaybePromise } from '../../rows/reading.js';
import type { Evaluator } from '../compile.js';
import type { ColumnId } from '../scalar.js';
import {
  BATCH_ROWS,
  type Batch,
  ComputedOperator,
  chain,
  drain,
  MappedOperator,
  type Operator,
  type PlanNode,
  RowsOperator,
  type Runtime,
} from './operator.js';

/** One row without columns: what SELECT without FROM reads. */
export const EMPTY_NODE: PlanNode = {
  layout: [],
  rows: 1,
  label: 'Result',
  children: [],
  notes: [],
  open: () => new RowsOperator([[]]),
};

export function valuesNode(rows: ReadonlyArray<readonly Evaluator[]>, layout: readonly ColumnId[]): PlanNode {
  return {
    layout,
    rows: rows.length,
    label: 'Values Scan',
    children: [],
    notes: [],
    open: (runtime) =>
      new ComputedOperator(
        () => rows.map((row) => row.map((evaluate) => evaluate([], runtime))),
        () => undefined,
      ),
  };
}

/** A list of rows for each input row. */
export function expandNode(
  input: PlanNode,
  rows: ReadonlyArray<readonly Evaluator[]>,
  layout: readonly ColumnId[],
): PlanNode {
  const map = (batch: Batch, runtime: Runtime): Batch =>
    batch.flatMap((from) => rows.map((row) => row.map((evaluate) => evaluate(from, runtime))));
  return {
    layout,
    rows: rows.length,
    label: 'Values Scan',
    children: [input],
    notes: [],
    open: (runtime) => new MappedOperator(input.open(runtime), (batch) => map(batch, runtime)),
  };
}

/** Rows that stand in the runtime under a key. */
export function heldRowsNode(key: object, layout: readonly ColumnId[]): PlanNode {
  return {
    layout,
    rows: 1,
    label: 'Result',
    children: [],
    notes: [],
    open: (runtime) => new RowsOperator((runtime.tables.get(key) ?? []) as Row[]),
  };
}

/** Rows that the catalog or the engine computes. */
export function virtualNode(
  name: string,
  layout: readonly ColumnId[],
  compute: (runtime: Runtime) => Iterable<Row>,
): PlanNode {
  return {
    layout,
    rows: 1_000,
    label: `Scan on ${name}`,
    children: [],
    notes: [],
    open: (runtime) =>
      new ComputedOperator(
        () => [...compute(runtime)],
        () => undefined,
      ),
  };
}

export function functionNode(
  definition: TableFunction,
  args: readonly Evaluator[],
  layout: readonly ColumnId[],
  ordinality: boolean,
): PlanNode {
  return {
    layout,
    rows: 1_000,
    label: `Function Scan on ${definition.name}`,
    children: [],
    notes: [],
    open: (runtime) => new GeneratedOperator(callTableFunction(definition, args, [], runtime), ordinality),
  };
}

/** The rows of a set-returning function; none when it is strict and an argument is null. */
function callTableFunction(
  definition: TableFunction,
  args: readonly Evaluator[],
  row: Row,
  runtime: Runtime,
): Iterable<readonly Value[]> {
  const values = args.map((evaluate) => evaluate(row, runtime));
  return definition.strict && values.includes(null) ? [] : definition.evaluate(values, runtime.evaluation);
}

class GeneratedOperator implements Operator {
  readonly #rows: Iterator<readonly Value[]>;
  readonly #ordinality: boolean;
  #count = 0n;

  constructor(rows: Iterable<readonly Value[]>, ordinality: boolean) {
    this.#rows = rows[Symbol.iterator]();
    this.#ordinality = ordinality;
  }

  next(): Batch | null {
    const batch: Row[] = [];
    while (batch.length < BATCH_ROWS) {
      const step = this.#rows.next();
      if (step.done === true) break;
      batch.push(this.#ordinality ? [...step.value, ++this.#count] : step.value);
    }
    return batch.length === 0 ? null : batch;
  }

  close(): void {
    this.#rows.return?.();
  }
}

export function filterNode(input: PlanNode, condition: Evaluator, note: string, selectivity = 0.3): PlanNode {
  return {
    layout: input.layout,
    rows: Math.max(1, input.rows * selectivity),
    label: 'Filter',
    children: [input],
    notes: [note],
    open: (runtime) =>
      new MappedOperator(input.open(runtime), (batch) => batch.filter((row) => condition(row, runtime) === true)),
  };
}

/** A projection shows what it computes, so that a point look-up can do it without an operator. */
export interface ProjectNode extends PlanNode {
  readonly outputs: readonly Evaluator[];
}

export function projectNode(input: PlanNode, outputs: readonly Evaluator[], layout: readonly ColumnId[]): ProjectNode {
  const width = outputs.length;
  const map = (batch: Batch, runtime: Runtime): Batch => {
    const rows: Row[] = new Array(batch.length);
    for (let r = 0; r < batch.length; r++) {
      const from = batch[r] as Row;
      const to: Value[] = new Array(width);
      for (let i = 0; i < width; i++) to[i] = (outputs[i] as Evaluator)(from, runtime);
      rows[r] = to;
    }
    return rows;
  };
  return {
    outputs,
    layout,
    rows: input.rows,
    label: 'Project',
    children: [input],
    notes: [],
    open: (runtime) => new MappedOperator(input.open(runtime), (batch) => map(batch, runtime)),
  };
}

/** Set-returning functions in a select list: each row times the longest of them, the others filled with nulls. */
export function projectSetNode(
  input: PlanNode,
  functions: ReadonlyArray<{
    readonly id: ColumnId;
    readonly definition: TableFunction;
    readonly args: readonly Evaluator[];
    /** Whole rows instead of the one column. */
    readonly whole: boolean;
  }>,
): PlanNode {
  const map = (batch: Batch, runtime: Runtime): Batch => {
    const rows: Row[] = [];
    for (const row of batch) {
      const sets = functions.map((f) => [...callTableFunction(f.definition, f.args, row, runtime)]);
      const longest = Math.max(...sets.map((s) => s.length));
      for (let i = 0; i < longest; i++)
        rows.push([...row, ...sets.map((s, n) => (functions[n]?.whole === true ? s[i] : s[i]?.[0]) ?? null)]);
    }
    return rows;
  };
  return {
    layout: [...input.layout, ...functions.map((f) => f.id)],
    rows: input.rows * 10,
    label: 'ProjectSet',
    children: [input],
    notes: [],
    open: (runtime) => new MappedOperator(input.open(runtime), (batch) => map(batch, runtime)),
  };
}

/** Throws 2201W or 2201X for a negative count. */
function countOf(evaluate: Evaluator | null, runtime: Runtime, what: 'LIMIT' | 'OFFSET'): number | null {
  const value = evaluate === null ? null : (evaluate([], runtime) as bigint | null);
  if (value === null) return null;
  if (value < 0n)
    throw new SqlError(
      what === 'LIMIT' ? 'invalid_row_count_in_limit_clause' : 'invalid_row_count_in_result_offset_clause',
      `${what} must not be negative`,
    );
  return Number(value);
}

export type Ties = (a: Row, b: Row, runtime: Runtime) => boolean;

export function limitNode(
  input: PlanNode,
  limit: Evaluator | null,
  offset: Evaluator | null,
  ties: Ties | null,
): PlanNode {
  return {
    layout: input.layout,
    rows: Math.min(input.rows, 100),
    label: 'Limit',
    children: [input],
    notes: [],
    open: (runtime) =>
      new LimitOperator(
        input.open(runtime),
        countOf(limit, runtime, 'LIMIT'),
        countOf(offset, runtime, 'OFFSET') ?? 0,
        ties === null ? null : (a, b) => ties(a, b, runtime),
      ),
  };
}

class LimitOperator implements Operator {
  readonly #input: Operator;
  #left: number;
  #skip: number;
  readonly #ties: ((a: Row, b: Row) => boolean) | null;
  #last: Row | null = null;
  #done = false;

  constructor(input: Operator, limit: number | null, offset: number, ties: ((a: Row, b: Row) => boolean) | null) {
    this.#input = input;
    this.#left = limit ?? Number.POSITIVE_INFINITY;
    this.#skip = offset;
    this.#ties = ties;
    if (this.#left === 0) this.#done = true;
  }

  next(): MaybePromise<Batch | null> {
    // A loop, since a long OFFSET passes over many batches.
    while (!this.#done) {
      const batch = this.#input.next();
      if (batch instanceof Promise) return batch.then((b) => this.#taken(b) ?? this.next());
      const rows = this.#taken(batch);
      if (rows !== null) return rows;
    }
    return null;
  }

  /** What is answered of a batch; null when nothing is. */
  #taken(batch: Batch | null): Batch | null {
    if (batch === null) {
      this.#done = true;
      return null;
    }
    const rows = this.#take(batch);
    return rows.length > 0 ? rows : null;
  }

  #take(batch: Batch): Batch {
    let rows = batch;
    if (this.#skip > 0) {
      const skipped = Math.min(this.#skip, rows.length);
      this.#skip -= skipped;
      rows = rows.slice(skipped);
    }
    if (rows.length < this.#left) {
      this.#left -= rows.length;
      this.#last = rows.at(-1) ?? this.#last;
      return rows;
    }
    let end = Math.min(this.#left, rows.length);
    this.#last = end > 0 ? (rows[end - 1] as Row) : this.#last;
    this.#left = 0;
    if (this.#ties === null) {
      this.#done = true;
      this.#input.close();
      return rows.slice(0, end);
    }
    while (end < rows.length && this.#last !== null && this.#ties(this.#last, rows[end] as Row)) end++;
    if (end < rows.length) this.#done = true;
    return rows.slice(0, end);
  }

  close(): void {
    this.#input.close();
  }
}

/** A string for the columns at these positions that is the same for equal values. */
export function rowHasher(positions: readonly number[], types: readonly SqlType[]): (row: Row) => string {
  const encode = keyEncoder(types.map((type) => ({ type })));
  return (row) => encode(positions.map((p) => row[p] as Value));
}

export function distinctNode(input: PlanNode, key: (row: Row) => string): PlanNode {
  return {
    layout: input.layout,
    rows: Math.max(1, input.rows / 2),
    label: 'Unique',
    children: [input],
    notes: [],
    open: (runtime) => {
      const seen = new Set<string>();
      const first = (row: Row): boolean => {
        const k = key(row);
        if (seen.has(k)) return false;
        seen.add(k);
        return true;
      };
      return new MappedOperator(input.open(runtime), (batch) => batch.filter(first));
    },
  };
}

export type SetOperation = 'union' | 'intersect' | 'except';

export function setNode(
  operation: SetOperation,
  all: boolean,
  left: PlanNode,
  right: PlanNode,
  layout: readonly ColumnId[],
  key: (row: Row) => string,
): PlanNode {
  const base = { layout, rows: left.rows + right.rows, children: [left, right], notes: [] };
  if (operation === 'union') {
    const append: PlanNode = {
      ...base,
      label: 'Append',
      open: (runtime) => new AppendOperator([left.open(runtime), right.open(runtime)]),
    };
    return all ? append : distinctNode(append, key);
  }
  const open = (runtime: Runtime): Operator => {
    const [a, b] = [left.open(runtime), right.open(runtime)];
    const counts = new Map<string, number>();
    const rows: Row[] = [];
    const count = (batch: Batch): void => {
      for (const row of batch) counts.set(key(row), (counts.get(key(row)) ?? 0) + 1);
    };
    const answer = (batch: Batch): void => {
      for (const row of batch) if (keeps(operation, all, counts, key(row))) rows.push(row);
    };
    const compute = (): MaybePromise<readonly Row[]> =>
      chain(drain(b, runtime, count), () => chain(drain(a, runtime, answer), () => rows));
    return new ComputedOperator(compute, () => {
      a.close();
      b.close();
    });
  };
  return { ...base, label: `SetOp ${operation === 'intersect' ? 'Intersect' : 'Except'}${all ? ' All' : ''}`, open };
}

/** Decides on one row of the left side; `counts` holds the right side's rows, -1 for those already answered. */
function keeps(operation: SetOperation, all: boolean, counts: Map<string, number>, key: string): boolean {
  const count = counts.get(key) ?? 0;
  if (operation === 'intersect') {
    if (count <= 0) return false;
    counts.set(key, all ? count - 1 : -1);
    return true;
  }
  if (all) {
    if (count > 0) counts.set(key, count - 1);
    return count <= 0;
  }
  if (count !== 0) return false;
  counts.set(key, -1);
  return true;
}

class AppendOperator implements Operator {
  readonly #inputs: Operator[];

  constructor(inputs: Operator[]) {
    this.#inputs = inputs;
  }

  next(): MaybePromise<Batch | null> {
    const first = this.#inputs[0];
    if (first === undefined) return null;
    return chain(first.next(), (batch) => {
      if (batch !== null) return batch;
      this.#inputs.shift()?.close();
      return this.next();
    });
  }

  close(): void {
    for (const input of this.#inputs) input.close();
  }
}
