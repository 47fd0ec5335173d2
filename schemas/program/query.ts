import type { Expression, OrderItem, TypeName, Window } from './expression.js';
import type { DeleteStatement, InsertStatement, UpdateStatement } from './statement.js';

/** A SELECT with everything that may stand around its body. */
export interface Query {
  readonly with: readonly CommonTable[];
  readonly recursive: boolean;
  readonly body: QueryBody;
  readonly orderBy: readonly OrderItem[];
  /** Row count; null = no limit. WITH TIES when `withTies`. */
  readonly limit: Expression | null;
  readonly withTies: boolean;
  readonly offset: Expression | null;
  readonly locking: readonly Locking[];
}

export interface CommonTable {
  readonly name: string;
  readonly columns: readonly string[];
  readonly materialized: boolean | null;
  readonly statement:
    | { readonly kind: 'query'; readonly query: Query }
    | InsertStatement
    | UpdateStatement
    | DeleteStatement;
  readonly token: number;
}

export type QueryBody =
  | Select
  | { readonly kind: 'values'; readonly rows: ReadonlyArray<readonly Expression[]>; readonly token: number }
  | {
      readonly kind: 'set-operation';
      readonly operation: 'union' | 'intersect' | 'except';
      readonly all: boolean;
      readonly left: Query;
      readonly right: Query;
      readonly token: number;
    };

export interface Select {
  readonly kind: 'select';
  /** 'no', 'all columns' for DISTINCT, or the expressions of DISTINCT ON. */
  readonly distinct:
    | { readonly kind: 'none' | 'rows' }
    | { readonly kind: 'on'; readonly expressions: readonly Expression[] };
  readonly items: readonly SelectItem[];
  /** Several items are a cross join. */
  readonly from: readonly FromItem[];
  readonly where: Expression | null;
  readonly groupBy: readonly GroupItem[];
  readonly having: Expression | null;
  readonly windows: ReadonlyArray<{ readonly name: string; readonly window: Window }>;
  readonly token: number;
}

export type SelectItem =
  | { readonly kind: 'expression'; readonly expression: Expression; readonly alias: string | null }
  /** `path` is empty for `*`, or names a table for `t.*`. */
  | { readonly kind: 'star'; readonly path: readonly string[]; readonly token: number };

export type GroupItem =
  | { readonly kind: 'expression'; readonly expression: Expression }
  | {
      readonly kind: 'sets';
      readonly form: 'rollup' | 'cube' | 'grouping-sets';
      readonly sets: ReadonlyArray<readonly Expression[]>;
      readonly token: number;
    };

export type FromItem =
  | {
      readonly kind: 'table';
      readonly path: readonly string[];
      readonly only: boolean;
      readonly alias: Alias | null;
      readonly asOf: Expression | null;
      /** FOR SYSTEM_TIME ALL: every version, with its period. */
      readonly allVersions: boolean;
      readonly token: number;
    }
  | {
      readonly kind: 'subquery';
      readonly query: Query;
      readonly lateral: boolean;
      readonly alias: Alias | null;
      readonly token: number;
    }
  | {
      readonly kind: 'function';
      readonly call: Expression;
      readonly lateral: boolean;
      readonly ordinality: boolean;
      readonly alias: Alias | null;
      readonly columnDefinitions: ReadonlyArray<{ readonly name: string; readonly type: TypeName }>;
      readonly token: number;
    }
  | {
      readonly kind: 'join';
      readonly type: 'inner' | 'left' | 'right' | 'full' | 'cross';
      readonly left: FromItem;
      readonly right: FromItem;
      readonly condition: JoinCondition;
      readonly alias: Alias | null;
      readonly token: number;
    };

export type JoinCondition =
  | { readonly kind: 'none' | 'natural' }
  | { readonly kind: 'on'; readonly expression: Expression }
  | { readonly kind: 'using'; readonly columns: readonly string[] };

export interface Alias {
  readonly name: string;
  readonly columns: readonly string[];
}

/** FOR UPDATE and its weaker forms. */
export interface Locking {
  readonly strength: 'update' | 'no-key-update' | 'share' | 'key-share';
  readonly of: readonly string[];
  readonly wait: 'block' | 'nowait' | 'skip-locked';
  readonly token: number;
}
