import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { RELATIONS } from '#schemas/catalog/system-tables.js';
import { rowVersionSchema } from '#schemas/events/avro-schema.js';
import { EventCodec } from '#schemas/events/codec.js';
import type { EventShape, RowVersion } from '#schemas/events/event.js';
import type { ObjectId, Offset, ServerId, VersionId } from '#schemas/kernel/brand.js';
import type { WantedColumn, WantedKeys } from '#schemas/link/history-frames.js';
import { COMMIT_SCHEMA_ID, LEASE_SCHEMA_ID, SYSTEM_SCHEMA_BASE } from '#schemas/registry/fixed-schemas.js';
import { keyEncoder } from '#schemas/values/key.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { Row, Value } from '#schemas/values/value.js';
import { KnownSchemas } from '../runner/known-schemas.js';
import { type Checkpoint, type CommittedTransaction, ProjectionDamaged } from '../runner/projection.js';
import { Ingestion } from './ingestion.js';

const IDS = { commit: COMMIT_SCHEMA_ID, lease: LEASE_SCHEMA_ID };
const SCHEMA_ID = 1_000;
const shapeOf = (table: number): EventShape => ({
  table: table as ObjectId,
  database: 'd',
  schema: 'public',
  name: `t${table}`,
  schemaVersion: 1,
  slots: 2,
  columns: [
    { name: 'k', formerNames: [], type: TYPES.text, slot: 0 },
    { name: 'n', formerNames: [], type: TYPES.integer, slot: 1 },
  ],
});
const SHAPES = [20_000, 20_001].map(shapeOf);
const COLUMNS = (SHAPES[0] as EventShape).columns.map(({ slot, type }) => ({ slot, type, missing: null }));
const WANTED = COLUMNS.map(({ slot, type }, i): WantedColumn => [i === 0 ? 'k' : 'n', slot, type, null]);

const schemas = new KnownSchemas(null);
const codec = new EventCodec(schemas, IDS.commit, IDS.lease);
for (const [i, shape] of SHAPES.entries()) {
  schemas.remember(SCHEMA_ID + i, JSON.stringify(rowVersionSchema(shape)));
  codec.bindShape(shape, SCHEMA_ID + i);
}

const checkpointAt = (offset: number): Checkpoint => ({
  decider: {
    offset: offset as Offset,
    replayFrom: offset as Offset,
    terms: [],
    marks: { newest: [], dropped: [] },
    window: false,
    refused: [],
  },
  lastRecord: null,
});

/** Row keys as they come: one byte of text, closed; some too long for a key of the store, with a common beginning. */
const KEYS = [...'abcd', `${'x'.repeat(3_000)}1`, `${'x'.repeat(3_000)}2`].map((text) => `\u0002${text}\0\0`);

const writes = fc.array(
  fc.array(fc.record({ table: fc.nat(1), key: fc.nat(KEYS.length - 1), n: fc.option(fc.nat(1_000)) }), {
    minLength: 1,
    maxLength: 3,
  }),
  { minLength: 1, maxLength: 20 },
);
type Writes = typeof writes extends fc.Arbitrary<infer T> ? T : never;

let ids = 0;
const newId = (): VersionId => `01900000-0000-7000-8000-${(++ids).toString(16).padStart(12, '0')}` as VersionId;

/** Transactions three offsets and ten microseconds apart; now and then a clock that goes back. */
function transactionsOf(all: Writes): CommittedTransaction[] {
  return all.map((list, i) => {
    const transaction = newId();
    const timestamp = 1_000 + i * 10 - (i % 5 === 4 ? 25 : 0);
    const events = list.map(({ table, key, n }, sequence) => {
      const event: RowVersion = {
        kind: 'row',
        table: (20_000 + table) as ObjectId,
        schemaVersion: 1,
        key: KEYS[key] as string,
        version: newId(),
        previous: null,
        server: 1 as ServerId,
        transaction,
        sequence,
        op: n === null ? 'delete' : 'update',
        row: n === null ? null : [String(key), n],
        before: null,
        claims: [],
        consistency: 'strict',
        timestamp,
        uncertainty: 0,
        commit: null,
      };
      return { ...event, source: Buffer.from(codec.encode(event)) };
    });
    const offset = (2 + i * 3) as Offset;
    return { transaction, server: 1 as ServerId, offset, timestamp, events, definitions: null };
  });
}

