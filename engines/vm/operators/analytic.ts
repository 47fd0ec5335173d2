import type { AnalyticColumnId, AnalyticPlan } from '#schemas/analytics/plan.js';
import type { Offset } from '#schemas/kernel/brand.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Row } from '#schemas/values/value.js';
import type { MaybePromise } from '../../rows/reading.js';
import type { Evaluator } from '../compile.js';
import type { Batch, Operator, PlanNode, Runtime } from './operator.js';

/** What the OLAP tier is asked. */
export interface AnalyticQuestion {
  readonly plan: AnalyticPlan;
  readonly inputs: Row;
  readonly columns: readonly AnalyticColumnId[];
  readonly types: readonly SqlType[];
  readonly snapshot: Offset;
}

/** An answer that is under way. */
export interface AnalyticRows {
  /** Null at the end. Rejects with SqlError, and with the interrupt that comes before the answer. */
  next(): Promise<Batch | null>;
  close(): void;
}

/** The OLAP tier. */
export interface AnalyticReader {
  ask(question: AnalyticQuestion): AnalyticRows;
  /** It has come so near to the snapshot that waiting for the rest costs little. */
  isNear(snapshot: Offset): boolean;
}

export interface AnalyticNodeOptions {
  readonly plan: AnalyticPlan;
  readonly inputs: readonly Evaluator[];
  readonly ids: readonly AnalyticColumnId[];
  readonly types: readonly SqlType[];
  readonly tables: readonly string[];
}

/** Rows that the OLAP tier computes, at the statement's own snapshot. */
export function analyticNode(options: AnalyticNodeOptions): PlanNode {
  return {
    layout: options.ids,
    rows: 100,
    label: `OLAP Query on ${[...new Set(options.tables)].join(', ')}`,
    children: [],
    notes: [],
    open: (runtime) => new AnalyticOperator(runtime, options),
  };
}

class AnalyticOperator implements Operator {
  readonly #begin: () => AnalyticRows;
  #rows: AnalyticRows | null = null;
  #closed = false;

  constructor(runtime: Runtime, { plan, inputs, ids, types }: AnalyticNodeOptions) {
    const { snapshot } = runtime.transaction.view;
    this.#begin = () => {
      const reader = requireReader(runtime);
      const values = inputs.map((evaluate) => evaluate([], runtime));
      return reader.ask({ plan, inputs: values, columns: ids, types, snapshot });
    };
  }

  next(): MaybePromise<Batch | null> {
    if (this.#closed) return null;
    this.#rows ??= this.#begin();
    return this.#rows.next();
  }

  close(): void {
    this.#closed = true;
    this.#rows?.close();
  }
}

function requireReader({ context }: Runtime): AnalyticReader {
  const { analytics } = context;
  if (analytics === null)
    throw new SqlError('object_not_in_prerequisite_state', 'this node runs no OLAP tier', {
      hint: 'Start it with the projection "olap" (--projections).',
    });
  return analytics;
}
