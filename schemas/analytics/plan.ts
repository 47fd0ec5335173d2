import type { ObjectId } from '../kernel/brand.js';
import type { SqlType } from '../values/type.js';
import type { Value } from '../values/value.js';
import type { AnalyticAggregate, AnalyticOperation } from './operations.js';

/*
 * What an engine asks of the OLAP tier: a bound query or the lower part of one, as relational algebra. Every name is resolved and every type known; only operations are in it
 * that the tier computes exactly as the engine does. Plain data, so that it goes over the link as it is.
 */

/** One column of one relation of a plan; unique in it. */
export type AnalyticColumnId = number;

/** A column of a stored table: where it stands in rows, and what rows show that are older than it. */
export interface AnalyticTableColumn {
  readonly id: AnalyticColumnId;
  readonly name: string;
  readonly slot: number;
  readonly type: SqlType;
  readonly missing: Value;
}

export type AnalyticPlan =
  /** `table`: the id under which its rows stand in the log. */
  | {
      readonly op: 'table';
      readonly table: ObjectId;
      readonly name: string;
      readonly columns: readonly AnalyticTableColumn[];
    }
  | {
      readonly op: 'values';
      readonly rows: ReadonlyArray<readonly AnalyticScalar[]>;
      readonly ids: readonly AnalyticColumnId[];
    }
  | {
      readonly op: 'join';
      readonly type: 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti';
      readonly left: AnalyticPlan;
      readonly right: AnalyticPlan;
      readonly on: AnalyticScalar | null;
    }
  | { readonly op: 'filter'; readonly input: AnalyticPlan; readonly predicate: AnalyticScalar }
  | { readonly op: 'project'; readonly input: AnalyticPlan; readonly outputs: readonly AnalyticOutput[] }
  | {
      readonly op: 'aggregate';
      readonly input: AnalyticPlan;
      readonly groups: readonly AnalyticOutput[];
      readonly aggregates: readonly AnalyticAggregation[];
      /** Grouping sets as indexes into `groups`; null = one of all. */
      readonly sets: ReadonlyArray<readonly number[]> | null;
    }
  /** Of all columns. */
  | { readonly op: 'distinct'; readonly input: AnalyticPlan }
  /** Only at the top, or right below a limit: rows keep no order in between. */
  | { readonly op: 'sort'; readonly input: AnalyticPlan; readonly keys: readonly AnalyticSortKey[] }
  | {
      readonly op: 'limit';
      readonly input: AnalyticPlan;
      readonly limit: AnalyticScalar | null;
      readonly offset: AnalyticScalar | null;
    }
  | {
      readonly op: 'set';
      readonly operation: 'union' | 'intersect' | 'except';
      readonly all: boolean;
      readonly left: AnalyticPlan;
      readonly right: AnalyticPlan;
      readonly leftIds: readonly AnalyticColumnId[];
      readonly rightIds: readonly AnalyticColumnId[];
      readonly ids: readonly AnalyticColumnId[];
    }
  /** Rows with the results of subqueries behind them; these may read columns of the rows. */
  | { readonly op: 'apply'; readonly input: AnalyticPlan; readonly subqueries: readonly AnalyticSubquery[] };

export interface AnalyticOutput {
  readonly id: AnalyticColumnId;
  readonly scalar: AnalyticScalar;
}

export interface AnalyticAggregation {
  readonly id: AnalyticColumnId;
  readonly aggregate: AnalyticAggregate;
  readonly argument: AnalyticScalar | null;
  readonly distinct: boolean;
  readonly filter: AnalyticScalar | null;
  readonly type: SqlType;
}

export interface AnalyticSortKey {
  readonly scalar: AnalyticScalar;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

export interface AnalyticSubquery {
  readonly id: AnalyticColumnId;
  readonly form: 'scalar' | 'exists' | 'any' | 'all';
  readonly plan: AnalyticPlan;
  /** Its output columns. */
  readonly ids: readonly AnalyticColumnId[];
  /** any, all: over columns of the row and output columns. */
  readonly compare: AnalyticScalar | null;
}

export type AnalyticScalar =
  | { readonly kind: 'constant'; readonly type: SqlType; readonly value: Value }
  /** What the engine computes when the query is run: parameters, now(), and whatever else needs no row. */
  | { readonly kind: 'input'; readonly type: SqlType; readonly index: number }
  | { readonly kind: 'column'; readonly type: SqlType; readonly id: AnalyticColumnId }
  | {
      readonly kind: 'operation';
      readonly type: SqlType;
      readonly operation: AnalyticOperation;
      readonly operands: readonly AnalyticScalar[];
    }
  | { readonly kind: 'and' | 'or'; readonly type: SqlType; readonly operands: readonly AnalyticScalar[] }
  | { readonly kind: 'not'; readonly type: SqlType; readonly operand: AnalyticScalar }
  | { readonly kind: 'is-null'; readonly type: SqlType; readonly operand: AnalyticScalar; readonly negated: boolean }
  | {
      readonly kind: 'is-boolean';
      readonly type: SqlType;
      readonly operand: AnalyticScalar;
      readonly test: boolean;
      readonly negated: boolean;
    }
  | { readonly kind: 'coalesce'; readonly type: SqlType; readonly operands: readonly AnalyticScalar[] }
  | {
      readonly kind: 'case';
      readonly type: SqlType;
      readonly branches: ReadonlyArray<{ readonly when: AnalyticScalar; readonly then: AnalyticScalar }>;
      readonly otherwise: AnalyticScalar;
    };
