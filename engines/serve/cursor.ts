import type { Row } from '#schemas/values/value.js';
import type { Execution, PreparedPlan } from '../planner/prepare.js';

/** What a SCROLL cursor has read: it stands on row `at`, counted from 1; 0 is before the first. */
export interface ScrolledRows {
  readonly rows: Row[];
  at: number;
}

/** A cursor of DECLARE. */
export interface Cursor {
  readonly execution: Execution;
  readonly plan: PreparedPlan;
  /** Rows fetched from the execution and not yet given. */
  rest: readonly Row[];
  readonly scroll: ScrolledRows | null;
}
