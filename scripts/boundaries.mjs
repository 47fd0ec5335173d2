/**
 * Checks every import against .dependency-cruiser.cjs. With a compiler that it cannot load, dependency-cruiser reads no
 * modules and reports no violations, so a run that saw fewer modules than there are source files counts as failed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bin, root, runAsProgram, sourceFolders } from './project.mjs';

/**
 * The violations in the tree at `directory`, one line each.
 * @throws where the check itself did not do its work
 */
export function boundaryViolations(directory) {
  const folders = sourceFolders.filter((folder) => existsSync(join(directory, folder)));
  const files = folders.flatMap((folder) =>
    readdirSync(join(directory, folder), { recursive: true }).filter((name) => name.endsWith('.ts')),
  );
  const result = spawnSync(bin('depcruise'), ['--config', '.dependency-cruiser.cjs', '-T', 'json', ...folders], {
    cwd: directory,
    encoding: 'utf8',
    maxBuffer: 256 << 20,
  });
  if (!result.stdout.startsWith('{')) throw new Error(`the boundary check did not run: ${result.stderr.trim()}`);
  const { summary } = JSON.parse(result.stdout);
  if (files.length === 0 || summary.totalCruised < files.length) {
    throw new Error(
      `the boundary check read ${summary.totalCruised} modules of ${files.length}; is @swc/core installed?`,
    );
  }
  return {
    modules: summary.totalCruised,
    violations: summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} imports ${to}`),
  };
}

runAsProgram(import.meta.url, async ([directory]) => {
  const { modules, violations } = boundaryViolations(resolve(directory ?? root));
  for (const violation of violations) console.error(violation);
  console.log(`boundaries: ${modules} modules, ${violations.length} violations`);
  return violations.length === 0 ? 0 : 1;
});
