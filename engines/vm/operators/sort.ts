import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { type Comparator, comparator } from '#schemas/values/compare.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { Evaluator } from '../compile.js';
import type { Frame } from '../interpret.js';
import { type Batch, ComputedOperator, chain, drain, type PlanNode, type Runtime } from './operator.js';

/** Rows that a sort may hold. Beyond it the statement is refused (53200) rather than the engine's memory exhausted. */
const SORT_ROWS_MAX = 20_000_000;

export interface SortSpec {
  readonly evaluate: Evaluator;
  readonly type: SqlType;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

export type RowOrder = (a: readonly Value[], b: readonly Value[]) => number;

/** Order of key arrays by these columns. */
export function keyOrder(specs: readonly SortSpec[]): RowOrder {
  const compares = specs.map((spec) => comparator(spec.type));
  return (a, b) => {
    for (let i = 0; i < specs.length; i++) {
      const { descending, nullsFirst } = specs[i] as SortSpec;
      const x = a[i] as Value;
      const y = b[i] as Value;
      if (x === null || y === null) {
        if (x === y) continue;
        return (x === null) === nullsFirst ? -1 : 1;
      }
      const order = (compares[i] as Comparator)(x, y);
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  };
}

export function keysOf(row: Row, specs: readonly SortSpec[], frame: Frame): Value[] {
  const keys: Value[] = new Array(specs.length);
  for (let i = 0; i < specs.length; i++) keys[i] = (specs[i] as SortSpec).evaluate(row, frame);
  return keys;
}

interface Keyed {
  readonly keys: readonly Value[];
  readonly row: Row;
}

/** Sorts all rows; with `limit`, only as many as are asked for are kept (twice that many at any time). */
export function sortNode(
  input: PlanNode,
  specs: readonly SortSpec[],
  limit: ((runtime: Runtime) => number | null) | null,
  note: string,
): PlanNode {
  const order = keyOrder(specs);
  const compare = (a: Keyed, b: Keyed): number => order(a.keys, b.keys);
  return {
    layout: input.layout,
    rows: input.rows,
    label: limit === null ? 'Sort' : 'Top-N Sort',
    children: [input],
    notes: [note],
    open: (runtime) => {
      const operator = input.open(runtime);
      const compute = (): ReturnType<ConstructorParameters<typeof ComputedOperator>[0]> => {
        const most = limit?.(runtime) ?? null;
        let kept: Keyed[] = [];
        const take = (batch: Batch): void => {
          for (const row of batch) kept.push({ keys: keysOf(row, specs, runtime), row });
          if (most !== null && kept.length > 2 * most + 1_024) kept = kept.sort(compare).slice(0, most);
          if (kept.length > SORT_ROWS_MAX) {
            throw new SqlError('out_of_memory', `a sort of more than ${SORT_ROWS_MAX} rows is refused`, {
              hint: 'Filter more, or sort by an index.',
            });
          }
        };
        return chain(drain(operator, runtime, take), () => {
          kept.sort(compare);
          return (most === null ? kept : kept.slice(0, most)).map((k) => k.row);
        });
      };
      return new ComputedOperator(compute, () => operator.close());
    },
  };
}
