import { protocolViolation } from './decode.js';

/*
 *   message = type:byte length:int32 (of itself and the body) body
 */

const HEADER = 5;
/** What PostgreSQL takes for messages that carry data or SQL, and for all others (its PQ_LARGE_ and PQ_SMALL_MESSAGE_LIMIT). */
const LARGE_MAX = 0x3fff_ffff;
const SMALL_MAX = 10_000;

/** Longest body by type byte; 0 = no such message. */
const LIMITS: readonly number[] = Array.from({ length: 256 }, (_, type) => {
  const letter = String.fromCharCode(type);
  if ('QPBdF'.includes(letter)) return LARGE_MAX;
  return 'pEDCcfHSX'.includes(letter) ? SMALL_MAX : 0;
});

/** No whole message is there yet. */
export const INCOMPLETE = -1;

/**
 * Cuts a client's bytes into messages. Owns what was received and not yet consumed; an incomplete message is kept in the pieces it came in
 * until it is whole, so that memory never exceeds what the client has really sent.
 */
export class Input {
  #data: Buffer = Buffer.alloc(0);
  #at = 0;
  #parts: Buffer[] = [];
  #partBytes = 0;
  /** Body of the message that `peek` found. */
  buffer: Buffer = this.#data;
  start = 0;
  end = 0;

  /** Bytes received and not consumed. */
  get held(): number {
    return this.#data.length - this.#at + this.#partBytes;
  }

  push(chunk: Buffer): void {
    if (this.#partBytes === 0 && this.#at === this.#data.length) {
      this.#data = chunk;
      this.#at = 0;
      return;
    }
    this.#parts.push(chunk);
    this.#partBytes += chunk.length;
  }

  /**
   * Type byte of the next message, whose body then stands in buffer[start, end); INCOMPLETE if it is not whole. Throws 08P01 for an unknown
   * type or an impossible length: nothing after that can be understood.
   */
  peek(): number {
    if (this.#data.length - this.#at < HEADER) {
      if (!this.#join(HEADER)) return INCOMPLETE;
    }
    const at = this.#at;
    const type = this.#data[at] as number;
    const limit = LIMITS[type] as number;
    if (limit === 0) throw protocolViolation(`invalid frontend message type ${type}`);
    const length = this.#data.readInt32BE(at + 1);
    if (length < 4 || length - 4 > limit) throw protocolViolation('invalid message length');
    if (this.#data.length - at < length + 1 && !this.#join(length + 1)) return INCOMPLETE;
    this.buffer = this.#data;
    this.start = this.#at + HEADER;
    this.end = this.#at + 1 + length;
    return type;
  }

  /** Steps over the message that `peek` found. */
  advance(): void {
    this.#at = this.end;
  }

  /** True when a whole Sync stands right behind the message that `peek` found. */
  syncFollows(): boolean {
    const { end } = this;
    const data = this.#data;
    return (
      data.length >= end + HEADER &&
      data[end] === 0x53 &&
      data[end + 1] === 0 &&
      data[end + 2] === 0 &&
      data[end + 3] === 0 &&
      data[end + 4] === 4
    );
  }

  /** Steps over the message that `peek` found and over the Sync behind it. */
  advanceWithSync(): void {
    this.#at = this.end + HEADER;
  }

  /** Forgets everything received. */
  clear(): void {
    this.#data = Buffer.alloc(0);
    this.#at = 0;
    this.#parts = [];
    this.#partBytes = 0;
  }

  /** Joins the pieces once `needed` bytes are there. */
  #join(needed: number): boolean {
    if (this.held < needed) {
      return false;
    }
    if (this.#partBytes > 0) {
      this.#data = Buffer.concat([this.#data.subarray(this.#at), ...this.#parts]);
      this.#at = 0;
      this.#parts = [];
      this.#partBytes = 0;
    }
    return this.#data.length - this.#at >= needed;
  }
}
