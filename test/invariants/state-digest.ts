import { createHash } from 'node:crypto';
import type { RowVersion } from '#schemas/events/event.js';

/** A digest of a state that does not depend on the order in which it came about. Two states with equal digests have the same rows in the same versions. */
export function stateDigest(state: ReadonlyMap<string, Pick<RowVersion, 'version' | 'row'>>): string {
  const hash = createHash('sha256');
  for (const name of [...state.keys()].sort()) {
    const row = state.get(name);
    hash.update(JSON.stringify([name, row?.version, row?.row]));
  }
  return hash.digest('hex').slice(0, 32);
}
