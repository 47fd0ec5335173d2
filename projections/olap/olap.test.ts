import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { rowVersionSchema } from '#schemas/events/avro-schema.js';
import { EventCodec } from '#schemas/events/codec.js';
import type { EventShape, Operation, RowVersion } from '#schemas/events/event.js';
import type { ObjectId, Offset, ServerId, VersionId } from '#schemas/kernel/brand.js';
import { COMMIT_SCHEMA_ID, LEASE_SCHEMA_ID } from '#schemas/registry/fixed-schemas.js';
import { Numeric } from '#schemas/values/numeric.js';
import type { SqlType } from '#schemas/values/type.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { Row } from '#schemas/values/value.js';
import { KnownSchemas } from '../runner/known-schemas.js';
import { LatestState } from '../runner/latest-state.js';
import { type Checkpoint, type CommittedTransaction, ProjectionDamaged } from '../runner/projection.js';
import { Olap } from './olap.js';

const SCHEMA_ID = 1_000;
const MINUTE = 60_000_000;
const START = 1_700_000_000_000_000;
const TYPES_BY_SLOT: readonly SqlType[] = [
  TYPES.text,
  { kind: 'numeric', precision: 6, scale: 2 },
  { kind: 'numeric', precision: null, scale: null },
  TYPES.date,
  TYPES.timestamptz,
  TYPES.boolean,
];
const SHAPES = [20_000, 20_001].map(
  (table): EventShape => ({
    table: table as ObjectId,
    database: 'd',
    schema: 'public',
    name: `t${table}`,
    schemaVersion: 1,
    slots: TYPES_BY_SLOT.length,
    columns: TYPES_BY_SLOT.map((type, slot) => ({ name: `_OP${slot}`.slice(0, 3), formerNames: [], type, slot })),
  }),
);
const COLUMNS = TYPES_BY_SLOT.map((type, slot) => ({ slot, type, missing: null }));
const schemas = new KnownSchemas(null);
const codec = new EventCodec(schemas, COMMIT_SCHEMA_ID, LEASE_SCHEMA_ID);
for (const [i, shape] of SHAPES.entries()) {
  const named = { ...shape, columns: shape.columns.map((c) => ({ ...c, name: `c${c.slot}` })) };
  schemas.remember(SCHEMA_ID + i, JSON.stringify(rowVersionSchema(named)));
  codec.bindShape(named, SCHEMA_ID + i);
}

function rowOf(key: string, n: number): Row {
  return [
    key,
    n % 7 === 0 ? new Numeric(0n, 0, 'NaN') : n % 5 === 0 ? null : new Numeric(BigInt(n - 500), 2),
    new Numeric(BigInt(n), n % 4),
    n % 11 === 0 ? Number.POSITIVE_INFINITY : n - 300,
    BigInt(n) * 1_000_001n,
    n % 3 === 0 ? null : n % 2 === 0,
  ];
}

const history = fc.array(
  fc.record({
    minutes: fc.constantFrom(0, 0, 0, 1, 2_000),
    changes: fc.array(fc.record({ table: fc.nat(1), key: fc.nat(5), n: fc.option(fc.nat(999), { freq: 3 }) }), {
      minLength: 1,
      maxLength: 4,
    }),
  }),
  { minLength: 1, maxLength: 25 },
);
type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

let ids = 0;
const newId = (): VersionId => `01900000-0000-7000-8000-${(++ids).toString(16).padStart(12, '0')}` as VersionId;

