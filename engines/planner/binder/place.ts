import type { Window } from '#schemas/program/expression.js';
import type { Query } from '#schemas/program/query.js';
import type { SqlType } from '#schemas/values/type.js';
import type { TableFunction } from '../../functions/definition.js';
import type { ColumnId, Scalar } from '../../vm/scalar.js';
import type { BoundAggregate, BoundSubquery, BoundWindow, Logical } from '../logical.js';
import type { CteScope } from './context.js';
import type { Scope } from './scope.js';

/** What an expression may contain where it stands, and where its parts that need operators of their own are gathered. */
export interface Place {
  readonly scope: Scope;
  readonly ctes: CteScope | null;
  /** 'WHERE', 'JOIN conditions', …: for messages. */
  readonly name: string;
  /** Null = not allowed here. */
  readonly aggregates: BoundAggregate[] | null;
  readonly windows: BoundWindow[] | null;
  readonly windowDefinitions: ReadonlyMap<string, Window> | null;
  readonly subqueries: BoundSubquery[] | null;
  readonly sets: Array<{
    readonly id: ColumnId;
    readonly function: TableFunction;
    readonly arguments: readonly Scalar[];
    /** The value is the whole row, a composite, and not its only column. */
    readonly whole: boolean;
  }> | null;
  /** A name may be that of a row (see whole-row.ts). */
  readonly rows?: boolean;
}

/** A query bound inside an expression. */
export type BindQuery = (
  query: Query,
  outer: Scope,
  ctes: CteScope | null,
) => {
  readonly plan: Logical;
  readonly columns: ReadonlyArray<{ readonly name: string; readonly type: SqlType; readonly id: ColumnId }>;
};

/** A place where neither aggregates nor windows nor sets may stand; `subqueries` null = nor they. */
export function plainPlace(
  name: string,
  scope: Scope,
  ctes: CteScope | null,
  subqueries: BoundSubquery[] | null = null,
): Place {
  return { scope, ctes, name, aggregates: null, windows: null, windowDefinitions: null, subqueries, sets: null };
}
