import type { MessageWriter } from '../encode.js';

/*
 *   CopyInResponse  = 'G' copy
 *   CopyOutResponse = 'H' copy
 *   copy            = length format:byte columns:int16 { format:int16 }      (0 text, 1 binary)
 */
export const COPY_IN_RESPONSE = 0x47;
export const COPY_OUT_RESPONSE = 0x48;

export function writeCopyResponse(
  out: MessageWriter,
  type: typeof COPY_IN_RESPONSE | typeof COPY_OUT_RESPONSE,
  binary: boolean,
  columns: number,
): void {
  out.start(type);
  out.byte(binary ? 1 : 0);
  out.int16(columns);
  for (let i = 0; i < columns; i++) out.int16(binary ? 1 : 0);
  out.end();
}
