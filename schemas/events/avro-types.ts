import avro from 'avsc';
import { SQL_TYPE_ATTRIBUTE } from './column-codec.js';

/** SQL types whose Avro long is read and written as a bigint: their values pass 2^53. */
const BIGINT_KINDS = new Set(['bigint', 'timestamp', 'timestamptz']);

/** An Avro long as a JavaScript bigint; avsc hands it over as eight little-endian bytes. */
const bigintLong = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(0),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeBigInt64LE(value, 0);
    return bytes;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
});

/** More than a process has in use at a time; beyond it, the oldest is compiled anew when it is asked for again. */
const COMPILED_MAX = 2_000;

/** By the schema's text. Compiled types hold nothing but what they were made from, so all codecs of a process may use one. */
const compiled = new Map<string, avro.Type>();

/**
 * Compiles an Avro schema for reading and writing, once for each text: it takes as long as decoding thousands of events. Logical types are for foreign readers: here the raw Avro values pass through, and schemas/events/column-codec
 * turns them into the internal form.
 */
export function compileSchema(schema: Record<string, unknown>): avro.Type {
  const text = JSON.stringify(schema);
  const known = compiled.get(text);
  if (known !== undefined) return known;
  const [oldest] = compiled.size < COMPILED_MAX ? [] : compiled.keys();
  if (oldest !== undefined) compiled.delete(oldest);
  const type = compileAnew(schema);
  compiled.set(text, type);
  return type;
}

function compileAnew(schema: Record<string, unknown>): avro.Type {
  return avro.Type.forSchema(
    schema as never,
    {
      wrapUnions: false,
      // A fresh registry each, because versions of one table share their names.
      registry: {},
      logicalTypes: {},
      typeHook: (inner: unknown) => {
        const attributes = inner as Record<string, unknown>;
        if (attributes['type'] === 'long' && BIGINT_KINDS.has(attributes[SQL_TYPE_ATTRIBUTE] as string))
          return bigintLong;
        return undefined;
      },
    } as never,
  );
}

export type AvroCodec = avro.Type;
