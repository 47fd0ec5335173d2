import type { MessageWriter } from '../encode.js';

/*
 *   AuthenticationOk           = 'R' length 0:int32
 *   AuthenticationSASL         = 'R' length 10:int32 { mechanism:cstring } 0:byte
 *   AuthenticationSASLContinue = 'R' length 11:int32 data:bytes
 *   AuthenticationSASLFinal    = 'R' length 12:int32 data:bytes
 */
const TYPE = 0x52;

export function writeAuthenticationOk(out: MessageWriter): void {
  out.start(TYPE);
  out.int32(0);
  out.end();
}

export function writeAuthenticationSasl(out: MessageWriter, mechanisms: readonly string[]): void {
  out.start(TYPE);
  out.int32(10);
  for (const mechanism of mechanisms) out.cstring(mechanism);
  out.byte(0);
  out.end();
}

export function writeAuthenticationSaslContinue(out: MessageWriter, data: Uint8Array): void {
  out.start(TYPE);
  out.int32(11);
  out.bytes(data);
  out.end();
}

export function writeAuthenticationSaslFinal(out: MessageWriter, data: Uint8Array): void {
  out.start(TYPE);
  out.int32(12);
  out.bytes(data);
  out.end();
}
