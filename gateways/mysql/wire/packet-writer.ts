const FULL = 0xff_ffff;
const HEADER = 4;

/**
 * Writes packets one behind the other into one growing buffer: `start`, fields, `end`. Owns the buffer and the packets' numbers. Hot: no objects for a
 * field.
 */
export class PacketWriter {
  buffer: Buffer = Buffer.allocUnsafeSlow(4_096);
  position = 0;
  /** Number of the next packet. */
  sequence = 0;
  #start = 0;
  #isOpen = false;

  start(): void {
    this.#start = this.position;
    this.#isOpen = true;
    this.#room(HEADER);
    this.position += HEADER;
  }

  /** Ends the packet; one that is too long for its header goes out as several. */
  end(): void {
    let at = this.#start;
    let length = this.position - at - HEADER;
    while (length >= FULL) {
      this.#header(at, FULL);
      const next = at + HEADER + FULL;
      // Room for the header of what follows.
      this.#room(HEADER);
      this.buffer.copyWithin(next + HEADER, next, this.position);
      this.position += HEADER;
      at = next;
      length -= FULL;
    }
    this.#header(at, length);
    this.#isOpen = false;
  }

  /** Forgets the packet that was begun, if one is. */
  abandon(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.position = this.#start;
  }

  #header(at: number, length: number): void {
    this.buffer.writeUIntLE(length, at, 3);
    this.buffer[at + 3] = this.sequence;
    this.sequence = (this.sequence + 1) & 0xff;
  }

  #room(bytes: number): void {
    const needed = this.position + bytes;
    if (needed <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.buffer.length));
    this.buffer.copy(larger, 0, 0, this.position);
    this.buffer = larger;
  }

  uint8(value: number): void {
    this.#room(1);
    this.buffer[this.position++] = value;
  }

  uint16(value: number): void {
    this.#room(2);
    this.position = this.buffer.writeUInt16LE(value & 0xffff, this.position);
  }

  uint32(value: number): void {
    this.#room(4);
    this.position = this.buffer.writeUInt32LE(value >>> 0, this.position);
  }

  int64(value: bigint): void {
    this.#room(8);
    this.position = this.buffer.writeBigInt64LE(value, this.position);
  }

  float(value: number): void {
    this.#room(4);
    this.position = this.buffer.writeFloatLE(value, this.position);
  }

  double(value: number): void {
    this.#room(8);
    this.position = this.buffer.writeDoubleLE(value, this.position);
  }

  zeros(count: number): void {
    this.#room(count);
    this.buffer.fill(0, this.position, this.position + count);
    this.position += count;
  }

  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.buffer.set(bytes, this.position);
    this.position += bytes.length;
  }

  /** A length-encoded integer. */
  length(value: number): void {
    if (value < 0xfb) this.uint8(value);
    else if (value < 0x1_0000) {
      this.uint8(0xfc);
      this.uint16(value);
    } else if (value <= FULL) {
      this.uint8(0xfd);
      this.#room(3);
      this.position = this.buffer.writeUIntLE(value, this.position, 3);
    } else {
      this.uint8(0xfe);
      this.int64(BigInt(value));
    }
  }

  lengthBytes(bytes: Uint8Array): void {
    this.length(bytes.length);
    this.bytes(bytes);
  }

  lengthText(text: string): void {
    const bytes = Buffer.byteLength(text);
    this.length(bytes);
    this.#room(bytes);
    this.position += this.buffer.write(text, this.position, 'utf8');
  }

  /** To the end of the packet. */
  text(text: string): void {
    const bytes = Buffer.byteLength(text);
    this.#room(bytes);
    this.position += this.buffer.write(text, this.position, 'utf8');
  }

  zeroEnded(text: string): void {
    this.text(text);
    this.uint8(0);
  }
}
