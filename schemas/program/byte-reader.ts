import { invalidProgram } from './invalid-program.js';

/** Reads what ByteWriter wrote; refuses to read past the end. */
export class ByteReader {
  readonly bytes: Uint8Array;
  position = 0;
  private readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.bytes.length - this.position;
  }

  byte(): number {
    const value = this.bytes[this.position];
    if (value === undefined) throw invalidProgram('it ends too early');
    this.position++;
    return value;
  }

  flag(): boolean {
    const value = this.byte();
    if (value > 1) throw invalidProgram(`flag ${value}`);
    return value === 1;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
    }
    throw invalidProgram('an integer is too long');
  }

  signed(): number {
    const negative = this.flag();
    const magnitude = this.varint();
    return negative ? -magnitude : magnitude;
  }

  double(): number {
    if (this.remaining < 8) throw invalidProgram('it ends too early');
    const value = this.view.getFloat64(this.position);
    this.position += 8;
    return value;
  }

  /** A count of things that take at least one byte each: never more than the bytes that are left. */
  count(): number {
    const count = this.varint();
    if (count > this.remaining) throw invalidProgram(`a count of ${count} with ${this.remaining} bytes left`);
    return count;
  }

  /** A view of the next bytes. */
  raw(length: number): Uint8Array {
    if (length > this.remaining) throw invalidProgram('it ends too early');
    const bytes = this.bytes.subarray(this.position, this.position + length);
    this.position += length;
    return bytes;
  }
}
