import { randomBytes } from 'node:crypto';
import type { Clock, Random } from '#schemas/kernel/ports.js';

/**
 * The machine's time in microseconds. Counts on from the last answer when the wall clock steps back, so that it never decreases within a process.
 */
export function systemClock(): Clock {
  // Wall time at one moment and the monotonic clock there: between re-readings the fast clock gives the microseconds.
  let wallAt = Date.now();
  let monotonicAt = performance.now();
  let last = 0n;
  return {
    nowMicros: () => {
      const since = performance.now() - monotonicAt;
      if (since > 1_000) {
        wallAt = Date.now();
        monotonicAt = performance.now();
      }
      const now = BigInt(Math.floor((wallAt + (performance.now() - monotonicAt)) * 1_000));
      last = now > last ? now : last;
      return last;
    },
    monotonicMs: () => performance.now(),
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      timer.unref();
      return () => clearTimeout(timer);
    },
  };
}

export const systemRandom: Random = { bytes: (length) => randomBytes(length) };
