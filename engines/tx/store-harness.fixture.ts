import { randomBytes } from 'node:crypto';
import { setTimeout as startTimer } from 'node:timers';
import { LogUnavailable } from '#log/change-log.js';
import { VersionMint } from '#log/clock/hybrid-clock.js';
import { MemoryLog } from '#log/memory/memory-log.js';
import { rowVersionSchema } from '#schemas/events/avro-schema.js';
import { EventCodec } from '#schemas/events/codec.js';
import type { ObjectId, Partition, ServerId } from '#schemas/kernel/brand.js';
import type { Row } from '#schemas/values/value.js';
import { LevelRows } from '../rows/level-rows.js';
import type { RowCursor } from '../rows/reading.js';
import type { TableShape } from '../rows/shape.js';
import { DEFAULT_STORE_LIMITS, Store, type StoreLimits } from '../rows/store.js';
import { Checkpointer } from './checkpointer.js';
import type { ShapeSource } from './folder.js';
import { PEOPLE } from './people.fixture.js';
import { RecordingCertifier } from './recording-certifier.fixture.js';
import { recover } from './recovery.js';
import type { Isolation, SessionControl, Transaction } from './transaction.js';
import { TransactionManager } from './transaction-manager.js';

const clock = {
  nowMicros: () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1_000)),
  monotonicMs: () => performance.now(),
  after: (ms: number, run: () => void) => {
    const timer = startTimer(run, ms);
    return () => clearTimeout(timer);
  },
};

const PARTITION = 0 as Partition;
const SERVER = 1 as ServerId;
const TORN = 'the flush was torn';

/** An engine's lower half over a log in memory: what a crash leaves is the log and the folder. */
export class StoreHarness {
  readonly log = new MemoryLog();
  readonly codec: EventCodec;
  readonly #folder: string | null;
  readonly #shape: TableShape;
  readonly #commitTimeoutMs: number;
  /** Every verdict so far, by whomever: live or folded, they must be the same. */
  readonly #decisions = new Map<number, string>();
  store!: Store;
  manager!: TransactionManager;
  checkpointer!: Checkpointer;
  /** Records that the last start has folded. */
  events = 0;
  #holding: Array<() => void> | null = null;
  /** The next append is not answered: whether it lands. */
  #losing: boolean | null = null;
  readonly #telling: Array<() => void> = [];
  #failing = false;
  #batchesLeft = Number.POSITIVE_INFINITY;

  private constructor(folder: string | null, shape: TableShape, commitTimeoutMs: number) {
    this.#folder = folder;
    this.#shape = shape;
    this.#commitTimeoutMs = commitTimeoutMs;
    this.codec = new EventCodec(
      { schemaText: (id) => (id === 10 ? JSON.stringify(rowVersionSchema(shape.event)) : null) },
      1,
      2,
    );
    this.codec.bindShape(shape.event, 10);
    this.log.setFault(() => {
      if (this.#failing) return new LogUnavailable('full', 'disk full');
      const landed = this.#losing;
      if (landed !== null) {
        this.#losing = null;
        return { kind: 'unknown', landed, until: new Promise((resolve) => this.#telling.push(resolve)) };
      }
      const holding = this.#holding;
      return holding === null ? null : new Promise<void>((resolve) => holding.push(resolve));
    });
  }

  static async start(
    folder: string | null = null,
    shape: TableShape = PEOPLE,
    { commitTimeoutMs = 10_000 } = {},
  ): Promise<StoreHarness> {
    const harness = new StoreHarness(folder, shape, commitTimeoutMs);
    await harness.restart();
    return harness;
  }

  /** As after a crash: everything but the log and the folder is gone. */
  async restart(memoryBytes = DEFAULT_STORE_LIMITS.memoryBytes): Promise<void> {
    this.releaseLog();
    await this.store?.close();
    const limits = { memoryBytes, hotBytes: 1 << 20, rowsPerBatch: 2 };
    this.store = await this.#open(limits);
    const certifier = new RecordingCertifier(this.#decisions);
    const { store, log, codec } = this;
    const recovered = await recover({
      store,
      log,
      partition: PARTITION,
      codec,
      certifier,
      shapes: this.#shapes(),
    });
    this.events = recovered.events;
    const mint = new VersionMint(clock, { bytes: (n) => randomBytes(n) });
    this.manager = new TransactionManager({
      store,
      log,
      partition: PARTITION,
      encoder: codec,
      clock,
      mint,
      server: SERVER,
      epoch: 0,
      certifier,
      durable: recovered.durable,
      commitTimeoutMs: this.#commitTimeoutMs,
    });
    this.checkpointer = new Checkpointer({
      store,
      manager: this.manager,
      log,
      partition: PARTITION,
      clock,
      leases: recovered.leases,
      verdicts: null,
      onFailure: (error) => {
        throw error;
      },
    });
  }

  /** What another engine comes to that folds the whole log. */
  async foldElsewhere(): Promise<Store> {
    const store = new Store();
    const certifier = new RecordingCertifier(this.#decisions);
    await recover({ store, log: this.log, partition: PARTITION, codec: this.codec, certifier, shapes: this.#shapes() });
    return store;
  }

  #shapes(): ShapeSource {
    return {
      shapeOf: (id: ObjectId) => (id === this.#shape.id ? this.#shape : null),
      systemRowsChanged: () => undefined,
    };
  }

  async #open(limits: StoreLimits): Promise<Store> {
    if (this.#folder === null) return new Store(null, null, limits);
    const disk = await LevelRows.open(this.#folder);
    const write = disk.write.bind(disk);
    disk.write = () => {
      if (this.#batchesLeft-- <= 0) throw new Error(TORN);
      return write();
    };
    this.#batchesLeft = Number.POSITIVE_INFINITY;
    return Store.on(disk, limits);
  }

  /** A flush that ends after some batches, as if the machine had. */
  async tornFlush(batches: number): Promise<void> {
    this.#batchesLeft = batches;
    await this.checkpointer.flush().catch((error: Error) => {
      if (error.message !== TORN) throw error;
    });
  }

  begin(isolation: Isolation = 'read committed', control: SessionControl = patient()): Transaction {
    return this.manager.begin({ isolation, readOnly: false, control });
  }

  /** Appends are not acknowledged from now on. */
  holdLog(): void {
    this.#holding ??= [];
  }

  /** Some append is not answered yet. */
  get logHeld(): boolean {
    return this.#holding !== null || this.#telling.length > 0;
  }

  /** The next append is sent and not answered, until `tell`. */
  loseAnswer(landed: boolean): void {
    this.#losing = landed;
  }

  tell(): void {
    this.#losing = null;
    for (const go of this.#telling.splice(0)) go();
  }

  releaseLog(): void {
    const held = this.#holding ?? [];
    this.#holding = null;
    for (const go of held) go();
  }

  failLog(failing: boolean): void {
    this.#failing = failing;
  }

  async close(): Promise<void> {
    this.releaseLog();
    await this.store.close();
  }
}

/** A session that waits as long as it takes. */
function patient(): SessionControl {
  return { lockTimeoutMs: 0, interrupted: null, onInterrupt: () => () => undefined };
}

export async function drain(cursor: RowCursor): Promise<Row[]> {
  const rows: Row[] = [];
  for (let batch = await cursor.next(); batch !== null; batch = await cursor.next())
    for (const { row } of batch) rows.push(row);
  return rows;
}

export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
