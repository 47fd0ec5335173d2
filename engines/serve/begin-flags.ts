import * as frames from '#schemas/link/frames.js';
import type { TransactionModes } from '#schemas/program/statement.js';

/** What the flags of a request say of the transaction that begins with it. */
export function modesOf(flags: number): TransactionModes {
  const isolation =
    (flags & frames.BEGIN_SERIALIZABLE) !== 0
      ? 'serializable'
      : (flags & frames.BEGIN_REPEATABLE_READ) !== 0
        ? 'repeatable read'
        : (flags & frames.BEGIN_READ_COMMITTED) !== 0
          ? 'read committed'
          : null;
  const readOnly =
    (flags & frames.BEGIN_READ_ONLY) !== 0 ? true : (flags & frames.BEGIN_READ_WRITE) !== 0 ? false : null;
  return { isolation, readOnly, deferrable: null };
}
