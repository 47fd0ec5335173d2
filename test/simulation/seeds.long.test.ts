import { reportOf } from './report.js';
import { simulate } from './world.js';

const SEEDS = 1_000;
const SECONDS_MAX = 180;

describe('a simulated cluster, for longer', () => {
  it(`keeps its invariants over ${SEEDS} seeds, in less than three minutes`, async () => {
    const began = performance.now();
    for (let seed = 10_001; seed <= 10_000 + SEEDS; seed++) {
      const result = await simulate({ seed });
      if (result.failure !== null) throw new Error(reportOf(result, {}));
    }
    expect((performance.now() - began) / 1_000).toBeLessThan(SECONDS_MAX);
  }, 600_000);

  it('keeps them in long runs', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const result = await simulate({ seed, steps: 5_000 });
      if (result.failure !== null) throw new Error(reportOf(result, { steps: 5_000 }));
    }
  }, 600_000);
});
