import { type TextContext, textParser } from '#schemas/values/text-form.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Value } from '#schemas/values/value.js';
import { decodeText, type MessageReader, protocolViolation } from './decode.js';
import { binaryDecoder } from './values/binary.js';

/** Reads one non-null parameter from its bytes. */
type ParameterReader = (buffer: Buffer, start: number, end: number) => Value;

/** The readers of a statement's parameters, made once for a text context. Hot: used for every Bind. */
export class ParameterReaders {
  readonly context: TextContext;
  readonly #types: readonly SqlType[];
  readonly #text: readonly ParameterReader[];
  #binary: readonly ParameterReader[] | null = null;

  constructor(types: readonly SqlType[], context: TextContext) {
    this.context = context;
    this.#types = types;
    this.#text = types.map((type) => textReader(type, context));
  }

  get count(): number {
    return this.#types.length;
  }

  /**
   *   parameters = count:int16 { format:int16 } count:int16 { -1:int32 | size:int32 bytes }
   *
   * Throws 08P01 for counts that do not fit, and what the types' input functions throw. `statement`: its name, for messages.
   */
  read(message: MessageReader, statement: string): Value[] {
    const formats = readFormats(message);
    const count = message.int16();
    if (formats.length > 1 && formats.length !== count) {
      throw protocolViolation(`bind message has ${formats.length} parameter formats but ${count} parameters`);
    }
    if (count !== this.#types.length) {
      throw protocolViolation(
        `bind message supplies ${count} parameters, but prepared statement "${statement}" requires ${this.#types.length}`,
      );
    }
    const values: Value[] = [];
    for (let i = 0; i < count; i++) {
      const size = message.int32();
      if (size === -1) {
        values.push(null);
        continue;
      }
      const start = message.take(size);
      const binary = formats.length === 0 ? false : (formats.length === 1 ? formats[0] : formats[i]) === true;
      const readers = binary ? (this.#binary ??= this.#types.map(binaryReader)) : this.#text;
      values.push((readers[i] as ParameterReader)(message.buffer, start, start + size));
    }
    return values;
  }
}

const NO_FORMATS: readonly boolean[] = [];

/**
 *   formats = count:int16 { format:int16 }      (0 text, 1 binary; no format = all text, one = it holds for all)
 */
export function readFormats(message: MessageReader): readonly boolean[] {
  const count = message.int16();
  if (count === 0) return NO_FORMATS;
  if (count * 2 > message.end - message.at) throw protocolViolation('insufficient data left in message');
  const formats: boolean[] = [];
  for (let i = 0; i < count; i++) {
    const code = message.int16();
    if (code > 1) throw protocolViolation(`unsupported format code: ${code}`);
    formats.push(code === 1);
  }
  return formats;
}

function textReader(type: SqlType, context: TextContext): ParameterReader {
  const parse = textParser(type, context);
  const general: ParameterReader = (buffer, start, end) => parse(decodeText(buffer, start, end));
  if (type.kind !== 'integer') return general;
  return (buffer, start, end) => {
    // Up to nine digits cannot overflow; everything else goes the long way.
    let at = start;
    const negative = buffer[at] === 45;
    if (negative) at++;
    if (at === end || end - at > 9) return general(buffer, start, end);
    let value = 0;
    for (; at < end; at++) {
      const digit = (buffer[at] as number) - 48;
      if (digit < 0 || digit > 9) return general(buffer, start, end);
      value = value * 10 + digit;
    }
    return negative && value !== 0 ? -value : value;
  };
}

function binaryReader(type: SqlType): ParameterReader {
  const decode = binaryDecoder(type);
  return (buffer, start, end) => decode(buffer.subarray(start, end));
}
