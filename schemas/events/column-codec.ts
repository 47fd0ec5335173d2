import { Interval } from '../values/interval.js';
import { Numeric } from '../values/numeric.js';
import { DEFAULT_TEXT_CONTEXT, textParser, textPrinter } from '../values/text-form.js';
import type { SqlType } from '../values/type.js';
import type { SqlArray, Value } from '../values/value.js';

/** How one SQL type stands in an Avro record: its Avro type, and the steps between our internal form and what Avro reads and writes. */
export interface ColumnCodec {
  /** Avro type of a present value; the field itself is a union of null and this. */
  readonly avro: readonly AvroType[];
  /** null = the internal form goes into Avro as it is. Never called with SQL NULL. */
  readonly toAvro: ((value: Value) => unknown) | null;
  readonly fromAvro: ((raw: unknown) => Value) | null;
}

export type AvroType = string | { readonly type: string; readonly [attribute: string]: unknown };

/** Attribute under which a column's exact SQL type stands in its Avro type, for readers that know us. */
export const SQL_TYPE_ATTRIBUTE = 'polylog.type';

const DATE_INFINITY = 0x7fff_ffff;
const DATE_NEGATIVE_INFINITY = -0x8000_0000;

function plain(avro: AvroType): ColumnCodec {
  return { avro: [avro], toAvro: null, fromAvro: null };
}

/** The codec of a column of this type. */
export function columnCodec(type: SqlType): ColumnCodec {
  const tag = { [SQL_TYPE_ATTRIBUTE]: type.kind };
  switch (type.kind) {
    case 'boolean':
      return plain('boolean');
    case 'smallint':
    case 'integer':
      return plain('int');
    case 'bigint':
      return plain({ type: 'long', ...tag });
    case 'oid':
    case 'regclass':
    case 'regtype':
    case 'regproc':
      return plain('long');
    case 'real':
      return plain('float');
    case 'double':
      return plain('double');
    case 'bytea':
      return { avro: ['bytes'], toAvro: (v) => asBuffer(v as Uint8Array), fromAvro: null };
    case 'uuid':
      return plain({ type: 'string', logicalType: 'uuid' });
    case 'date':
      return { avro: [{ type: 'int', logicalType: 'date' }], toAvro: dateToAvro, fromAvro: dateFromAvro };
    case 'time':
      return plain({ type: 'long', logicalType: 'time-micros' });
    case 'timestamp':
      return plain({ type: 'long', logicalType: 'local-timestamp-micros', ...tag });
    case 'timestamptz':
      return plain({ type: 'long', logicalType: 'timestamp-micros', ...tag });
    case 'numeric':
      return numericCodec(type.precision, type.scale);
    case 'interval':
      return { avro: [INTERVAL_TYPE], toAvro: null, fromAvro: intervalFromAvro };
    case 'json':
    case 'jsonb':
      return plain({ type: 'string', ...tag });
    case 'array':
      return arrayCodec(type, type.element);
    default:
      return plain('string');
  }
}

const INTERVAL_TYPE = {
  type: 'record',
  name: 'Interval',
  namespace: 'polylog',
  fields: [
    { name: 'months', type: 'int' },
    { name: 'days', type: 'int' },
    { name: 'micros', type: { type: 'long', [SQL_TYPE_ATTRIBUTE]: 'bigint' } },
  ],
} as const;

function intervalFromAvro(raw: unknown): Interval {
  const { months, days, micros } = raw as { months: number; days: number; micros: bigint };
  return new Interval(months, days, micros);
}

function dateToAvro(value: Value): number {
  if (value === Number.POSITIVE_INFINITY) return DATE_INFINITY;
  return value === Number.NEGATIVE_INFINITY ? DATE_NEGATIVE_INFINITY : (value as number);
}

function dateFromAvro(raw: unknown): number {
  if (raw === DATE_INFINITY) return Number.POSITIVE_INFINITY;
  return raw === DATE_NEGATIVE_INFINITY ? Number.NEGATIVE_INFINITY : (raw as number);
}

/**
 * numeric(p,s) is Avro's decimal, so that any reader sees the number; NaN and the infinities, which decimal cannot say, take the string branch.
 * numeric without precision has a scale of its own in each value, so it is a string throughout.
 */
function numericCodec(precision: number | null, scale: number | null): ColumnCodec {
  if (precision === null || scale === null || scale < 0 || scale > precision) {
    return {
      avro: [{ type: 'string', [SQL_TYPE_ATTRIBUTE]: 'numeric' }],
      toAvro: (v) => decimalText(v as Numeric),
      fromAvro: (r) => parseDecimal(r as string),
    };
  }
  return {
    avro: [{ type: 'bytes', logicalType: 'decimal', precision, scale }, 'string'],
    toAvro: (v) => {
      const n = v as Numeric;
      return n.special === null ? twosComplement(rescale(n, scale)) : n.special;
    },
    fromAvro: (r) =>
      typeof r === 'string' ? parseDecimal(r) : new Numeric(fromTwosComplement(r as Uint8Array), scale),
  };
}

function rescale(n: Numeric, scale: number): bigint {
  if (n.scale === scale) return n.unscaled;
  // Column values were fitted to the column's scale when they were assigned, so this only ever adds zeros.
  return n.unscaled * 10n ** BigInt(scale - n.scale);
}

function decimalText(n: Numeric): string {
  if (n.special !== null) return n.special;
  if (n.scale === 0) return n.unscaled.toString();
  const negative = n.unscaled < 0n;
  const digits = (negative ? -n.unscaled : n.unscaled).toString().padStart(n.scale + 1, '0');
  const point = digits.length - n.scale;
  return `${negative ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
}

function parseDecimal(text: string): Numeric {
  if (text === 'NaN' || text === 'Infinity' || text === '-Infinity') return new Numeric(0n, 0, text);
  const point = text.indexOf('.');
  if (point < 0) return new Numeric(BigInt(text), 0);
  return new Numeric(BigInt(text.slice(0, point) + text.slice(point + 1)), text.length - point - 1);
}

/** The shortest big-endian two's complement, as Avro's decimal wants it. */
function twosComplement(value: bigint): Buffer {
  let bytes = 1;
  while (BigInt.asIntN(bytes * 8, value) !== value) bytes++;
  return Buffer.from(
    BigInt.asUintN(bytes * 8, value)
      .toString(16)
      .padStart(bytes * 2, '0'),
    'hex',
  );
}

function fromTwosComplement(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n;
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${asBuffer(bytes).toString('hex')}`));
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** An array of one dimension is Avro's array. SQL's type says nothing of dimensions, Avro's does: one of several takes the string branch. */
function arrayCodec(type: SqlType, element: SqlType): ColumnCodec {
  const inner = columnCodec(element);
  const items: AvroType[] = ['null', ...inner.avro];
  const { toAvro, fromAvro } = inner;
  return {
    avro: [{ type: 'array', items }, 'string'],
    toAvro: (v) => {
      const array = v as SqlArray;
      if (array.some((e) => Array.isArray(e))) return textPrinter(type, DEFAULT_TEXT_CONTEXT)(v);
      return toAvro === null ? array : array.map((e) => (e === null ? null : toAvro(e)));
    },
    fromAvro: (r) => {
      if (typeof r === 'string') return textParser(type, DEFAULT_TEXT_CONTEXT)(r);
      return fromAvro === null ? (r as SqlArray) : (r as unknown[]).map((e) => (e === null ? null : fromAvro(e)));
    },
  };
}
