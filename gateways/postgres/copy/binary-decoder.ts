import type { ResultColumn } from '#schemas/link/frames.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Row, Value } from '#schemas/values/value.js';
import { type BinaryDecoder, binaryDecoder } from '../values/binary.js';
import { BINARY_SIGNATURE } from './binary-format.js';
import type { CopyDecoder } from './copy-decoder.js';

const HEADER = BINARY_SIGNATURE.length + 8;
const FIELD_MAX = 0x3fff_ffff;

/** COPY's binary format (see binary-format.ts). Owns the bytes of the tuple that is not whole yet. */
export class BinaryCopyDecoder implements CopyDecoder {
  readonly #decoders: readonly BinaryDecoder[];
  #parts: Buffer[] = [];
  #held = 0;
  /** Bytes that must be there before it is worth looking again. */
  #needed = HEADER;
  /** Bytes of the header's extension still to be skipped; -1 = the header has not been read. */
  #extension = -1;
  #ended = false;

  constructor(columns: readonly ResultColumn[]) {
    this.#decoders = columns.map((column) => binaryDecoder(column[1]));
  }

  push(bytes: Buffer, rows: Row[]): void {
    if (this.#ended) return;
    this.#parts.push(Buffer.from(bytes));
    this.#held += bytes.length;
    if (this.#held < this.#needed) return;
    const data = this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts, this.#held);
    let at = this.#extension < 0 ? this.#header(data) : 0;
    if (at < 0) return this.#keep(data, 0);
    if (this.#extension > 0) {
      const skipped = Math.min(this.#extension, data.length - at);
      this.#extension -= skipped;
      at += skipped;
    }
    while (!this.#ended) {
      const end = this.#tuple(data, at, rows);
      if (end < 0) break;
      at = end;
    }
    this.#keep(data, at);
  }

  end(): void {
    if (this.#ended) return;
    if (this.#extension < 0) throw malformed('COPY file signature not recognized');
    if (this.#held > 0) throw malformed('unexpected EOF in COPY data');
  }

  #keep(data: Buffer, at: number): void {
    this.#parts = at === data.length ? [] : [data.subarray(at)];
    this.#held = data.length - at;
  }

  /** Answers where the header ends, -1 when more is needed. */
  #header(data: Buffer): number {
    if (data.length < HEADER) return -1;
    if (!data.subarray(0, BINARY_SIGNATURE.length).equals(BINARY_SIGNATURE))
      throw malformed('COPY file signature not recognized');
    const flags = data.readUInt32BE(BINARY_SIGNATURE.length);
    if ((flags & 0x1_0000) !== 0) throw malformed('invalid COPY file header (WITH OIDS)');
    if (flags >>> 16 !== 0) throw malformed('unrecognized critical flags in COPY file header');
    const extension = data.readInt32BE(BINARY_SIGNATURE.length + 4);
    if (extension < 0) throw malformed('invalid COPY file header (missing length)');
    this.#extension = extension;
    this.#needed = 2;
    return HEADER;
  }

  /** Reads one tuple; answers where it ends, -1 when it is not whole. */
  #tuple(data: Buffer, start: number, rows: Row[]): number {
    if (data.length - start < 2) return this.#wait(2);
    const count = data.readInt16BE(start);
    if (count === -1) {
      this.#ended = true;
      return start + 2;
    }
    const decoders = this.#decoders;
    if (count !== decoders.length) throw malformed(`row field count is ${count}, expected ${decoders.length}`);
    let at = start + 2;
    const bounds: number[] = [];
    for (let i = 0; i < count; i++) {
      if (data.length - at < 4) return this.#wait(at + 4 - start);
      const size = data.readInt32BE(at);
      if (size < -1 || size > FIELD_MAX) throw malformed('invalid field size');
      at += 4;
      bounds.push(size === -1 ? -1 : at, at + Math.max(size, 0));
      at += Math.max(size, 0);
      if (at > data.length) return this.#wait(at - start);
    }
    const row: Value[] = [];
    for (let i = 0; i < count; i++) {
      const from = bounds[2 * i] as number;
      row.push(from === -1 ? null : (decoders[i] as BinaryDecoder)(data.subarray(from, bounds[2 * i + 1])));
    }
    rows.push(row);
    return at;
  }

  #wait(needed: number): number {
    this.#needed = needed;
    return -1;
  }
}

function malformed(message: string): SqlError {
  return new SqlError('bad_copy_file_format', message);
}