/** The transaction by which these tables came, before all others. */
function relationsOf(tables: readonly number[]): CommittedTransaction {
  const { shape } = RELATIONS;
  codec.bindShape(shape.event, SYSTEM_SCHEMA_BASE + shape.id);
  const transaction = newId();
  const events = tables.map((id, sequence) => {
    const row: Value[] = new Array(shape.event.slots).fill(null);
    for (const { name, slot } of shape.event.columns) if (name === 'id' || name === 'generation') row[slot] = id;
    const event: RowVersion = {
      kind: 'row',
      table: shape.id,
      schemaVersion: 1,
      key: keyEncoder(shape.key)([id]),
      version: newId(),
      previous: null,
      server: 1 as ServerId,
      transaction,
      sequence,
      op: 'insert',
      row,
      before: null,
      claims: [],
      consistency: 'strict',
      timestamp: 1,
      uncertainty: 0,
      commit: null,
    };
    return { ...event, source: Buffer.from(codec.encode(event)) };
  });
  return { transaction, server: 1 as ServerId, offset: 0 as Offset, timestamp: 1, events, definitions: null };
}

/** Rows by key below an offset, by going through all. */
function modelAt(all: readonly CommittedTransaction[], table: number, snapshot: number): Map<string, Row> {
  const rows = new Map<string, Row>();
  for (const { offset, events } of all) {
    if (offset >= snapshot) break;
    for (const event of events) {
      if (event.table !== 20_000 + table) continue;
      if (event.row === null) rows.delete(event.key);
      else rows.set(event.key, event.row);
    }
  }
  return rows;
}

async function rowsOf(ingestion: Ingestion, table: number, snapshot: number): Promise<Map<string, Row>> {
  const rows = new Map<string, Row>();
  const read = ingestion.rowsAt((20_000 + table) as ObjectId, snapshot as Offset);
  for await (const batch of read) for (const { key, row } of batch) rows.set(key, row);
  return rows;
}

