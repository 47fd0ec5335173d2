import type { ObjectId } from '#schemas/kernel/brand.js';
import type { ResultColumn } from '#schemas/link/frames.js';
import type { Row } from '#schemas/values/value.js';
import type { MaybePromise } from '../rows/reading.js';
import type { RunContext } from './prepare.js';

/** COPY FROM STDIN into one table: rows come in the order of `columns`; the other columns take their defaults. */
export interface CopyPlan {
  readonly table: ObjectId;
  readonly columns: readonly ResultColumn[];
  /** Stores rows with defaults, generated columns and every constraint. */
  insert(run: RunContext, rows: readonly Row[]): MaybePromise<void>;
}
