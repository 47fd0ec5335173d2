import type { ResultColumn } from '#schemas/link/frames.js';
import { oidOf, sizeOf, typmodOf } from '#schemas/values/oids.js';
import type { SqlType } from '#schemas/values/type.js';
import type { MessageWriter } from '../encode.js';

/*
 *   RowDescription       = 'T' length count:int16 { name:cstring table:int32 column:int16 type:int32 size:int16 modifier:int32 format:int16 }
 *   ParameterDescription = 't' length count:int16 { type:int32 }
 */

/** `binary` per column; an empty list = all text. */
export function writeRowDescription(
  out: MessageWriter,
  columns: readonly ResultColumn[],
  binary: readonly boolean[],
): void {
  out.start(0x54);
  out.int16(columns.length);
  for (let i = 0; i < columns.length; i++) {
    const [name, type, table, number] = columns[i] as ResultColumn;
    out.cstring(name);
    out.int32(table);
    out.int16(number);
    out.int32(oidOf(type));
    out.int16(sizeOf(type));
    out.int32(typmodOf(type));
    out.int16(binary[i] === true ? 1 : 0);
  }
  out.end();
}

export function writeParameterDescription(out: MessageWriter, types: readonly SqlType[]): void {
  out.start(0x74);
  out.int16(types.length);
  for (const type of types) out.int32(oidOf(type));
  out.end();
}
