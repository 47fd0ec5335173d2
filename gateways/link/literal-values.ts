import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { type TextContext, textParser } from '#schemas/values/text-form.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Value } from '#schemas/values/value.js';
import type { PreparedStatement } from '../sql/statement-cache.js';
import type { BoundStatement } from './statement-contexts.js';

const KINDS = { unknown: null, integer: 'integer', bigint: 'bigint', numeric: 'numeric' } as const;

/**
 * The parameters of a statement whose only parameters are its literals: strings are read by the type that the engine has found for them. Throws what
 * the types' input functions throw.
 */
export function literalValues(
  shape: PreparedStatement,
  literals: readonly Value[],
  bound: BoundStatement,
  context: TextContext,
): readonly Value[] {
  const { lifted, parameterCount } = shape;
  let values: Value[] | null = null;
  for (let i = 0; i < lifted.length; i++) {
    const type = bound.parameters[parameterCount + i] as SqlType | undefined;
    const literal = literals[i] ?? null;
    if (type === undefined || literal === null || KINDS[lifted[i]?.type ?? 'unknown'] === type.kind) continue;
    // Most statements have numbers only, or texts for text: their literals go as they are.
    values ??= [...literals];
    values[i] = read(type, context, literal, lifted[i]?.token ?? -1);
  }
  return values ?? literals;
}

function read(type: SqlType, context: TextContext, literal: Value, token: number): Value {
  try {
    return textParser(type, context)(typeof literal === 'string' ? literal : String(literal));
  } catch (error) {
    throw error instanceof SqlError ? error.at(token) : error;
  }
}
