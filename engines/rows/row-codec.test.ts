import fc from 'fast-check';
import type { VersionId } from '#schemas/kernel/brand.js';
import { Interval } from '#schemas/values/interval.js';
import { Numeric } from '#schemas/values/numeric.js';
import type { Value } from '#schemas/values/value.js';
import { RowDecoder, RowEncoder } from './row-codec.js';

const int64 = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n });
const int32 = fc.integer();

const leaf: fc.Arbitrary<Value> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  int32,
  fc.double(),
  int64,
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ maxLength: 40 }),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  fc
    .record({ unscaled: fc.bigInt(), scale: fc.integer({ min: -1_000, max: 16_383 }) })
    .map((n) => new Numeric(n.unscaled, n.scale)),
  fc
    .constantFrom('NaN' as const, 'Infinity' as const, '-Infinity' as const)
    .map((special) => new Numeric(0n, 0, special)),
  fc.record({ months: int32, days: int32, micros: int64 }).map((i) => new Interval(i.months, i.days, i.micros)),
);
const value: fc.Arbitrary<Value> = fc.oneof(
  { weight: 8, arbitrary: leaf },
  { weight: 1, arbitrary: fc.array(leaf) },
  { weight: 1, arbitrary: fc.array(fc.array(leaf)) },
);
const id = fc.uuid({ version: 7 }).map((text) => text as VersionId);

describe('the row codec', () => {
  const encoder = new RowEncoder();
  const decoder = new RowDecoder();

  it('gives back every row and its version', () => {
    fc.assert(
      fc.property(id, fc.array(value), (version, row) => {
        const bytes = encoder.encode(version, row);
        expect(decoder.id(bytes)).toBe(version);
        expect(decoder.row(bytes)).toEqual(row);
      }),
      { numRuns: 2_000 },
    );
  });

  it('keeps values apart that are equal to ===', () => {
    const bytes = encoder.encode('018f0000-0000-7000-8000-000000000000' as VersionId, [-0, 0]);
    expect(decoder.row(bytes).map((v) => Object.is(v, -0))).toEqual([true, false]);
  });

  it('refuses bytes that are no row', () => {
    const bytes = encoder.encode('018f0000-0000-7000-8000-000000000000' as VersionId, [1, 'a']);
    expect(() => decoder.row(bytes.subarray(0, bytes.length - 1))).toThrow();
    expect(() => decoder.row(Buffer.concat([bytes, Buffer.from([0])]))).toThrow(/length/);
  });
});
