import type { Failure, Notice } from '#schemas/link/frames.js';
import { SQLSTATES } from '#schemas/sqlstate/conditions.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Report } from './messages/error-response.js';
import type { Shape, StatementSource } from './statement-source.js';

/** Position of a token in the text that the client sent, 1-based in characters; null where the text is not known any more. */
export type TokenPosition = (token: number) => number | null;

/** Conditions after which PostgreSQL ends the session, wherever they arise. */
const FATAL = new Set(['57P01', '57P02', '57P03', '57P05', '25P03', '08006', '53300', '28000', '28P01']);

export function isFatal(code: string): boolean {
  return FATAL.has(code);
}

/** A refusal of the gateway's own as the client sees it. What is no SqlError is a bug: the client learns that much. */
export function reportOf(error: unknown, severity: 'ERROR' | 'FATAL', position: TokenPosition | null): Report {
  if (!(error instanceof SqlError)) {
    return {
      severity,
      code: SQLSTATES.internal_error,
      message: `internal error: ${error instanceof Error ? error.message : String(error)}`,
      fields: {},
    };
  }
  return {
    severity,
    code: SQLSTATES[error.condition],
    message: error.message,
    fields: located({ ...error.details }, position),
  };
}

/** A refusal of the engine's. */
export function reportOfFailure(
  [, , code, message, fields]: Failure,
  severity: 'ERROR' | 'FATAL',
  position: TokenPosition | null,
): Report {
  return { severity, code, message, fields: located({ ...fields }, position) };
}

export function reportOfNotice([, , severity, code, message, fields]: Notice, position: TokenPosition | null): Report {
  return { severity, code, message, fields: located({ ...fields }, position) };
}

function located(fields: Record<string, string | number>, position: TokenPosition | null): Report['fields'] {
  const { token, ...rest } = fields;
  if (rest['position'] !== undefined || typeof token !== 'number' || position === null) return rest;
  const at = position(token);
  return at === null ? rest : { ...rest, position: at };
}

/** Finds the tokens of one statement. */
export function positionIn(source: StatementSource, sql: string, shape: Shape): TokenPosition {
  return (token) => source.position(sql, shape, token) || null;
}
