import { type MessageReader, protocolViolation } from '../decode.js';

/*
 *   Parse = 'P' length name:cstring sql:cstring count:int16 { type:int32 }      (type 0 = not told)
 */
export interface Parse {
  readonly name: string;
  readonly sql: string;
  readonly types: readonly number[];
}

export function readParse(reader: MessageReader): Parse {
  const name = reader.cstring();
  const sql = reader.cstring();
  const count = reader.int16();
  if (count * 4 > reader.end - reader.at) throw protocolViolation();
  const types: number[] = [];
  for (let i = 0; i < count; i++) types.push(reader.int32() >>> 0);
  reader.done();
  return { name, sql, types };
}
