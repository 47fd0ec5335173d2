import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { DEFAULT_TEXT_CONTEXT } from '#schemas/values/text-context.js';
import { parseOffset, printOffset } from '#schemas/values/time-zone.js';
import { parseTime, printTime } from '#schemas/values/timestamp-text.js';
import type { BinaryReader } from './binary-reader.js';
import type { ByteSink } from './byte-sink.js';

/** timetz is kept as text (HH:MM:SS.ffffff±ZZ); its binary form is int64 µs since midnight and int32 seconds *west* of Greenwich. */
const OFFSET_LIMIT_SECONDS = 16 * 3_600;
const DAY_MICROS = 86_400_000_000n;

export function encodeTimetz(text: string, sink: ByteSink): void {
  const sign = Math.max(text.lastIndexOf('+'), text.lastIndexOf('-'));
  const time = sign < 0 ? text : text.slice(0, sign);
  const offset = sign < 0 ? 0 : (parseOffset(text.slice(sign)) ?? 0);
  sink.int64(BigInt(parseTime(time, DEFAULT_TEXT_CONTEXT)));
  sink.int32(0 - offset);
}

export function decodeTimetz(reader: BinaryReader): string {
  const micros = reader.int64();
  const west = reader.int32();
  if (micros < 0n || micros > DAY_MICROS) throw new SqlError('datetime_field_overflow', 'time out of range');
  if (Math.abs(west) >= OFFSET_LIMIT_SECONDS) {
    throw new SqlError('invalid_time_zone_displacement_value', 'time zone displacement out of range');
  }
  return printTime(Number(micros)) + printOffset(0 - west);
}
