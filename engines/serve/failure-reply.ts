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
