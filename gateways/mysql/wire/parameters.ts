import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { DEFAULT_TEXT_CONTEXT, textParser } from '#schemas/values/text-form.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Value } from '#schemas/values/value.js';
import type { PacketReader } from './packet-reader.js';
import { FIELD } from './protocol.js';

/*
 *   parameters  = null-bitmap new-types:int8 [ { type:int8 flags:int8 } ] { value }
 */
const UNSIGNED = 0x80;

/** A parameter as it came: bytes stand for text or binary alike. */
export type Sent = null | number | bigint | string | Buffer;

export interface SentParameters {
  readonly values: readonly Sent[];
  /** Type and flags of each, for an execution that does not repeat them. */
  readonly types: readonly number[];
}

/** `long` are the parameters that came ahead in pieces, by their index. Throws 08P01 where the message does not hold what it says. */
export function readParameters(
  reader: PacketReader,
  count: number,
  known: readonly number[] | null,
  long: ReadonlyMap<number, Buffer>,
): SentParameters {
  if (count === 0) return { values: [], types: [] };
  const bitmap = reader.bytes((count + 7) >> 3);
  let types = known;
  if (reader.uint8() === 1) types = Array.from({ length: count }, () => reader.uint16());
  if (types === null || types.length !== count)
    throw new SqlError('protocol_violation', 'a statement was executed without types for its parameters');
  const values: Sent[] = [];
  for (let i = 0; i < count; i++) {
    const given = long.get(i);
    if (given !== undefined) values.push(given);
    else if (((bitmap[i >> 3] ?? 0) & (1 << (i & 7))) !== 0) values.push(null);
    else values.push(readValue(reader, types[i] ?? 0));
  }
  return { values, types };
}

function readValue(reader: PacketReader, type: number): Sent {
  const unsigned = type >> 8 === UNSIGNED;
  switch (type & 0xff) {
    case FIELD.null:
      return null;
    case FIELD.tiny:
      return unsigned ? reader.uint8() : reader.int8();
    case FIELD.short:
    case FIELD.year:
      return unsigned ? reader.uint16() : reader.int16();
    case FIELD.long:
    case FIELD.int24:
      return unsigned ? reader.uint32() : reader.int32();
    case FIELD.longLong:
      return unsigned ? reader.uint64() : reader.int64();
    case FIELD.float:
      return String(reader.float());
    case FIELD.double:
      return String(reader.double());
    case FIELD.date:
    case FIELD.datetime:
    case FIELD.timestamp:
      return readDateTime(reader);
    case FIELD.time:
      return readTime(reader);
    default:
      return reader.lengthBytes();
  }
}

const two = (value: number): string => String(value).padStart(2, '0');

function readDateTime(reader: PacketReader): string {
  const length = reader.uint8();
  if (length === 0) return '0000-00-00';
  const date = `${String(reader.uint16()).padStart(4, '0')}-${two(reader.uint8())}-${two(reader.uint8())}`;
  if (length === 4) return date;
  const time = `${two(reader.uint8())}:${two(reader.uint8())}:${two(reader.uint8())}`;
  return length === 7 ? `${date} ${time}` : `${date} ${time}.${String(reader.uint32()).padStart(6, '0')}`;
}

function readTime(reader: PacketReader): string {
  const length = reader.uint8();
  if (length === 0) return '00:00:00';
  const sign = reader.uint8() === 1 ? '-' : '';
  const hours = reader.uint32() * 24 + reader.uint8();
  const time = `${sign}${two(hours)}:${two(reader.uint8())}:${two(reader.uint8())}`;
  return length === 8 ? time : `${time}.${String(reader.uint32()).padStart(6, '0')}`;
}

/** A parameter in the internal form of the type that the engine found for it. Throws what the type's input function throws. */
export function parameterValue(sent: Sent, type: SqlType): Value {
  if (sent === null) return null;
  switch (type.kind) {
    case 'integer':
      if (typeof sent === 'number' && sent === (sent | 0)) return sent;
      break;
    case 'bigint':
      if (typeof sent === 'number') return BigInt(sent);
      break;
    case 'boolean':
      if (sent === 0 || sent === 1) return sent === 1;
      break;
    case 'bytea':
      return Buffer.isBuffer(sent) ? Uint8Array.from(sent) : Buffer.from(String(sent));
    case 'text':
    case 'varchar':
    case 'unknown':
      return textOf(sent);
    default:
  }
  return textParser(type, DEFAULT_TEXT_CONTEXT)(textOf(sent));
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(sent: Exclude<Sent, null>): string {
  if (!Buffer.isBuffer(sent)) return String(sent);
  let text: string;
  try {
    text = decoder.decode(sent);
  } catch {
    throw new SqlError('character_not_in_repertoire', 'invalid byte sequence for encoding "UTF8"');
  }
  if (text.includes('\0'))
    throw new SqlError('character_not_in_repertoire', 'invalid byte sequence for encoding "UTF8": 0x00');
  return text;
}
