import type { Row } from '#schemas/values/value.js';
import type { MaybePromise } from '../rows/reading.js';
import {
  BATCH_ROWS,
  type Batch,
  type Operator,
  type PlanNode,
  positionOf,
  RowsOperator,
  type Runtime,
} from '../vm/operators/operator.js';
import { rowHasher } from '../vm/operators/rows.js';
import type { ColumnId } from '../vm/scalar.js';
import { freeColumns } from './free-columns.js';
import type { CteTable } from './logical.js';
import type { Planner } from './planner.js';
import { optimise } from './push-down.js';

interface PlannedCte {
  readonly first: PlanNode;
  readonly firstPositions: readonly number[];
  readonly term: PlanNode | null;
  readonly termPositions: readonly number[];
  /** It reads columns of an enclosing query, so that its rows differ from run to run. */
  readonly correlated: boolean;
  /** Key of the last round's rows in the runtime. */
  readonly working: object;
}

const planned = new WeakMap<CteTable, PlannedCte>();
/** Work tables of recursive terms that are being planned. */
const inTerm = new WeakMap<CteTable, object>();

/** Reads a WITH query. Its rows are computed as they are asked for, once for all readers. */
export function cteNode(planner: Planner, table: CteTable, ids: readonly ColumnId[]): PlanNode {
  const base = { layout: ids, rows: 100, notes: [] };
  if (table.write !== null) {
    const { write } = table;
    const open = (runtime: Runtime): Operator => new RowsOperator((runtime.tables.get(write) ?? []) as Row[]);
    return { ...base, label: `CTE Scan on ${table.name}`, children: [], open };
  }
  const working = inTerm.get(table);
  if (working !== undefined) {
    const open = (runtime: Runtime): Operator => new RowsOperator((runtime.tables.get(working) ?? []) as Row[]);
    return { ...base, label: `WorkTable Scan on ${table.name}`, children: [], open };
  }
  const cte = planned.get(table) ?? planCte(planner, table);
  const children = cte.term === null ? [cte.first] : [cte.first, cte.term];
  return {
    ...base,
    label: `CTE Scan on ${table.name}`,
    children,
    open: (runtime) => new CteReader(sharedRows(table, cte, runtime), runtime),
  };
}

function planCte(planner: Planner, table: CteTable): PlannedCte {
  if (table.plan === null) throw new Error(`WITH query ${table.name} was not bound`);
  const first = planner.plan(optimise(table.plan));
  const firstPositions = table.ids.map((id) => positionOf(first.layout, id));
  const working = {};
  let term: PlanNode | null = null;
  let termPositions: readonly number[] = [];
  let free = freeColumns(table.plan, new Map()).size;
  if (table.recursive !== null) {
    inTerm.set(table, working);
    term = planner.plan(optimise(table.recursive.plan));
    inTerm.delete(table);
    const { layout } = term;
    termPositions = table.recursive.ids.map((id) => positionOf(layout, id));
    free += freeColumns(table.recursive.plan, new Map()).size;
  }
  const cte: PlannedCte = { first, firstPositions, term, termPositions, correlated: free > 0, working };
  planned.set(table, cte);
  return cte;
}

function sharedRows(table: CteTable, cte: PlannedCte, runtime: Runtime): SharedRows {
  if (cte.correlated) return new SharedRows(table, cte, runtime);
  let shared = runtime.tables.get(table) as SharedRows | undefined;
  if (shared === undefined) {
    shared = new SharedRows(table, cte, runtime);
    runtime.tables.set(table, shared);
  }
  return shared;
}

/**
 * The rows of a WITH query as far as its readers have asked for them. A recursive one runs its term over the rows of the last round until a round brings none: a reader
 * that stops early stops it, too.
 */
class SharedRows {
  readonly rows: Row[] = [];
  done = false;
  readonly #table: CteTable;
  readonly #cte: PlannedCte;
  readonly #runtime: Runtime;
  readonly #isNew: ((row: Row) => boolean) | null;
  #source: Operator;
  #positions: readonly number[];
  /** Where the round that is being computed begins in `rows`. */
  #roundStart = 0;

  constructor(table: CteTable, cte: PlannedCte, runtime: Runtime) {
    this.#table = table;
    this.#cte = cte;
    this.#runtime = runtime;
    this.#source = cte.first.open(runtime);
    this.#positions = cte.firstPositions;
    this.#isNew = table.recursive === null || table.recursive.all ? null : unseen(table);
  }

  /** Computes some more rows, or finds that there are none. */
  more(): MaybePromise<void> {
    const batch = this.#source.next();
    return batch instanceof Promise ? batch.then((b) => this.#take(b)) : this.#take(batch);
  }

  #take(batch: Batch | null): void {
    if (batch === null) {
      this.#nextRound();
      return;
    }
    for (const row of batch) {
      const ordered = this.#positions.map((p) => row[p] ?? null);
      if (this.#isNew === null || this.#isNew(ordered)) this.rows.push(ordered);
    }
  }

  #nextRound(): void {
    this.#source.close();
    const round = this.rows.slice(this.#roundStart);
    if (this.#cte.term === null || this.#table.recursive === null || round.length === 0) {
      this.done = true;
      return;
    }
    this.#roundStart = this.rows.length;
    this.#runtime.tables.set(this.#cte.working, round);
    this.#source = this.#cte.term.open(this.#runtime);
    this.#positions = this.#cte.termPositions;
  }
}

function unseen(table: CteTable): (row: Row) => boolean {
  const key = rowHasher(
    table.columns.map((_, i) => i),
    table.columns.map((c) => c.type),
  );
  const seen = new Set<string>();
  return (row) => {
    const k = key(row);
    if (seen.has(k)) return false;
    seen.add(k);
    return true;
  };
}

class CteReader implements Operator {
  readonly #shared: SharedRows;
  readonly #runtime: Runtime;
  #at = 0;

  constructor(shared: SharedRows, runtime: Runtime) {
    this.#shared = shared;
    this.#runtime = runtime;
  }

  next(): MaybePromise<Batch | null> {
    for (;;) {
      if (this.#at < this.#shared.rows.length) return this.#batch();
      if (this.#shared.done) return null;
      const more = this.#shared.more();
      if (more instanceof Promise) return more.then(() => this.next());
      const turn = this.#runtime.context.yieldNow();
      if (turn !== null) return turn.then(() => this.next());
    }
  }

  #batch(): Batch {
    const from = this.#at;
    this.#at = Math.min(from + BATCH_ROWS, this.#shared.rows.length);
    return this.#shared.rows.slice(from, this.#at);
  }

  close(): void {
    // Other readers may go on.
  }
}
