import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Value } from '#schemas/values/value.js';
import type { EvaluationContext, ScalarFunction } from '../definition.js';
import { pure, specialised } from '../signature.js';
import { printerOf } from '../text/printed.js';
import { quoteIdentifier, quoteLiteral } from './text.js';

function unknownEncoding(name: string): SqlError {
  return new SqlError('invalid_parameter_value', `unrecognized encoding: "${name}"`);
}

/** base64 has lines of 76 characters, as MIME has. */
function encode(bytes: Uint8Array, encoding: string): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (encoding.toLowerCase()) {
    case 'hex':
      return buffer.toString('hex');
    case 'base64':
      return buffer.toString('base64').replace(/(.{76})(?=.)/g, '$1\n');
    case 'escape':
      return [...buffer]
        .map((b) =>
          b === 92 ? '\\\\' : b === 0 || b > 127 ? `\\${b.toString(8).padStart(3, '0')}` : String.fromCharCode(b),
        )
        .join('');
    default:
      throw unknownEncoding(encoding);
  }
}

function decode(text: string, encoding: string): Uint8Array {
  switch (encoding.toLowerCase()) {
    case 'hex': {
      const digits = text.replace(/\s/g, '');
      const bad = /[^0-9a-fA-F]/.exec(digits);
      if (bad !== null) throw new SqlError('invalid_parameter_value', `invalid hexadecimal digit: "${bad[0]}"`);
      if (digits.length % 2 !== 0)
        throw new SqlError('invalid_parameter_value', 'invalid hexadecimal data: odd number of digits');
      return Buffer.from(digits, 'hex');
    }
    case 'base64': {
      const digits = text.replace(/\s/g, '');
      const bad = /[^A-Za-z0-9+/=]/.exec(digits);
      if (bad !== null) {
        throw new SqlError(
          'invalid_parameter_value',
          `invalid symbol "${bad[0]}" found while decoding base64 sequence`,
        );
      }
      if (digits.length % 4 !== 0) throw new SqlError('invalid_parameter_value', 'invalid base64 end sequence');
      return Buffer.from(digits, 'base64');
    }
    case 'escape': {
      const bytes: number[] = [];
      for (const part of text.matchAll(/\\\\|\\([0-3][0-7]{2})|[^\\]|\\/gu)) {
        if (part[0] === '\\') throw new SqlError('invalid_text_representation', 'invalid input syntax for type bytea');
        if (part[0] === '\\\\') bytes.push(92);
        else if (part[1] !== undefined) bytes.push(Number.parseInt(part[1], 8));
        else bytes.push(...Buffer.from(part[0]));
      }
      return Buffer.from(bytes);
    }
    default:
      throw unknownEncoding(encoding);
  }
}

type Printer = ReturnType<typeof printerOf>;

/** The most characters that a text is padded to, as in lpad(). */
const WIDTH_MAX = 268_435_456;

/** format(): %s %I %L, %n$ places, a minus for left, a width as a number or from an argument. */
function format(
  pattern: string,
  args: readonly Value[],
  printers: readonly Printer[],
  context: EvaluationContext,
): string {
  let next = 0;
  const take = (place: string | undefined): { value: Value; print: Printer } => {
    if (place === '0')
      throw new SqlError('invalid_parameter_value', 'format specifies argument 0, but arguments are numbered from 1');
    const at = place === undefined ? next : Number(place) - 1;
    next = at + 1;
    const print = printers[at];
    if (print === undefined) throw new SqlError('invalid_parameter_value', 'too few arguments for format()');
    return { value: args[at] as Value, print };
  };
  return pattern.replace(
    /%(?:%|(?:(\d+)\$)?(-?)(?:(\d+)|\*(?:(\d+)\$)?)?(.)?)/gsu,
    (whole, place, minus, width, star, kind) => {
      if (whole === '%%') return '%';
      if (kind === undefined) {
        throw new SqlError('invalid_parameter_value', 'unterminated format() type specifier', {
          hint: 'For a single "%" use "%%".',
        });
      }
      let size = width === undefined ? 0 : Number(width);
      let leftAligned = minus === '-';
      if (whole.includes('*')) {
        const given = take(star).value;
        size = given === null ? 0 : Number(given);
        leftAligned ||= size < 0;
        size = Math.abs(size);
      }
      const { value, print } = take(place);
      const text = formatted(kind as string, value === null ? null : print(value, context));
      if (size > WIDTH_MAX) throw new SqlError('program_limit_exceeded', 'out of memory');
      return leftAligned ? text.padEnd(size) : text.padStart(size);
    },
  );
}

function formatted(kind: string, text: string | null): string {
  switch (kind) {
    case 's':
      return text ?? '';
    case 'L':
      return text === null ? 'NULL' : quoteLiteral(text);
    case 'I':
      if (text === null)
        throw new SqlError('null_value_not_allowed', 'null values cannot be formatted as an SQL identifier');
      return quoteIdentifier(text);
    default:
      throw new SqlError('invalid_parameter_value', `unrecognized format() type specifier "${kind}"`, {
        hint: 'For a single "%" use "%%".',
      });
  }
}

function formatFor(types: readonly SqlType[]): (...all: readonly unknown[]) => string | null {
  const printers = types.slice(1).map(printerOf);
  return (...all) => {
    if (all[0] === null) return null;
    return format(
      all[0] as string,
      all.slice(1, 1 + printers.length) as Value[],
      printers,
      all[types.length] as EvaluationContext,
    );
  };
}

export const ENCODING_FUNCTIONS: readonly ScalarFunction[] = [
  pure('encode', ['bytea', 'text'], 'text', encode),
  pure('decode', ['text', 'text'], 'bytea', decode),
  pure('convert_from', ['bytea', 'text'], 'text', (b: Uint8Array) => Buffer.from(b).toString('utf8')),
  pure('convert_to', ['text', 'text'], 'bytea', (s: string) => Buffer.from(s, 'utf8')),
  pure('get_byte', ['bytea', 'integer'], 'integer', (b: Uint8Array, i: number) => {
    const byte = b[i];
    if (byte === undefined)
      throw new SqlError('array_subscript_error', `index ${i} out of valid range, 0..${b.length - 1}`);
    return byte;
  }),
  specialised(
    { name: 'format', arguments: ['text', 'any'], variadic: true, result: 'text', strict: false, volatility: 'stable' },
    formatFor,
  ),
];
