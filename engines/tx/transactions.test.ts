import { randomBytes } from 'node:crypto';
import { LogUnavailable } from '#log/change-log.js';
import { VersionMint } from '#log/clock/hybrid-clock.js';
import { MemoryLog } from '#log/memory/memory-log.js';
import { Certifier } from '#log/transactions/certifier.js';
import { rowVersionSchema } from '#schemas/events/avro-schema.js';
import { EventCodec } from '#schemas/events/codec.js';
import type { ObjectId, Offset, Partition, ServerId } from '#schemas/kernel/brand.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { Row } from '#schemas/values/value.js';
import type { VisibleRow } from '../rows/reading.js';
import type { IndexShape, TableShape } from '../rows/shape.js';
import { Store } from '../rows/store.js';
import { Folder } from './folder.js';
import type { Isolation, SessionControl, Transaction } from './transaction.js';
import { TransactionManager } from './transaction-manager.js';

const clock = {
  nowMicros: () => BigInt(Date.now()) * 1_000n,
  monotonicMs: () => performance.now(),
  after: (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
const emailIndex: IndexShape = {
  id: 20_001 as ObjectId,
  name: 'people_email_key',
  unique: true,
  columns: [{ slot: 1, evaluate: null, type: TYPES.text, descending: false, nullsFirst: false }],
  predicate: null,
  ready: true,
};
const people: TableShape = {
  id: 20_000 as ObjectId,
  event: {
    table: 20_000 as ObjectId,
    database: 'd',
    schema: 'public',
    name: 'people',
    schemaVersion: 1,
    slots: 3,
    columns: [
      { name: 'id', formerNames: [], type: TYPES.integer, slot: 0 },
      { name: 'email', formerNames: [], type: TYPES.text, slot: 1 },
      { name: 'n', formerNames: [], type: TYPES.integer, slot: 2 },
    ],
  },
  slotTypes: [TYPES.integer, TYPES.text, TYPES.integer],
  missing: [],
  key: [{ slot: 0, type: TYPES.integer, descending: false, nullsFirst: false }],
  keyConstraint: 'people_pkey',
  indexes: [emailIndex],
};

function setup() {
  const log = new MemoryLog();
  const codec = new EventCodec(
    { schemaText: (id) => (id === 10 ? JSON.stringify(rowVersionSchema(people.event)) : null) },
    1,
    2,
  );
  codec.bindShape(people.event, 10);
  const store = new Store();
  const mint = new VersionMint(clock, { bytes: (n) => randomBytes(n) });
  const manager = new TransactionManager({
    store,
    log,
    partition: 0 as Partition,
    encoder: codec,
    clock,
    mint,
    server: 1 as ServerId,
    epoch: 0,
    certifier: new Certifier(),
    durable: 0 as Offset,
  });
  const begin = (
    isolation: Isolation = 'read committed',
    control: SessionControl = { lockTimeoutMs: 0, interrupted: null, onInterrupt: () => () => undefined },
  ): Transaction => manager.begin({ isolation, readOnly: false, control });
  return { log, codec, store, manager, begin };
}

async function rows(t: Transaction): Promise<Row[]> {
  t.beginStatement();
  const found: Row[] = [];
  const cursor = t.scan(people, { from: null, to: null }, false);
  for (let batch = await cursor.next(); batch !== null; batch = await cursor.next())
    for (const r of batch) found.push(r.row);
  return found;
}
async function find(t: Transaction, id: number): Promise<VisibleRow> {
  const cursor = t.scan(people, { from: null, to: null }, false);
  for (let batch = await cursor.next(); batch !== null; batch = await cursor.next())
    for (const r of batch) if (r.row[0] === id) return r;
  throw new Error(`row ${id} is not there`);
}
async function put(t: Transaction, ...all: Row[]): Promise<void> {
  t.beginStatement();
  for (const row of all) await t.insert(people, row);
}
/** What an UPDATE does: find, lock, change. */
async function change(t: Transaction, id: number, n: (old: number) => number): Promise<string> {
  t.beginStatement();
  const seen = await find(t, id);
  const outcome = await t.lock(people, seen, 'no-key-update', 'block');
  if (!('row' in outcome)) return outcome.kind;
  await t.update(people, outcome.row, [
    outcome.row.row[0] as number,
    outcome.row.row[1] as string,
    n(outcome.row.row[2] as number),
  ]);
  return outcome.kind;
}

describe('transactions', () => {
  it('show their writes to themselves at once and to others when committed', async () => {
    const { begin } = setup();
    const a = begin();
    await put(a, [1, 'a', 0]);
    expect(await rows(a)).toEqual([[1, 'a', 0]]);
    const b = begin();
    expect(await rows(b)).toEqual([]);
    await a.commit();
    expect(await rows(b)).toEqual([[1, 'a', 0]]);
  });

  it('keep their snapshot in repeatable read, and refuse to write over what came after it', async () => {
    const { begin } = setup();
    const a = begin();
    await put(a, [1, 'a', 0]);
    await a.commit();
    const b = begin('repeatable read');
    expect(await rows(b)).toHaveLength(1);
    const c = begin();
    await change(c, 1, (n) => n + 1);
    await c.commit();
    expect(await rows(b)).toEqual([[1, 'a', 0]]);
    await expect(change(b, 1, (n) => n + 1)).rejects.toMatchObject({ condition: 'serialization_failure' });
    b.rollback();
  });

  it('add up when they wait for each other in read committed', async () => {
    const { begin } = setup();
    const first = begin();
    await put(first, [1, 'a', 0]);
    await first.commit();
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        const t = begin();
        await change(t, 1, (n) => n + 1);
        await t.commit();
      }),
    );
    expect(await rows(begin())).toEqual([[1, 'a', 50]]);
  });

  it('let one of two insert a unique key, and the other when the first rolls back', async () => {
    const { begin } = setup();
    const a = begin();
    const b = begin();
    await put(a, [1, 'same', 0]);
    b.beginStatement();
    const waiting = b.insert(people, [2, 'same', 0]);
    expect(waiting).toBeInstanceOf(Promise);
    await a.commit();
    await expect(waiting).rejects.toMatchObject({
      condition: 'unique_violation',
      details: { detail: 'Key (email)=(same) already exists.', constraint: 'people_email_key' },
    });
    b.rollback();
    const c = begin();
    const d = begin();
    await put(c, [3, 'other', 0]);
    d.beginStatement();
    const second = d.insert(people, [3, 'x', 0]);
    c.rollback();
    await second;
    await d.commit();
    expect(await rows(begin())).toEqual([
      [1, 'same', 0],
      [3, 'x', 0],
    ]);
  });

  it('find a deadlock and refuse the one that closes the circle', async () => {
    const { begin } = setup();
    const first = begin();
    await put(first, [1, 'a', 0], [2, 'b', 0]);
    await first.commit();
    const a = begin();
    const b = begin();
    await change(a, 1, (n) => n + 1);
    await change(b, 2, (n) => n + 1);
    const waiting = change(a, 2, (n) => n + 1);
    await expect(change(b, 1, (n) => n + 1)).rejects.toMatchObject({ condition: 'deadlock_detected' });
    b.rollback();
    await waiting;
    await a.commit();
    expect(await rows(begin())).toEqual([
      [1, 'a', 1],
      [2, 'b', 1],
    ]);
  });

  it('refuse write skew when serializable', async () => {
    const { begin } = setup();
    const first = begin();
    await put(first, [1, 'a', 1], [2, 'b', 1]);
    await first.commit();
    const a = begin('serializable');
    const b = begin('serializable');
    await rows(a);
    await rows(b);
    await change(a, 1, () => 0);
    await change(b, 2, () => 0);
    const outcomes = await Promise.allSettled([a.commit(), b.commit()]);
    expect(outcomes.map((o) => o.status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it.each(['delete', 'update'] as const)(
    'refuse a serializable one that has found a row by a unique index which another then did %s',
    async (what) => {
      const { begin } = setup();
      const first = begin();
      await put(first, [1, 'a', 0], [2, 'b', 0]);
      await first.commit();
      const reader = begin('serializable');
      reader.beginStatement();
      const cursor = reader.scanIndex(people, emailIndex, { from: null, to: null }, false);
      expect(await cursor.next()).toHaveLength(2);
      const writer = begin();
      writer.beginStatement();
      const seen = await find(writer, 1);
      await writer.lock(people, seen, 'update', 'block');
      if (what === 'delete') await writer.delete(people, seen);
      else await writer.update(people, seen, [1, 'a', 7]);
      await writer.commit();
      await put(reader, [3, 'c', 0]);
      await expect(reader.commit()).rejects.toMatchObject({ condition: 'serialization_failure' });
    },
  );

  it('undo back to a mark', async () => {
    const { begin } = setup();
    const a = begin();
    await put(a, [1, 'a', 0]);
    const mark = a.mark();
    await change(a, 1, () => 7);
    await put(a, [2, 'b', 0]);
    a.rollbackTo(mark);
    expect(await rows(a)).toEqual([[1, 'a', 0]]);
    await a.commit();
  });

  it('fail with everything that stands on them when the log fails', async () => {
    const { begin, log, manager } = setup();
    const first = begin();
    await put(first, [1, 'a', 0]);
    await first.commit();
    let fail = true;
    log.setFault(() => (fail ? new LogUnavailable('full', 'disk full') : null));
    const a = begin();
    await change(a, 1, (n) => n + 1);
    const committing = a.commit();
    fail = false;
    const b = begin();
    const onTop = (async () => {
      await change(b, 1, (n) => n + 10);
      await b.commit();
    })();
    await expect(committing).rejects.toMatchObject({ condition: 'disk_full' });
    await expect(onTop).rejects.toMatchObject({ condition: expect.stringMatching(/disk_full|serialization_failure/) });
    b.rollback();
    expect(await rows(begin())).toEqual([[1, 'a', 0]]);
    await new Promise((r) => setImmediate(r));
    const c = begin();
    await change(c, 1, (n) => n + 100);
    await c.commit();
    expect(await rows(begin())).toEqual([[1, 'a', 100]]);
    void manager;
  });

  it.each([false, true])(
    'leave nothing of a row that came and went within one, for others to wait for (beside another: %s)',
    async (beside) => {
      const { begin, store } = setup();
      const passing = begin();
      if (beside) await put(passing, [2, 'b', 0]);
      await put(passing, [1, 'a', 0]);
      await change(passing, 1, (n) => n + 1);
      passing.beginStatement();
      const seen = await find(passing, 1);
      await passing.lock(people, seen, 'update', 'block');
      await passing.delete(people, seen);
      const committing = passing.commit();
      const next = begin();
      await put(next, [1, 'a', 5]);
      if (!beside) expect(next.awaitReadsDurable()).toBeNull();
      await committing;
      expect(next.awaitReadsDurable()).toBeNull();
      await next.commit();
      expect(await rows(begin())).toEqual(
        beside
          ? [
              [1, 'a', 5],
              [2, 'b', 0],
            ]
          : [[1, 'a', 5]],
      );
      expect(store.table(people).rows.size).toBe(beside ? 2 : 1);
    },
  );

  it('fail with the one that had left them the place in a unique index', async () => {
    const { begin, log } = setup();
    const first = begin();
    await put(first, [1, 'a', 0]);
    await first.commit();
    let away: (error: Error) => void = () => undefined;
    log.setFault(
      () =>
        new Promise((_, reject) => {
          away = reject;
        }),
    );
    const leaving = begin();
    leaving.beginStatement();
    const seen = await find(leaving, 1);
    await leaving.lock(people, seen, 'no-key-update', 'block');
    await leaving.update(people, seen, [1, 'b', 0]);
    const left = leaving.commit();
    const taking = begin();
    await put(taking, [2, 'a', 0]);
    await new Promise((r) => setImmediate(r));
    away(new LogUnavailable('away', 'gone'));
    await expect(left).rejects.toMatchObject({ condition: 'io_error' });
    log.setFault(null);
    await expect(taking.commit()).rejects.toMatchObject({ condition: 'serialization_failure' });
    expect(await rows(begin())).toEqual([[1, 'a', 0]]);
  });

  it('come back whole from a replay, indexes and all', async () => {
    const { begin, log, codec } = setup();
    const a = begin();
    await put(a, [1, 'a', 0], [2, 'b', 0], [3, 'c', 0]);
    await a.commit();
    const b = begin();
    await change(b, 1, () => 5);
    b.beginStatement();
    const seen = await find(b, 2);
    await b.lock(people, seen, 'update', 'block');
    await b.delete(people, seen);
    await b.commit();
    const never = begin();
    await put(never, [9, 'never', 0]);
    const store = new Store();
    const folder = new Folder(store, codec, new Certifier(), {
      shapeOf: () => people,
      systemRowsChanged: () => undefined,
    });
    await folder.replay(log, 0 as Partition, 0 as Offset);
    const view = { snapshot: folder.state.next, owner: null, command: 0 };
    expect(store.scan(people, { from: null, to: null }, false, view).next()).toMatchObject([
      { row: [1, 'a', 5] },
      { row: [3, 'c', 0] },
    ]);
    expect(store.scanIndex(people, emailIndex, { from: null, to: null }, true, view).next()).toMatchObject([
      { row: [3, 'c', 0] },
      { row: [1, 'a', 5] },
    ]);
    expect(store.estimateRows(people.id)).toBe(2);
  });
});
