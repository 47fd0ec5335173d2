import { SqlError } from '../sqlstate/sql-error.js';

/** The refusal of bytes that are no program. */
export function invalidProgram(reason: string): SqlError {
  return new SqlError('protocol_violation', `invalid program: ${reason}`);
}
