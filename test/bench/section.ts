/** What a section of the benchmark hands back. */
import type { BenchOptions } from './options.js';
import type { Verdict } from './verdict.js';

export interface SectionResult {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly verdicts: readonly Verdict[];
  /** Every run that failed, in words. None is left out of the report. */
  readonly failures: readonly string[];
  /** Everything measured, for the JSON. */
  readonly data: unknown;
}

export type Section = (options: BenchOptions) => Promise<SectionResult>;

/** A line for whoever waits; the results alone go to standard output. */
export function progress(text: string): void {
  process.stderr.write(`  ${text}\n`);
}
