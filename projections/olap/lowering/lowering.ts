import { DECIMAL_DIGITS } from '#schemas/analytics/computed-types.js';
import type {
  AnalyticAggregation,
  AnalyticColumnId,
  AnalyticOutput,
  AnalyticPlan,
  AnalyticScalar,
  AnalyticSortKey,
  AnalyticSubquery,
  AnalyticTableColumn,
} from '#schemas/analytics/plan.js';
import { assert } from '#schemas/kernel/assert.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Numeric } from '#schemas/values/numeric.js';
import { round } from '#schemas/values/numeric-basics.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Row, Value } from '#schemas/values/value.js';
import { type Lowered, sqlTypeName } from './lowered.js';
import { aggregateResult, lowerAggregate, lowerOperation } from './operations.js';
import { QueryParameters } from './parameters.js';

/** SQL for the rows of a table, its columns as c1, c2 and so on by their ids. */
export type TableSql = (
  table: ObjectId,
  columns: readonly AnalyticTableColumn[],
  place: (value: Value, column: AnalyticTableColumn) => string,
) => string;

/** A column of a query's answer. */
export interface AnswerColumn {
  readonly type: SqlType;
  readonly scale: number | null;
}

/**
 * How many digits numerics are computed with. DuckDB chooses few where it can, and fails when a product needs more than 18 after all; with its widest numbers it is
 * slower and fails at 38.
 */
export type NumericWidth = 'chosen' | 'widest';

export interface LoweredQuery {
  readonly sql: string;
  readonly parameters: QueryParameters;
  readonly columns: readonly AnswerColumn[];
}

/**
 * A plan in DuckDB's SQL. Each operator is a SELECT over the one below; a column is called c and its id, everywhere, so that subqueries find those of the rows that they belong
 * to. Throws 0A000 for what only the values at hand show to be beyond DuckDB.
 */
export function lowerPlan(
  plan: AnalyticPlan,
  inputs: Row,
  columns: readonly AnalyticColumnId[],
  tableSql: TableSql,
  width: NumericWidth,
): LoweredQuery {
  const lowering = new Lowering(inputs, tableSql, width);
  const sql = lowering.top(plan, columns);
  return { sql, parameters: lowering.parameters, columns: columns.map((id) => lowering.column(id)) };
}

class Lowering {
  readonly parameters = new QueryParameters();
  readonly #inputs: Row;
  readonly #tableSql: TableSql;
  readonly #width: NumericWidth;
  readonly #columns = new Map<AnalyticColumnId, AnswerColumn>();
  #aliases = 0;

  constructor(inputs: Row, tableSql: TableSql, width: NumericWidth) {
    this.#width = width;
    this.#inputs = inputs;
    this.#tableSql = tableSql;
  }

  column(id: AnalyticColumnId): AnswerColumn {
    const found = this.#columns.get(id);
    assert(found !== undefined, `a plan has no column ${id}`);
    return found;
  }

