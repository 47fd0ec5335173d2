import { assert } from '../kernel/assert.js';
import { Interval } from '../values/interval.js';
import { Numeric } from '../values/numeric.js';
import type { SimpleKind, SqlType } from '../values/type.js';
import type { Value } from '../values/value.js';
import type { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';
import { invalidProgram } from './invalid-program.js';

/*
 * pool    := count entry*
 * entry   := tag …
 *   0 null | 1 false | 2 true | 3 integer (signed varint) | 4 double (8 bytes) | 5 string (length, UTF-8)
 *   6 bigint (length, decimal ASCII) | 7 bytes (length, bytes) | 8 numeric (digits as 6, scale signed) | 9 numeric NaN, Infinity, -Infinity (byte 0, 1, 2)
 *   10 interval (months signed, days signed, micros as 6) | 11 array (count, entries)
 * type    := byte: index in TYPE_KINDS; numeric: two optional signed; varchar: one; char: one signed; array: type
 */

const TAG = {
  null: 0,
  false: 1,
  true: 2,
  integer: 3,
  double: 4,
  string: 5,
  bigint: 6,
  bytes: 7,
  numeric: 8,
  special: 9,
  interval: 10,
  array: 11,
} as const;
const SPECIALS = ['NaN', 'Infinity', '-Infinity'] as const;
/** Arrays of arrays; PostgreSQL's own limit is 6 dimensions. */
const ARRAY_DEPTH_MAX = 8;
/** Digits of a stored bigint or numeric: more than PostgreSQL's numeric can hold; converting longer text costs quadratic time. */
const DIGITS_MAX = 150_000;

const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Simple types by number: new ones are added at the end. */
const SIMPLE_KINDS: readonly SimpleKind[] = [
  'boolean',
  'smallint',
  'integer',
  'bigint',
  'real',
  'double',
  'text',
  'bytea',
  'date',
  'time',
  'timetz',
  'timestamp',
  'timestamptz',
  'interval',
  'uuid',
  'json',
  'jsonb',
  'oid',
  'name',
  'regclass',
  'regtype',
  'regproc',
  'internalchar',
  'unknown',
  'record',
  'void',
];
const MODIFIED = { numeric: 64, varchar: 65, char: 66, array: 67 } as const;

/** Collects the constants of one program, each once. */
export class ConstantPoolBuilder {
  readonly entries: Value[] = [];
  private readonly strings = new Map<string, number>();
  private readonly scalars = new Map<number | bigint | boolean | null, number>();

  /** Index of a constant equal to `value`. */
  index(value: Value): number {
    if (typeof value === 'string') return this.find(this.strings, value);
    // Objects are seldom equal: they are not compared. Map holds -0 and 0 equal, so -0 gets an entry of its own.
    if ((typeof value === 'object' && value !== null) || Object.is(value, -0)) return this.entries.push(value) - 1;
    return this.find(this.scalars, value);
  }

  private find<K extends Value>(map: Map<K, number>, value: K): number {
    const known = map.get(value);
    if (known !== undefined) return known;
    const index = this.entries.push(value) - 1;
    map.set(value, index);
    return index;
  }
}

/** Appends one constant. */
export function writeConstant(writer: ByteWriter, value: Value): void {
  if (value === null) writer.byte(TAG.null);
  else if (typeof value === 'boolean') writer.byte(value ? TAG.true : TAG.false);
  else if (typeof value === 'number') writeNumber(writer, value);
  else if (typeof value === 'string') writeBytes(writer, TAG.string, textEncoder.encode(value));
  else if (typeof value === 'bigint') writeBytes(writer, TAG.bigint, textEncoder.encode(value.toString()));
  else if (value instanceof Uint8Array) writeBytes(writer, TAG.bytes, value);
  else if (value instanceof Numeric) writeNumeric(writer, value);
  else if (value instanceof Interval) {
    writer.byte(TAG.interval);
    writer.signed(value.months);
    writer.signed(value.days);
    writeDigits(writer, value.micros);
  } else {
    writer.byte(TAG.array);
    writer.varint(value.length);
    for (const element of value) writeConstant(writer, element);
  }
}

function writeNumber(writer: ByteWriter, value: number): void {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    writer.byte(TAG.integer);
    writer.signed(value);
  } else {
    writer.byte(TAG.double);
    writer.double(value);
  }
}

