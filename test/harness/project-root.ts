/** Where the clone is. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The root of the clone that the working directory is in. Found from there rather than from this file, because the same
 * source runs from test/ under jest and from dist/test/ in the benchmark.
 */
export function projectRoot(): string {
  for (let directory = process.cwd(); directory !== dirname(directory); directory = dirname(directory)) {
    const manifest = join(directory, 'package.json');
    if (existsSync(manifest) && /"name": "polylog"/.test(readFileSync(manifest, 'utf8'))) return directory;
  }
  throw new Error(`${process.cwd()} is not inside a clone of polylog`);
}
