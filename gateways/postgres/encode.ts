import { assert } from '#schemas/kernel/assert.js';
import type { ByteSink } from './values/byte-sink.js';

/** Below this a loop over char codes beats the call into the runtime. */
const SHORT_TEXT = 64;
const INITIAL_BYTES = 4_096;

/**
 * A growing buffer of backend messages. It owns `buffer`; bytes before `position` are complete messages and the one that `start` opened.
 * Strings are UTF-8. Hot: every DataRow goes through it.
 */
export class MessageWriter implements ByteSink {
  buffer: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  position = 0;
  #start = 0;

  /** Bytes written and not yet taken. */
  get length(): number {
    return this.position;
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    if (this.position + count > this.buffer.length) this.#grow(count);
  }

  #grow(count: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.position + count));
    this.buffer.copy(larger, 0, 0, this.position);
    this.buffer = larger;
  }

  /** Opens a message of this type byte; `end` closes it and fills in its length. */
  start(type: number): void {
    this.reserve(5);
    this.#start = this.position;
    this.buffer[this.position] = type;
    this.position += 5;
  }

  end(): void {
    this.patchInt32(this.#start + 1, this.position - this.#start - 1);
  }

  /** Drops the message that `start` opened. */
  abandon(): void {
    this.position = this.#start;
  }

  /** A whole message without a body. */
  empty(type: number): void {
    this.reserve(5);
    const { buffer, position } = this;
    buffer[position] = type;
    buffer[position + 1] = 0;
    buffer[position + 2] = 0;
    buffer[position + 3] = 0;
    buffer[position + 4] = 4;
    this.position = position + 5;
  }

  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.position++] = value;
  }

  int16(value: number): void {
    this.reserve(2);
    this.buffer[this.position++] = value >>> 8;
    this.buffer[this.position++] = value;
  }

  int32(value: number): void {
    this.reserve(4);
    this.patchInt32(this.position, value);
    this.position += 4;
  }

  int64(value: bigint): void {
    this.reserve(8);
    this.position = this.buffer.writeBigInt64BE(value, this.position);
  }

  float(value: number): void {
    this.reserve(4);
    this.position = this.buffer.writeFloatBE(value, this.position);
  }

  double(value: number): void {
    this.reserve(8);
    this.position = this.buffer.writeDoubleBE(value, this.position);
  }

  /** Writes 32 bits at an absolute place. */
  patchInt32(at: number, value: number): void {
    const { buffer } = this;
    buffer[at] = value >>> 24;
    buffer[at + 1] = value >>> 16;
    buffer[at + 2] = value >>> 8;
    buffer[at + 3] = value;
  }

  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.position);
    this.position += bytes.length;
  }

  /** Text without length or end. */
  text(text: string): void {
    const { length } = text;
    this.reserve(length * 3);
    const { buffer } = this;
    if (length < SHORT_TEXT) {
      let at = this.position;
      let i = 0;
      for (; i < length; i++) {
        const code = text.charCodeAt(i);
        if (code > 127) break;
        buffer[at++] = code;
      }
      if (i === length) {
        this.position = at;
        return;
      }
    }
    this.position += buffer.write(text, this.position, 'utf8');
  }

  /** Text that ends with a zero byte. */
  cstring(text: string): void {
    assert(!text.includes('\0'), 'a C string cannot hold a zero byte');
    this.text(text);
    this.byte(0);
  }

  /** A value of a row: its length in bytes, then its text. */
  textField(text: string): void {
    const start = this.position;
    this.reserve(4);
    this.position = start + 4;
    this.text(text);
    this.patchInt32(start, this.position - start - 4);
  }

  /** A value of a row: the decimal text of a 32-bit integer, with its length. */
  integerField(value: number): void {
    this.reserve(15);
    const { buffer } = this;
    const start = this.position;
    let at = start + 4;
    let rest = value;
    if (rest < 0) {
      buffer[at++] = 45;
      rest = -rest;
    }
    let digits = 1;
    for (let power = 10; digits < 10 && rest >= power; power *= 10) digits++;
    for (let i = at + digits - 1; i >= at; i--) {
      const quotient = Math.floor(rest / 10);
      buffer[i] = 48 + (rest - quotient * 10);
      rest = quotient;
    }
    at += digits;
    this.patchInt32(start, at - start - 4);
    this.position = at;
  }
}
