import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { MemoryLog } from '#log/memory/memory-log.js';
import { recordsOf } from '#log/record-source.js';
import { rowVersionSchema } from '#schemas/events/avro-schema.js';
import { EventCodec, recordKey } from '#schemas/events/codec.js';
import type { EventShape, RowVersion } from '#schemas/events/event.js';
import type { ObjectId, Offset, Partition, ServerId, VersionId } from '#schemas/kernel/brand.js';
import { COMMIT_SCHEMA_ID, LEASE_SCHEMA_ID } from '#schemas/registry/fixed-schemas.js';
import { TYPES } from '#schemas/values/type-name.js';
import { KnownSchemas } from './known-schemas.js';
import { LatestState } from './latest-state.js';
import { type Checkpoint, type CommittedTransaction, type Projection, ProjectionDamaged } from './projection.js';
import { ProjectionRunner, ProjectionStopped, type RunnerOptions } from './runner.js';

const PARTITION = 0 as Partition;
const IDS = { commit: COMMIT_SCHEMA_ID, lease: LEASE_SCHEMA_ID };
const SCHEMA_ID = 1_000;
const TABLE = 20_000 as ObjectId;
const SHAPE: EventShape = {
  table: TABLE,
  database: 'd',
  schema: 'public',
  name: 'things',
  schemaVersion: 1,
  slots: 2,
  columns: [
    { name: 'id', formerNames: [], type: TYPES.integer, slot: 0 },
    { name: 'n', formerNames: [], type: TYPES.integer, slot: 1 },
  ],
};
const COLUMNS = SHAPE.columns.map(({ slot, type }) => ({ slot, type, missing: null }));

function newSchemas(): KnownSchemas {
  const schemas = new KnownSchemas(null);
  schemas.remember(SCHEMA_ID, JSON.stringify(rowVersionSchema(SHAPE)));
  return schemas;
}

const idOf = (n: number): VersionId =>
  `01900000-${n.toString(16).padStart(4, '0')}-7000-8000-000000000000` as VersionId;

/** Transactions of one to three writes; some are sent in pieces, with others in between. */
const transactions = fc.array(
  fc.array(fc.record({ id: fc.integer({ min: 0, max: 5 }), n: fc.option(fc.integer()) }), {
    minLength: 1,
    maxLength: 3,
  }),
  { minLength: 1, maxLength: 25 },
);
type Writes = typeof transactions extends fc.Arbitrary<infer T> ? T : never;

async function logOf(all: Writes): Promise<MemoryLog> {
  const log = new MemoryLog();
  await write(log, all);
  return log;
}

/** Appends transactions; `taken` ids are in use. */
async function write(log: MemoryLog, all: Writes, taken = 0): Promise<void> {
  const codec = new EventCodec(newSchemas(), IDS.commit, IDS.lease);
  codec.bindShape(SHAPE, SCHEMA_ID);
  let ids = taken;
  for (const writes of all) {
    const transaction = idOf(++ids);
    for (const [sequence, { id, n }] of writes.entries()) {
      const key = String.fromCharCode(id);
      const event: RowVersion = {
        kind: 'row',
        table: TABLE,
        schemaVersion: 1,
        key,
        version: idOf(++ids),
        previous: null,
        server: 1 as ServerId,
        transaction,
        sequence,
        op: n === null ? 'delete' : 'insert',
        row: n === null ? null : [id, n],
        before: null,
        claims: [],
        consistency: 'strict',
        timestamp: ids,
        uncertainty: 0,
        commit:
          sequence === writes.length - 1 ? { epoch: 0, snapshot: 0 as Offset, events: writes.length, reads: [] } : null,
      };
      await log.append(PARTITION, [
        { key: recordKey(TABLE, key), value: Buffer.from(codec.encode(event)), timestampMs: 0 },
      ]);
    }
  }
}

/** Counts what it is given, and loses what it has not kept when it crashes. */
class Counting implements Projection {
  readonly name = 'counting';
  readonly seen: VersionId[] = [];
  pieces = 0;
  kept: Checkpoint | null = null;
  damaged = false;
  drops = 0;
  failAfter = Number.POSITIVE_INFINITY;

  checkpoint(): Checkpoint | null {
    if (this.damaged) throw new ProjectionDamaged('its file is damaged');
    return this.kept === null ? null : (JSON.parse(JSON.stringify(this.kept)) as Checkpoint);
  }

  async apply(given: readonly CommittedTransaction[], checkpoint: Checkpoint): Promise<void> {
    if (this.failAfter-- <= 0) throw new Error('crash');
    this.pieces++;
    for (const { events } of given)
      for (const { version, source } of events) if (source.length > 0) this.seen.push(version);
    this.kept = checkpoint;
  }

  async drop(): Promise<void> {
    this.drops++;
    this.damaged = false;
    this.kept = null;
    this.seen.length = 0;
  }

  async close(): Promise<void> {}
}

function runnerOf(log: MemoryLog, projection: Projection, schemas = newSchemas()): ProjectionRunner {
  return new ProjectionRunner(optionsOf(log, projection, schemas));
}

function optionsOf(log: MemoryLog, projection: Projection, schemas = newSchemas()): RunnerOptions {
  return {
    projection,
    source: recordsOf(log),
    partition: PARTITION,
    schemas,
    ids: IDS,
    fetchSchemas: null,
    onRebuild: () => undefined,
  };
}

/** Runs until everything is applied. */
async function follow(log: MemoryLog, runner: ProjectionRunner): Promise<void> {
  const stop = new AbortController();
  const running = runner.run(stop.signal);
  await Promise.race([runner.waitFor(await log.end(PARTITION)), running]);
  stop.abort();
  await running;
}

