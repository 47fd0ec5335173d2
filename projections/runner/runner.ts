import { setTimeout as sleep } from 'node:timers/promises';
import type { StoredRecord } from '#log/change-log.js';
import { digestOfRecord } from '#log/record-digest.js';
import type { RecordSource } from '#log/record-source.js';
import type { CertifierLimits } from '#log/transactions/certifier.js';
import { Decider } from '#log/transactions/decider.js';
import { EventCodec } from '#schemas/events/codec.js';
import type { LogEvent } from '#schemas/events/event.js';
import { isFramed, readSchemaId } from '#schemas/events/wire-format.js';
import { assert } from '#schemas/kernel/assert.js';
import type { Offset, Partition } from '#schemas/kernel/brand.js';
import type { KnownSchemas } from './known-schemas.js';
import type { SourcedVersion } from './projection.js';
import { type Checkpoint, type CommittedTransaction, type Projection, ProjectionDamaged } from './projection.js';

/** Events that are handed over in one piece, but for a transaction that has more. */
const EVENTS_PER_PIECE = 5_000;
/** Records without any commit behind which a checkpoint is written all the same. */
const RECORDS_PER_CHECKPOINT = 10_000;

export interface RunnerOptions {
  readonly projection: Projection;
  readonly source: RecordSource;
  readonly partition: Partition;
  readonly schemas: KnownSchemas;
  /** Ids of the two fixed events. */
  readonly ids: { readonly commit: number; readonly lease: number };
  /** With a foreign registry: brings the schemas of these ids, because decoding does not wait. */
  readonly fetchSchemas: ((ids: readonly number[]) => Promise<void>) | null;
  /**
   * For how long nothing is read once everything was, so that what comes meanwhile is handed over in one piece: each piece costs the disk a flush, which those who commit wait
   * for, too. Ends at once when the signal aborts. Not given = there is no rest.
   */
  readonly rest?: (signal: AbortSignal) => Promise<void>;
  /** Of the certifier's window, where they are others than the cluster's: a simulation's are smaller. */
  readonly limits?: CertifierLimits;
  /** Somebody wants to read what is applied. */
  onAsked?(): void;
  /** So many transactions were applied; when the last of them was committed, in microseconds since 1970. */
  onApplied?(transactions: number, timestamp: number): void;
  /** The data was thrown away, and is made anew from the log: why. */
  onRebuild(reason: string): void;
}

/** A record cannot be understood: nothing behind it is applied. */
export class ProjectionStopped extends Error {
  override readonly name = 'ProjectionStopped';
  readonly offset: Offset;

  constructor(projection: string, offset: Offset, cause: unknown) {
    const what = cause instanceof Error ? cause.message : String(cause);
    super(`projection ${projection} has stopped at offset ${offset}: ${what}`, { cause });
    this.offset = offset;
  }
}

/** The log's end was reached when nothing has come for so long. */
const QUIET_MS = 20;
/** What never ends is handed over all the same. */
const READY_MS_MAX = 500;

interface Waiter {
  readonly offset: Offset;
  readonly done: () => void;
}

/**
 * Folds the log into a projection: records to decided transactions, and those, in log order, to the projection's data, each exactly once (I3, I7).
 *
 * Owns the place that the fold has come to. Invariants: `applied` never moves back but by a rebuild; what is below it is in the data.
 */
export class ProjectionRunner {
  readonly #options: RunnerOptions;
  readonly #waiters = new Set<Waiter>();
  #applied = 0 as Offset;
  #events = 0;
  #turn = new AbortController();
  /** Aborts the rest that is being taken. */
  #wake = new AbortController();
  /** Those who have asked for everything to be thrown away, and why. */
  readonly #rebuilds: Array<{ readonly reason: string; readonly done: () => void }> = [];

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** Everything below this offset is applied. */
  get applied(): Offset {
    return this.#applied;
  }

  /** Events applied since the start of the process. */
  get events(): number {
    return this.#events;
  }

