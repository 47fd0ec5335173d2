import fc from 'fast-check';
import { comparator } from './compare.js';
import { Interval } from './interval.js';
import { canonicalJsonb } from './json.js';
import { decodeKey, type KeyPart, keyEncoder, keyPrefixEnd } from './key.js';
import { Numeric } from './numeric.js';
import type { SqlType } from './type.js';
import { arrayOf, TYPES } from './type-name.js';
import type { Value } from './value.js';

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const numeric: fc.Arbitrary<Value> = fc.oneof(
  fc.tuple(fc.bigInt({ min: -1000n, max: 1000n }), fc.nat(4)).map(([u, s]) => new Numeric(u, s)),
  fc.tuple(fc.bigInt(), fc.nat(40)).map(([u, s]) => new Numeric(u, s)),
  fc.constantFrom(new Numeric(0n, 0, 'NaN'), new Numeric(0n, 0, 'Infinity'), new Numeric(0n, 0, '-Infinity')),
);
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ maxLength: 3 }),
  fc.string({ unit: fc.constantFrom('a', '\u0000', '\ue000', '😀', '\u0001') }),
);

const VALUES: ReadonlyArray<readonly [SqlType, fc.Arbitrary<Value>]> = [
  [TYPES.boolean, fc.boolean()],
  [TYPES.smallint, fc.integer({ min: -32_768, max: 32_767 })],
  [TYPES.integer, fc.oneof(fc.integer(), fc.integer({ min: -300, max: 300 }))],
  [TYPES.bigint, fc.oneof(int64, fc.bigInt({ min: -300n, max: 300n }))],
  [TYPES.numeric, numeric],
  [TYPES.real, fc.float()],
  [TYPES.double, fc.double()],
  [TYPES.text, text],
  [TYPES.varchar, text],
  [TYPES.bytea, fc.uint8Array().map((b) => Buffer.from(b))],
  [
    TYPES.date,
    fc.oneof(
      fc.integer({ min: -800_000, max: 3_000_000 }),
      fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
    ),
  ],
  [TYPES.time, fc.integer({ min: 0, max: 86_400_000_000 })],
  [TYPES.timestamp, int64],
  [TYPES.timestamptz, int64],
  [TYPES.interval, fc.tuple(fc.integer(), fc.integer(), int64).map(([m, d, u]) => new Interval(m, d, u))],
  [TYPES.uuid, fc.uuid()],
  [TYPES.jsonb, fc.json().map((j) => canonicalJsonb(j.replaceAll('\\u0000', ' ')))],
  [
    arrayOf(TYPES.smallint),
    fc.array(fc.tuple(fc.integer({ min: -2, max: 2 }), fc.integer({ min: -2, max: 2 })), { maxLength: 3 }),
  ],
  [arrayOf(TYPES.integer), fc.array(fc.option(fc.integer({ min: -5, max: 5 })))],
];

const sign = (n: number): number => (n < 0 ? -1 : n > 0 ? 1 : 0);

describe.each(VALUES.map(([type, values]) => [type.kind, type, values] as const))(
  'key of %s',
  (_name, type, values) => {
    it('orders bytes as SQL orders values, up and down, with nulls on either side', () => {
      const compare = comparator(type);
      fc.assert(
        fc.property(
          fc.option(values),
          fc.option(values),
          fc.boolean(),
          fc.boolean(),
          (a, b, descending, nullsFirst) => {
            const encode = keyEncoder([{ type, descending, nullsFirst }]);
            const order =
              a === null || b === null
                ? a === b
                  ? 0
                  : (a === null) === nullsFirst
                    ? -1
                    : 1
                : sign(compare(a, b)) * (descending ? -1 : 1);
            const x = encode([a]);
            const y = encode([b]);
            expect(x < y ? -1 : x > y ? 1 : 0).toBe(order === 0 ? 0 : order);
          },
        ),
        { numRuns: 400 },
      );
    });

    it('comes back equal, and exact to the last bit of its key, between other columns', () => {
      const compare = comparator(type);
      fc.assert(
        fc.property(fc.option(values), fc.boolean(), (value, descending) => {
          const parts: KeyPart[] = [{ type: TYPES.text }, { type, descending }, { type: TYPES.integer }];
          const key = keyEncoder(parts)(['x', value, 7]);
          const [before, back, after] = decodeKey(parts, key) as [Value, Value, Value];
          expect([before, after]).toEqual(['x', 7]);
          if (value === null || back === null) expect(back).toBe(value);
          else expect(compare(value, back)).toBe(0);
          expect(keyEncoder(parts)([before, back, after])).toBe(key);
        }),
      );
    });
  },
);

describe('keys of several columns', () => {
  const parts: KeyPart[] = [{ type: TYPES.text }, { type: TYPES.integer, descending: true }];
  it('order by the first column, then by the next', () => {
    const row = fc.tuple(text, fc.integer({ min: -3, max: 3 }));
    fc.assert(
      fc.property(row, row, (a, b) => {
        const encode = keyEncoder(parts);
        const order = sign(comparator(TYPES.text)(a[0], b[0])) || sign(b[1] - a[1]);
        const x = encode(a);
        const y = encode(b);
        expect(x < y ? -1 : x > y ? 1 : 0).toBe(order);
      }),
    );
  });

  it('keyPrefixEnd stands right behind all keys with the prefix', () => {
    expect(keyPrefixEnd('a')).toBe('b');
    expect(keyPrefixEnd('a\u00ff')).toBe('b');
    expect(keyPrefixEnd('\u00ff')).toBeNull();
  });
});
