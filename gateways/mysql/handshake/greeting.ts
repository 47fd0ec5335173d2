import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { PacketReader } from '../wire/packet-reader.js';
import type { PacketWriter } from '../wire/packet-writer.js';
import { CAPABILITY, COLLATION_UTF8MB4_BIN, STATUS } from '../wire/protocol.js';

/*
 *   greeting  = 10 version:text0 connection:int32 nonce[8] 0 capabilities:int16 collation:int8 status:int16 capabilities:int16
 *               nonce-bytes:int8 0[10] nonce[12] 0 plugin:text0
 *   response  = capabilities:int32 packet-max:int32 collation:int8 0[23] [ user:text0 answer [ database:text0 ] [ plugin:text0 ] … ]
 *               without the part behind the zeros it asks for TLS
 */
export const PLUGIN = 'caching_sha2_password';
export const NONCE_BYTES = 20;
const RESPONSE_HEAD = 32;

/** What is spoken here; TLS comes on top where there is a certificate. */
const OFFERED =
  CAPABILITY.longPassword |
  CAPABILITY.foundRows |
  CAPABILITY.longFlag |
  CAPABILITY.connectWithDb |
  CAPABILITY.protocol41 |
  CAPABILITY.transactions |
  CAPABILITY.secureConnection |
  CAPABILITY.multiStatements |
  CAPABILITY.multiResults |
  CAPABILITY.psMultiResults |
  CAPABILITY.pluginAuth |
  CAPABILITY.connectAttributes |
  CAPABILITY.pluginAuthLenenc |
  CAPABILITY.deprecateEof;

export function offered(tls: boolean): number {
  return tls ? OFFERED | CAPABILITY.ssl : OFFERED;
}

export function writeGreeting(
  out: PacketWriter,
  version: string,
  connection: number,
  nonce: Uint8Array,
  capabilities: number,
): void {
  out.start();
  out.uint8(10);
  out.zeroEnded(version);
  out.uint32(connection);
  out.bytes(nonce.subarray(0, 8));
  out.uint8(0);
  out.uint16(capabilities);
  out.uint8(COLLATION_UTF8MB4_BIN);
  out.uint16(STATUS.autocommit);
  out.uint16(capabilities >>> 16);
  out.uint8(NONCE_BYTES + 1);
  out.zeros(10);
  out.bytes(nonce.subarray(8));
  out.uint8(0);
  out.zeroEnded(PLUGIN);
  out.end();
}

/** Asks a client that answered by another plugin to answer by ours. */
export function writeSwitch(out: PacketWriter, nonce: Uint8Array): void {
  out.start();
  out.uint8(0xfe);
  out.zeroEnded(PLUGIN);
  out.bytes(nonce);
  out.uint8(0);
  out.end();
}

/** Data of the exchange of the plugin. */
export function writeMore(out: PacketWriter, data: Uint8Array): void {
  out.start();
  out.uint8(1);
  out.bytes(data);
  out.end();
}

export interface Response {
  readonly capabilities: number;
  readonly user: string;
  readonly answer: Uint8Array;
  /** Null = none was named. */
  readonly database: string | null;
  readonly plugin: string;
}

/** A client's first message; null = it asks for TLS and will send it again. Throws 08P01, and 0A000 for clients older than MySQL 4.1. */
export function readResponse(payload: Buffer, offeredHere: number): Response | null {
  const reader = new PacketReader(payload);
  const capabilities = reader.uint32() & offeredHere;
  if ((capabilities & CAPABILITY.protocol41) === 0)
    throw new SqlError('feature_not_supported', 'clients older than MySQL 4.1 are not supported');
  reader.skip(RESPONSE_HEAD - 4);
  if (reader.left === 0 && (capabilities & CAPABILITY.ssl) !== 0) return null;
  const user = reader.zeroEnded();
  const answer = readAnswer(reader, capabilities);
  const named = (capabilities & CAPABILITY.connectWithDb) !== 0 && reader.left > 0 ? reader.zeroEnded() : '';
  const plugin = (capabilities & CAPABILITY.pluginAuth) !== 0 && reader.left > 0 ? reader.zeroEnded() : '';
  return { capabilities, user, answer, database: named === '' ? null : named.toLowerCase(), plugin };
}

function readAnswer(reader: PacketReader, capabilities: number): Uint8Array {
  if ((capabilities & CAPABILITY.pluginAuthLenenc) !== 0) return reader.lengthBytes();
  if ((capabilities & CAPABILITY.secureConnection) !== 0) return reader.bytes(reader.uint8());
  return Buffer.from(reader.zeroEnded());
}
