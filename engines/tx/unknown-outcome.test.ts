import type { UnknownFault } from '#log/memory/memory-log.js';
import type { Row } from '#schemas/values/value.js';
import { PEOPLE } from './people.fixture.js';
import { drain, nextTurn, StoreHarness } from './store-harness.fixture.js';
import type { Transaction } from './transaction.js';

const ADA: Row = [1, 'ada', 0];
const BOB: Row = [2, 'bob', 0];

async function rows(t: Transaction): Promise<Row[]> {
  t.beginStatement();
  return drain(t.scan(PEOPLE, { from: null, to: null }, false));
}

async function inserted(harness: StoreHarness, ...all: Row[]): Promise<Transaction> {
  const t = harness.begin();
  t.beginStatement();
  for (const row of all) await t.insert(PEOPLE, row);
  return t;
}

/** The next append is sent and not answered; `tell` is when the log finds out. */
function loseAnswer(harness: StoreHarness, landed: boolean): { tell(): void } {
  let tell: () => void = () => undefined;
  const until = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const fault: UnknownFault = { kind: 'unknown', landed, until };
  let asked = false;
  harness.log.setFault(() => {
    if (asked) return null;
    asked = true;
    return fault;
  });
  return { tell };
}

async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await nextTurn();
}

describe('a commit whose append was sent and never answered', () => {
  let harness: StoreHarness;
  beforeEach(async () => {
    harness = await StoreHarness.start(null, PEOPLE, { commitTimeoutMs: 1_200 });
  });
  afterEach(() => harness.close());

  it('is seen by nobody and undone by nobody until the log tells, and then all of it is there', async () => {
    const lost = loseAnswer(harness, true);
    const committing = (await inserted(harness, ADA, BOB)).commit();
    await turns();
    expect(await rows(harness.begin())).toEqual([]);
    // A later writer of the same key must neither be told that the key is free nor that it is taken.
    const later = harness.begin();
    later.beginStatement();
    const inserting = Promise.resolve(later.insert(PEOPLE, ADA));
    let told = false;
    const tell = (): void => {
      told = true;
    };
    inserting.then(tell, tell);
    await turns();
    expect(told).toBe(false);
    lost.tell();
    await expect(committing).resolves.toBe(1);
    await expect(inserting).rejects.toMatchObject({ condition: 'unique_violation' });
    later.rollback();
    expect(await rows(harness.begin())).toEqual([ADA, BOB]);
  });

  it('never was when the log does not have it, and says so as a failure that is certain', async () => {
    const lost = loseAnswer(harness, false);
    const committing = (await inserted(harness, ADA, BOB)).commit();
    committing.catch(() => undefined);
    await turns();
    const reader = harness.begin();
    lost.tell();
    await expect(committing).rejects.toMatchObject({ condition: 'io_error' });
    expect(await rows(reader)).toEqual([]);
    const again = await inserted(harness, ADA);
    await again.commit();
    expect(await rows(harness.begin())).toEqual([ADA]);
    await harness.restart();
    expect(await rows(harness.begin())).toEqual([ADA]);
  });

  it.each([true, false])(
    'is told to its client as 08007 after the commit timeout, and decided later (landed: %s)',
    async (landed) => {
      const lost = loseAnswer(harness, landed);
      const began = performance.now();
      const committing = (await inserted(harness, ADA, BOB)).commit();
      await expect(committing).rejects.toMatchObject({ condition: 'transaction_resolution_unknown' });
      expect(performance.now() - began).toBeGreaterThan(1_000);
      expect(await rows(harness.begin())).toEqual([]);
      // Neither the row's place nor what it stands for is given away meanwhile.
      const other = harness.begin();
      other.beginStatement();
      const inserting = Promise.resolve(other.insert(PEOPLE, ADA));
      inserting.catch(() => undefined);
      await turns();
      lost.tell();
      await turns();
      expect(await rows(harness.begin())).toEqual(landed ? [ADA, BOB] : []);
      if (landed) await expect(inserting).rejects.toMatchObject({ condition: 'unique_violation' });
      else await expect(inserting).resolves.toMatchObject({ row: ADA });
      other.rollback();
      await harness.restart();
      expect(await rows(harness.begin())).toEqual(landed ? [ADA, BOB] : []);
    },
  );

  it('lets those who wait for it go with the same error', async () => {
    const lost = loseAnswer(harness, true);
    const committing = (await inserted(harness, ADA)).commit();
    committing.catch(() => undefined);
    await turns();
    const later = harness.begin();
    later.beginStatement();
    await expect(Promise.resolve(later.insert(PEOPLE, ADA))).rejects.toMatchObject({
      condition: 'transaction_resolution_unknown',
    });
    later.rollback();
    lost.tell();
    await turns();
    expect(await rows(harness.begin())).toEqual([ADA]);
  });

  it('is certain not to be when only a piece of it was lost, wherever that piece stands', async () => {
    const many = Array.from({ length: 7_000 }, (_, i): Row => [i, null, i % 3]);
    const lost = loseAnswer(harness, true);
    const committing = (await inserted(harness, ...many)).commit();
    await expect(committing).rejects.toMatchObject({ condition: 'io_error' });
    lost.tell();
    await turns();
    expect(await rows(harness.begin())).toEqual([]);
    expect(harness.manager.replayFrom).toBe(harness.manager.durable);
    await (await inserted(harness, ...many)).commit();
    expect(await rows(harness.begin())).toHaveLength(7_000);
    await harness.restart();
    expect(await rows(harness.begin())).toHaveLength(7_000);
  });
});
