import type { AnalyticPlan } from '#schemas/analytics/plan.js';
import type { SqlType } from '#schemas/values/type.js';
import type { TableEntry, VirtualTableEntry } from '../catalog/entry.js';
import type { AggregateFunction, TableFunction, WindowFunction } from '../functions/definition.js';
import type { RowLockStrength, WaitPolicy } from '../tx/transaction.js';
import type { ColumnId, Scalar } from '../vm/scalar.js';
import type { ModifyPlan } from '../vm/writes/modify.js';

/** A bound query: what it computes, not yet how. Each node's rows are made of columns with ids. */
export type Logical =
  | LogicalTable
  | LogicalPast
  | { readonly op: 'virtual'; readonly entry: VirtualTableEntry; readonly ids: readonly ColumnId[] }
  | { readonly op: 'values'; readonly rows: ReadonlyArray<readonly Scalar[]>; readonly ids: readonly ColumnId[] }
  /** For each input row the rows of a list: VALUES with subqueries, which the input has computed. */
  | {
      readonly op: 'rows';
      readonly input: Logical;
      readonly rows: ReadonlyArray<readonly Scalar[]>;
      readonly ids: readonly ColumnId[];
    }
  | {
      readonly op: 'function';
      readonly function: TableFunction;
      readonly arguments: readonly Scalar[];
      readonly ids: readonly ColumnId[];
      readonly ordinality: boolean;
    }
  | LogicalJoin
  | { readonly op: 'filter'; readonly input: Logical; readonly predicate: Scalar }
  | { readonly op: 'project'; readonly input: Logical; readonly outputs: readonly Output[] }
  | {
      readonly op: 'aggregate';
      readonly input: Logical;
      readonly groups: readonly Output[];
      readonly aggregates: readonly BoundAggregate[] /** Indexes into groups, for each grouping set; null = all groups. */;
      readonly sets: ReadonlyArray<readonly number[]> | null;
    }
  | { readonly op: 'window'; readonly input: Logical; readonly windows: readonly BoundWindow[] }
  | { readonly op: 'distinct'; readonly input: Logical; readonly on: readonly ColumnId[] }
  | { readonly op: 'sort'; readonly input: Logical; readonly keys: readonly SortKey[] }
  | {
      readonly op: 'limit';
      readonly input: Logical;
      readonly limit: Scalar | null;
      readonly offset: Scalar | null;
      readonly withTies: readonly SortKey[] | null;
    }
  | {
      readonly op: 'set';
      readonly operation: 'union' | 'intersect' | 'except';
      readonly all: boolean;
      readonly left: Logical;
      readonly right: Logical;
      readonly leftIds: readonly ColumnId[];
      readonly rightIds: readonly ColumnId[];
      readonly ids: readonly ColumnId[];
      readonly types: readonly SqlType[];
    }
  | { readonly op: 'apply'; readonly input: Logical; readonly subqueries: readonly BoundSubquery[] }
  | { readonly op: 'cte'; readonly table: CteTable; readonly ids: readonly ColumnId[] }
  | {
      readonly op: 'project-set';
      readonly input: Logical;
      readonly functions: ReadonlyArray<{
        readonly id: ColumnId;
        readonly function: TableFunction;
        readonly arguments: readonly Scalar[];
        readonly whole: boolean;
      }>;
    }
  | {
      readonly op: 'lock';
      readonly input: Logical;
      readonly tables: readonly LogicalTable[];
      readonly strength: RowLockStrength;
      readonly wait: WaitPolicy;
    }
  | LogicalAnalytic
  | { readonly op: 'empty' };

/** Rows that the OLAP tier computes. */
export interface LogicalAnalytic {
  readonly op: 'analytic';
  readonly plan: AnalyticPlan;
  /** What the plan's inputs are computed from, when the query runs. */
  readonly inputs: readonly Scalar[];
  /** Names of the tables that it reads. */
  readonly tables: readonly string[];
  /** Wanted columns of the plan, and their types. */
  readonly ids: readonly ColumnId[];
  readonly types: readonly SqlType[];
}

/** A table as it was. */
export interface LogicalPast {
  readonly op: 'past';
  readonly table: TableEntry;
  /** timestamptz; null = all versions, each with the columns of its period. */
  readonly moment: Scalar | null;
  readonly ids: readonly ColumnId[];
}

export interface LogicalTable {
  readonly op: 'table';
  readonly table: TableEntry;
  readonly alias: string;
  /** Column ids by slot. */
  readonly ids: readonly ColumnId[];
  /** Column that holds the row itself (key, version), for statements that write or lock; null = not needed. */
  rowId: ColumnId | null;
}

export interface LogicalJoin {
  readonly op: 'join';
  readonly type: 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti';
  readonly left: Logical;
  readonly right: Logical;
  readonly on: Scalar | null;
  /** The right side uses columns of the left. */
  readonly lateral: boolean;
}

export interface Output {
  readonly id: ColumnId;
  readonly scalar: Scalar;
}

export interface SortKey {
  readonly scalar: Scalar;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

export interface BoundAggregate {
  readonly id: ColumnId;
  readonly function: AggregateFunction;
  readonly arguments: readonly Scalar[];
  readonly distinct: boolean;
  readonly orderBy: readonly SortKey[];
  readonly filter: Scalar | null;
  readonly type: SqlType;
}

export interface BoundWindow {
  readonly id: ColumnId;
  /** A window function, or an aggregate over the frame. */
  readonly function:
    | { readonly kind: 'window'; readonly definition: WindowFunction }
    | { readonly kind: 'aggregate'; readonly definition: AggregateFunction };
  readonly arguments: readonly Scalar[];
  readonly filter: Scalar | null;
  readonly partitionBy: readonly Scalar[];
  readonly orderBy: readonly SortKey[];
  readonly frame: BoundFrame;
}

export interface BoundFrame {
  readonly mode: 'rows' | 'range' | 'groups';
  readonly start: BoundFrameEnd;
  readonly end: BoundFrameEnd;
}

export type BoundFrameEnd =
  | { readonly kind: 'unbounded-preceding' | 'current-row' | 'unbounded-following' }
  | { readonly kind: 'preceding' | 'following'; readonly offset: Scalar };

/** A subquery in an expression; its result is a column of the row that it was applied to. */
export interface BoundSubquery {
  readonly id: ColumnId;
  /** row: all columns of its one row, as an array. */
  readonly form: 'scalar' | 'exists' | 'quantified' | 'array' | 'row';
  readonly plan: Logical;
  /** Output columns of the plan, in order. */
  readonly ids: readonly ColumnId[];
  /** quantified: `compare` over operand columns and output columns; any = some row true, all = every row true. */
  readonly compare: Scalar | null;
  readonly quantifier: 'any' | 'all';
  /** quantified by plain equality of these with the outputs: a hash of the results answers it. */
  readonly operands: readonly Scalar[] | null;
  readonly type: SqlType;
}

/** A WITH query: computed once and read by everybody who names it. */
export interface CteTable {
  readonly name: string;
  readonly columns: ReadonlyArray<{ readonly name: string; readonly type: SqlType }>;
  /** Set when its body is bound. */
  plan: Logical | null;
  ids: readonly ColumnId[];
  /** Recursive: the term that is run again over the rows of the last round. */
  recursive: { readonly plan: Logical; readonly ids: readonly ColumnId[]; readonly all: boolean } | null;
  references: number;
  /** MATERIALIZED was asked for. */
  readonly materialized: boolean;
  /** A statement that writes: it runs once, before the statement that it belongs to; `plan` is null and what it returned are the rows. */
  readonly write: ModifyPlan | null;
}
