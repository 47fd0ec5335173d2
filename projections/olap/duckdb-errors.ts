import type { Condition } from '#schemas/sqlstate/conditions.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { DIVISION_BY_ZERO, NEGATIVE_LENGTH, NOT_EXACT } from './lowering/operations.js';

/** What DuckDB says, SQL's condition for it, and what clients read; the first that fits. Numerics and decimals end at 38 digits here only: the engine has more. */
const FAILURES: ReadonlyArray<readonly [said: RegExp, condition: Condition, text: string]> = [
  [new RegExp(DIVISION_BY_ZERO), 'division_by_zero', 'division by zero'],
  [new RegExp(NEGATIVE_LENGTH), 'substring_error', NEGATIVE_LENGTH],
  [new RegExp(NOT_EXACT), 'feature_not_supported', 'the OLAP tier does not compute this value as the engine does'],
  [
    /More than one row returned by a subquery/,
    'cardinality_violation',
    'more than one row returned by a subquery used as an expression',
  ],
  [/^INTERRUPT/, 'query_canceled', 'canceling statement due to user request'],
  [
    /Like pattern must not end with escape character/,
    'invalid_escape_sequence',
    'LIKE pattern must not end with escape character',
  ],
  [
    /^(?:Out of Range|Conversion).*(?:DECIMAL|HUGEINT)/,
    'feature_not_supported',
    'the OLAP tier computes with numerics of 38 digits at most',
  ],
  [
    /^Conversion Error: Type INT32 with value .* can't be cast to the destination type INT64/,
    'datetime_field_overflow',
    'date out of range for timestamp',
  ],
];

/** An error of DuckDB as clients see it. */
export function sqlErrorOf(error: unknown): SqlError {
  if (error instanceof SqlError) return error;
  const { message } = error as Error;
  for (const [said, condition, text] of FAILURES) if (said.test(message)) return new SqlError(condition, text);
  if (message.startsWith('Out of Memory'))
    return new SqlError('out_of_memory', 'the OLAP tier has not enough memory for this query', {
      hint: 'olap-memory-mb says how much it may take.',
    });
  if (message.startsWith('Out of Range') || message.startsWith('Conversion'))
    return new SqlError('numeric_value_out_of_range', `value out of range: ${firstLine(message)}`);
  return new SqlError('internal_error', `the OLAP tier has failed: ${firstLine(message)}`);
}

/** A number did not fit the width that DuckDB chose; it may fit its widest. */
export function isTooNarrow(error: unknown): boolean {
  return error instanceof Error && /Overflow in \w+ of DECIMAL\((?:\d|1\d)\)/.test(error.message);
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] as string;
}
