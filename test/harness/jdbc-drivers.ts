/** Drivers for Java. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from './project-root.js';

/** The class path of a driver that scripts/jdbc-driver.mjs knows; fetched where it is missing. */
export function jdbcClassPath(name: 'pgjdbc' | 'connector-j'): string {
  const script = join(projectRoot(), 'scripts', 'jdbc-driver.mjs');
  const printed = execFileSync(process.execPath, [script, name], { encoding: 'utf8' });
  return join(printed.trimEnd().split('\n').at(-1) ?? '', '*');
}
