import type { Column } from './columns.js';
import type { PacketWriter } from './packet-writer.js';
import { CAPABILITY, COLLATION_BINARY, FIELD } from './protocol.js';

/** What an OK or ERR packet says. */
export interface Refusal {
  readonly number: number;
  readonly sqlstate: string;
  readonly message: string;
}

/** `header` 0xfe stands for the end of rows where EOF packets are deprecated. */
export function writeOk(
  out: PacketWriter,
  affected: number,
  insertId: bigint,
  status: number,
  header: 0x00 | 0xfe = 0x00,
): void {
  out.start();
  out.uint8(header);
  out.length(affected);
  if (insertId >= 0n && insertId < 0xfbn) out.uint8(Number(insertId));
  else {
    out.uint8(0xfe);
    out.int64(insertId);
  }
  out.uint16(status);
  out.uint16(0);
  out.end();
}

export function writeError(out: PacketWriter, { number, sqlstate, message }: Refusal): void {
  out.start();
  out.uint8(0xff);
  out.uint16(number);
  out.text(`#${sqlstate}${message}`);
  out.end();
}

function writeEof(out: PacketWriter, status: number): void {
  out.start();
  out.uint8(0xfe);
  out.uint16(0);
  out.uint16(status);
  out.end();
}

/** Descriptions of columns or parameters and, for older clients, what ends them. */
export function writeColumns(
  out: PacketWriter,
  columns: readonly Column[],
  capabilities: number,
  status: number,
): void {
  for (const column of columns) writeColumn(out, column);
  if ((capabilities & CAPABILITY.deprecateEof) === 0) writeEof(out, status);
}

/** The number of columns of a result, then their descriptions. */
export function writeResultHead(
  out: PacketWriter,
  columns: readonly Column[],
  capabilities: number,
  status: number,
): void {
  out.start();
  out.length(columns.length);
  out.end();
  writeColumns(out, columns, capabilities, status);
}

export function writeResultEnd(out: PacketWriter, capabilities: number, status: number): void {
  if ((capabilities & CAPABILITY.deprecateEof) === 0) writeEof(out, status);
  else writeOk(out, 0, 0n, status, 0xfe);
}

function writeColumn(out: PacketWriter, column: Column): void {
  out.start();
  out.lengthText('def');
  for (let i = 0; i < 3; i++) out.length(0);
  out.lengthText(column.name);
  out.length(0);
  out.length(0x0c);
  out.uint16(column.collation);
  out.uint32(column.bytesMax);
  out.uint8(column.type);
  out.uint16(column.collation === COLLATION_BINARY && column.type === FIELD.blob ? 0x80 | column.flags : column.flags);
  out.uint8(column.decimals);
  out.uint16(0);
  out.end();
}
