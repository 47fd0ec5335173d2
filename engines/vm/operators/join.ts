import type { Row, Value } from '#schemas/values/value.js';
import type { MaybePromise } from '../../rows/reading.js';
import type { Evaluator } from '../compile.js';
import type { ColumnId } from '../scalar.js';
import {
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

export type JoinType = 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti';

/** Columns of the outer row that the inner side reads from registers. */
export interface Passing {
  readonly from: number;
  readonly register: number;
}

/**
 * For each outer row the inner plan is run with that row's columns in registers: the way of index look-ups, and of LATERAL.
 * `condition` is over the joined row.
 */
export function nestedLoopNode(
  type: 'inner' | 'left' | 'semi' | 'anti',
  outer: PlanNode,
  inner: PlanNode,
  passing: readonly Passing[],
  condition: Evaluator | null,
  note: string | null,
): PlanNode {
  const once = type === 'semi' || type === 'anti';
  const width = inner.layout.length;
  const join = (runtime: Runtime, row: Row): MaybePromise<Row[]> => {
    for (const { from, register } of passing) runtime.registers[register] = row[from] ?? null;
    const rows: Row[] = [];
    let met = false;
    const operator = inner.open(runtime);
    const take = (batch: Batch): void => {
      for (const other of batch) {
        if (once && met) return;
        const joined = row.concat(other);
        if (condition !== null && condition(joined, runtime) !== true) continue;
        met = true;
        if (!once) rows.push(joined);
      }
    };
    const finish = (): Row[] => {
      operator.close();
      if (once) return met === (type === 'semi') ? [row] : [];
      if (!met && type === 'left') rows.push(row.concat(new Array<Value>(width).fill(null)));
      return rows;
    };
    // EXISTS is settled by the first match.
    if (once)
      return chain(
        drainUntil(operator, runtime, take, () => met),
        finish,
      );
    return chain(drain(operator, runtime, take), finish);
  };
  return {
    layout: once ? outer.layout : [...outer.layout, ...inner.layout],
    rows: Math.max(1, outer.rows * Math.max(inner.rows, 0.1)),
    label: `Nested Loop${joinWord(type)}`,
    children: [outer, inner],
    notes: note === null ? [] : [note],
    open: (runtime) =>
      new MappedOperator(outer.open(runtime), (batch) => joinBatch(batch, (row) => join(runtime, row))),
  };
}

function drainUntil(
  operator: Operator,
  runtime: Runtime,
  take: (batch: Batch) => void,
  done: () => boolean,
): MaybePromise<void> {
  for (;;) {
    const batch = operator.next();
    if (batch instanceof Promise) {
      return batch.then((b) => {
        if (b === null) return undefined;
        take(b);
        return done() ? undefined : drainUntil(operator, runtime, take, done);
      });
    }
    if (batch === null) return;
    take(batch);
    if (done()) return;
    const turn = runtime.context.yieldNow();
    if (turn !== null) return turn.then(() => drainUntil(operator, runtime, take, done));
  }
}

function joinBatch(
  batch: Batch,
  join: (row: Row) => MaybePromise<Row[]>,
  from = 0,
  before: Row[] = [],
): MaybePromise<Batch> {
  const rows = before;
  for (let i = from; i < batch.length; i++) {
    const joined = join(batch[i] as Row);
    if (joined instanceof Promise) {
      return joined.then((more) => {
        for (const row of more) rows.push(row);
        return joinBatch(batch, join, i + 1, rows);
      });
    }
    for (const row of joined) rows.push(row);
  }
  return rows;
}

function joinWord(type: JoinType): string {
  return type === 'inner' ? '' : ` ${type.charAt(0).toUpperCase()}${type.slice(1)} Join`;
}

/** Key of a row for hashing: null when a column of it is null, which equals nothing. */
export type RowKey = (row: Row, runtime: Runtime) => string | null;

/**
 * The right side is hashed by its key, the left side looks itself up. `condition` is what else must hold of the joined row.
 */
export function hashJoinNode(
  type: JoinType,
  left: PlanNode,
  right: PlanNode,
  leftKey: RowKey,
  rightKey: RowKey,
  condition: Evaluator | null,
  notes: readonly string[],
  rows: number,
): PlanNode {
  const once = type === 'semi' || type === 'anti';
  return {
    layout: once ? left.layout : [...left.layout, ...right.layout],
    rows,
    label: `Hash${type === 'inner' ? '' : ` ${type.charAt(0).toUpperCase()}${type.slice(1)}`} Join`,
    children: [left, right],
    notes,
    open: (runtime) => new HashJoinOperator(type, left, right, leftKey, rightKey, condition, runtime),
  };
}

interface Entry {
  readonly row: Row;
  met: boolean;
}

class HashJoinOperator implements Operator {
  readonly #type: JoinType;
  readonly #left: Operator;
  readonly #right: Operator;
  readonly #leftKey: RowKey;
  readonly #rightKey: RowKey;
  readonly #condition: Evaluator | null;
  readonly #runtime: Runtime;
  readonly #nullLeft: Row;
  readonly #nullRight: Row;
  #table: Map<string, Entry[]> | null = null;
  /** Right rows that no left row can meet: answered by right and full joins alone. */
  readonly #lonely: Row[] = [];
  #rest: RowsOperator | null = null;

  constructor(
    type: JoinType,
    left: PlanNode,
    right: PlanNode,
    leftKey: RowKey,
    rightKey: RowKey,
    condition: Evaluator | null,
    runtime: Runtime,
  ) {
    this.#type = type;
    this.#left = left.open(runtime);
    this.#right = right.open(runtime);
    this.#leftKey = leftKey;
    this.#rightKey = rightKey;
    this.#condition = condition;
    this.#runtime = runtime;
    this.#nullLeft = new Array<Value>(left.layout.length).fill(null);
    this.#nullRight = new Array<Value>(right.layout.length).fill(null);
  }

  next(): MaybePromise<Batch | null> {
    if (this.#rest !== null) return this.#rest.next();
    if (this.#table === null) {
      const built = this.#build();
      if (built instanceof Promise) return built.then(() => this.next());
    }
    for (;;) {
      const batch = this.#left.next();
      if (batch instanceof Promise) return batch.then((b) => this.#joined(b) ?? this.next());
      const rows = this.#joined(batch);
      if (rows !== null || batch === null) return rows;
      const turn = this.#runtime.context.yieldNow();
      if (turn !== null) return turn.then(() => this.next());
    }
  }

  /** What a batch of the left side comes to; null = nothing yet, or the end. */
  #joined(batch: Batch | null): Batch | null {
    if (batch !== null) {
      const rows = this.#probe(batch);
      return rows.length > 0 ? rows : null;
    }
    this.#rest = new RowsOperator(this.#unmet());
    return this.#rest.next();
  }

  #build(): MaybePromise<void> {
    const table = new Map<string, Entry[]>();
    this.#table = table;
    const keepsRight = this.#type === 'right' || this.#type === 'full';
    return drain(this.#right, this.#runtime, (batch) => {
      for (const row of batch) {
        const key = this.#rightKey(row, this.#runtime);
        if (key === null) {
          if (keepsRight) this.#lonely.push(row);
          continue;
        }
        const entries = table.get(key);
        if (entries === undefined) table.set(key, [{ row, met: false }]);
        else entries.push({ row, met: false });
      }
    });
  }

  #probe(batch: Batch): Row[] {
    const table = this.#table as Map<string, Entry[]>;
    const type = this.#type;
    const once = type === 'semi' || type === 'anti';
    const rows: Row[] = [];
    for (const row of batch) {
      const key = this.#leftKey(row, this.#runtime);
      const entries = key === null ? undefined : table.get(key);
      let met = false;
      if (entries !== undefined) {
        for (const entry of entries) {
          const joined = once && this.#condition === null ? row : row.concat(entry.row);
          if (this.#condition !== null && this.#condition(joined, this.#runtime) !== true) continue;
          met = true;
          entry.met = true;
          if (once) break;
          rows.push(joined);
        }
      }
      if (once) {
        if (met === (type === 'semi')) rows.push(row);
      } else if (!met && (type === 'left' || type === 'full')) {
        rows.push(row.concat(this.#nullRight));
      }
    }
    return rows;
  }

  #unmet(): Row[] {
    if (this.#type !== 'right' && this.#type !== 'full') return [];
    const rows = this.#lonely.map((row) => this.#nullLeft.concat(row));
    for (const entries of (this.#table as Map<string, Entry[]>).values())
      for (const { row, met } of entries) if (!met) rows.push(this.#nullLeft.concat(row));
    return rows;
  }

  close(): void {
    this.#left.close();
    this.#right.close();
    this.#table = null;
  }
}

/** A join without keys whose right side must be kept: every pair is tried. */
export function crossJoinNode(
  type: 'right' | 'full',
  left: PlanNode,
  right: PlanNode,
  condition: Evaluator | null,
): PlanNode {
  const open = (runtime: Runtime): Operator => {
    const [a, b] = [left.open(runtime), right.open(runtime)];
    const compute = (): MaybePromise<readonly Row[]> => {
      const rights: Entry[] = [];
      const rows: Row[] = [];
      const nulls = {
        left: new Array<Value>(left.layout.length).fill(null),
        right: new Array<Value>(right.layout.length).fill(null),
      };
      const gather = (batch: Batch): void => {
        for (const row of batch) rights.push({ row, met: false });
      };
      const pair = (batch: Batch): void => {
        for (const row of batch) {
          let met = false;
          for (const entry of rights) {
            const joined = row.concat(entry.row);
            if (condition !== null && condition(joined, runtime) !== true) continue;
            met = true;
            entry.met = true;
            rows.push(joined);
          }
          if (!met && type === 'full') rows.push(row.concat(nulls.right));
        }
      };
      return chain(drain(b, runtime, gather), () =>
        chain(drain(a, runtime, pair), () => {
          for (const { row, met } of rights) if (!met) rows.push(nulls.left.concat(row));
          return rows;
        }),
      );
    };
    return new ComputedOperator(compute, () => {
      a.close();
      b.close();
    });
  };
  return {
    layout: [...left.layout, ...right.layout],
    rows: left.rows * right.rows,
    label: `Nested Loop${joinWord(type)}`,
    children: [left, right],
    notes: [],
    open,
  };
}

/** Layout helper: columns of both sides. */
export function joinedLayout(left: PlanNode, right: PlanNode): readonly ColumnId[] {
  return [...left.layout, ...right.layout];
}
