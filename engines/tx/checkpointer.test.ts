import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Row } from '#schemas/values/value.js';
import { PEOPLE } from './people.fixture.js';
import { digestOf } from './store-digest.fixture.js';
import { nextTurn, StoreHarness } from './store-harness.fixture.js';
import type { Transaction } from './transaction.js';

/** More than go into one append, several times. */
const MANY = 9_000;

describe('a checkpoint', () => {
  let folder: string;
  let harness: StoreHarness;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'polylog-checkpoint-'));
    harness = await StoreHarness.start(folder);
  });
  afterEach(async () => {
    await harness.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  async function inserted(...rows: Row[]): Promise<Transaction> {
    const t = harness.begin();
    t.beginStatement();
    for (const row of rows) await t.insert(PEOPLE, row);
    return t;
  }

  it('that is taken while a large transaction is being appended counts what was committed in between once', async () => {
    const large = await inserted(...Array.from({ length: MANY }, (_, i): Row => [i, null, i % 7]));
    const small = await inserted([MANY, 'small', 0]);
    const largeDone = large.commit();
    const smallDone = small.commit();
    harness.holdLog();
    await smallDone;
    const { durable } = harness.manager;
    await harness.checkpointer.flush();
    harness.releaseLog();
    expect(await largeDone).toBeGreaterThan(durable);
    const state = await digestOf(harness.store, harness.manager.durable);
    await harness.restart();
    expect(harness.store.checkpoint?.offset).toBe(durable);
    expect(harness.store.checkpoint?.replayFrom).toBeLessThan(durable);
    expect(harness.store.estimateRows(PEOPLE.id)).toBe(MANY + 1);
    expect(await digestOf(harness.store, harness.manager.durable)).toEqual(state);
  });

  it('leaves the next start nothing to fold', async () => {
    await (await inserted([1, 'a', 1], [2, 'b', 2])).commit();
    await harness.checkpointer.flush();
    await nextTurn();
    await harness.restart();
    expect(harness.events).toBe(0);
    expect(harness.store.estimateRows(PEOPLE.id)).toBe(2);
  });
});
