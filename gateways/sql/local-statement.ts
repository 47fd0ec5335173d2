import type { Expression, TypeName } from '#schemas/program/expression.js';
import type { Statement } from '#schemas/program/statement.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Value } from '#schemas/values/value.js';

/** Statements about statements: their names live in the gateway, so no program of theirs reaches the engine. */
export type LocalStatement =
  /** PREPARE name (types) AS statement: the gateway keeps `statement` and binds it as a client's Parse with these types would. */
  | {
      readonly kind: 'prepare';
      readonly name: string;
      readonly types: readonly TypeName[];
      readonly statement: Statement;
      readonly parameterCount: number;
      readonly token: number;
    }
  /**
   * EXECUTE name (arguments). When every argument is a literal, `literals` holds them. Otherwise `query` is a SELECT of all arguments that
   * gives one row: the gateway runs it first and executes with what it answers.
   */
  | {
      readonly kind: 'execute';
      readonly name: string;
      readonly literals: ReadonlyArray<{ readonly type: SqlType; readonly value: Value }> | null;
      readonly arguments: readonly Expression[];
      readonly query: Statement | null;
      readonly token: number;
    }
  /** DEALLOCATE name; null = ALL. */
  | { readonly kind: 'deallocate'; readonly name: string | null; readonly token: number };
