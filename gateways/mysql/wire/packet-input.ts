import { SqlError } from '#schemas/sqlstate/sql-error.js';

/*
 *   packet  = length:int24 sequence:int8 payload
 *   A payload of 2^24-1 bytes goes on in the next packet.
 */
const HEADER = 4;
const FULL = 0xff_ffff;

/** One message: the payloads of its packets joined. */
export interface Message {
  readonly payload: Buffer;
  /** Number of the answer's first packet. */
  readonly nextSequence: number;
}

/**
 * Cuts a client's bytes into messages. Holds what has come of the next one, at most `bytesMax` (max_allowed_packet); a longer one is refused by its
 * announced length, before it is kept.
 */
export class PacketInput {
  readonly #bytesMax: number;
  #chunks: Buffer[] = [];
  #held = 0;
  #parts: Buffer[] = [];
  #partBytes = 0;
  #expected: number;

  /** `firstSequence` is the number that the first packet must have. */
  constructor(bytesMax: number, firstSequence = 0) {
    this.#bytesMax = bytesMax;
    this.#expected = firstSequence;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
  }

  /** Bytes that came and were not yet answered as messages. */
  get held(): number {
    return this.#held;
  }

  /** Everything that is held; nothing is any more. */
  takeRest(): Buffer {
    const rest = Buffer.concat(this.#chunks);
    this.#replace(Buffer.alloc(0));
    return rest;
  }

  /** The next packet is numbered so: each command begins anew, a handshake goes on counting. Means nothing while a message is under way. */
  expect(sequence: number): void {
    if (this.#parts.length === 0) this.#expected = sequence & 0xff;
  }

  /** The next whole message, or null while it is not here. Throws 08P01 for packets out of order and 54000 for a message that is too long. */
  next(): Message | null {
    for (;;) {
      if (this.#held < HEADER) return null;
      const head = this.#joined();
      const length = head.readUIntLE(0, 3);
      const sequence = head[3] ?? 0;
      if (sequence !== this.#expected)
        throw new SqlError('protocol_violation', `Got packets out of order: ${sequence} in place of ${this.#expected}`);
      if (this.#partBytes + length > this.#bytesMax)
        throw new SqlError('program_limit_exceeded', "Got a packet bigger than 'max_allowed_packet' bytes");
      if (head.length < HEADER + length) return null;
      const payload = head.subarray(HEADER, HEADER + length);
      this.#replace(head.subarray(HEADER + length));
      this.#expected = (sequence + 1) & 0xff;
      if (length === FULL || this.#parts.length > 0) this.#parts.push(payload);
      this.#partBytes += length;
      if (length === FULL) continue;
      const message = {
        payload: this.#parts.length === 0 ? payload : Buffer.concat(this.#parts),
        nextSequence: this.#expected,
      };
      this.#parts = [];
      this.#partBytes = 0;
      return message;
    }
  }

  /** Everything held as one buffer; joined only when there is a header to look at, and only once for what lies behind it. */
  #joined(): Buffer {
    const [first] = this.#chunks;
    if (this.#chunks.length === 1 && first !== undefined) return first;
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }

  #replace(rest: Buffer): void {
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#held = rest.length;
  }
}
