import type { MessageWriter } from '../encode.js';

/*
 *   ParameterStatus          = 'S' length name:cstring value:cstring
 *   BackendKeyData           = 'K' length pid:int32 secret:int32
 *   NegotiateProtocolVersion = 'v' length newestMinor:int32 count:int32 { option:cstring }
 */

export function writeParameterStatus(out: MessageWriter, name: string, value: string): void {
  out.start(0x53);
  out.cstring(name);
  out.cstring(value);
  out.end();
}

export function writeBackendKeyData(out: MessageWriter, pid: number, secret: number): void {
  out.start(0x4b);
  out.int32(pid);
  out.int32(secret);
  out.end();
}

/** `options` are the `_pq_.` options of the client that we do not know. */
export function writeNegotiateProtocolVersion(out: MessageWriter, version: number, options: readonly string[]): void {
  out.start(0x76);
  out.int32(version);
  out.int32(options.length);
  for (const option of options) out.cstring(option);
  out.end();
}
