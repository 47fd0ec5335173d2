import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { keyEncoder } from '#schemas/values/key.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { Accumulator, AggregateFunction } from '../../functions/definition.js';
import type { Evaluator } from '../compile.js';
import type { ColumnId } from '../scalar.js';
import { type Batch, ComputedOperator, chain, drain, type PlanNode, type Runtime } from './operator.js';
import { keyOrder, keysOf, type SortSpec } from './sort.js';

/** Groups that a hash aggregate may hold; beyond it the statement is refused (53200). */
const GROUPS_MAX = 10_000_000;

export interface AggregateSpec {
  readonly id: ColumnId;
  readonly definition: AggregateFunction;
  readonly arguments: readonly Evaluator[];
  readonly argumentTypes: readonly SqlType[];
  readonly distinct: boolean;
  readonly orderBy: readonly SortSpec[];
  readonly filter: Evaluator | null;
}

export interface GroupSpec {
  readonly id: ColumnId;
  readonly evaluate: Evaluator;
  readonly type: SqlType;
}

/** Groups by hash of the encoded group columns. Without groups there is always one row. */
export function aggregateNode(
  input: PlanNode,
  groups: readonly GroupSpec[],
  aggregates: readonly AggregateSpec[],
  sets: ReadonlyArray<readonly number[]> | null,
): PlanNode {
  const grouped = groups.length > 0;
  const all = sets ?? [groups.map((_, i) => i)];
  return {
    layout: [...groups.map((g) => g.id), ...aggregates.map((a) => a.id)],
    rows: grouped ? Math.max(1, Math.sqrt(input.rows) * 3) : 1,
    label: grouped ? 'HashAggregate' : 'Aggregate',
    children: [input],
    notes: [],
    open: (runtime) => {
      const operator = input.open(runtime);
      const tables = all.map((set) => new GroupTable(groups, set, aggregates, runtime));
      const take = (batch: Batch): void => {
        for (let i = 0; i < batch.length; i++) for (const table of tables) table.add(batch[i] as Row);
      };
      return new ComputedOperator(
        () => chain(drain(operator, runtime, take), () => tables.flatMap((table) => table.finish())),
        () => operator.close(),
      );
    },
  };
}

interface Group {
  readonly keys: readonly Value[];
  readonly states: readonly State[];
}

/** One grouping set's groups. Columns outside of the set are null in its rows. */
class GroupTable {
  readonly #groups: readonly GroupSpec[];
  readonly #set: readonly number[];
  readonly #aggregates: readonly AggregateSpec[];
  readonly #runtime: Runtime;
  readonly #encode: (values: readonly Value[]) => string;
  readonly #table = new Map<string, Group>();
  #only: Group | null = null;

  constructor(
    groups: readonly GroupSpec[],
    set: readonly number[],
    aggregates: readonly AggregateSpec[],
    runtime: Runtime,
  ) {
    this.#groups = groups;
    this.#set = set;
    this.#aggregates = aggregates;
    this.#runtime = runtime;
    this.#encode = keyEncoder(set.map((i) => ({ type: (groups[i] as GroupSpec).type })));
    if (set.length === 0) this.#only = this.#start(groups.map(() => null));
  }

  add(row: Row): void {
    const group = this.#only ?? this.#groupOf(row);
    for (let i = 0; i < group.states.length; i++) (group.states[i] as State).add(row);
  }

  #groupOf(row: Row): Group {
    const keys: Value[] = new Array(this.#set.length);
    for (let i = 0; i < keys.length; i++)
      keys[i] = (this.#groups[this.#set[i] as number] as GroupSpec).evaluate(row, this.#runtime);
    const key = this.#encode(keys);
    let group = this.#table.get(key);
    if (group === undefined) {
      if (this.#table.size >= GROUPS_MAX)
        throw new SqlError('out_of_memory', `more than ${GROUPS_MAX} groups are refused`);
      const full: Value[] = this.#groups.map(() => null);
      this.#set.forEach((at, i) => {
        full[at] = keys[i] as Value;
      });
      group = this.#start(full);
      this.#table.set(key, group);
    }
    return group;
  }

  #start(keys: readonly Value[]): Group {
    return { keys, states: this.#aggregates.map((spec) => new State(spec, this.#runtime)) };
  }

  finish(): Row[] {
    const groups = this.#only !== null ? [this.#only] : [...this.#table.values()];
    return groups.map((group) => [...group.keys, ...group.states.map((state) => state.finish())]);
  }
}

/**
 * One aggregate in one group. ORDER BY holds the arguments back until the end, and so does DISTINCT: its values are then added in their own order, since
 * array_agg(DISTINCT x) and its like show it.
 */
class State {
  readonly #spec: AggregateSpec;
  readonly #runtime: Runtime;
  readonly #accumulator: Accumulator;
  readonly #held: Array<{ readonly keys: readonly Value[]; readonly args: readonly Value[] }> | null;
  readonly #seen: Set<string> | null;
  readonly #encode: ((values: readonly Value[]) => string) | null;

  constructor(spec: AggregateSpec, runtime: Runtime) {
    this.#spec = spec;
    this.#runtime = runtime;
    this.#accumulator = spec.definition.start(spec.argumentTypes, runtime.evaluation);
    this.#held = spec.orderBy.length > 0 || (spec.distinct && spec.arguments.length > 0) ? [] : null;
    this.#seen = spec.distinct ? new Set() : null;
    this.#encode = spec.distinct ? keyEncoder(spec.argumentTypes.map((type) => ({ type }))) : null;
  }

  add(row: Row): void {
    const { arguments: args, filter, definition, orderBy } = this.#spec;
    if (filter !== null && filter(row, this.#runtime) !== true) return;
    const values: Value[] = new Array(args.length);
    for (let i = 0; i < args.length; i++) {
      const value = (args[i] as Evaluator)(row, this.#runtime);
      if (value === null && definition.strict) return;
      values[i] = value;
    }
    if (this.#seen !== null && this.#encode !== null) {
      const key = this.#encode(values);
      if (this.#seen.has(key)) return;
      this.#seen.add(key);
    }
    if (this.#held === null) this.#accumulator.add(values);
    else this.#held.push({ keys: orderBy.length > 0 ? keysOf(row, orderBy, this.#runtime) : values, args: values });
  }

  finish(): Value {
    if (this.#held !== null) {
      const { orderBy, arguments: args, argumentTypes } = this.#spec;
      const own = (): SortSpec[] =>
        args.map((evaluate, i) => ({
          evaluate,
          type: argumentTypes[i] as SqlType,
          descending: false,
          nullsFirst: false,
        }));
      const order = keyOrder(orderBy.length > 0 ? orderBy : own());
      for (const held of this.#held.sort((a, b) => order(a.keys, b.keys))) this.#accumulator.add(held.args);
    }
    return this.#accumulator.finish();
  }
}
