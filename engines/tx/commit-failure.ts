import { LogUnavailable, OutcomeUnknown } from '#log/change-log.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';

/** An append whose outcome the log is finding out, and the clients' timers that run meanwhile. */
export interface Unresolved {
  readonly error: OutcomeUnknown;
  readonly cancels: Array<() => void>;
}

/** What a client is told whose transaction has seen rows of one that could not be committed. */
export function standsOnFailed(): SqlError {
  return new SqlError(
    'serialization_failure',
    'could not serialize access: a transaction whose rows this one has seen could not be committed',
    {
      hint: 'The transaction might succeed if retried.',
    },
  );
}

/** Nothing has come of the transaction, for no fault of its own: the same statements may succeed when they are run anew. */
export class MayBeRepeated extends SqlError {}

/** The certifier, or the check before it, found that another transaction wrote what this one has read or written. */
export function notSerializable(): MayBeRepeated {
  return new MayBeRepeated(
    'serialization_failure',
    'could not serialize access due to read/write dependencies among transactions',
    {
      hint: 'The transaction might succeed if retried.',
    },
  );
}

/** An append that was unknown, and of which it is known now that it does not stand in the log. */
export function neverWas(error: OutcomeUnknown): LogUnavailable {
  return new LogUnavailable('away', error.message, { cause: error });
}

/** What a client is told of an append that failed. */
export function refusalOf(error: unknown): Error {
  if (error instanceof LogUnavailable) {
    return error.reason === 'full'
      ? new SqlError('disk_full', `could not commit: ${error.message}`, {
          hint: 'Free space on the disk that holds the log; nothing has been changed.',
        })
      : new SqlError('io_error', `could not commit: ${error.message}`, {
          hint: 'Nothing has been changed; try again when the log is back.',
        });
  }
  if (error instanceof OutcomeUnknown)
    return new SqlError('transaction_resolution_unknown', `the outcome of the commit is not known: ${error.message}`, {
      hint: 'It is decided when the log is back; look then whether its changes are there before you try again.',
    });
  return error instanceof Error ? error : new Error(String(error));
}