  /** Follows the log until `signal` aborts. Throws ProjectionStopped, and what the log and the projection throw. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = (): void => this.#turn.abort();
    signal.addEventListener('abort', stop);
    try {
      while (!signal.aborted) {
        // Whoever asks while this is done asks again.
        const asked = this.#rebuilds.splice(0);
        const [first] = asked;
        if (first !== undefined) {
          await this.#forget(first.reason);
          for (const { done } of asked) done();
          continue;
        }
        this.#turn = new AbortController();
        await this.#followWhole(this.#turn.signal);
      }
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** Resolves when everything below `offset` is applied. */
  waitFor(offset: Offset, signal?: AbortSignal): Promise<void> {
    this.#options.onAsked?.();
    if (offset <= this.#applied) return Promise.resolve();
    this.#wake.abort();
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        offset,
        done: () => {
          signal?.removeEventListener('abort', giveUp);
          resolve();
        },
      };
      const giveUp = (): void => {
        this.#waiters.delete(waiter);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', giveUp);
      this.#waiters.add(waiter);
    });
  }

  /** Throws the data away and folds the log again. Resolves when the fold has come to where it was. */
  async rebuild(reason: string): Promise<void> {
    const target = this.#applied;
    await new Promise<void>((done) => {
      this.#rebuilds.push({ reason, done });
      this.#turn.abort();
    });
    await this.waitFor(target);
  }

  async #forget(reason: string): Promise<void> {
    this.#options.onRebuild(reason);
    await this.#options.projection.drop();
    this.#applied = 0 as Offset;
  }

  /** A projection that finds its own data damaged begins anew. */
  async #followWhole(signal: AbortSignal): Promise<void> {
    try {
      await this.#follow(signal);
    } catch (error) {
      if (!(error instanceof ProjectionDamaged)) throw error;
      await this.#forget(error.message);
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { source, partition } = this.#options;
    const checkpoint = await this.#begin();
    const fold = new Fold(this.#options, checkpoint);
    this.#reached(checkpoint?.decider.offset ?? (0 as Offset));
    const from = checkpoint?.decider.replayFrom ?? (0 as Offset);
    // Nobody may go on reading for a fold that has failed.
    const over = new AbortController();
    try {
      const records = source.records(partition, from, AbortSignal.any([signal, over.signal]));
      await this.#takeAll(records[Symbol.asyncIterator](), fold, signal);
    } finally {
      over.abort();
    }
  }

  /** What is ready is handed over when it is a piece, or when nothing more stands in the log, or at once where somebody waits or no rest is wanted. */
  async #takeAll(batches: AsyncIterator<readonly StoredRecord[]>, fold: Fold, signal: AbortSignal): Promise<void> {
    let sinceMs = 0;
    for (;;) {
      const next = this.#next(batches);
      if (!fold.isEmpty && (performance.now() - sinceMs > READY_MS_MAX || (await this.#isQuiet(next)))) {
        await this.#handOver(fold, true);
        await this.#rest(signal);
      }
      const step = await next;
      if (step.done === true) return;
      if (fold.isEmpty) sinceMs = performance.now();
      await this.#fetch(step.value);
      for (let at = 0; at < step.value.length && !signal.aborted; ) {
        at = fold.take(step.value, at);
        const isEnd = at === step.value.length;
        if (!isEnd || fold.isPiece || fold.isEmpty || !this.#mayRest) await this.#handOver(fold, isEnd);
      }
      if (signal.aborted) return;
    }
  }

  /** Does nothing come for a while? Or does somebody wait for what is ready? */
  async #isQuiet(next: Promise<unknown>): Promise<boolean> {
    if (!this.#mayRest) return true;
    const timer = new AbortController();
    const came = next.then(
      () => false,
      () => false,
    );
    const quiet = sleep(QUIET_MS, true, { signal: timer.signal }).catch(() => true);
    const isQuiet = await Promise.race([came, quiet]);
    timer.abort();
    return isQuiet;
  }

  /** What fails while nobody waits for it fails when somebody does. */
  #next(batches: AsyncIterator<readonly StoredRecord[]>): Promise<IteratorResult<readonly StoredRecord[]>> {
    const next = batches.next();
    next.catch(() => undefined);
    return next;
  }

  async #handOver(fold: Fold, isBatchEnd: boolean): Promise<void> {
    this.#events += await fold.handOver(isBatchEnd);
    this.#reached(fold.next);
  }

  get #mayRest(): boolean {
    return this.#options.rest !== undefined && this.#waiters.size === 0;
  }

  async #rest(signal: AbortSignal): Promise<void> {
    if (!this.#mayRest || signal.aborted) return;
    const wake = new AbortController();
    this.#wake = wake;
    const stop = (): void => wake.abort();
    signal.addEventListener('abort', stop);
    await this.#options.rest?.(wake.signal);
    signal.removeEventListener('abort', stop);
  }

  /** The checkpoint to go on from; null where the fold begins anew. */
  async #begin(): Promise<Checkpoint | null> {
    const { projection, schemas } = this.#options;
    const found = projection.checkpoint();
    if (found === null || (schemas.damage === null && (await this.#isOfThisLog(found)))) return found;
    await this.#forget(
      schemas.damage ?? `the log is not the one that it was folded from up to offset ${found.decider.offset}`,
    );
    return null;
  }

  async #isOfThisLog({ decider: { offset }, lastRecord }: Checkpoint): Promise<boolean> {
    if (lastRecord === null) return true;
    const { source, partition } = this.#options;
    for await (const [record] of source.records(partition, (offset - 1) as Offset, null))
      return record !== undefined && record.offset === offset - 1 && digestOfRecord(record) === lastRecord;
    return false;
  }

  async #fetch(batch: readonly StoredRecord[]): Promise<void> {
    const { fetchSchemas, schemas } = this.#options;
    if (fetchSchemas === null) return;
    // A value without an id is found out when it is decoded.
    const ids = new Set(batch.flatMap(({ value }) => (isFramed(value) ? [readSchemaId(value)] : [])));
    const unknown = [...ids].filter((id) => schemas.schemaText(id) === null);
    if (unknown.length > 0) await fetchSchemas(unknown);
  }

  #reached(offset: Offset): void {
    this.#applied = offset;
    for (const waiter of this.#waiters) {
      if (waiter.offset > offset) continue;
      this.#waiters.delete(waiter);
      waiter.done();
    }
  }
}

