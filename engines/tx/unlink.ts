import { replacesRow } from './commit-record.js';
import type { Unit, Write } from './unit.js';

/** Takes back all that a transaction has written. */
export function unlinkAll({ writes }: Unit): void {
  for (let i = writes.length - 1; i >= 0; i--) {
    const { data, version } = writes[i] as Write;
    data.unlink(version);
  }
}

/** Rows that came and went within the transaction leave nothing: there will be no commit that decides on them. */
export function unlinkPassing({ writes }: Unit): void {
  const passing = new Set<string>();
  for (let i = writes.length - 1; i >= 0; i--) {
    const { data, version } = writes[i] as Write;
    const isLast = data.head(version.key) === version;
    if (isLast && version.row === null && !replacesRow(version)) passing.add(`${data.id}/${version.key}`);
    if (passing.size > 0 && passing.has(`${data.id}/${version.key}`)) data.unlink(version);
  }
}
