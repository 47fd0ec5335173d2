import type { ChangeLog } from '#log/change-log.js';
import type { DeciderState } from '#log/transactions/decider.js';
import type { Leases } from '#log/transactions/leases.js';
import type { Offset, Partition } from '#schemas/kernel/brand.js';
import type { Clock } from '#schemas/kernel/ports.js';
import type { Store } from '../rows/store.js';
import { recordDigest } from './recovery.js';
import type { TransactionManager } from './transaction-manager.js';

export interface CheckpointerOptions {
  readonly store: Store;
  readonly manager: TransactionManager;
  readonly log: ChangeLog;
  readonly partition: Partition;
  readonly clock: Clock;
  /** The terms of all servers, this engine's own included. */
  readonly leases: Leases;
  /** Where others write the log, too: how verdicts go on for a store that holds everything below `durable`; null = not to be said now, but in the next turn. */
  readonly verdicts: ((durable: Offset) => DeciderState | null) | null;
  readonly limits?: Partial<CheckpointLimits>;
  /** A flush failed; it will be tried again. */
  readonly onFailure: (error: Error) => void;
}

/** When the store is taken to disk: as soon as one of these is reached. */
export interface CheckpointLimits {
  readonly dirtyBytes: number;
  readonly dirtyRows: number;
  /** Records that a restart would have to fold. */
  readonly records: number;
  readonly intervalMs: number;
}

/** A million records are folded in some 6 s. */
const DEFAULT_CHECKPOINT_LIMITS: CheckpointLimits = {
  dirtyBytes: 512 << 20,
  dirtyRows: 1_500_000,
  records: 2_000_000,
  intervalMs: 600_000,
};

const POLL_MS = 1_000;
/** After a failure. */
const RETRY_MS = 15_000;
/** Between two batches of a flush, in times of what one took. */
const PAUSE_FACTOR = 3;
const PAUSE_MIN_MS = 2;
const PAUSE_MAX_MS = 50;

/**
 * Takes the store to disk from time to time, so that memory stays bounded and a restart short, and finishes collections that no commit triggers any more.
 */
export class Checkpointer {
  readonly #options: CheckpointerOptions;
  readonly #limits: CheckpointLimits;
  #cancel: () => void = () => undefined;
  #running: Promise<void> | null = null;
  #stopped = false;
  #lastMs: number;
  #lastOffset: number;
  #notBeforeMs = 0;
  #begun = 0;
  #resumedMs = 0;

  constructor(options: CheckpointerOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_CHECKPOINT_LIMITS, ...options.limits };
    this.#lastMs = options.clock.monotonicMs();
    this.#lastOffset = options.store.checkpoint?.offset ?? 0;
  }

  start(): void {
    if (this.#stopped) return;
    this.#cancel = this.#options.clock.after(POLL_MS, () => {
      this.#options.manager.collect();
      if (this.#isDue()) this.#flushQuietly();
      this.start();
    });
  }

  /** Ends with a last checkpoint. The store stays open. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#running;
    await this.flush();
  }

  #isDue(): boolean {
    const { store, manager, clock } = this.#options;
    const now = clock.monotonicMs();
    if (!store.hasDisk || this.#running !== null || now < this.#notBeforeMs) return false;
    const { rows, bytes } = store.dirty;
    const { dirtyBytes, dirtyRows, records, intervalMs } = this.#limits;
    if (rows >= dirtyRows || bytes >= dirtyBytes || manager.durable - this.#lastOffset >= records) return true;
    return rows > 0 && now - this.#lastMs >= intervalMs;
  }

  #flushQuietly(): void {
    const { clock, onFailure } = this.#options;
    this.#running = this.#flush(() => this.#pace())
      .catch((error: Error) => {
        this.#notBeforeMs = clock.monotonicMs() + RETRY_MS;
        onFailure(error);
      })
      .finally(() => {
        this.#running = null;
      });
  }

  /**
   * Leaves clients most of the processor while there are any at work, unless as much as this flush is writing has been changed meanwhile: then
   * memory counts for more.
   */
  #pace(): Promise<void> {
    const { manager, store, clock } = this.#options;
    const busy = manager.begun !== this.#begun && store.dirty.bytes < this.#limits.dirtyBytes;
    this.#begun = manager.begun;
    const workedMs = clock.monotonicMs() - this.#resumedMs;
    const resumed = (): void => {
      this.#resumedMs = clock.monotonicMs();
    };
    if (this.#stopped || !busy) return Promise.resolve().then(resumed);
    const pauseMs = Math.min(Math.max(workedMs * PAUSE_FACTOR, PAUSE_MIN_MS), PAUSE_MAX_MS);
    return new Promise<void>((resolve) => clock.after(pauseMs, resolve)).then(resumed);
  }

  /** Takes the store to disk now, as quickly as it goes. */
  flush(): Promise<void> {
    return this.#flush(() => Promise.resolve());
  }

  async #flush(pace: () => Promise<void>): Promise<void> {
    const { store, manager, log, partition, leases, verdicts, clock } = this.#options;
    let offset = 0;
    await store.flush(() => {
      const decider = verdicts === null ? null : verdicts(manager.durable);
      if (verdicts !== null && decider === null) return null;
      const held = manager.hold();
      const replayFrom = decider?.replayFrom ?? manager.replayFrom;
      const { snapshot } = held.view;
      const lastVersion = manager.mint.next();
      offset = snapshot;
      const describe = async () => ({
        replayFrom,
        lastRecord: await recordDigest(log, partition, snapshot),
        terms: leases.terms,
        lastVersion,
        decider,
      });
      return { view: held.view, describe, pace, end: held.release };
    });
    this.#lastMs = clock.monotonicMs();
    this.#lastOffset = offset;
  }
}