  /** The whole query: order and limit stand at its end, where they hold for what is answered. */
  top(plan: AnalyticPlan, columns: readonly AnalyticColumnId[]): string {
    const limit = plan.op === 'limit' ? plan : null;
    const below = limit === null ? plan : limit.input;
    const sort = below.op === 'sort' ? below : null;
    const from = this.#from(sort === null ? below : sort.input);
    const list = columns.map((id) => this.#answer(id));
    return [
      `SELECT ${list.length === 0 ? '1 AS nothing' : list.join(', ')} FROM ${from}`,
      ...(sort === null ? [] : [`ORDER BY ${this.#sortKeys(sort.keys)}`]),
      ...(limit === null ? [] : [this.#limits(limit)]),
    ].join(' ');
  }

  /** Numerics leave in one width, whatever they were computed in. */
  #answer(id: AnalyticColumnId): string {
    const { scale } = this.column(id);
    return scale === null ? `c${id}` : `CAST(c${id} AS DECIMAL(38,${scale})) AS c${id}`;
  }

  #from(plan: AnalyticPlan): string {
    return `(${this.#select(plan)}) AS q${++this.#aliases}`;
  }

  #select(plan: AnalyticPlan): string {
    switch (plan.op) {
      case 'table':
        for (const { id, type } of plan.columns) this.#know(id, type, scaleOfColumn(type));
        return this.#tableSql(plan.table, plan.columns, (value, { type }) => this.parameters.place(value, type).sql);
      case 'values':
        return this.#values(plan);
      case 'join':
        return this.#join(plan);
      case 'filter':
        return `SELECT * FROM ${this.#from(plan.input)} WHERE ${this.#scalar(plan.predicate).sql}`;
      case 'project':
        return this.#project(plan);
      case 'aggregate':
        return this.#aggregate(plan);
      case 'distinct':
        return `SELECT DISTINCT * FROM ${this.#from(plan.input)}`;
      case 'sort':
        return `SELECT * FROM ${this.#from(plan.input)} ORDER BY ${this.#sortKeys(plan.keys)}`;
      case 'limit': {
        const input = plan.input.op === 'sort' ? this.#select(plan.input) : `SELECT * FROM ${this.#from(plan.input)}`;
        return `${input} ${this.#limits(plan)}`;
      }
      case 'set':
        return this.#set(plan);
      case 'apply': {
        const from = this.#from(plan.input);
        const results = plan.subqueries.map((s) => `${this.#subquery(s)} AS c${s.id}`);
        return `SELECT *, ${results.join(', ')} FROM ${from}`;
      }
    }
  }

