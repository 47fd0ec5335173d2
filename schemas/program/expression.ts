import type { SqlType } from '../values/type.js';
import type { Value } from '../values/value.js';
import type { Query } from './query.js';

/**
 * Symbolic expressions: names and operators as the dialect resolved their spelling, not yet bound to objects or types.
 * `token` is the ordinal of the token in the statement where the construct stands (0-based), for error positions: ordinals
 * stay true when lifted literals change their length. -1 = nowhere.
 */
export type Expression =
  /** A literal. Type `unknown` = untyped string or NULL whose type its surroundings decide; its value is then a string or null. */
  | { readonly kind: 'constant'; readonly type: SqlType; readonly value: Value; readonly token: number }
  /** Parameter `index`, 0-based: the client's own and lifted literals in one numbering. */
  | { readonly kind: 'parameter'; readonly index: number; readonly token: number }
  /** `path` is [column], [table, column], or [schema, table, column]. */
  | { readonly kind: 'column'; readonly path: readonly string[]; readonly token: number }
  /** A prefix (one operand) or infix operator by its symbol: + - * / % ^ || = <> < <= > >= ~ ~* !~ !~* ~~ (LIKE) !~~ ~~* !~~* & | # << >> -> ->> #> #>> @> <@ ? and so on. */
  | {
      readonly kind: 'operator';
      readonly symbol: string;
      readonly operands: readonly Expression[];
      readonly token: number;
    }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly Expression[]; readonly token: number }
  | { readonly kind: 'not'; readonly operand: Expression; readonly token: number }
  | {
      readonly kind: 'is';
      readonly test: 'null' | 'true' | 'false' | 'unknown';
      readonly negated: boolean;
      readonly operand: Expression;
      readonly token: number;
    }
  | {
      readonly kind: 'distinct-from';
      readonly negated: boolean;
      readonly left: Expression;
      readonly right: Expression;
      readonly token: number;
    }
  | {
      readonly kind: 'between';
      readonly negated: boolean;
      readonly symmetric: boolean;
      readonly operand: Expression;
      readonly low: Expression;
      readonly high: Expression;
      readonly token: number;
    }
  | {
      readonly kind: 'in-list';
      readonly negated: boolean;
      readonly operand: Expression;
      readonly list: readonly Expression[];
      readonly token: number;
    }
  | {
      readonly kind: 'like';
      readonly negated: boolean;
      readonly caseInsensitive: boolean;
      readonly similar: boolean;
      readonly operand: Expression;
      readonly pattern: Expression;
      readonly escape: Expression | null;
      readonly token: number;
    }
  /** CASE; `operand` for the simple form. */
  | {
      readonly kind: 'case';
      readonly operand: Expression | null;
      readonly branches: ReadonlyArray<{ readonly when: Expression; readonly then: Expression }>;
      readonly otherwise: Expression | null;
      readonly token: number;
    }
  | { readonly kind: 'cast'; readonly operand: Expression; readonly type: TypeName; readonly token: number }
  /** Function, aggregate or window function call. Special syntax (EXTRACT, SUBSTRING FROM, POSITION, TRIM, OVERLAY, COALESCE, CURRENT_DATE…) arrives as calls with PostgreSQL's underlying names: extract(text, x), substring, position, btrim/ltrim/rtrim, overlay, coalesce, nullif, greatest, least, current_date… */
  | {
      readonly kind: 'call';
      readonly name: readonly string[];
      readonly arguments: readonly Expression[];
      readonly star: boolean;
      readonly distinct: boolean;
      readonly orderBy: readonly OrderItem[];
      readonly filter: Expression | null;
      readonly over: Window | null;
      readonly token: number;
    }
  | { readonly kind: 'exists'; readonly query: Query; readonly token: number }
  | { readonly kind: 'scalar-subquery'; readonly query: Query; readonly token: number }
  /** operand symbol ANY/ALL (query): IN is `= any`, NOT IN is `not (… = any)`. A row operand is kind 'row'. */
  | {
      readonly kind: 'quantified-subquery';
      readonly symbol: string;
      readonly quantifier: 'any' | 'all';
      readonly operand: Expression;
      readonly query: Query;
      readonly token: number;
    }
  | {
      readonly kind: 'quantified-array';
      readonly symbol: string;
      readonly quantifier: 'any' | 'all';
      readonly operand: Expression;
      readonly array: Expression;
      readonly token: number;
    }
  | { readonly kind: 'array'; readonly elements: readonly Expression[]; readonly token: number }
  | { readonly kind: 'array-subquery'; readonly query: Query; readonly token: number }
  | { readonly kind: 'row'; readonly elements: readonly Expression[]; readonly token: number }
  | {
      readonly kind: 'subscript';
      readonly operand: Expression;
      readonly index: Expression;
      readonly upper: Expression | null;
      readonly token: number;
    }
  | {
      readonly kind: 'collate';
      readonly operand: Expression;
      readonly collation: readonly string[];
      readonly token: number;
    }
  /** (composite).name: a field of a row-valued expression. */
  | { readonly kind: 'field'; readonly operand: Expression; readonly name: string; readonly token: number }
  /** DEFAULT in VALUES of an INSERT and in SET. */
  | { readonly kind: 'default'; readonly token: number };

/** A type as written: the engine looks its name up (types of the dialect arrive under PostgreSQL's canonical names: int4, varchar, timestamptz, bpchar…). */
export interface TypeName {
  readonly name: readonly string[];
  readonly modifiers: readonly number[];
  readonly arrayDimensions: number;
  readonly token: number;
}

export interface OrderItem {
  /** A bare integer constant is an output column's ordinal; a bare name an output column first. */
  readonly expression: Expression;
  readonly descending: boolean;
  /** null = the default: nulls last when ascending, first when descending. */
  readonly nullsFirst: boolean | null;
}

export interface Window {
  readonly name: string | null;
  readonly partitionBy: readonly Expression[];
  readonly orderBy: readonly OrderItem[];
  readonly frame: WindowFrame | null;
}

export interface WindowFrame {
  readonly mode: 'rows' | 'range' | 'groups';
  readonly start: FrameBound;
  readonly end: FrameBound;
}

export type FrameBound =
  | { readonly kind: 'unbounded-preceding' | 'current-row' | 'unbounded-following' }
  | { readonly kind: 'preceding' | 'following'; readonly offset: Expression };
