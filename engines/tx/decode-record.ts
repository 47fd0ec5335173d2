import type { StoredRecord } from '#log/change-log.js';
import type { EventCodec } from '#schemas/events/codec.js';
import type { LogEvent } from '#schemas/events/event.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';

/** The event of a record. Throws data_corrupted with the offset: what stands behind it must not be folded. */
export function decodeRecord(codec: EventCodec, { offset, value, key }: StoredRecord): LogEvent {
  try {
    return codec.decode(value, key);
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new SqlError('data_corrupted', `the log cannot be understood at offset ${offset}: ${what}`);
  }
}
