import type { AnalyticColumnId, AnalyticPlan } from '../analytics/plan.js';
import type { Row } from '../values/value.js';

/*
 * Between an engine (the client) and the OLAP tier. Frames as on the gateways' link (frame-codec.ts). As in history-frames.ts the engine opens a reading, then asks for one batch
 * at a time; a batch is a stream in Arrow's IPC format with the columns in the order that was asked for (schemas/arrow).
 */

/** What an engine asks. */
export const ANALYTIC_ASK = { open: 1, next: 2, stop: 3 } as const;

/** What the OLAP tier answers. */
export const ANALYTIC_TELL = { batch: 1, end: 2, failed: 3, applied: 4 } as const;

/**
 * `snapshot`: every commit below this offset is to be seen, and none from it on; the tier answers when it has applied that far. `inputs`: values of the plan's inputs.
 * `columns`: which of the plan's columns are wanted.
 */
export type AnalyticOpen = readonly [
  op: typeof ANALYTIC_ASK.open,
  reading: number,
  plan: AnalyticPlan,
  inputs: Row,
  columns: readonly AnalyticColumnId[],
  snapshot: number,
];
export type AnalyticNext = readonly [op: typeof ANALYTIC_ASK.next, reading: number];
export type AnalyticStop = readonly [op: typeof ANALYTIC_ASK.stop, reading: number];
export type AnalyticRequest = AnalyticOpen | AnalyticNext | AnalyticStop;

export type AnalyticBatch = readonly [op: typeof ANALYTIC_TELL.batch, reading: number, arrow: Uint8Array];
export type AnalyticEnd = readonly [op: typeof ANALYTIC_TELL.end, reading: number];
/** `condition`: a name of schemas/sqlstate/conditions.ts. */
export type AnalyticFailed = readonly [
  op: typeof ANALYTIC_TELL.failed,
  reading: number,
  condition: string,
  message: string,
  hint: string | null,
];
/** Unasked, now and then: everything below this offset is applied. */
export type AnalyticApplied = readonly [op: typeof ANALYTIC_TELL.applied, offset: number];
export type AnalyticReply = AnalyticBatch | AnalyticEnd | AnalyticFailed | AnalyticApplied;
