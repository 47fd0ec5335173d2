import type { Expression } from '#schemas/program/expression.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { EvaluationContext } from '../functions/definition.js';

/** A column that an expression may name. */
export interface CompilerColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly slot: number;
}

export interface CompiledExpression {
  readonly type: SqlType;
  /** Must be evaluated for every row anew (random, nextval, clock_timestamp). */
  readonly volatile: boolean;
  /** A stable or immutable expression without columns may be called with an empty row. */
  evaluate(row: Row, context: EvaluationContext): Value;
}

/**
 * Binds and compiles an expression over one table's row: defaults, checks, index columns and predicates, ALTER TYPE … USING. The binder implements it. `target`
 * non-null: the result is cast to it as on assignment. Throws what the binder throws (42703, 42883, 42804, …).
 */
export interface ExpressionCompiler {
  compile(
    expression: Expression,
    table: string,
    columns: readonly CompilerColumn[],
    target: SqlType | null,
  ): CompiledExpression;
  /** What immutable expressions of indexes are evaluated with: no session, UTC. */
  readonly neutral: EvaluationContext;
}
