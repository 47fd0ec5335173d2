/** What PostgreSQL calls the levels; read uncommitted is read committed there. */
export const LEVELS = ['read committed', 'repeatable read', 'serializable'] as const;
export type Level = (typeof LEVELS)[number];

/** One statement of one of the scenario's sessions. BEGIN takes the level that the scenario runs at. */
export interface Step {
  readonly session: string;
  readonly sql: string;
}

/** Transactions that interleave in a fixed order. */
export interface Scenario {
  /** The anomaly by its usual name: Adya's phenomena (G0, G1a, …) and those of Berenson and others' critique. */
  readonly name: string;
  /** Statements that make what the scenario works on; `test` with the rows (1, 10) and (2, 20) is there already. */
  readonly setup?: readonly string[];
  readonly steps: readonly Step[];
  /** Queries for what all of it came to. */
  readonly outcome: readonly string[];
  /**
   * Where the certifier refuses at serializable what PostgreSQL lets pass, because there is an order in which it could have happened: how
   * it ends here. It must be a refusal; see docs/compat/postgres.md.
   */
  readonly stricter?: { readonly ends: Readonly<Record<string, string>>; readonly outcome: readonly string[] };
}

/** The steps of a scenario in lines of the form `1: update test set …`. */
export function steps(text: string): Step[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      const colon = line.indexOf(':');
      return { session: line.slice(0, colon), sql: line.slice(colon + 1).trim() };
    });
}