function writeNumeric(writer: ByteWriter, value: Numeric): void {
  if (value.special !== null) {
    writer.byte(TAG.special);
    writer.byte(SPECIALS.indexOf(value.special));
    return;
  }
  writer.byte(TAG.numeric);
  writeDigits(writer, value.unscaled);
  writer.signed(value.scale);
}

function writeBytes(writer: ByteWriter, tag: number, bytes: Uint8Array): void {
  writer.byte(tag);
  writer.varint(bytes.length);
  writer.raw(bytes);
}

function writeDigits(writer: ByteWriter, value: bigint): void {
  const digits = textEncoder.encode(value.toString());
  writer.varint(digits.length);
  writer.raw(digits);
}

/** Reads one constant. */
export function readConstant(reader: ByteReader, depth = 0): Value {
  const tag = reader.byte();
  switch (tag) {
    case TAG.null:
      return null;
    case TAG.false:
      return false;
    case TAG.true:
      return true;
    case TAG.integer:
      return reader.signed();
    case TAG.double:
      return reader.double();
    case TAG.string:
      return readText(reader);
    case TAG.bigint:
      return readDigits(reader);
    case TAG.bytes:
      return reader.raw(reader.count()).slice();
    case TAG.numeric:
      return new Numeric(readDigits(reader), reader.signed());
    case TAG.special: {
      const special = SPECIALS[reader.byte()];
      if (special === undefined) throw invalidProgram('an unknown special number');
      return new Numeric(0n, 0, special);
    }
    case TAG.interval:
      return new Interval(reader.signed(), reader.signed(), readDigits(reader));
    case TAG.array:
      if (depth >= ARRAY_DEPTH_MAX) throw invalidProgram('an array is nested too deep');
      return Array.from({ length: reader.count() }, () => readConstant(reader, depth + 1));
    default:
      throw invalidProgram(`constant tag ${tag}`);
  }
}

function readText(reader: ByteReader): string {
  const bytes = reader.raw(reader.count());
  try {
    return textDecoder.decode(bytes);
  } catch {
    throw invalidProgram('a string is not UTF-8');
  }
}

function readDigits(reader: ByteReader): bigint {
  const text = readText(reader);
  if (text.length > DIGITS_MAX || !/^-?[0-9]+$/.test(text)) throw invalidProgram('an integer is malformed');
  return BigInt(text);
}

/** Appends a type. */
export function writeType(writer: ByteWriter, type: SqlType): void {
  switch (type.kind) {
    case 'numeric':
      writer.byte(MODIFIED.numeric);
      writeModifier(writer, type.precision);
      writeModifier(writer, type.scale);
      return;
    case 'varchar':
      writer.byte(MODIFIED.varchar);
      writeModifier(writer, type.length);
      return;
    case 'char':
      writer.byte(MODIFIED.char);
      writer.signed(type.length);
      return;
    case 'array':
      writer.byte(MODIFIED.array);
      writeType(writer, type.element);
      return;
    default: {
      const index = SIMPLE_KINDS.indexOf(type.kind);
      assert(index >= 0, `type ${type.kind} has no number`);
      writer.byte(index);
    }
  }
}

function writeModifier(writer: ByteWriter, modifier: number | null): void {
  writer.byte(modifier === null ? 0 : 1);
  if (modifier !== null) writer.signed(modifier);
}

/** Reads a type. */
export function readType(reader: ByteReader, depth = 0): SqlType {
  const tag = reader.byte();
  switch (tag) {
    case MODIFIED.numeric:
      return { kind: 'numeric', precision: readModifier(reader), scale: readModifier(reader) };
    case MODIFIED.varchar:
      return { kind: 'varchar', length: readModifier(reader) };
    case MODIFIED.char:
      return { kind: 'char', length: reader.signed() };
    case MODIFIED.array:
      if (depth >= ARRAY_DEPTH_MAX) throw invalidProgram('a type is nested too deep');
      return { kind: 'array', element: readType(reader, depth + 1) };
    default: {
      const kind = SIMPLE_KINDS[tag];
      if (kind === undefined) throw invalidProgram(`type ${tag}`);
      return { kind };
    }
  }
}

function readModifier(reader: ByteReader): number | null {
  return reader.flag() ? reader.signed() : null;
}