/** One pass over the log, from a checkpoint on. */
class Fold {
  readonly #options: RunnerOptions;
  readonly #codec: EventCodec;
  readonly #decider: Decider;
  #last: StoredRecord | null = null;
  #ready: CommittedTransaction[] = [];
  #readyEvents = 0;
  #sinceCheckpoint = 0;
  /** One past the last record that was taken. */
  next: Offset;

  constructor(options: RunnerOptions, checkpoint: Checkpoint | null) {
    this.#options = options;
    this.#codec = new EventCodec(options.schemas, options.ids.commit, options.ids.lease);
    const { limits } = options;
    this.#decider = Decider.resume(checkpoint?.decider ?? null, limits === undefined ? {} : { certifier: limits });
    this.next = checkpoint?.decider.offset ?? (0 as Offset);
  }

  /** Takes records from place `at` of the batch on, until there is a piece to be handed over; answers with the place behind. */
  take(batch: readonly StoredRecord[], at: number): number {
    let place = at;
    while (place < batch.length && this.#readyEvents < EVENTS_PER_PIECE) {
      this.#takeRecord(batch[place] as StoredRecord);
      place++;
    }
    return place;
  }

  #takeRecord(record: StoredRecord): void {
    const event = this.#decode(record);
    if (event.kind === 'row') {
      this.#options.schemas.take(event);
      (event as { -readonly [K in keyof SourcedVersion]: SourcedVersion[K] }).source = record.value;
    }
    const decision = this.#decider.take(record.offset, event);
    if (record.offset >= this.next) {
      this.#last = record;
      this.next = (record.offset + 1) as Offset;
      this.#sinceCheckpoint++;
    }
    if (decision === null || decision.verdict.kind !== 'commit') return;
    const { transaction, server, offset, timestamp, commit, events } = decision.transaction;
    this.#ready.push({
      transaction,
      server,
      offset,
      timestamp,
      // Each of them has passed here.
      events: events as Iterable<SourcedVersion>,
      definitions: decision.definitions,
    });
    this.#readyEvents += commit.events;
  }

  #decode(record: StoredRecord): LogEvent {
    try {
      return this.#codec.decode(record.value, record.key);
    } catch (error) {
      throw new ProjectionStopped(this.#options.projection.name, record.offset, error);
    }
  }

  /** Nothing is ready. */
  get isEmpty(): boolean {
    return this.#ready.length === 0;
  }

  /** As much is ready as is handed over at once. */
  get isPiece(): boolean {
    return this.#readyEvents >= EVENTS_PER_PIECE;
  }

  /** Gives the projection what is ready, and a checkpoint behind it. Answers with the number of events. */
  async handOver(isBatchEnd: boolean): Promise<number> {
    const isDue = this.#sinceCheckpoint >= RECORDS_PER_CHECKPOINT;
    if (this.#ready.length === 0 && !(isBatchEnd && isDue)) return 0;
    const { projection, schemas, onApplied } = this.#options;
    await schemas.save();
    assert(this.#last !== null, 'something was decided, and no record taken');
    const checkpoint: Checkpoint = {
      decider: this.#decider.state(this.next),
      lastRecord: digestOfRecord(this.#last),
    };
    await projection.apply(this.#ready, checkpoint);
    const newest = this.#ready.at(-1);
    if (newest !== undefined) onApplied?.(this.#ready.length, newest.timestamp);
    const count = this.#readyEvents;
    this.#ready = [];
    this.#readyEvents = 0;
    this.#sinceCheckpoint = 0;
    return count;
  }
}
