import type { DigestColumn } from '#schemas/events/table-digest.js';
import { DEFAULT_TEXT_CONTEXT, parseText, printText } from '#schemas/values/text-form.js';
import type { SqlType } from '#schemas/values/type.js';
import type { DigestColumnText } from './projection-contract.js';

/** For the channel between processes, which carries JSON. */
export function printDigestColumns(columns: readonly DigestColumn[]): DigestColumnText[] {
  return columns.map(({ slot, type, missing }) => ({
    slot,
    type,
    missing: missing === null ? null : printText(type, missing, DEFAULT_TEXT_CONTEXT),
  }));
}

export function parseDigestColumns(columns: readonly DigestColumnText[]): DigestColumn[] {
  return columns.map(({ slot, type: json, missing }) => {
    const type = json as SqlType;
    return { slot, type, missing: missing === null ? null : parseText(type, missing, DEFAULT_TEXT_CONTEXT) };
  });
}