/** As an engine writes them: an insert only where no row is, and so on. */
function transactionsOf(all: History): CommittedTransaction[] {
  const live = new Set<string>();
  let timestamp = START;
  return all.map(({ minutes, changes }, i) => {
    timestamp += minutes * MINUTE + 1_000;
    const transaction = newId();
    const events = changes.flatMap(({ table, key, n }, sequence) => {
      const id = `${table}/${key}`;
      if (n === null && !live.has(id)) return [];
      const op: Operation = n === null ? 'delete' : live.has(id) ? 'update' : 'insert';
      if (n === null) live.delete(id);
      else live.add(id);
      const event: RowVersion = {
        kind: 'row',
        table: (20_000 + table) as ObjectId,
        schemaVersion: 1,
        key: `\u0002key ${key}\0\u00ff`,
        version: newId(),
        previous: null,
        server: 1 as ServerId,
        transaction,
        sequence,
        op,
        row: n === null ? null : rowOf(String(key), n),
        before: null,
        claims: [],
        consistency: 'strict',
        timestamp,
        uncertainty: 0,
        commit: null,
      };
      return [{ ...event, source: Buffer.from(codec.encode(event)) }];
    });
    return { transaction, server: 1 as ServerId, offset: (2 + i * 3) as Offset, timestamp, events, definitions: null };
  });
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

async function expected(transactions: readonly CommittedTransaction[], snapshot: Offset): Promise<unknown> {
  const state = new LatestState(snapshot);
  await state.apply(transactions);
  return SHAPES.map(({ table }) => state.digest(table, COLUMNS));
}

describe('the OLAP projection', () => {
  let folder: string;
  let now = START;
  let damage: string[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'polylog-olap-'));
    damage = [];
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

  const open = (flushRows: number, at = folder): Olap =>
    new Olap({
      folder: at,
      schemas,
      limits: { memoryMb: 256, threads: 1 },
      flushRows,
      now: () => now,
      onDamage: async (reason) => {
        damage.push(reason);
      },
    });

  const digests = async (olap: Olap, snapshot: Offset): Promise<unknown> => {
    const found = [];
    for (const { table } of SHAPES) found.push(await olap.digest(table, COLUMNS, snapshot));
    return found;
  };

  it('holds the tables as of any recent snapshot, whenever it flushes and starts again', async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.constantFrom(1, 3, 8, 1_000), fc.nat(3), async (all, flushRows, restarts) => {
        const at = mkdtempSync(join(folder, 'run-'));
        const transactions = transactionsOf(all);
        let olap = open(flushRows, at);
        for (const [i, transaction] of transactions.entries()) {
          now = transaction.timestamp;
          await olap.apply([transaction], checkpointAt(transaction.offset + 1));
          if (restarts > 0 && i % (restarts + 1) === restarts) {
            await olap.close();
            olap = open(flushRows, at);
            expect(olap.checkpoint()).toEqual(checkpointAt(transaction.offset + 1));
          }
        }
        const last = transactions.at(-1) as CommittedTransaction;
        const recent = transactions.filter(({ timestamp }) => timestamp > last.timestamp - MINUTE / 2);
        for (const { offset } of recent.slice(-4))
          expect(await digests(olap, (offset + 1) as Offset)).toEqual(
            await expected(transactions, (offset + 1) as Offset),
          );
        await olap.close();
      }),
      { numRuns: 20 },
    );
  }, 120_000);

  it('forgets what was not flushed when it is killed, and goes on from its checkpoint', async () => {
    const transactions = transactionsOf(
      [0, 1, 2, 3].map((key) => ({ minutes: 0, changes: [{ table: 0, key, n: key }] })),
    );
    const olap = open(2);
    for (const each of transactions.slice(0, 3)) await olap.apply([each], checkpointAt(each.offset + 1));
    // Two are in files, one is in memory alone; what a crash leaves half written is nobody's.
    mkdirSync(join(folder, 'tables', '20000', 'day=2000-01-01'), { recursive: true });
    writeFileSync(join(folder, 'tables', '20000', 'day=2000-01-01', '99.parquet'), 'torn');
    const again = open(1_000);
    expect(again.checkpoint()).toEqual(checkpointAt((transactions[1]?.offset ?? 0) + 1));
    for (const each of transactions.slice(2)) await again.apply([each], checkpointAt(each.offset + 1));
    expect(await digests(again, 100 as Offset)).toEqual(await expected(transactions, 100 as Offset));
    expect(readdirSync(folder, { recursive: true }).filter((name) => String(name).includes('99.parquet'))).toEqual([]);
    await again.close();
    await olap.close().catch(() => undefined);
  }, 30_000);

  it('takes what comes next while tables that were thrown away are still being dropped', async () => {
    // Two days lie between any two: each has rows of its own in memory.
    const changes = [0, 1].map((table) => ({ table, key: 1, n: 1 }));
    const transactions = transactionsOf(Array.from({ length: 25 }, () => ({ minutes: 2_000, changes })));
    const olap = open(1_000_000);
    for (let rebuilds = 0; rebuilds < 3; rebuilds++) {
      await olap.drop();
      for (const each of transactions) {
        now = each.timestamp;
        await olap.apply([each], checkpointAt(each.offset + 1));
      }
    }
    const end = ((transactions.at(-1)?.offset ?? 0) + 1) as Offset;
    expect(await digests(olap, end)).toEqual(await expected(transactions, end));
    await olap.close();
  }, 60_000);

  it('names what is damaged: the manifest, a table of it, a file that is short, a file that is not as it was', async () => {
    const transactions = transactionsOf([{ minutes: 0, changes: [{ table: 0, key: 1, n: 1 }] }]);
    const olap = open(1);
    for (const each of transactions) await olap.apply([each], checkpointAt(each.offset + 1));
    await olap.close();
    const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const named = (end: string): string => join(folder, paths.find((path) => path.endsWith(end)) ?? '');
    for (const path of [named('manifest.json'), join(folder, paths.find((p) => /manifest-\d+\.json$/.test(p)) ?? '')]) {
      const before = readFileSync(path);
      writeFileSync(path, before.toString().replace('20000', '20002'));
      expect(() => open(1).checkpoint()).toThrow(ProjectionDamaged);
      expect(() => open(1).checkpoint()).toThrow(`${path} is damaged: its checksum is wrong`);
      writeFileSync(path, before);
    }
    const parquet = named('.parquet');
    const bytes = readFileSync(parquet);
    writeFileSync(parquet, bytes.subarray(0, 100));
    expect(() => open(1).checkpoint()).toThrow(`${parquet} has 100 bytes, not ${bytes.length}`);
    bytes[bytes.length / 2] = (bytes[Math.floor(bytes.length / 2)] ?? 0) ^ 0xff;
    bytes[50] = (bytes[50] as number) ^ 0xff;
    writeFileSync(parquet, bytes);
    const damaged = open(1);
    damaged.checkpoint();
    await expect(digests(damaged, 100 as Offset)).rejects.toThrow(`${parquet} is damaged`);
    expect(damage).toEqual([`${parquet} is damaged: its checksum is wrong`]);
    await damaged.drop();
    expect(damaged.checkpoint()).toBeNull();
    await damaged.close();
  }, 30_000);
});
