import type { Row } from '#schemas/values/value.js';
import { insist } from './violation.js';

/** I6: a reader has seen exactly the rows of its snapshot and what it has written itself. */
export function checkSnapshotRead(who: string, snapshot: number, expected: readonly Row[], seen: readonly Row[]): void {
  const want = JSON.stringify(expected);
  const got = JSON.stringify(seen);
  insist(want === got, 'I6', () => `${who} at snapshot ${snapshot} should see ${want} and sees ${got}`);
}
