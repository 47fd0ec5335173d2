import type { PlantedBug } from './planted-bugs.js';
import type { Result } from './world.js';

const LAST_STEPS = 25;

/** What a person needs to know of one seed: what failed, what happened right before, and how to see it again. */
export function reportOf(result: Result, { bug = null, steps }: { bug?: PlantedBug | null; steps?: number }): string {
  const { seed, hash, records, commits, failure, trace, log } = result;
  const head = `seed ${seed}: ${trace.length} steps, trace ${hash}, ${records} records, ${commits} commits`;
  if (failure === null) return `${head}: passed`;
  const again = [
    `--seed ${seed}`,
    ...(steps === undefined ? [] : [`--steps ${steps}`]),
    ...(bug === null ? [] : [`--bug '${bug}'`]),
  ];
  return [
    `${head}: FAILED`,
    ...trace.slice(-LAST_STEPS).map((step) => `    ${step}`),
    'the log ends with',
    ...log.slice(-LAST_STEPS).map((line) => `    ${line}`),
    failure.stack ?? failure.message,
    `again: npm run simulate -- ${again.join(' ')} --trace`,
  ].join('\n');
}
