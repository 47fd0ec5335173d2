import type { Row } from '#schemas/values/value.js';
import type { MaybePromise } from '../rows/reading.js';
import { type Batch, chain, ComputedOperator, drain, type PlanNode, positionOf, RowsOperator, type Runtime } from '../vm/operators/operator.js';
import { rowHasher } from '../vm/operators/rows.js';
import type { ColumnId } from '../vm/scalar.js';
import type { CteTable } from './logical.js';
import type { Planner } from './planner.js';

/** Rounds of a recursive query; one that goes on longer is taken to be without end. */
const ROUNDS_MAX = 1_000_000;

interface PlannedCte {
  readonly first: PlanNode;
  readonly firstPositions: readonly number[];
  readonly term: PlanNode | null;
  readonly termPositions: readonly number[];
}

const planned = new WeakMap<CteTable, PlannedCte>();
/** Rows of the last round, which the recursive term reads. */
const working = new WeakSet<CteTable>();

/** Reads a WITH query: computed when the first reader asks, kept for the others. */
export function cteNode(planner: Planner, table: CteTable, ids: readonly ColumnId[]): PlanNode {
  const inTerm = working.has(table);
  if (!inTerm && !planned.has(table)) planCte(planner, table);
  const layout = ids;
  const label = inTerm ? `WorkTable Scan on ${table.name}` : `CTE Scan on ${table.name}`;
  const workKey = workTable(table);
  return {
    layout,
    rows: 100,
    label,
    children: inTerm ? [] : [(planned.get(table) as PlannedCte).first],
    notes: [],
    open: (runtime) => {
      if (inTerm) return new RowsOperator(runtime.tables.get(workKey) ?? []);
      return new ComputedOperator(
        () => {
          const known = runtime.tables.get(table);
          if (known !== undefined) return known;
          return chain(compute(table, planned.get(table) as PlannedCte, runtime), (rows) => {
            runtime.tables.set(table, rows);
            return rows;
          });
        },
        () => undefined,
      );
    },
  };
}

function planCte(planner: Planner, table: CteTable): void {
  if (table.plan === null) throw new Error(`WITH query ${table.name} was not bound`);
  const first = planner.plan(table.plan);
  const firstPositions = table.ids.map((id) => positionOf(first.layout, id));
  let term: PlanNode | null = null;
  let termPositions: readonly number[] = [];
  if (table.recursive !== null) {
    working.add(table);
    term = planner.plan(table.recursive.plan);
    working.delete(table);
    const { layout } = term;
    termPositions = table.recursive.ids.map((id) => positionOf(layout, id));
  }
  planned.set(table, { first, firstPositions, term, termPositions });
}

const workTables = new WeakMap<CteTable, object>();

function workTable(table: CteTable): object {
  let key = workTables.get(table);
  if (key === undefined) {
    key = {};
    workTables.set(table, key);
  }
  return key;
}

function gather(node: PlanNode, positions: readonly number[], runtime: Runtime): MaybePromise<Row[]> {
  const operator = node.open(runtime);
  const rows: Row[] = [];
  const take = (batch: Batch): void => {
    for (const row of batch) rows.push(positions.map((p) => row[p] ?? null));
  };
  return chain(drain(operator, runtime, take), () => {
    operator.close();
    return rows;
  });
}

function compute(table: CteTable, plan: PlannedCte, runtime: Runtime): MaybePromise<Row[]> {
  const { recursive } = table;
  const first = gather(plan.first, plan.firstPositions, runtime);
  if (recursive === null || plan.term === null) return first;
  const { term } = plan;
  const key = rowHasher(table.columns.map((_, i) => i), table.columns.map((c) => c.type));
  const seen = new Set<string>();
  const fresh = (rows: Row[]): Row[] => {
    if (recursive.all) return rows;
    return rows.filter((row) => {
      const k = key(row);
      if (seen.has(k)) return false;
      seen.add(k);
      return true;
    });
  };
  const rounds = async (start: Row[]): Promise<Row[]> => {
    let round = fresh(start);
    const all = [...round];
    for (let i = 0; round.length > 0 && i < ROUNDS_MAX; i++) {
      runtime.tables.set(workTable(table), round);
      round = fresh(await gather(term, plan.termPositions, runtime));
      for (const row of round) all.push(row);
      const turn = runtime.context.yieldNow();
      if (turn !== null) await turn;
    }
    return all;
  };
  return first instanceof Promise ? first.then(rounds) : rounds(first);
}
