import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import type { Clock } from '#schemas/kernel/ports.js';
import { HybridClock } from './hybrid.js';
import { millisOf, VersionMint } from './hybrid-clock.js';

const START_MS = 1_700_000_000_000;

/** A machine's clock that a test sets. */
class SetClock implements Clock {
  ms = START_MS;
  nowMicros(): bigint {
    return BigInt(this.ms) * 1_000n + 999n;
  }
  monotonicMs(): number {
    return this.ms;
  }
  after(): () => void {
    return () => undefined;
  }
}

const random = { bytes: (length: number): Uint8Array => randomBytes(length) };
/** Moves of the machine's clock between two readings, also backwards. */
const moves = fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 200 });

describe('VersionMint', () => {
  it('mints ids of version 7, each greater than the one before, whatever the clock does', () => {
    fc.assert(
      fc.property(moves, fc.integer({ min: -2, max: 2 }), (steps, floor) => {
        const clock = new SetClock();
        const mint = new VersionMint(clock, random, START_MS + floor);
        let last = '';
        for (const step of steps) {
          clock.ms += step;
          const id = mint.next();
          expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
          expect(id > last).toBe(true);
          expect(millisOf(id)).toBeGreaterThanOrEqual(Math.max(clock.ms, START_MS + floor));
          last = id;
        }
      }),
    );
  });

  it('runs ahead of the clock when a millisecond is used up', () => {
    const mint = new VersionMint(new SetClock(), random);
    const ids = Array.from({ length: 10_000 }, () => mint.next());
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(10_000);
    expect(millisOf(ids[9_999] as (typeof ids)[0])).toBe(START_MS + 2);
  });

  it('mints above a floor that is raised, within its millisecond too', () => {
    const clock = new SetClock();
    const other = new VersionMint(clock, random);
    const seen = Array.from({ length: 100 }, () => other.next()).at(-1) as ReturnType<VersionMint['next']>;
    const mint = new VersionMint(clock, random);
    mint.raiseFloor(millisOf(seen));
    expect(mint.next() > seen).toBe(true);
    mint.raiseFloor(millisOf(seen));
    expect(mint.next() > seen).toBe(true);
    mint.raiseFloor(START_MS - 1_000);
    expect(mint.next() > seen).toBe(true);
  });
});

describe('HybridClock', () => {
  it('never decreases, and never goes below what it has observed', () => {
    fc.assert(
      fc.property(moves, moves, (steps, observed) => {
        const real = new SetClock();
        const clock = new HybridClock(real, BigInt(START_MS) * 1_000n);
        let last = 0n;
        steps.forEach((step, i) => {
          real.ms += step;
          const seen = real.nowMicros() + BigInt(observed[i] ?? 0) * 1_000n;
          clock.observe(seen);
          const now = clock.nowMicros();
          expect(now >= last && now >= seen && now >= real.nowMicros()).toBe(true);
          expect(now - real.nowMicros()).toBe(clock.aheadMicros());
          last = now;
        });
      }),
    );
  });
});
