import type { Row } from '#schemas/values/value.js';
import type { Version } from '../rows/version.js';
import { PEOPLE } from './people.fixture.js';
import { drain, nextTurn, StoreHarness } from './store-harness.fixture.js';

const PEOPLE_COUNT = 20;

function versions(harness: StoreHarness): number {
  let count = 0;
  harness.store.table(PEOPLE).rows.ascend(null, null, Number.POSITIVE_INFINITY, (_key, head) => {
    for (let v: Version | null = head; v !== null; v = v.previous) count++;
  });
  return count;
}

/** Index entries in memory. */
function entries(harness: StoreHarness): number {
  return harness.store.table(PEOPLE).indexes.reduce((sum, index) => sum + index.entries.size, 0);
}

async function fill(harness: StoreHarness): Promise<void> {
  const t = harness.begin();
  t.beginStatement();
  for (let id = 0; id < PEOPLE_COUNT; id++) await t.insert(PEOPLE, [id, `e${id}`, 0]);
  await t.commit();
}

/** Each row gets a new number, and with it another place in an index. */
async function updateAll(harness: StoreHarness, n: number): Promise<void> {
  const t = harness.begin();
  t.beginStatement();
  const cursor = t.scan(PEOPLE, { from: null, to: null }, false);
  for (let batch = await cursor.next(); batch !== null; batch = await cursor.next()) {
    for (const seen of batch) {
      await t.lock(PEOPLE, seen, 'no-key-update', 'block');
      await t.update(PEOPLE, seen, [seen.row[0] ?? null, seen.row[1] ?? null, n]);
    }
  }
  await t.commit();
}

describe('versions that nobody can see', () => {
  it('go while updates go on: memory holds one version and one entry a row', async () => {
    const harness = await StoreHarness.start();
    await fill(harness);
    let most = 0;
    for (let n = 1; n <= 500; n++) {
      await updateAll(harness, n);
      most = Math.max(most, versions(harness));
    }
    // The last commit's may wait until the next turn.
    expect(most).toBeLessThanOrEqual(2 * PEOPLE_COUNT);
    await nextTurn();
    harness.manager.collect();
    expect(versions(harness)).toBe(PEOPLE_COUNT);
    expect(entries(harness)).toBe(2 * PEOPLE_COUNT);
    expect(harness.manager.unsettled).toBe(0);
    await harness.close();
  });

  it('stay as long as an older snapshot reads them, and all go when it ends', async () => {
    const harness = await StoreHarness.start();
    await fill(harness);
    const old = harness.begin('repeatable read');
    old.beginStatement();
    const before = await drain(old.scan(PEOPLE, { from: null, to: null }, false));
    for (let n = 1; n <= 50; n++) await updateAll(harness, n);
    expect(await drain(old.scan(PEOPLE, { from: null, to: null }, false))).toEqual(before);
    expect(before.map((row: Row) => row[2])).toEqual(new Array(PEOPLE_COUNT).fill(0));
    old.rollback();
    harness.manager.collect();
    await nextTurn();
    expect(versions(harness)).toBe(PEOPLE_COUNT);
    expect(entries(harness)).toBe(2 * PEOPLE_COUNT);
    await harness.close();
  });

  it('leave nothing of deleted rows behind', async () => {
    const harness = await StoreHarness.start();
    for (let round = 0; round < 20; round++) {
      await fill(harness);
      const t = harness.begin();
      t.beginStatement();
      const cursor = t.scan(PEOPLE, { from: null, to: null }, false);
      for (let batch = await cursor.next(); batch !== null; batch = await cursor.next()) {
        for (const seen of batch) {
          await t.lock(PEOPLE, seen, 'update', 'block');
          await t.delete(PEOPLE, seen);
        }
      }
      await t.commit();
    }
    harness.manager.collect();
    await nextTurn();
    expect(versions(harness)).toBe(0);
    expect(entries(harness)).toBe(0);
    await harness.close();
  });
});
