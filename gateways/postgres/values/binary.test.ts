import fc from 'fast-check';
import { comparator } from '#schemas/values/compare.js';
import { Interval } from '#schemas/values/interval.js';
import { canonicalJsonb } from '#schemas/values/json.js';
import { Numeric } from '#schemas/values/numeric.js';
import { printNumeric } from '#schemas/values/numeric-arithmetic.js';
import { oidOf, typeOfOid, typmodOf } from '#schemas/values/oids.js';
import type { SqlType } from '#schemas/values/type.js';
import { arrayOf, TYPES } from '#schemas/values/type-name.js';
import type { Value } from '#schemas/values/value.js';
import { binaryDecoder, decodeBinary, encodeBinary } from './binary.js';
import { BufferSink } from './buffer-sink.js';

function encoded(type: SqlType, value: Value): Buffer {
  const sink = new BufferSink();
  encodeBinary(type, value, sink);
  return sink.finish();
}

const moment = fc.bigInt({ min: -200_000_000_000_000_000n, max: 9_000_000_000_000_000_000n });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const text = fc.string({ unit: 'grapheme' });
const integers = fc.array(fc.option(fc.integer()), { minLength: 1, maxLength: 4 });

const VALUES: ReadonlyArray<readonly [SqlType, fc.Arbitrary<Value>]> = [
  [TYPES.boolean, fc.boolean()],
  [TYPES.smallint, fc.integer({ min: -32_768, max: 32_767 })],
  [TYPES.integer, fc.integer()],
  [TYPES.bigint, int64],
  [TYPES.oid, fc.nat(4_294_967_295)],
  [TYPES.real, fc.float()],
  [TYPES.double, fc.double()],
  [TYPES.text, text],
  [{ kind: 'char', length: 9 }, text.map((t) => [...t].slice(0, 9).join('').replace(/ +$/, ''))],
  [TYPES.bytea, fc.uint8Array().map((b) => Buffer.from(b))],
  [TYPES.date, fc.oneof(fc.integer({ min: -2_400_000, max: 90_000_000 }), fc.constantFrom(Infinity, -Infinity))],
  [TYPES.time, fc.integer({ min: 0, max: 86_400_000_000 })],
  [TYPES.timestamp, fc.oneof(moment, fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n)))],
  [TYPES.timestamptz, moment],
  [TYPES.timetz, fc.constantFrom('12:34:56.789+02', '00:00:00-03:30', '24:00:00+00', '23:59:59.000001+05:30:15')],
  [TYPES.interval, fc.tuple(fc.integer(), fc.integer(), int64).map(([m, d, u]) => new Interval(m, d, u))],
  [TYPES.uuid, fc.uuid()],
  [TYPES.jsonb, fc.json().map((j) => canonicalJsonb(j.replaceAll('\\u0000', ' ')))],
  [arrayOf(TYPES.integer), integers],
  [arrayOf(TYPES.text), fc.array(fc.option(text.filter((t) => !t.includes('\0'))))],
  [
    arrayOf(TYPES.integer),
    fc
      .integer({ min: 1, max: 4 })
      .chain((n) => fc.array(fc.array(fc.integer(), { minLength: n, maxLength: n }), { minLength: 1 })),
  ],
];

describe.each(VALUES.map(([type, values]) => [type.kind, type, values] as const))(
  'binary %s',
  (_name, type, values) => {
    it('comes back as it was', () => {
      fc.assert(
        fc.property(
          values.filter((v) => typeof v !== 'string' || !v.includes('\0')),
          (value) => expect(decodeBinary(type, encoded(type, value))).toEqual(value),
        ),
      );
    });

    it('refuses what is cut short, without reading past its end', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
          try {
            comparator(type)(decodeBinary(type, bytes), decodeBinary(type, bytes));
          } catch (error) {
            expect((error as Error).name).toBe('SqlError');
          }
        }),
      );
    });
  },
);

describe('binary numeric', () => {
  it('comes back with its display scale', () => {
    const numbers = fc.oneof(
      fc.tuple(fc.bigInt(), fc.nat(60)).map(([u, s]) => new Numeric(u, s)),
      fc.tuple(fc.bigInt({ min: -100_000n, max: 100_000n }), fc.nat(12)).map(([u, s]) => new Numeric(u * 10n ** 8n, s)),
      fc.constantFrom(new Numeric(0n, 0, 'NaN'), new Numeric(0n, 0, 'Infinity'), new Numeric(0n, 0, '-Infinity')),
    );
    fc.assert(
      fc.property(numbers, (n) => {
        const back = decodeBinary(TYPES.numeric, encoded(TYPES.numeric, n)) as Numeric;
        expect(printNumeric(back)).toBe(printNumeric(n));
      }),
    );
  });
});

describe('type oids', () => {
  it('name their types, with modifiers', () => {
    const types: SqlType[] = [
      TYPES.integer,
      arrayOf(TYPES.text),
      { kind: 'numeric', precision: 12, scale: -3 },
      { kind: 'numeric', precision: 1_000, scale: 1_000 },
      { kind: 'varchar', length: 10 },
      { kind: 'char', length: 1 },
      arrayOf({ kind: 'varchar', length: 7 }),
    ];
    for (const type of types) expect(typeOfOid(oidOf(type), typmodOf(type))).toEqual(type);
    expect(typeOfOid(600)).toBeNull();
  });
});

describe('a decoder', () => {
  it('names the bytes that are not UTF-8', () => {
    const decode = binaryDecoder(TYPES.text);
    expect(() => decode(Buffer.from([0x61, 0xc3, 0x28]))).toThrow(
      'invalid byte sequence for encoding "UTF8": 0xc3 0x28',
    );
    expect(() => decode(Buffer.from([0x61, 0x00]))).toThrow('invalid byte sequence for encoding "UTF8": 0x00');
  });

  it('refuses bytes that are left over', () => {
    expect(() => binaryDecoder(TYPES.integer)(Buffer.alloc(5))).toThrow('incorrect binary data format');
  });
});
