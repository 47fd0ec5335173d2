import type { ByteSink } from './byte-sink.js';

/** A ByteSink over one buffer that doubles when it is full. */
export class BufferSink implements ByteSink {
  #bytes: Buffer = Buffer.allocUnsafe(256);
  #used = 0;

  get length(): number {
    return this.#used;
  }

  byte(value: number): void {
    this.#bytes[this.#room(1)] = value;
  }

  int16(value: number): void {
    const at = this.#room(2);
    this.#bytes.writeInt16BE(value, at);
  }

  int32(value: number): void {
    const at = this.#room(4);
    this.#bytes.writeInt32BE(value, at);
  }

  int64(value: bigint): void {
    const at = this.#room(8);
    this.#bytes.writeBigInt64BE(value, at);
  }

  float(value: number): void {
    const at = this.#room(4);
    this.#bytes.writeFloatBE(value, at);
  }

  double(value: number): void {
    const at = this.#room(8);
    this.#bytes.writeDoubleBE(value, at);
  }

  bytes(value: Uint8Array): void {
    const at = this.#room(value.length);
    this.#bytes.set(value, at);
  }

  text(value: string): void {
    const at = this.#room(Buffer.byteLength(value));
    this.#bytes.write(value, at, 'utf8');
  }

  patchInt32(at: number, value: number): void {
    this.#bytes.writeInt32BE(value, at);
  }

  /** What was written, as a view; the sink must not be written to afterwards. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#used);
  }

  /** Where the next `count` bytes go; afterwards they count as written. */
  #room(count: number): number {
    const at = this.#used;
    const end = at + count;
    if (end > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, end));
      this.#bytes.copy(larger, 0, 0, at);
      this.#bytes = larger;
    }
    this.#used = end;
    return at;
  }
}