  #know(id: AnalyticColumnId, type: SqlType, scale: number | null): void {
    this.#columns.set(id, { type, scale });
  }

  #output({ id, scalar }: AnalyticOutput): string {
    const { sql, scale } = this.#scalar(scalar);
    this.#know(id, scalar.type, scale);
    return `${sql} AS c${id}`;
  }

  #values({ rows, ids }: Extract<AnalyticPlan, { op: 'values' }>): string {
    const lines = rows.map((row) => row.map((scalar) => this.#scalar(scalar)));
    for (const [i, id] of ids.entries()) {
      const scales = lines.map((line) => line[i]?.scale ?? null);
      this.#know(id, rows[0]?.[i]?.type ?? { kind: 'unknown' }, sameScale(scales));
    }
    const list = lines.map((line) => `(${line.map(({ sql }) => sql).join(', ')})`);
    return `SELECT * FROM (VALUES ${list.join(', ')}) AS v${++this.#aliases}(${ids.map((id) => `c${id}`).join(', ')})`;
  }

  #join({ type, left, right, on }: Extract<AnalyticPlan, { op: 'join' }>): string {
    const from = this.#from(left);
    const other = this.#from(right);
    const condition = on === null ? 'true' : this.#scalar(on).sql;
    return `SELECT * FROM ${from} ${type.toUpperCase()} JOIN ${other} ON ${condition}`;
  }

  #project({ input, outputs }: Extract<AnalyticPlan, { op: 'project' }>): string {
    const from = this.#from(input);
    return `SELECT ${outputs.length === 0 ? '1 AS nothing' : outputs.map((o) => this.#output(o)).join(', ')} FROM ${from}`;
  }

  #aggregate({ input, groups, aggregates, sets }: Extract<AnalyticPlan, { op: 'aggregate' }>): string {
    const below = this.#from(input);
    const keys = groups.map((group) => this.#output(group));
    const names = groups.map(({ id }) => `c${id}`);
    const results = aggregates.map((each) => this.#aggregation(each));
    if (sets === null) {
      const by = groups.length === 0 ? '' : ` GROUP BY ${groups.map((_, i) => i + 1).join(', ')}`;
      return `SELECT ${[...keys, ...results].join(', ')} FROM ${below}${by}`;
    }
    const from = `(SELECT ${['*', ...keys].join(', ')} FROM ${below}) AS q${++this.#aliases}`;
    const by = sets.map((set) => `(${set.map((at) => names[at]).join(', ')})`);
    return `SELECT ${[...names, ...results].join(', ')} FROM ${from} GROUP BY GROUPING SETS (${by.join(', ')})`;
  }

  #aggregation({ id, aggregate, argument, distinct, filter, type }: AnalyticAggregation): string {
    const lowered = lowerAggregate(aggregate, argument === null ? null : this.#scalar(argument), distinct, type);
    const filtered = filter === null ? lowered.sql : `${lowered.sql} FILTER (WHERE ${this.#scalar(filter).sql})`;
    this.#know(id, type, type.kind === 'numeric' ? lowered.scale : null);
    return `${aggregateResult(aggregate, filtered, lowered, type)} AS c${id}`;
  }

  #sortKeys(keys: readonly AnalyticSortKey[]): string {
    return keys
      .map(
        ({ scalar, descending, nullsFirst }) =>
          `${this.#scalar(scalar).sql} ${descending ? 'DESC' : 'ASC'} NULLS ${nullsFirst ? 'FIRST' : 'LAST'}`,
      )
      .join(', ');
  }

  #limits({ limit, offset }: Extract<AnalyticPlan, { op: 'limit' }>): string {
    const parts: string[] = [];
    if (limit !== null) parts.push(this.#rowCount('LIMIT', limit));
    if (offset !== null) parts.push(this.#rowCount('OFFSET', offset));
    return parts.join(' ');
  }

  /** The engine's errors for what is no count are its own. */
  #rowCount(word: 'LIMIT' | 'OFFSET', scalar: AnalyticScalar): string {
    const value =
      scalar.kind === 'constant' ? scalar.value : scalar.kind === 'input' ? this.#input(scalar.index) : null;
    if (value === null) return '';
    if (BigInt(value as bigint) < 0n)
      throw new SqlError(
        word === 'LIMIT' ? 'invalid_row_count_in_limit_clause' : 'invalid_row_count_in_result_offset_clause',
        `${word} must not be negative`,
      );
    return `${word} ${BigInt(value as bigint)}`;
  }

  #set(plan: Extract<AnalyticPlan, { op: 'set' }>): string {
    const { operation, all, left, right, leftIds, rightIds, ids } = plan;
    const from = this.#from(left);
    const other = this.#from(right);
    const list = (of: readonly AnalyticColumnId[]): string => of.map((id, i) => `c${id} AS c${ids[i]}`).join(', ');
    for (const [i, id] of ids.entries()) {
      const sides = [this.column(leftIds[i] as number), this.column(rightIds[i] as number)] as const;
      this.#know(id, sides[0].type, sameScale([sides[0].scale, sides[1].scale]));
    }
    return `SELECT ${list(leftIds)} FROM ${from} ${operation.toUpperCase()}${all ? ' ALL' : ''} SELECT ${list(rightIds)} FROM ${other}`;
  }

  #subquery({ id, form, plan, ids, compare }: AnalyticSubquery): string {
    const rows = this.#from(plan);
    if (form === 'exists') {
      this.#know(id, { kind: 'boolean' }, null);
      return `EXISTS (SELECT 1 FROM ${rows})`;
    }
    if (form === 'scalar') {
      const [column] = ids as [AnalyticColumnId];
      this.#columns.set(id, this.column(column));
      return `(SELECT c${column} FROM ${rows})`;
    }
    assert(compare !== null, 'a comparison with a subquery has a condition');
    this.#know(id, { kind: 'boolean' }, null);
    const test = this.#scalar(compare).sql;
    const [decided, otherwise] = form === 'any' ? ['true', 'false'] : ['false', 'true'];
    return (
      `(SELECT CASE WHEN count(*) FILTER (WHERE ${test} = ${decided}) > 0 THEN ${decided} ` +
      `WHEN count(*) FILTER (WHERE (${test}) IS NULL) > 0 THEN NULL ELSE ${otherwise} END FROM ${rows})`
    );
  }

  #input(index: number): Value {
    return this.#inputs[index] ?? null;
  }

  #scalar(scalar: AnalyticScalar): Lowered {
    switch (scalar.kind) {
      case 'constant':
        return this.parameters.place(scalar.value, scalar.type);
      case 'input':
        return this.parameters.place(this.#input(scalar.index), scalar.type);
      case 'column':
        return { sql: `c${scalar.id}`, scale: this.column(scalar.id).scale };
      case 'operation':
        if (scalar.operation === 'scale') return this.#scaleOf(scalar.operands[0] as AnalyticScalar);
        return lowerOperation(
          scalar.operation,
          scalar.operands.map((each) => this.#operand(this.#scalar(each))),
          scalar.type,
        );
      case 'and':
      case 'or':
        return {
          sql: `(${scalar.operands.map((each) => this.#scalar(each).sql).join(` ${scalar.kind.toUpperCase()} `)})`,
          scale: null,
        };
      case 'not':
        return { sql: `(NOT ${this.#scalar(scalar.operand).sql})`, scale: null };
      case 'is-null':
        return { sql: `(${this.#scalar(scalar.operand).sql} IS ${scalar.negated ? 'NOT ' : ''}NULL)`, scale: null };
      case 'is-boolean':
        return {
          sql: `(${this.#scalar(scalar.operand).sql} IS ${scalar.negated ? '' : 'NOT '}DISTINCT FROM ${scalar.test})`,
          scale: null,
        };
      case 'coalesce': {
        const operands = scalar.operands.map((each) => this.#scalar(each));
        return {
          sql: `coalesce(${operands.map(({ sql }) => sql).join(', ')})`,
          scale: sameScale(operands.map(({ scale }) => scale)),
        };
      }
      case 'case':
        return this.#case(scalar);
    }
  }

  /** Of the operand only its scale gets into the query, and none of its values. */
  #scaleOf(operand: AnalyticScalar): Lowered {
    const scale = this.parameters.without(() => this.#scalar(operand).scale);
    return { sql: String(scale ?? 0), scale: null };
  }

  #operand(lowered: Lowered): Lowered {
    return this.#width === 'widest' && lowered.scale !== null ? widened(lowered, lowered.scale) : lowered;
  }

  /**
   * A numeric among others of a CASE, which show as many digits or, where they are added up, fewer. DuckDB itself takes a scale at which all of them fit 38 digits, and
   * rounds what has more behind the point.
   */
  #atScale(lowered: Lowered, scalar: AnalyticScalar | undefined, scale: number): string {
    if (lowered.scale === null || lowered.scale === scale) return lowered.sql;
    const isInput = scalar?.kind === 'input';
    const value = isInput ? this.#input(scalar.index) : scalar?.kind === 'constant' ? scalar.value : null;
    // In no more digits than it has, so that DuckDB computes with narrow numbers.
    if (value !== null && scalar !== undefined)
      return this.parameters.place(round(value as Numeric, scale), scalar.type).sql;
    return widened(lowered, scale).sql;
  }

  #case({ branches, otherwise, type }: Extract<AnalyticScalar, { kind: 'case' }>): Lowered {
    const results = [...branches.map(({ then }) => then), otherwise];
    const lowered = results.map((each) => (isNull(each) ? null : this.#scalar(each)));
    const scale = Math.max(0, ...lowered.map((each) => each?.scale ?? 0));
    const texts = lowered.map((each, i) => (each === null ? 'NULL' : this.#atScale(each, results[i], scale)));
    const whens = branches.map(({ when }, i) => `WHEN ${this.#scalar(when).sql} THEN ${texts[i]}`);
    const sql = `CASE ${whens.join(' ')} ELSE ${texts.at(-1)} END`;
    return type.kind === 'numeric'
      ? { sql: `(${sql})`, scale }
      : { sql: `CAST(${sql} AS ${sqlTypeName(type)})`, scale: null };
  }
}

function widened({ sql }: Lowered, scale: number): Lowered {
  return { sql: `CAST(${sql} AS DECIMAL(${DECIMAL_DIGITS},${scale}))`, scale };
}

function isNull(scalar: AnalyticScalar): boolean {
  return scalar.kind === 'constant' && scalar.value === null;
}

function scaleOfColumn(type: SqlType): number | null {
  return type.kind === 'numeric' && type.precision !== null ? (type.scale ?? 0) : null;
}

/** Numerics show as many digits as they have; a column of DuckDB has one number of them. */
function sameScale(scales: ReadonlyArray<number | null>): number | null {
  const [first] = scales;
  if (scales.some((scale) => scale !== first))
    throw new SqlError('feature_not_supported', 'the OLAP tier cannot mix numerics of differing scales');
  return first ?? null;
}
