import type { StoredRecord } from '#log/change-log.js';
import { Assembler } from '#log/transactions/assembler.js';
import { Decider, type DeciderState } from '#log/transactions/decider.js';
import type { EventCodec } from '#schemas/events/codec.js';
import type { Offset, Partition } from '#schemas/kernel/brand.js';
import { stateDigest } from '../invariants/state-digest.js';
import { accountsCodec } from './accounts.js';
import type { FoldedState } from './folded-state.js';
import { LogClient } from './log-client.js';
import { bugInCertifier } from './planted-bugs.js';
import type { Actor, Choice } from './scheduler.js';
import type { World } from './world.js';

/** What stands on a follower's disk for one partition: data, place, and what the decider must be told, written together. */
interface Saved {
  readonly next: Offset;
  readonly decider: DeciderState | null;
  readonly state: FoldedState;
}

/** A process that follows one partition, from its start to its end. */
class PartitionFold {
  readonly partition: Partition;
  readonly state: FoldedState;
  readonly #decider: Decider;
  readonly #codec: EventCodec;
  next: Offset;
  /** One past the last record that the decider was told. */
  #told = 0;

  constructor(partition: Partition, saved: Saved, decider: Decider, codec: EventCodec) {
    this.partition = partition;
    this.state = saved.state.save();
    this.next = saved.next;
    this.#decider = decider;
    this.#codec = codec;
  }

  /** What a later process can go on from; null while the decider has not been told again what it must know. */
  save(): Saved | null {
    const { next } = this;
    if (this.#told < next) return null;
    return { next, decider: this.#decider.state(next), state: this.state.save() };
  }

  take(records: readonly StoredRecord[]): void {
    for (const { offset, value, key } of records) {
      const decision = this.#decider.take(offset, this.#codec.decode(value, key));
      this.#told = offset + 1;
      if (offset < this.next) continue;
      if (decision?.verdict.kind === 'commit') this.state.apply(decision.transaction.events);
      this.next = (offset + 1) as Offset;
    }
  }
}

/** Where a projection runs: it follows all partitions, each as fast as it may, is killed, started again from its disk, and built anew from nothing. */
export class FollowerSite implements Actor {
  readonly name: string;
  readonly #world: World;
  readonly #empty: () => FoldedState;
  #disk: Saved[];
  #folds: PartitionFold[] = [];
  #client: LogClient | null = null;
  #started = 0;
  #aborting = new AbortController();

  constructor(world: World, name: string, empty: () => FoldedState) {
    this.#world = world;
    this.name = name;
    this.#empty = empty;
    this.#disk = this.#fresh();
  }

  choices(): readonly Choice[] {
    const { closing, faults } = this.#world;
    if (this.#client === null) return [{ name: `${this.name} is started`, weight: 2, run: () => this.start() }];
    const choices = [...this.#client.choices()];
    if (closing) return choices;
    choices.push({
      name: `${this.name} saves at ${this.#folds.map(({ next }) => next)}`,
      weight: 0.15,
      run: () => this.#save(),
    });
    if (!faults) return choices;
    choices.push({ name: `${this.name} is killed`, weight: 0.1, run: () => this.#kill() });
    choices.push({ name: `${this.name} is built anew`, weight: 0.03, run: () => this.rebuild() });
    return choices;
  }

  start(): void {
    const world = this.#world;
    const client = new LogClient(`${this.name}.${++this.#started}`, world.log, world.random.fork(), world.rates);
    const aborting = new AbortController();
    this.#client = client;
    this.#aborting = aborting;
    this.#folds = this.#disk.map((saved, partition) => this.#open(partition as Partition, saved));
    for (const fold of this.#folds) {
      this.#world.referee.watermarks.forget(this.#watermark(fold));
      this.#follow(fold, client, aborting.signal).catch((error: unknown) => {
        if (!aborting.signal.aborted) world.scheduler.fail(error);
      });
    }
  }

  #open(partition: Partition, saved: Saved): PartitionFold {
    const { bug, limits } = this.#world;
    const certifier = bugInCertifier(bug, limits);
    const decider =
      certifier === null
        ? Decider.resume(saved.decider, { certifier: limits })
        : Decider.over(new Assembler(), certifier, 0 as Offset);
    return new PartitionFold(partition, saved, decider, accountsCodec());
  }

  async #follow(fold: PartitionFold, client: LogClient, signal: AbortSignal): Promise<void> {
    const { partition } = fold;
    const told = bugInCertifier(this.#world.bug, this.#world.limits) === null ? this.#disk[partition]?.decider : null;
    const from = told?.replayFrom ?? (0 as Offset);
    for await (const records of client.tail(partition, from, signal)) {
      if (signal.aborted) return;
      fold.take(records);
      this.#tell(fold);
    }
  }

  #tell(fold: PartitionFold): void {
    const { bug, referee } = this.#world;
    const shown = bug === 'watermark moves back' && fold.next % 7 === 0 ? fold.next - 1 : fold.next;
    if (shown === fold.next) referee.applied(fold.partition, this.name, shown, stateDigest(fold.state.newest()));
    else referee.watermarks.moved(this.#watermark(fold), shown - 1, this.#world.log.end(fold.partition));
  }

  #watermark({ partition }: PartitionFold): string {
    return `${this.name}, partition ${partition}`;
  }

  #save(): void {
    // The bug: the place is written, and the data is not there yet.
    const early = this.#world.bug === 'checkpoint apart from its data';
    this.#disk = this.#folds.map((fold, partition) => {
      const before = this.#disk[partition] as Saved;
      const saved = fold.save() ?? before;
      return early ? { ...saved, state: before.state } : saved;
    });
  }

  #kill(): void {
    this.#aborting.abort();
    this.#client?.kill();
    this.#client = null;
  }

  #fresh(): Saved[] {
    return Array.from({ length: this.#world.log.partitions }, () => ({
      next: 0 as Offset,
      decider: null,
      state: this.#empty(),
    }));
  }

  /** Forgets everything and begins at the beginning. */
  rebuild(): void {
    this.#kill();
    this.#disk = this.#fresh();
  }

  /** It has applied all there is. */
  get caughtUp(): boolean {
    return this.#client !== null && this.#folds.every(({ partition, next }) => next === this.#world.log.end(partition));
  }

  /** Digest of each partition. */
  get digests(): readonly string[] {
    return this.#folds.map(({ state }) => stateDigest(state.newest()));
  }
}
