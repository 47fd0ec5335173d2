import fc from 'fast-check';
import { type Beat, decodeBeat, encodeBeat, TIME_SOURCES } from './beat.js';

const count = fc.maxSafeNat();
const beats: fc.Arbitrary<Beat> = fc.record({
  sequence: count,
  timestamp: fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }),
  uncertainty: count,
  uncertaintyMax: count,
  source: fc.constantFrom(...TIME_SOURCES),
  stratum: fc.integer({ min: 0, max: 255 }),
  jitter: count,
  wander: fc.integer({ min: -0x80000000, max: 0x7fffffff }),
  epoch: count,
  master: fc.integer({ min: 0, max: 255 }),
  flags: fc.integer({ min: 0, max: 0xffff }),
});

describe('a beat', () => {
  it('comes out of a datagram as it went in', () => {
    fc.assert(fc.property(beats, (beat) => expect(decodeBeat(encodeBeat(beat))).toEqual(beat)));
  });

  it('is not taken from a datagram with any bit changed, or of another length', () => {
    fc.assert(
      fc.property(beats, fc.nat(68 * 8 - 1), fc.integer({ min: 0, max: 67 }), (beat, bit, length) => {
        const bytes = encodeBeat(beat);
        expect(decodeBeat(bytes.subarray(0, length))).toBeNull();
        expect(decodeBeat(Buffer.concat([bytes, Buffer.alloc(1)]))).toBeNull();
        bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(decodeBeat(bytes)).toBeNull();
      }),
    );
  });

  it('is not taken from anything else', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => expect(decodeBeat(bytes)).toBeNull()));
  });
});
