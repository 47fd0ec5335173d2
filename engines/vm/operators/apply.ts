import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { keyEncoder } from '#schemas/values/key.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { MaybePromise } from '../../rows/reading.js';
import type { Evaluator } from '../compile.js';
import type { ColumnId } from '../scalar.js';
import type { Passing } from './join.js';
import { type Batch, chain, drain, MappedOperator, type PlanNode, type Runtime } from './operator.js';

/** A subquery of an expression, planned. Its result becomes one more column of the row that it is applied to. */
export interface SubquerySpec {
  readonly id: ColumnId;
  readonly form: 'scalar' | 'exists' | 'quantified' | 'array' | 'row';
  readonly plan: PlanNode;
  /** Columns of the outer row that it reads; empty = its result is the same for all rows. */
  readonly passing: readonly Passing[];
  readonly passingTypes: readonly SqlType[];
  /** Positions of its output columns in its rows. */
  readonly outputs: readonly number[];
  readonly quantifier: 'any' | 'all';
  /** Over the outer row and the subquery's row behind it. */
  readonly compare: Evaluator | null;
  /** `operand = any`: a set of the results answers. */
  readonly membership: { readonly operands: readonly Evaluator[]; readonly types: readonly SqlType[] } | null;
}

/** Results of a subquery that are kept; a correlated one runs once for each set of values that it is given. */
const RESULTS_KEPT = 10_000;

export function applyNode(input: PlanNode, subqueries: readonly SubquerySpec[]): PlanNode {
  return {
    layout: [...input.layout, ...subqueries.map((s) => s.id)],
    rows: input.rows,
    label: 'Apply',
    children: [input, ...subqueries.map((s) => s.plan)],
    notes: [],
    open: (runtime) => {
      const running = subqueries.map((spec) => new Subquery(spec, runtime));
      return new MappedOperator(input.open(runtime), (batch) => extend(batch, running, 0, []));
    },
  };
}

function extend(batch: Batch, subqueries: readonly Subquery[], from: number, done: Row[]): MaybePromise<Batch> {
  for (let i = from; i < batch.length; i++) {
    const row = extendRow(batch[i] as Row, subqueries, 0);
    if (row instanceof Promise) {
      return row.then((r) => {
        done.push(r);
        return extend(batch, subqueries, i + 1, done);
      });
    }
    done.push(row);
  }
  return done;
}

function extendRow(row: Row, subqueries: readonly Subquery[], from: number): MaybePromise<Row> {
  let wide = row;
  for (let i = from; i < subqueries.length; i++) {
    const value = (subqueries[i] as Subquery).valueFor(wide);
    if (value instanceof Promise) return value.then((v) => extendRow([...wide, v], subqueries, i + 1));
    wide = [...wide, value];
  }
  return wide;
}

/** What a subquery came to: its rows, and a set of them where membership is asked. */
interface Result {
  readonly rows: readonly Row[];
  members: Set<string> | null;
  hasNull: boolean;
}

class Subquery {
  readonly #spec: SubquerySpec;
  readonly #runtime: Runtime;
  readonly #results = new Map<string, Result>();
  readonly #keyOf: (values: readonly Value[]) => string;
  readonly #memberKey: ((values: readonly Value[]) => string) | null;

  constructor(spec: SubquerySpec, runtime: Runtime) {
    this.#spec = spec;
    this.#runtime = runtime;
    this.#keyOf = keyEncoder(spec.passingTypes.map((type) => ({ type })));
    this.#memberKey = spec.membership === null ? null : keyEncoder(spec.membership.types.map((type) => ({ type })));
  }

  valueFor(row: Row): MaybePromise<Value> {
    const { passing } = this.#spec;
    const given = passing.map(({ from }) => row[from] ?? null);
    const key = this.#keyOf(given);
    const known = this.#results.get(key);
    if (known !== undefined) return this.#answer(known, row);
    passing.forEach(({ register }, i) => {
      this.#runtime.registers[register] = given[i] as Value;
    });
    return chain(this.#run(), (result) => {
      if (this.#results.size >= RESULTS_KEPT) this.#results.clear();
      this.#results.set(key, result);
      return this.#answer(result, row);
    });
  }

  #run(): MaybePromise<Result> {
    const { plan, form } = this.#spec;
    const operator = plan.open(this.#runtime);
    const finish = (rows: readonly Row[]): Result => {
      operator.close();
      return { rows, members: null, hasNull: false };
    };
    if (form === 'exists') return chain(operator.next(), (batch) => finish(batch === null ? [] : batch.slice(0, 1)));
    const rows: Row[] = [];
    const take = (batch: Batch): void => {
      for (const row of batch) rows.push(row);
      if ((form === 'scalar' || form === 'row') && rows.length > 1)
        throw new SqlError('cardinality_violation', 'more than one row returned by a subquery used as an expression');
    };
    return chain(drain(operator, this.#runtime, take), () => finish(rows));
  }

  #answer(result: Result, row: Row): Value {
    const { form, outputs } = this.#spec;
    const first = outputs[0] ?? 0;
    switch (form) {
      case 'exists':
        return result.rows.length > 0;
      case 'scalar':
        return result.rows[0]?.[first] ?? null;
      case 'row': {
        const only = result.rows[0];
        return only === undefined ? null : outputs.map((at) => only[at] ?? null);
      }
      case 'array':
        return result.rows.map((r) => r[first] ?? null);
      case 'quantified':
        return this.#spec.membership === null ? this.#quantified(result, row) : this.#member(result, row);
    }
  }

  #quantified({ rows }: Result, row: Row): Value {
    const { compare, quantifier } = this.#spec;
    const wanted = quantifier === 'any';
    let unknown = false;
    for (const other of rows) {
      const verdict = (compare as Evaluator)(row.concat(other), this.#runtime);
      if (verdict === wanted) return wanted;
      if (verdict === null) unknown = true;
    }
    return unknown ? null : !wanted;
  }

  #member(result: Result, row: Row): Value {
    const { membership, outputs } = this.#spec;
    if (result.members === null) {
      const members = new Set<string>();
      for (const other of result.rows) {
        const values = outputs.map((at) => other[at] ?? null);
        if (values.includes(null)) result.hasNull = true;
        else members.add((this.#memberKey as (values: readonly Value[]) => string)(values));
      }
      result.members = members;
    }
    if (result.rows.length === 0) return false;
    const operands = (membership as NonNullable<SubquerySpec['membership']>).operands.map((evaluate) =>
      evaluate(row, this.#runtime),
    );
    const hasNull = operands.includes(null);
    // A row with a null in it is unknown only where its other columns agree: that takes a comparison.
    if (hasNull && operands.length > 1) return this.#quantified(result, row);
    if (hasNull) return null;
    if (result.members.has((this.#memberKey as (values: readonly Value[]) => string)(operands))) return true;
    if (!result.hasNull) return false;
    return operands.length > 1 ? this.#quantified(result, row) : null;
  }
}
