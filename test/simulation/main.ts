/**
 * Plays seeds: `npm run simulate -- [--seed N] [--seeds COUNT] [--steps N] [--bug NAME] [--trace]`. A seed that fails is printed with the command that plays it again.
 */
import { parseArgs } from 'node:util';
import { PLANTED_BUGS } from './planted-bugs.js';
import { reportOf } from './report.js';
import { simulate } from './world.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '1000' },
    steps: { type: 'string' },
    bug: { type: 'string' },
    trace: { type: 'boolean', default: false },
  },
});

const bug = PLANTED_BUGS.find((name) => name === values.bug) ?? null;
if (values.bug !== undefined && bug === null) {
  process.stderr.write(`unknown bug; there are: ${PLANTED_BUGS.join(', ')}\n`);
  process.exit(2);
}
const first = Number(values.seed ?? 1);
const count = values.seed === undefined ? Number(values.seeds) : 1;
const steps = values.steps === undefined ? {} : { steps: Number(values.steps) };

let failed = 0;
let commits = 0;
let decisions = 0;
const began = performance.now();
for (let seed = first; seed < first + count; seed++) {
  const result = await simulate({ seed, bug, ...steps });
  commits += result.commits;
  decisions += result.decisions;
  if (values.trace) process.stdout.write(`${result.trace.join('\n')}\n`);
  if (result.failure !== null || count === 1) process.stdout.write(`${reportOf(result, { bug, ...steps })}\n`);
  if (result.failure !== null) failed++;
}
const seconds = (performance.now() - began) / 1_000;
process.stdout.write(
  `simulation: ${count - failed} seeds passed, ${failed} failed; ${decisions} decisions, ${commits} commits, ${seconds.toFixed(1)} s\n`,
);
process.exitCode = failed === 0 ? 0 : 1;
