import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectRoot } from './project-root.js';

/**
 * The script that makes Chinook, a sample database of a music shop. It is not part of this repository: it is looked for in the folder of POLYLOG_CHINOOK,
 * then beside the project. null where it is not: it can be had from https://github.com/lerocha/chinook-database.
 */
export function chinookScript(system: 'PostgreSql' | 'MySql'): string | null {
  const name = `Chinook_${system}.sql`;
  const given = process.env['POLYLOG_CHINOOK'];
  const beside = join(dirname(projectRoot()), 'shared', 'data', 'chinook', name);
  const path = given === undefined ? beside : join(dirname(given), name);
  return existsSync(path) ? path : null;
}
