import type { SqlType } from '../values/type.js';
import type { Row, Value } from '../values/value.js';

/*
 * Between an engine (the client) and the ingestion tier: rows of the past. Frames as on the gateways' link (frame-codec.ts). The engine opens a reading, then asks for one
 * batch at a time, so a slow client of its own holds up nothing but its reading.
 */

/** What an engine asks. */
export const ASK = { open: 1, next: 2, stop: 3 } as const;

/** What the ingestion tier answers. */
export const TELL = { rows: 1, end: 2, failed: 3 } as const;

/** A column as it is wanted: a version from before it was there has `missing`, one in which it had another place or type the converted value. */
export type WantedColumn = readonly [name: string, slot: number, type: SqlType, missing: Value];

/** Rows by their keys, as they are encoded for rows that stand under this id in the log; another generation of the table may encode them otherwise, and is read as a whole. */
export type WantedKeys = readonly [generation: number, rowKeys: readonly string[]];

/**
 * `micros`: rows as of this moment (microseconds since 1970); null = all versions, each row followed by PERIOD_COLUMNS. `atLeast`: offset below which everything must have
 * been applied first. `keys`: only these rows are needed, and others do no harm; null = all.
 */
export type HistoryOpen = readonly [
  op: typeof ASK.open,
  reading: number,
  relation: number,
  micros: number | null,
  atLeast: number,
  columns: readonly WantedColumn[],
  keys: WantedKeys | null,
];
export type HistoryNext = readonly [op: typeof ASK.next, reading: number];
export type HistoryStop = readonly [op: typeof ASK.stop, reading: number];
export type HistoryRequest = HistoryOpen | HistoryNext | HistoryStop;

export type HistoryRows = readonly [op: typeof TELL.rows, reading: number, rows: readonly Row[]];
export type HistoryEnd = readonly [op: typeof TELL.end, reading: number];
/** `condition`: a name of schemas/sqlstate/conditions.ts. */
export type HistoryFailed = readonly [
  op: typeof TELL.failed,
  reading: number,
  condition: string,
  message: string,
  hint: string | null,
];
export type HistoryReply = HistoryRows | HistoryEnd | HistoryFailed;

/** What stands behind the columns of a version: from when until when it was the row's newest (null = it still is), its id, and its transaction's. */
export const PERIOD_COLUMNS: ReadonlyArray<readonly [name: string, type: SqlType]> = [
  ['row_start', { kind: 'timestamptz' }],
  ['row_end', { kind: 'timestamptz' }],
  ['row_version', { kind: 'uuid' }],
  ['row_transaction', { kind: 'uuid' }],
];
