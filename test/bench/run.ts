/** Either what one run of a client program measured, or why it counts for nothing: a run with a single error is no result. */
export type Run =
  | { readonly ok: true; readonly tps: number; readonly p50Ms: number | null; readonly transactions: number }
  | { readonly ok: false; readonly reason: string };

/** A reason is one line in a table's footnote. */
const REASON_LENGTH = 300;

export function failedRun(reason: string): Run {
  return { ok: false, reason: reason.replace(/\s+/g, ' ').trim().slice(0, REASON_LENGTH) };
}
