import { PLANTED_BUGS } from './planted-bugs.js';
import { reportOf } from './report.js';
import { Scheduler } from './scheduler.js';
import { SeededRandom } from './seeded-random.js';
import { simulate } from './world.js';

const SEEDS = Number(process.env.POLYLOG_SEEDS ?? 1_000);
/** Played in one test: a machine that is busy with others is given its time for each of them anew. */
const SEEDS_A_TEST = Math.min(100, SEEDS);
const FIRST_SEEDS = Array.from({ length: Math.ceil(SEEDS / SEEDS_A_TEST) }, (_, i) => 1 + i * SEEDS_A_TEST);
/** As many as are played in vain before a planted bug counts as not found. */
const SEEDS_TO_FIND = 40;

describe('a simulated cluster', () => {
  it.each(FIRST_SEEDS)(
    `keeps its invariants, whatever happens in which order (${SEEDS_A_TEST} seeds from %i)`,
    async (first) => {
      let commits = 0;
      let decisions = 0;
      for (let seed = first; seed < first + SEEDS_A_TEST; seed++) {
        const result = await simulate({ seed });
        if (result.failure !== null) throw new Error(reportOf(result, {}));
        commits += result.commits;
        decisions += result.decisions;
      }
      // Invariants are kept by those who do nothing, too.
      expect(commits).toBeGreaterThan(SEEDS_A_TEST * 5);
      expect(decisions).toBeGreaterThan(SEEDS_A_TEST * 100);
    },
    60_000,
  );

  it('does the same again with the same seed, and something else with another', async () => {
    const first = await simulate({ seed: 7 });
    const again = await simulate({ seed: 7 });
    const other = await simulate({ seed: 8 });
    expect(again).toEqual(first);
    expect(other.hash).not.toBe(first.hash);
  });

  it.each(PLANTED_BUGS)('finds a bug that was planted, again and again: %s', async (bug) => {
    for (let seed = 1; seed <= SEEDS_TO_FIND; seed++) {
      const result = await simulate({ seed, bug });
      if (result.failure === null) continue;
      const again = await simulate({ seed, bug });
      expect(again.hash).toBe(result.hash);
      expect(again.failure?.message).toBe(result.failure.message);
      expect(reportOf(result, { bug })).toContain(`npm run simulate -- --seed ${seed} --bug '${bug}'`);
      return;
    }
    throw new Error(`${SEEDS_TO_FIND} seeds have not found it`);
  });

  it('fails when there was nothing to decide', async () => {
    const scheduler = new Scheduler(new SeededRandom(1));
    let done = 0;
    const actor = { choices: () => [{ name: 'the only thing to do', weight: 1, run: () => void done++ }] };
    for (let i = 0; i < 5; i++) await scheduler.step([actor]);
    expect(done).toBe(5);
    expect(() => scheduler.insistOnDecisions()).toThrow('never anything to decide');
    await scheduler.step([actor, actor]);
    expect(() => scheduler.insistOnDecisions()).not.toThrow();
  });
});
