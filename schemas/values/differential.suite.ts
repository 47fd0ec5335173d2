import fc from 'fast-check';
import { SQLSTATES } from '../sqlstate/conditions.js';
import { SqlError } from '../sqlstate/sql-error.js';
import { castFunction } from './cast.js';
import { DEFAULT_TEXT_CONTEXT, type TextContext, textPrinter } from './text-form.js';
import type { SqlType } from './type.js';
import { printType, TYPES } from './type-name.js';

/**
 * Runs queries of one value each under some settings; answers with each value as its output function prints it, or with
 * "SQLSTATE message".
 */
export type Ask = (queries: readonly string[], settings: Readonly<Record<string, string>>) => string[];

function mine(run: () => string): string {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof SqlError)) return `${error}`;
    return `${SQLSTATES[error.condition]} ${error.message}`;
  }
}

/** A question to PostgreSQL and the same to us. */
export interface Case {
  readonly query: string;
  readonly run: () => string;
}

/** The questions that the two answer differently: empty when all is well. */
export function differences(
  ask: Ask,
  cases: readonly Case[],
  settings: Readonly<Record<string, string>> = {},
): string[] {
  const answers = ask(
    cases.map((c) => c.query),
    settings,
  );
  return cases.flatMap(({ query, run }, i) => {
    const own = mine(run);
    return own === answers[i]
      ? []
      : [`${query.slice(0, 300)}\n  theirs: ${answers[i]?.slice(0, 300)}\n  ours:   ${own.slice(0, 300)}`];
  });
}

export const quote = (text: string): string =>
  text.includes('\\') ? `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'` : `'${text.replaceAll("'", "''")}'`;

/** The same moment and the same settings as the server's session has. */
export function inputCase(type: SqlType, text: string, context: TextContext): Case {
  return {
    query: `select concat(${quote(text)}::${printType(type)})`,
    run: () => textPrinter(type, context)(castFunction(TYPES.text, type, true, context)(text)),
  };
}

export const inputs = (type: SqlType, texts: readonly string[], context: TextContext = DEFAULT_TEXT_CONTEXT): Case[] =>
  texts.map((text) => inputCase(type, text, context));

/** The same samples every time: a difference found once is found again. */
const SEED = 20_231;
export const sample = <T>(values: fc.Arbitrary<T>, count: number): T[] =>
  fc.sample(values, { seed: SEED, numRuns: count });
