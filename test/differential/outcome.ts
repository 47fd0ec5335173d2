import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../harness/project-root.js';

/** What a client sees of one statement. */
export interface Outcome {
  /** 'name type' of each column; empty when the statement returns no rows. */
  readonly columns: readonly string[];
  /** Values in text form; NULL is ␀. */
  readonly rows: ReadonlyArray<readonly string[]>;
  /** Command tag; empty for queries. */
  readonly tag: string;
  /** 'SQLSTATE message', with detail and hint behind it; empty when it went well. */
  readonly error: string;
}

export const NULL_SHOWN = '␀';

/** The statements of one corpus file, in order. */
export function corpus(name: string): string[] {
  const text = readFileSync(join(projectRoot(), 'test/differential/corpus', `${name}.sql`), 'utf8');
  return text
    .split(/;\s*\n/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

/** An outcome as lines that a difference shows well. Rows stand in order where the statement asks for one. */
export function shown(statement: string, outcome: Outcome): string[] {
  const rows = outcome.rows.map((row) => row.join(' | '));
  if (!/\border by\b/i.test(statement)) rows.sort();
  if (outcome.error !== '') return [outcome.error];
  return [
    ...(outcome.columns.length > 0 ? [outcome.columns.join(', ')] : []),
    ...rows,
    ...(outcome.tag === '' ? [] : [outcome.tag]),
  ];
}
