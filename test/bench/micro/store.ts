/**
 * What rows and transactions cost: `npm run build`, then `node --expose-gc dist/test/bench/micro/store.js [rows]`.
 * Loading, point reads, one-row commits on the embedded log, flushing, folding the log again, starting from a checkpoint.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VisibleRow } from '#engines/rows/reading.js';
import type { TableShape } from '#engines/rows/shape.js';
import { DEFAULT_STORE_LIMITS, Store } from '#engines/rows/store.js';
import { Checkpointer } from '#engines/tx/checkpointer.js';
import { recover } from '#engines/tx/recovery.js';
import type { Transaction } from '#engines/tx/transaction.js';
import { TransactionManager } from '#engines/tx/transaction-manager.js';
import { VersionMint } from '#log/clock/hybrid-clock.js';
import { EmbeddedLog } from '#log/embedded/embedded-log.js';
import { Certifier } from '#log/transactions/certifier.js';
import { rowVersionSchema } from '#schemas/events/avro-schema.js';
import { EventCodec } from '#schemas/events/codec.js';
import type { ObjectId, Partition, ServerId } from '#schemas/kernel/brand.js';
import { TYPES } from '#schemas/values/type-name.js';

const ROWS = Number(process.argv[2] ?? 300_000);
const READS = 1_000_000;
const COMMITS = 100_000;
const PARTITION = 0 as Partition;

/** As pgbench_accounts. */
const SHAPE: TableShape = {
  id: 20_000 as ObjectId,
  event: {
    table: 20_000 as ObjectId,
    database: 'd',
    schema: 'public',
    name: 'accounts',
    schemaVersion: 1,
    slots: 4,
    columns: [
      { name: 'aid', formerNames: [], type: TYPES.integer, slot: 0 },
      { name: 'bid', formerNames: [], type: TYPES.integer, slot: 1 },
      { name: 'abalance', formerNames: [], type: TYPES.integer, slot: 2 },
      { name: 'filler', formerNames: [], type: TYPES.text, slot: 3 },
    ],
  },
  slotTypes: [TYPES.integer, TYPES.integer, TYPES.integer, TYPES.text],
  missing: [],
  key: [{ slot: 0, type: TYPES.integer, descending: false, nullsFirst: false }],
  keyConstraint: 'accounts_pkey',
  indexes: [],
};

