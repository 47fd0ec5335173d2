import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { MessageReader } from '../decode.js';
import { protocolViolation } from '../decode.js';

/*
 * The first message of a connection has no type byte:
 *
 *   first          = length:int32 ( StartupMessage | SSLRequest | GSSENCRequest | CancelRequest )
 *   StartupMessage = major:int16 minor:int16 { name:cstring value:cstring } 0:byte
 *   SSLRequest     = 80877103:int32
 *   GSSENCRequest  = 80877104:int32
 *   CancelRequest  = 80877102:int32 pid:int32 secret:int32
 */
export type FirstMessage =
  | { readonly kind: 'ssl' | 'gss' }
  | { readonly kind: 'cancel'; readonly pid: number; readonly secret: number }
  | { readonly kind: 'startup'; readonly minor: number; readonly parameters: ReadonlyMap<string, string> };

/** PostgreSQL's MAX_STARTUP_PACKET_LENGTH. */
export const STARTUP_BYTES_MAX = 10_000;
const PROTOCOL_MAJOR = 3;

/** Throws 08P01 for a bad form and 0A000 for another protocol. */
export function readFirstMessage(reader: MessageReader): FirstMessage {
  const code = reader.int32();
  switch (code) {
    case 80_877_103:
      return { kind: 'ssl' };
    case 80_877_104:
      return { kind: 'gss' };
    case 80_877_102:
      return { kind: 'cancel', pid: reader.int32(), secret: reader.int32() };
  }
  const major = code >>> 16;
  const minor = code & 0xffff;
  if (major !== PROTOCOL_MAJOR) {
    throw new SqlError(
      'feature_not_supported',
      `unsupported frontend protocol ${major}.${minor}: server supports 3.0 to 3.0`,
    );
  }
  const parameters = new Map<string, string>();
  for (;;) {
    const name = reader.cstring();
    if (name === '') break;
    parameters.set(name, reader.cstring());
  }
  if (reader.at !== reader.end)
    throw protocolViolation('invalid startup packet layout: expected terminator as last byte');
  return { kind: 'startup', minor, parameters };
}
