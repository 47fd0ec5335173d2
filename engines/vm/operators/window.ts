import type { SqlType } from '#schemas/values/type.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { AggregateFunction, WindowFrameView, WindowFunction } from '../../functions/definition.js';
import type { Evaluator } from '../compile.js';
import type { ColumnId } from '../scalar.js';
import { type Batch, ComputedOperator, chain, drain, type PlanNode, type Runtime } from './operator.js';
import { keyOrder, keysOf, type SortSpec } from './sort.js';

export interface FrameEnd {
  readonly kind: 'unbounded-preceding' | 'preceding' | 'current-row' | 'following' | 'unbounded-following';
  readonly offset: Evaluator | null;
}

export interface WindowSpec {
  readonly id: ColumnId;
  readonly function:
    | { readonly kind: 'window'; readonly definition: WindowFunction }
    | { readonly kind: 'aggregate'; readonly definition: AggregateFunction };
  readonly arguments: readonly Evaluator[];
  readonly argumentTypes: readonly SqlType[];
  readonly filter: Evaluator | null;
  readonly partitionBy: readonly SortSpec[];
  readonly orderBy: readonly SortSpec[];
  readonly mode: 'rows' | 'range' | 'groups';
  readonly start: FrameEnd;
  readonly end: FrameEnd;
}

/** Window functions: all rows are gathered, and each window sorts them its own way. The rows leave in the order of the last window. */
export function windowNode(input: PlanNode, windows: readonly WindowSpec[]): PlanNode {
  return {
    layout: [...input.layout, ...windows.map((w) => w.id)],
    rows: input.rows,
    label: 'WindowAgg',
    children: [input],
    notes: [],
    open: (runtime) => {
      const operator = input.open(runtime);
      let rows: Row[] = [];
      const take = (batch: Batch): void => {
        for (const row of batch) rows.push(row);
      };
      const compute = (): Row[] => {
        for (const window of windows) rows = computeWindow(window, rows, runtime);
        return rows;
      };
      return new ComputedOperator(
        () => chain(drain(operator, runtime, take), compute),
        () => operator.close(),
      );
    },
  };
}

function computeWindow(window: WindowSpec, rows: readonly Row[], runtime: Runtime): Row[] {
  const specs = [...window.partitionBy, ...window.orderBy];
  const order = keyOrder(specs);
  const partitionOrder = keyOrder(window.partitionBy);
  const keyed = rows.map((row) => ({ row, keys: keysOf(row, specs, runtime) })).sort((a, b) => order(a.keys, b.keys));
  const result: Row[] = [];
  for (let from = 0; from < keyed.length; ) {
    let to = from + 1;
    while (
      to < keyed.length &&
      partitionOrder((keyed[from] as { keys: Value[] }).keys, (keyed[to] as { keys: Value[] }).keys) === 0
    )
      to++;
    const partition = keyed.slice(from, to);
    const values = new Partition(window, partition, order, runtime).values();
    for (const [i, { row }] of partition.entries()) result.push([...row, values[i] as Value]);
    from = to;
  }
  return result;
}

class Partition {
  readonly #window: WindowSpec;
  readonly #rows: ReadonlyArray<{ readonly row: Row; readonly keys: readonly Value[] }>;
  readonly #runtime: Runtime;
  /** Peer group of each row, and where each group begins; one past the last at the end. */
  readonly #groupOf: number[] = [];
  readonly #groupStarts: number[] = [];

  constructor(
    window: WindowSpec,
    rows: ReadonlyArray<{ readonly row: Row; readonly keys: readonly Value[] }>,
    order: (a: readonly Value[], b: readonly Value[]) => number,
    runtime: Runtime,
  ) {
    this.#window = window;
    this.#rows = rows;
    this.#runtime = runtime;
    rows.forEach(({ keys }, i) => {
      const before = rows[i - 1];
      if (before === undefined || (window.orderBy.length > 0 && order(before.keys, keys) !== 0))
        this.#groupStarts.push(i);
      this.#groupOf.push(this.#groupStarts.length - 1);
    });
    this.#groupStarts.push(rows.length);
  }

  values(): Value[] {
    const { function: f } = this.#window;
    return this.#rows.map((_, index) =>
      f.kind === 'window' ? f.definition.evaluate(this.#view(index)) : this.#aggregate(f.definition, index),
    );
  }

  /** The frame that was last aggregated: a frame that only grew goes on from there. */
  #running: { start: number; end: number; accumulator: ReturnType<AggregateFunction['start']> } | null = null;

  #aggregate(definition: AggregateFunction, index: number): Value {
    const [start, end] = this.#frame(index);
    let running = this.#running;
    if (running === null || running.start !== start || running.end > end) {
      running = {
        start,
        end: start,
        accumulator: definition.start(this.#window.argumentTypes, this.#runtime.evaluation),
      };
      this.#running = running;
    }
    for (; running.end < end; running.end++) {
      const { row } = this.#rows[running.end] as { row: Row };
      if (this.#window.filter !== null && this.#window.filter(row, this.#runtime) !== true) continue;
      const args = this.#window.arguments.map((evaluate) => evaluate(row, this.#runtime));
      if (!(definition.strict && args.includes(null))) running.accumulator.add(args);
    }
    return running.accumulator.finish();
  }

  #view(index: number): WindowFrameView {
    const [frameStart, frameEnd] = this.#frame(index);
    const group = this.#groupOf[index] as number;
    return {
      index,
      partitionSize: this.#rows.length,
      peerStart: this.#groupStarts[group] as number,
      peerEnd: this.#groupStarts[group + 1] as number,
      frameStart,
      frameEnd,
      peerGroup: group,
      argument: (row, argument) =>
        (this.#window.arguments[argument] as Evaluator)((this.#rows[row] as { row: Row }).row, this.#runtime),
    };
  }

  #frame(index: number): readonly [start: number, end: number] {
    const start = this.#bound(this.#window.start, index, true);
    return [start, Math.max(start, this.#bound(this.#window.end, index, false))];
  }

  #bound(bound: FrameEnd, index: number, isStart: boolean): number {
    const size = this.#rows.length;
    const group = this.#groupOf[index] as number;
    const clamp = (n: number): number => Math.min(Math.max(n, 0), size);
    const groupEdge = (g: number): number =>
      g < 0 ? 0 : g >= this.#groupStarts.length - 1 ? size : (this.#groupStarts[isStart ? g : g + 1] as number);
    switch (bound.kind) {
      case 'unbounded-preceding':
        return 0;
      case 'unbounded-following':
        return size;
      case 'current-row':
        return this.#window.mode === 'rows' ? index + (isStart ? 0 : 1) : groupEdge(group);
      default: {
        const offset = Number((bound.offset as Evaluator)((this.#rows[index] as { row: Row }).row, this.#runtime));
        const signed = bound.kind === 'preceding' ? -offset : offset;
        if (this.#window.mode === 'rows') return clamp(index + signed + (isStart ? 0 : 1));
        const edge = group + signed;
        return edge < 0 ? 0 : groupEdge(edge);
      }
    }
  }
}