describe('ProjectionRunner', () => {
  it('applies each committed event once and in order, through crashes at any place', async () => {
    await fc.assert(
      fc.asyncProperty(
        transactions,
        fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
        async (all, crashes) => {
          const log = await logOf(all);
          const whole = new Counting();
          await follow(log, runnerOf(log, whole));
          const projection = new Counting();
          for (const after of crashes) {
            projection.failAfter = after;
            await follow(log, runnerOf(log, projection)).catch(() => undefined);
          }
          projection.failAfter = Number.POSITIVE_INFINITY;
          await follow(log, runnerOf(log, projection));
          expect(projection.seen).toEqual(whole.seen);
          expect(projection.seen.length).toBe(all.flat().length);
          expect(projection.drops).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('rebuilds to the same, of its own accord where its data is damaged or of another log', async () => {
    const log = await logOf([
      [{ id: 1, n: 1 }],
      [
        { id: 2, n: 2 },
        { id: 1, n: null },
      ],
    ]);
    const projection = new Counting();
    await follow(log, runnerOf(log, projection));
    const { seen } = projection;
    const before = [...seen];
    projection.damaged = true;
    await follow(log, runnerOf(log, projection));
    expect([projection.drops, projection.seen]).toEqual([1, before]);
    const other = await logOf([[{ id: 1, n: 7 }], [{ id: 1, n: 8 }], [{ id: 1, n: 9 }]]);
    await follow(other, runnerOf(other, projection));
    expect([projection.drops, projection.seen.length]).toEqual([2, 3]);
    const runner = runnerOf(other, projection);
    const stop = new AbortController();
    const running = runner.run(stop.signal);
    await runner.waitFor(await other.end(PARTITION));
    await runner.rebuild('it was asked for');
    stop.abort();
    await running;
    expect([projection.drops, projection.seen.length]).toEqual([3, 3]);
  });

  it('hands over in one piece what comes while it rests, and at once what somebody waits for', async () => {
    const log = await logOf([[{ id: 1, n: 1 }], [{ id: 2, n: 2 }]]);
    const projection = new Counting();
    let rests = 0;
    let over = (): void => undefined;
    const rest = (signal: AbortSignal): Promise<void> => {
      rests++;
      return new Promise((resolve) => {
        over = resolve;
        signal.addEventListener('abort', () => resolve());
      });
    };
    const runner = new ProjectionRunner({ ...optionsOf(log, projection), rest });
    const stop = new AbortController();
    const running = runner.run(stop.signal);
    const until = async (isSo: () => boolean): Promise<void> => {
      while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    await until(() => rests === 1);
    expect([projection.seen.length, projection.pieces]).toEqual([2, 1]);
    await write(log, [[{ id: 3, n: 3 }]], 10);
    await write(log, [[{ id: 4, n: 4 }]], 20);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([projection.seen.length, rests]).toEqual([2, 1]);
    over();
    await until(() => rests === 2);
    expect([projection.seen.length, projection.pieces]).toEqual([4, 2]);
    await write(log, [[{ id: 5, n: 5 }]], 30);
    await runner.waitFor(await log.end(PARTITION));
    expect(projection.seen).toHaveLength(5);
    stop.abort();
    await running;
  });

  it('rebuilds where the schemas of what it has folded are lost', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'runner-'));
    const path = join(folder, 'schemas.json');
    const known = (): KnownSchemas => {
      const schemas = new KnownSchemas(path);
      schemas.remember(SCHEMA_ID, JSON.stringify(rowVersionSchema(SHAPE)));
      return schemas;
    };
    const log = await logOf([[{ id: 1, n: 1 }], [{ id: 2, n: 2 }]]);
    const projection = new Counting();
    await follow(log, runnerOf(log, projection, known()));
    await follow(log, runnerOf(log, projection, known()));
    expect([projection.drops, projection.seen.length]).toEqual([0, 2]);
    rmSync(path);
    await follow(log, runnerOf(log, projection, known()));
    expect([projection.drops, projection.seen.length]).toEqual([1, 2]);
    expect(known().damage).toBeNull();
    rmSync(folder, { recursive: true, maxRetries: 5 });
  });

  it('stops at an event whose schema nobody knows, with its id and its offset, and skips nothing', async () => {
    const log = await logOf([[{ id: 1, n: 1 }], [{ id: 2, n: 2 }]]);
    const projection = new Counting();
    const stopped = await follow(log, runnerOf(log, projection, new KnownSchemas(null))).catch(
      (error: unknown) => error,
    );
    expect(stopped).toBeInstanceOf(ProjectionStopped);
    expect((stopped as Error).message).toMatch(/counting has stopped at offset 0: .*id 1000/);
    expect(projection.seen).toEqual([]);
  });

  it('feeds a fold of the latest state that a digest tells from any other', async () => {
    const log = await logOf([[{ id: 1, n: 1 }], [{ id: 2, n: 2 }], [{ id: 1, n: null }], [{ id: 3, n: 3 }]]);
    const digestAt = async (before: number): Promise<unknown> => {
      const state = new LatestState(before as Offset);
      await follow(log, runnerOf(log, state));
      const { rows, digest } = state.digest(TABLE, COLUMNS);
      return { rows, digest };
    };
    const all = await Promise.all([0, 1, 2, 3, 4].map(digestAt));
    expect(all.map((each) => (each as { rows: number }).rows)).toEqual([0, 1, 2, 1, 2]);
    expect(new Set(all.map((each) => JSON.stringify(each))).size).toBe(5);
    expect(await digestAt(4)).toEqual(all[4]);
  });
});
