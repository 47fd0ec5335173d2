import { Interval } from '../values/interval.js';
import { Numeric } from '../values/numeric.js';
import { EXTENSION, NUMERIC_FORM } from './extension.js';

/** The peer sent what no version of the link sends. The connection cannot go on. */
export class MalformedFrameError extends Error {
  override readonly name = 'MalformedFrameError';
}

/** Deeper nesting is no frame of ours, and would only serve to exhaust the stack. */
const DEPTH_MAX = 64;

/**
 * Reads MessagePack values from a buffer; what it answers shares no memory with that buffer. Throws MalformedFrameError for truncated
 * or foreign input, and never allocates more than the input could hold.
 */
export class MessagePackReader {
  private buffer: Buffer = Buffer.alloc(0);
  private position = 0;
  private end = 0;
  private depth = 0;

  /** The one value between `start` and `end`. */
  read(buffer: Buffer, start: number, end: number): unknown {
    this.buffer = buffer;
    this.position = start;
    this.end = end;
    this.depth = 0;
    const value = this.value();
    if (this.position !== end) throw new MalformedFrameError('bytes after the end of a frame');
    return value;
  }

  private value(): unknown {
    if (this.position >= this.end) throw new MalformedFrameError('frame ends too early');
    const tag = this.buffer[this.position++] as number;
    if (tag < 0x80) return tag;
    if (tag >= 0xe0) return tag - 256;
    if (tag < 0x90) return this.map(tag & 15);
    if (tag < 0xa0) return this.array(tag & 15);
    if (tag < 0xc0) return this.string(tag & 31);
    return this.tagged(tag);
  }

  private tagged(tag: number): unknown {
    switch (tag) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xcb:
        return this.buffer.readDoubleBE(this.take(8));
      case 0xd2:
        return this.uint32() | 0;
      case 0xd3:
        return this.buffer.readBigInt64BE(this.take(8));
      case 0xd9:
        return this.string(this.buffer[this.take(1)] as number);
      case 0xdb:
        return this.string(this.uint32());
      case 0xc6:
        return this.bytes(this.uint32());
      case 0xdd:
        return this.array(this.uint32());
      case 0xdf:
        return this.map(this.uint32());
      case 0xc9:
        return this.extension(this.uint32());
      default:
        throw new MalformedFrameError(`unexpected MessagePack tag 0x${tag.toString(16)}`);
    }
  }

  /** Steps over `count` bytes and answers where they begin. */
  private take(count: number): number {
    const at = this.position;
    if (at + count > this.end) throw new MalformedFrameError('frame ends too early');
    this.position = at + count;
    return at;
  }

  private uint32(): number {
    const at = this.take(4);
    const { buffer } = this;
    return (
      (((buffer[at] as number) << 24) |
        ((buffer[at + 1] as number) << 16) |
        ((buffer[at + 2] as number) << 8) |
        (buffer[at + 3] as number)) >>>
      0
    );
  }

  private array(count: number): unknown[] {
    // An element takes at least a byte.
    if (count > this.end - this.position) throw new MalformedFrameError('array longer than its frame');
    this.enter();
    const values: unknown[] = [];
    for (let i = 0; i < count; i++) values.push(this.value());
    this.depth--;
    return values;
  }

  private map(count: number): object {
    if (count * 2 > this.end - this.position) throw new MalformedFrameError('map longer than its frame');
    this.enter();
    const result: Record<string, unknown> = {};
    for (let i = 0; i < count; i++) {
      const key = this.value();
      if (typeof key !== 'string') throw new MalformedFrameError('map key is not a string');
      const value = this.value();
      if (key === '__proto__')
        Object.defineProperty(result, key, { value, enumerable: true, configurable: true, writable: true });
      else result[key] = value;
    }
    this.depth--;
    return result;
  }

  private enter(): void {
    if (++this.depth > DEPTH_MAX) throw new MalformedFrameError('frame nested too deeply');
  }

  private string(length: number): string {
    const start = this.take(length);
    const { buffer } = this;
    if (length < 14) {
      let text = '';
      let i = 0;
      for (; i < length; i++) {
        const code = buffer[start + i] as number;
        if (code > 127) break;
        text += String.fromCharCode(code);
      }
      if (i === length) return text;
    }
    return buffer.toString('utf8', start, start + length);
  }

  private bytes(length: number): Uint8Array {
    const start = this.take(length);
    const copy = new Uint8Array(length);
    copy.set(this.buffer.subarray(start, start + length));
    return copy;
  }

  private extension(length: number): Numeric | Interval | bigint {
    const type = this.buffer[this.take(1)] as number;
    const start = this.take(length);
    switch (type) {
      case EXTENSION.interval:
        if (length !== 24) throw new MalformedFrameError('interval of a wrong length');
        return new Interval(
          this.buffer.readDoubleBE(start),
          this.buffer.readDoubleBE(start + 8),
          this.buffer.readBigInt64BE(start + 16),
        );
      case EXTENSION.numeric:
        return this.numeric(start, length);
      case EXTENSION.bigint: {
        if (length < 1) throw new MalformedFrameError('bigint of a wrong length');
        const magnitude = this.magnitude(start + 1, start + length);
        return this.buffer[start] === 1 ? -magnitude : magnitude;
      }
      default:
        throw new MalformedFrameError(`unknown MessagePack extension ${type}`);
    }
  }

  private numeric(start: number, length: number): Numeric {
    if (length < 5) throw new MalformedFrameError('numeric of a wrong length');
    const scale = this.buffer.readInt32BE(start + 1);
    switch (this.buffer[start]) {
      case NUMERIC_FORM.int64:
        if (length !== 13) throw new MalformedFrameError('numeric of a wrong length');
        return new Numeric(this.buffer.readBigInt64BE(start + 5), scale);
      case NUMERIC_FORM.NaN:
        return new Numeric(0n, scale, 'NaN');
      case NUMERIC_FORM.Infinity:
        return new Numeric(0n, scale, 'Infinity');
      case NUMERIC_FORM['-Infinity']:
        return new Numeric(0n, scale, '-Infinity');
      case NUMERIC_FORM.positive:
        return new Numeric(this.magnitude(start + 5, start + length), scale);
      case NUMERIC_FORM.negative:
        return new Numeric(-this.magnitude(start + 5, start + length), scale);
      default:
        throw new MalformedFrameError('numeric of an unknown form');
    }
  }

  private magnitude(start: number, end: number): bigint {
    return start === end ? 0n : BigInt(`0x${this.buffer.toString('hex', start, end)}`);
  }
}