const clock = {
  nowMicros: () => BigInt(Date.now()) * 1_000n,
  monotonicMs: () => performance.now(),
  after: (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
const CONTROL = { lockTimeoutMs: 0, interrupted: null, onInterrupt: () => () => undefined };

async function open(folder: string, log: EmbeddedLog) {
  const codec = new EventCodec(
    { schemaText: (id) => (id === 10 ? JSON.stringify(rowVersionSchema(SHAPE.event)) : null) },
    1,
    2,
  );
  codec.bindShape(SHAPE.event, 10);
  const store = await Store.open(folder, DEFAULT_STORE_LIMITS);
  const certifier = new Certifier();
  const began = performance.now();
  const recovered = await recover({
    store,
    log,
    partition: PARTITION,
    codec,
    certifier,
    shapes: { shapeOf: () => SHAPE, systemRowsChanged: () => undefined },
  });
  const ms = performance.now() - began;
  if (recovered.events > 0)
    console.log(`fold: ${recovered.events} events in ${ms.toFixed(0)} ms, ${rate(recovered.events, ms)}`);
  const mint = new VersionMint(clock, { bytes: (n) => randomBytes(n) });
  const manager = new TransactionManager({
    store,
    log,
    partition: PARTITION,
    encoder: codec,
    clock,
    mint,
    server: 1 as ServerId,
    epoch: 1,
    certifier,
    durable: recovered.durable,
  });
  const fail = (error: Error): void => {
    throw error;
  };
  const checkpointer = new Checkpointer({
    store,
    manager,
    log,
    partition: PARTITION,
    clock,
    leases: recovered.leases,
    verdicts: null,
    onFailure: fail,
  });
  return { store, manager, checkpointer };
}
type Opened = Awaited<ReturnType<typeof open>>;

const rate = (count: number, ms: number): string =>
  `${Math.round(count / (ms / 1_000)).toLocaleString('en')}/s, ${((ms * 1_000) / count).toFixed(2)} µs each`;
const begin = (manager: TransactionManager): Transaction =>
  manager.begin({ isolation: 'read committed', readOnly: false, control: CONTROL });
const heap = (): string => {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return `heap ${(heapUsed / 2 ** 20).toFixed(0)} MiB, resident ${(rss / 2 ** 20).toFixed(0)} MiB`;
};

async function load({ manager }: Opened): Promise<void> {
  const before = heap();
  const began = performance.now();
  const t = begin(manager);
  t.beginStatement();
  const filler = ' '.repeat(84);
  for (let i = 1; i <= ROWS; i++) {
    const inserted = t.insert(SHAPE, [i, 1, 0, `${filler}${i % 10}`]);
    if (inserted instanceof Promise) await inserted;
  }
  const inserted = performance.now();
  await t.commit();
  const ended = performance.now();
  console.log(`load: inserts ${rate(ROWS, inserted - began)}; commit ${rate(ROWS, ended - inserted)}`);
  console.log(`memory before: ${before}; after: ${heap()}`);
}

async function reads({ manager, store }: Opened, what: string): Promise<void> {
  const data = store.table(SHAPE);
  const began = performance.now();
  let found = 0;
  for (let i = 0; i < READS; i++) {
    const t = begin(manager);
    t.beginStatement();
    const row = t.get(SHAPE, data.keyOf([1 + ((i * 7_919) % ROWS)], '' as never)) as VisibleRow | null;
    if (row !== null) found++;
    t.rollback();
  }
  console.log(`point reads, ${what}: ${rate(found, performance.now() - began)}`);
}

async function commits({ manager, store }: Opened, clients: number): Promise<void> {
  const data = store.table(SHAPE);
  let left = COMMITS;
  const cpu = process.cpuUsage();
  const began = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      for (let i = 0; left-- > 0; i++) {
        const t = begin(manager);
        t.beginStatement();
        const seen = t.get(SHAPE, data.keyOf([1 + ((client * 104_729 + i * 7_919) % ROWS)], '' as never)) as VisibleRow;
        const locking = t.lock(SHAPE, seen, 'no-key-update', 'block');
        const outcome = locking instanceof Promise ? await locking : locking;
        if (!('row' in outcome)) throw new Error('gone');
        const { row } = outcome.row;
        t.update(SHAPE, outcome.row, [row[0] ?? null, row[1] ?? null, (row[2] as number) + 1, row[3] ?? null]);
        await t.commit();
      }
    }),
  );
  const ms = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  console.log(
    `one-row commits, ${clients} clients: ${rate(COMMITS, ms)}; processor ${((user + system) / COMMITS).toFixed(1)} µs each`,
  );
}

async function flush({ checkpointer, store }: Opened): Promise<void> {
  const { rows } = store.dirty;
  const began = performance.now();
  await checkpointer.flush();
  console.log(`flush: ${rows} rows, ${rate(rows, performance.now() - began)}`);
}

const root = await mkdtemp(join(tmpdir(), 'polylog-store-bench-'));
try {
  const log = await EmbeddedLog.open({ folder: join(root, 'log') });
  const first = await open(join(root, 'store'), log);
  await load(first);
  await reads(first, 'in memory');
  await commits(first, 1);
  await commits(first, 32);
  await first.store.close();
  const second = await open(join(root, 'store-2'), log);
  console.log(`after folding: ${heap()}`);
  await flush(second);
  await second.store.close();
  const third = await open(join(root, 'store-2'), log);
  await reads(third, 'from disk and cache');
  await commits(third, 32);
  const began = performance.now();
  await third.store.warmUp(() => SHAPE);
  console.log(`warm-up: ${rate(ROWS, performance.now() - began)}`);
  await third.store.close();
  await log.close();
} finally {
  await rm(root, { recursive: true, force: true });
}
