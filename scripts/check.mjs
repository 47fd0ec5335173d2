/** `npm run check`: what a machine checks without running anything: format and lint, boundaries, types. */
import { ensureBuilt } from './build.mjs';
import { ensureInstalled } from './install.mjs';
import { bin, run, runAsProgram } from './project.mjs';

const CHECKS = {
  lint: () => run(bin('biome'), ['ci', '--max-diagnostics=50', '.']),
  boundaries: () => run(process.execPath, ['scripts/boundaries.mjs']),
  types: () =>
    ensureBuilt().then(
      () => 0,
      (error) => {
        console.error(error.message);
        return 1;
      },
    ),
};

/** Runs every check, also after one failed, and returns the names of those that failed. */
export async function failedChecks() {
  const failed = [];
  for (const [name, check] of Object.entries(CHECKS)) if ((await check()) !== 0) failed.push(name);
  return failed;
}

runAsProgram(import.meta.url, async () => {
  await ensureInstalled();
  const failed = await failedChecks();
  if (failed.length > 0) console.error(`failed: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
});