describe('Ingestion', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'polylog-ingestion-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

  it('shows every table as it was at every offset, whatever has happened since', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(writes, async (all) => {
        const ingestion = new Ingestion(join(folder, String(run++)), schemas, IDS);
        const transactions = transactionsOf(all);
        const half = transactions.length >> 1;
        const end = 2 + transactions.length * 3;
        await ingestion.apply(transactions.slice(0, half), checkpointAt(2 + half * 3));
        await ingestion.apply(transactions.slice(half), checkpointAt(end));
        for (const table of [0, 1]) {
          for (let at = 0; at <= end; at += 3)
            expect(await rowsOf(ingestion, table, at)).toEqual(modelAt(transactions, table, at));
        }
        await ingestion.close();
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  it('answers for a moment with everything committed until then, also behind a clock that went back', async () => {
    const ingestion = new Ingestion(folder, schemas, IDS);
    const all = Array.from({ length: 10 }, (_, i) => [{ table: 0, key: 0, n: i }]);
    await ingestion.apply(transactionsOf(all), checkpointAt(32));
    const at = (micros: number): number => ingestion.snapshotAt(micros);
    expect([999, 1_000, 1_009, 1_010, 1_030].map(at)).toEqual([0, 3, 3, 6, 15]);
    // The fifth is stamped before the third, and counts from the fourth on.
    expect(at(1_039)).toBe(15);
    expect(at(9_999)).toBe(30);
    await ingestion.close();
  });

  it('forgets what only earlier moments see, and nothing that later ones do', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(writes, fc.integer({ min: 990, max: 1_210 }), async (all, horizon) => {
        const ingestion = new Ingestion(join(folder, String(run++)), schemas, IDS);
        const transactions = transactionsOf(all).map((each, i) => ({ ...each, timestamp: 1_000 + i * 10 }));
        const relation = relationsOf([20_000, 20_001]);
        const end = 2 + transactions.length * 3;
        await ingestion.apply([relation, ...transactions], checkpointAt(end));
        const snapshot = ingestion.snapshotAt(horizon);
        const before = ingestion.versions;
        const dropped = await ingestion.prune(horizon);
        expect(ingestion.versions).toBe(before - dropped);
        for (const table of [0, 1])
          for (let at: number = snapshot; at <= end; at += 1)
            expect(await rowsOf(ingestion, table, at)).toEqual(modelAt(transactions, table, at));
        expect(await ingestion.prune(horizon)).toBe(0);
        const earlier = ingestion.history(20_000 as ObjectId, horizon - 1, [], end as Offset, null);
        await expect(earlier[Symbol.asyncIterator]().next()).rejects.toThrow(/the past before .* is not kept any more/);
        await ingestion.close();
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  it('reads of the generation that keys are of only the rows that they name', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(writes, fc.subarray(KEYS), async (all, keys) => {
        const ingestion = new Ingestion(join(folder, String(run++)), schemas, IDS);
        const transactions = transactionsOf(all).map((each, i) => ({ ...each, timestamp: 1_000 + i * 10 }));
        const end = (2 + transactions.length * 3) as Offset;
        await ingestion.apply([relationsOf([20_000]), ...transactions], checkpointAt(end));
        const read = async (micros: number | null, wanted: WantedKeys | null): Promise<Row[]> => {
          const rows: Row[] = [];
          const batches = ingestion.history(20_000 as ObjectId, micros, WANTED, end, wanted);
          for await (const batch of batches) rows.push(...batch);
          return rows.sort((a, b) => (String(a) < String(b) ? -1 : 1));
        };
        const isNamed = (row: Row): boolean =>
          keys.some((_key, i) => row[0] === String(KEYS.indexOf(keys[i] as string)));
        for (const micros of [null, 1_000 + transactions.length * 5, 2_000]) {
          const whole = await read(micros, null);
          expect(await read(micros, [20_000, keys])).toEqual(whole.filter(isNamed));
          expect(await read(micros, [20_001, keys])).toEqual(whole);
        }
        await ingestion.close();
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  it('keeps a version once, however often it comes', async () => {
    const ingestion = new Ingestion(folder, schemas, IDS);
    const transactions = transactionsOf([[{ table: 0, key: 1, n: 1 }], [{ table: 0, key: 1, n: 2 }]]);
    await ingestion.apply(transactions, checkpointAt(8));
    await ingestion.apply(transactions, checkpointAt(8));
    expect([ingestion.versions, ingestion.duplicates]).toEqual([2, 2]);
    await ingestion.close();
  });

  it('comes back with what its checkpoint says, and nothing else', async () => {
    const first = new Ingestion(folder, schemas, IDS);
    await first.apply(transactionsOf([[{ table: 0, key: 1, n: 1 }]]), checkpointAt(5));
    const digest = await first.digest(20_000 as ObjectId, COLUMNS, 5 as Offset);
    await first.close();
    const second = new Ingestion(folder, schemas, IDS);
    expect(second.checkpoint()).toEqual(checkpointAt(5));
    expect(await second.digest(20_000 as ObjectId, COLUMNS, 5 as Offset)).toEqual(digest);
    await second.close();
  });

  it.each([
    ['overwritten', (bytes: Buffer) => bytes.fill('x', 0, 8_192)],
    ['cut', (bytes: Buffer) => bytes.subarray(0, 8_192)],
    ['cut to nothing that is whole', (bytes: Buffer) => bytes.subarray(0, 100)],
  ])('names a file that was %s, and begins anew', async (_how, damage) => {
    const first = new Ingestion(folder, schemas, IDS);
    await first.apply(transactionsOf([[{ table: 0, key: 1, n: 1 }]]), checkpointAt(5));
    await first.close();
    const path = join(folder, 'data.mdb');
    writeFileSync(path, damage(readFileSync(path)));
    const second = new Ingestion(folder, schemas, IDS);
    expect(() => second.checkpoint()).toThrow(ProjectionDamaged);
    expect(() => second.checkpoint()).toThrow(/data\.mdb/);
    await second.drop();
    expect(second.checkpoint()).toBeNull();
    await second.close();
  });
});
