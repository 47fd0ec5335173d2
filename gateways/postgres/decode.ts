import { isUtf8 } from 'node:buffer';
import { SqlError } from '#schemas/sqlstate/sql-error.js';

/** The body does not have the form of its message. */
export function protocolViolation(message = 'invalid message format'): SqlError {
  return new SqlError('protocol_violation', message);
}

/**
 * Bytes → text. Throws 22021 with the offending bytes, as PostgreSQL names them, unless they are UTF-8 without a zero byte.
 */
export function decodeText(buffer: Buffer, start: number, end: number): string {
  if (end - start < 24) {
    let text = '';
    let i = start;
    for (; i < end; i++) {
      const code = buffer[i] as number;
      if (code > 127 || code === 0) break;
      text += String.fromCharCode(code);
    }
    if (i === end) return text;
  }
  const bytes = buffer.subarray(start, end);
  if (!isUtf8(bytes) || bytes.includes(0)) throw invalidText(bytes);
  return bytes.toString('utf8');
}

function invalidText(bytes: Buffer): SqlError {
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at] as number;
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead === 0 || !isUtf8(bytes.subarray(at, at + length))) {
      const shown = [...bytes.subarray(at, at + Math.min(length, bytes.length - at))].map(
        (b) => `0x${b.toString(16).padStart(2, '0')}`,
      );
      return new SqlError(
        'character_not_in_repertoire',
        `invalid byte sequence for encoding "UTF8": ${shown.join(' ')}`,
      );
    }
    at += length;
  }
  return new SqlError('character_not_in_repertoire', 'invalid byte sequence for encoding "UTF8"');
}

/**
 * Reads the body of one frontend message. Every method throws 08P01 when the body ends too early; `done` when something is left.
 * The bytes belong to the input buffer and are good only while the message is being handled.
 */
export class MessageReader {
  buffer: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;

  /** Begins with the body between `start` and `end`. */
  open(buffer: Buffer, start: number, end: number): void {
    this.buffer = buffer;
    this.at = start;
    this.end = end;
  }

  byte(): number {
    return this.buffer[this.take(1)] as number;
  }

  int16(): number {
    const at = this.take(2);
    return ((this.buffer[at] as number) << 8) | (this.buffer[at + 1] as number);
  }

  int32(): number {
    const at = this.take(4);
    const { buffer } = this;
    return (
      ((buffer[at] as number) << 24) |
      ((buffer[at + 1] as number) << 16) |
      ((buffer[at + 2] as number) << 8) |
      (buffer[at + 3] as number)
    );
  }

  /** Steps over `count` bytes and answers where they begin. */
  take(count: number): number {
    const { at } = this;
    if (count < 0 || at + count > this.end) throw protocolViolation('insufficient data left in message');
    this.at = at + count;
    return at;
  }

  /** Text up to a zero byte, which must be there. */
  cstring(): string {
    const start = this.at;
    const { buffer, end } = this;
    if (start < end && buffer[start] === 0) {
      this.at = start + 1;
      return '';
    }
    const zero = buffer.indexOf(0, start);
    if (zero < 0 || zero >= end) throw protocolViolation('invalid string in message');
    this.at = zero + 1;
    return decodeText(buffer, start, zero);
  }

  /** A copy of the next `count` bytes. */
  bytes(count: number): Uint8Array {
    const start = this.take(count);
    return new Uint8Array(this.buffer.subarray(start, start + count));
  }

  /** What is left. */
  rest(): Uint8Array {
    return this.bytes(this.end - this.at);
  }

  done(): void {
    if (this.at !== this.end) throw protocolViolation();
  }
}
