import { type MessageReader, protocolViolation } from '../decode.js';

/*
 *   SASLInitialResponse = 'p' length mechanism:cstring size:int32 data:bytes      (size -1 = no data)
 *   SASLResponse        = 'p' length data:bytes
 */

export function readSaslInitialResponse(reader: MessageReader): {
  readonly mechanism: string;
  readonly data: Uint8Array;
} {
  const mechanism = reader.cstring();
  const size = reader.int32();
  if (size < -1) throw protocolViolation();
  const data = size === -1 ? new Uint8Array(0) : reader.bytes(size);
  reader.done();
  return { mechanism, data };
}
