import type { Offset } from '#schemas/kernel/brand.js';
import type { Store } from '../rows/store.js';
import { EMAIL_INDEX, NUMBER_INDEX, PEOPLE } from './people.fixture.js';

const ALL = { from: null, to: null };

/** Everything that a reader of the store can come to know: each row with its key and version, by row key and by each index. */
export async function digestOf(store: Store, snapshot: number): Promise<unknown> {
  const view = { snapshot: snapshot as Offset, owner: null, command: 0 };
  const cursors = [
    store.scan(PEOPLE, ALL, false, view),
    store.scanIndex(PEOPLE, EMAIL_INDEX, ALL, false, view),
    store.scanIndex(PEOPLE, NUMBER_INDEX, ALL, true, view),
  ];
  const found: unknown[] = [store.estimateRows(PEOPLE.id)];
  for (const cursor of cursors) {
    const rows: unknown[] = [];
    for (let batch = await cursor.next(); batch !== null; batch = await cursor.next())
      for (const { key, id, row } of batch) rows.push([key, id, row]);
    found.push(rows);
  }
  return found;
}
