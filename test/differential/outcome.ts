import { existsSync, readFileSync } from 'node:fs';
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
  /** 'SQLSTATE message', with detail, hint and position behind it; empty when it went well. */
  readonly error: string;
}

/**
 * How an answer relates to PostgreSQL's: the same; an error with the same SQLSTATE and another text, detail, hint or
 * position; a refusal with 0A000; anything else.
 */
export type Verdict = 'same' | 'wording' | 'refused' | 'differs';

export const NULL_SHOWN = '␀';

function statementsOf(path: string): string[] {
  return readFileSync(path, 'utf8')
    .split(/;\s*\n/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

/** The statements of one corpus file, in order. */
export function corpus(name: string): string[] {
  return statementsOf(join(projectRoot(), 'test/differential/corpus', `${name}.sql`));
}

/** The statements of a corpus file that do not answer as PostgreSQL yet. The lists only shrink. */
export function knownVerdicts(name: string): Map<string, Verdict> {
  const known = new Map<string, Verdict>();
  for (const verdict of ['wording', 'refused', 'differs'] as const) {
    const path = join(projectRoot(), 'test/differential/known', `${name}.${verdict}.sql`);
    if (existsSync(path)) for (const statement of statementsOf(path)) known.set(statement, verdict);
  }
  return known;
}

export function verdictOf(statement: string, found: Outcome, wanted: Outcome): Verdict {
  if (shown(statement, found).join('\n') === shown(statement, wanted).join('\n')) return 'same';
  if (found.error !== '' && found.error.slice(0, 5) === wanted.error.slice(0, 5)) return 'wording';
  return found.error.startsWith('0A000') ? 'refused' : 'differs';
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
