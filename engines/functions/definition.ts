import type { TextContext } from '#schemas/values/text-form.js';
import type { SqlType, TypeKind } from '#schemas/values/type.js';
import type { Value } from '#schemas/values/value.js';

/**
 * A type in a signature: a kind (modifiers never matter for resolution), or a polymorphic place: `anyelement` and `anyarray` agree within one signature,
 * `any` takes whatever comes.
 */
export type TypePattern = TypeKind | 'any' | 'anyelement' | 'anyarray' | { readonly arrayOf: TypeKind };

/** What functions may know of their surroundings. One object a statement execution. */
export interface EvaluationContext {
  readonly text: TextContext;
  /** now(): microseconds of the transaction's start. */
  readonly transactionTime: bigint;
  readonly statementTime: bigint;
  /** clock_timestamp(). */
  clockMicros(): bigint;
  readonly user: string;
  readonly sessionUser: string;
  readonly database: string;
  readonly searchPath: readonly string[];
  setting(name: string): string | null;
  setSetting(name: string, value: string, local: boolean): void;
  random(): number;
  randomBytes(length: number): Uint8Array;
  /** The statement rests for so long before its next rows are handed out; several ask in turn. */
  sleep(ms: number): void;
  /** Answers of the catalog for functions such as pg_get_expr, format_type, nextval: see engines/catalog. */
  readonly catalog: CatalogFunctions;
}

export interface CatalogFunctions {
  nextval(sequence: Value): bigint;
  currval(sequence: Value): bigint;
  setval(sequence: Value, value: bigint, called: boolean): bigint;
  lastval(): bigint;
  /** The first value of any sequence since the last call; null = none was taken. */
  takeFirstGiven(): bigint | null;
  /** Whether anything was done since the last call that stays whatever becomes of the transaction, and that doing again would show. Values left out by nextval do not count. */
  takeLasting(): boolean;
  /** By name, with the arguments of the SQL function: pg_get_indexdef, pg_get_constraintdef, obj_description, has_table_privilege, to_regclass, … */
  describe(name: string, args: readonly Value[]): Value;
}

export interface ScalarFunction {
  readonly name: string;
  readonly arguments: readonly TypePattern[];
  /** The last argument may repeat. */
  readonly variadic?: boolean;
  readonly result: TypePattern | ((arguments_: readonly SqlType[]) => SqlType);
  /** Called only when no argument is null; a null argument gives null. */
  readonly strict: boolean;
  /** immutable: may be folded at plan time. stable: constant within a statement. */
  readonly volatility: 'immutable' | 'stable' | 'volatile';
  /** Arguments positionally, then the context. */
  readonly evaluate: (...args: never[]) => Value;
  /**
   * For functions whose work depends on their arguments' types (to_jsonb, concat, pg_typeof, array comparisons): the binder calls it once with the bound
   * types and runs what it returns in place of `evaluate`.
   */
  readonly specialise?: (arguments_: readonly SqlType[]) => (...args: never[]) => Value;
}

/** Prefix operators have `left` null. */
export interface OperatorDefinition {
  readonly symbol: string;
  readonly left: TypePattern | null;
  readonly right: TypePattern;
  readonly result: TypePattern | ((arguments_: readonly SqlType[]) => SqlType);
  readonly strict: boolean;
  readonly volatility: 'immutable' | 'stable';
  /** Operands positionally, then the context. */
  readonly evaluate: (...args: never[]) => Value;
  /** As in ScalarFunction. */
  readonly specialise?: (arguments_: readonly SqlType[]) => (...args: never[]) => Value;
}

export interface AggregateFunction {
  readonly name: string;
  readonly arguments: readonly TypePattern[];
  readonly variadic?: boolean;
  readonly result: TypePattern | ((arguments_: readonly SqlType[]) => SqlType);
  /** Rows with a null argument are passed over. */
  readonly strict: boolean;
  /** Chosen once per plan by the bound argument types, so that accumulation is monomorphic. */
  readonly start: (arguments_: readonly SqlType[], context: EvaluationContext) => Accumulator;
}

/** One group's running state. */
export interface Accumulator {
  add(args: readonly Value[]): void;
  finish(): Value;
}

/** Window-only functions (row_number, rank, lag, …): computed over one partition's ordered rows. */
export interface WindowFunction {
  readonly name: string;
  readonly arguments: readonly TypePattern[];
  readonly result: TypePattern | ((arguments_: readonly SqlType[]) => SqlType);
  readonly evaluate: (frame: WindowFrameView) => Value;
}

export interface WindowFrameView {
  readonly index: number;
  readonly partitionSize: number;
  /** First row of the current row's peer group, and one past its last. */
  readonly peerStart: number;
  readonly peerEnd: number;
  readonly frameStart: number;
  readonly frameEnd: number;
  /** Peer groups before the current one. */
  readonly peerGroup: number;
  /** Argument `argument` evaluated on row `row` of the partition. */
  argument(row: number, argument: number): Value;
}

/** Set-returning functions in FROM and in select lists: generate_series, unnest, json_each, … */
export interface TableFunction {
  readonly name: string;
  readonly arguments: readonly TypePattern[];
  readonly variadic?: boolean;
  /** Result columns by argument types. */
  readonly columns: (
    arguments_: readonly SqlType[],
  ) => ReadonlyArray<{ readonly name: string; readonly type: SqlType }>;
  readonly strict: boolean;
  readonly evaluate: (args: readonly Value[], context: EvaluationContext) => Iterable<readonly Value[]>;
}
