import type { ReadView } from '#engines/rows/reading.js';
import type { Store } from '#engines/rows/store.js';
import type { RowVersion } from '#schemas/events/event.js';
import { rowName } from '../invariants/history.js';
import { stateDigest } from '../invariants/state-digest.js';
import { ACCOUNTS } from './accounts.js';

/** The digest of what a store holds, as everybody else computes it of what they hold. */
export async function digestOfStore(store: Store, view: ReadView): Promise<string> {
  const state = new Map<string, Pick<RowVersion, 'version' | 'row'>>();
  const cursor = store.scan(ACCOUNTS, { from: null, to: null }, false, view);
  for (let batch = await cursor.next(); batch !== null; batch = await cursor.next())
    for (const { key, id, row } of batch) state.set(rowName({ table: ACCOUNTS.id, key }), { version: id, row });
  return stateDigest(state);
}
