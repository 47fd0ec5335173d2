import { assert } from '#schemas/kernel/assert.js';
import { REPLY, type Reply, type TransactionState } from '#schemas/link/frames.js';
import { SQLSTATES } from '#schemas/sqlstate/conditions.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { EngineServices } from './services.js';

/** The reply for whatever was thrown. What is no SqlError is a bug of ours: the client learns that much, the log the rest. */
export function failureReply(
  session: number,
  error: unknown,
  state: TransactionState,
  services: EngineServices,
): Reply {
  const limit = error instanceof RangeError ? limitOf(error) : null;
  if (limit !== null) return failureReply(session, limit, state, services);
  if (error instanceof SqlError) {
    const fields: Record<string, string | number> = {};
    for (const [name, value] of Object.entries(error.details))
      if (value !== undefined) fields[name] = value as string | number;
    return [REPLY.failure, session, SQLSTATES[error.condition], error.message, fields, state];
  }
  assert(error instanceof Error, 'something other than an error was thrown');
  services.reportBug(error);
  return [REPLY.failure, session, SQLSTATES.internal_error, `internal error: ${error.message}`, {}, state];
}

/** The limit of the machine below us that a statement has come to; null for a bug. */
function limitOf({ message }: RangeError): SqlError | null {
  if (message.startsWith('Maximum call stack'))
    return new SqlError('statement_too_complex', 'stack depth limit exceeded');
  if (/^Invalid (string|array|typed array) length|allocation failed/.test(message))
    return new SqlError('program_limit_exceeded', 'a value would be longer than the engine can hold');
  return null;
}
