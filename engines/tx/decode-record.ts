import type { StoredRecord } from '#log/change-log.js';
import type { EventCodec } from '#schemas/events/codec.js';
import type { LogEvent } from '#schemas/events/event.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';

/** A record of the log is no event, or of a schema that nobody knows. Whoever starts anew comes to it again. */
class LogNotUnderstood extends SqlError {
  override readonly name: string = 'LogNotUnderstood';
}

/** The event of a record. Throws LogNotUnderstood with the offset: what stands behind it must not be folded. */
export function decodeRecord(codec: EventCodec, { offset, value, key }: StoredRecord): LogEvent {
  try {
    return codec.decode(value, key);
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new LogNotUnderstood('data_corrupted', `the log cannot be understood at offset ${offset}: ${what}`);
  }
}
