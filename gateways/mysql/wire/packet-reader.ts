import { SqlError } from '#schemas/sqlstate/sql-error.js';

const malformed = (): SqlError => new SqlError('protocol_violation', 'Malformed communication packet');

/** Reads the fields of one message. Every read that would pass its end throws 08P01. */
export class PacketReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  #take(count: number): number {
    const at = this.#at;
    if (count < 0 || count > this.left) throw malformed();
    this.#at += count;
    return at;
  }

  uint8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  uint16(): number {
    return this.#bytes.readUInt16LE(this.#take(2));
  }

  uint32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  int8(): number {
    return this.#bytes.readInt8(this.#take(1));
  }

  int16(): number {
    return this.#bytes.readInt16LE(this.#take(2));
  }

  int32(): number {
    return this.#bytes.readInt32LE(this.#take(4));
  }

  int64(): bigint {
    return this.#bytes.readBigInt64LE(this.#take(8));
  }

  uint64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8));
  }

  float(): number {
    return this.#bytes.readFloatLE(this.#take(4));
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  bytes(count: number): Buffer {
    const at = this.#take(count);
    return this.#bytes.subarray(at, at + count);
  }

  skip(count: number): void {
    this.#take(count);
  }

  /** A length-encoded integer that has to fit the message. */
  length(): number {
    const first = this.uint8();
    if (first < 0xfb) return first;
    if (first === 0xfc) return this.uint16();
    if (first === 0xfd) return this.#bytes.readUIntLE(this.#take(3), 3);
    const long = first === 0xfe ? this.uint64() : -1n;
    if (long < 0n || long > BigInt(this.#bytes.length)) throw malformed();
    return Number(long);
  }

  lengthBytes(): Buffer {
    return this.bytes(this.length());
  }

  /** Up to a zero byte, or to the end where there is none. */
  zeroEnded(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    const until = end < 0 ? this.#bytes.length : end;
    const text = this.#bytes.toString('utf8', this.#at, until);
    this.#at = end < 0 ? until : end + 1;
    return text;
  }

  rest(): Buffer {
    return this.bytes(this.left);
  }
}
