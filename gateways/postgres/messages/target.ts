import { type MessageReader, protocolViolation } from '../decode.js';

/*
 *   Describe = 'D' length target
 *   Close    = 'C' length target
 *   target   = ( 'S' | 'P' ) name:cstring      (S statement, P portal)
 */
export interface Target {
  readonly of: 'statement' | 'portal';
  readonly name: string;
}

export function readTarget(reader: MessageReader, message: 'DESCRIBE' | 'CLOSE'): Target {
  const letter = reader.byte();
  const name = reader.cstring();
  reader.done();
  if (letter === 0x53) return { of: 'statement', name };
  if (letter === 0x50) return { of: 'portal', name };
  throw protocolViolation(`invalid ${message} message subtype ${letter}`);
}
