/**
 * Checks every import against .dependency-cruiser.cjs. With a compiler that it cannot load, dependency-cruiser reads no
 * modules and reports no violations, so a run that saw fewer modules than there are source files counts as failed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bin, root, runAsProgram, sourceFolders } from './project.mjs';

/** The TypeScript files of the tree at `directory`, named as dependency-cruiser names them. */
function sources(directory, folders) {
  return folders.flatMap((folder) =>
    readdirSync(join(directory, folder), { recursive: true })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name}`),
  );
}

/**
 * How many modules were read of the tree at `directory`, and the violations, one line each.
 * @throws where the check itself did not do its work
 */
function check(directory) {
  const folders = sourceFolders.filter((folder) => existsSync(join(directory, folder)));
  const args = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders];
  const result = spawnSync(bin('depcruise'), args, { cwd: directory, encoding: 'utf8', maxBuffer: 256 << 20 });
  if (!result.stdout.startsWith('{')) throw new Error(`the boundary check did not run: ${result.stderr.trim()}`);
  const { modules, summary } = JSON.parse(result.stdout);
  const read = new Set(modules.map((module) => module.source));
  const files = sources(directory, folders);
  const unread = files.filter((name) => !read.has(name));
  if (files.length === 0 || unread.length > 0) {
    const names = unread.slice(0, 3).join(', ');
    throw new Error(
      `the boundary check left out ${unread.length} of ${files.length} files (${names}); is @swc/core there?`,
    );
  }
  return {
    modules: files.length,
    violations: summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} imports ${to}`),
  };
}

runAsProgram(import.meta.url, async ([directory]) => {
  const { modules, violations } = check(resolve(directory ?? root));
  for (const violation of violations) console.error(violation);
  console.log(`boundaries: ${modules} modules, ${violations.length} violations`);
  return violations.length === 0 ? 0 : 1;
});
