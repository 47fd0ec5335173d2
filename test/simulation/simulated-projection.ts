import {
  type Checkpoint,
  type CommittedTransaction,
  type Projection,
  ProjectionDamaged,
} from '#projections/runner/projection.js';
import type { Offset } from '#schemas/kernel/brand.js';
import type { FoldedState } from './folded-state.js';
import type { Actor, Choice } from './scheduler.js';

interface Disk {
  readonly checkpoint: Checkpoint | null;
  readonly state: FoldedState;
}

/** A projection's data on a disk that the scheduler holds: what is written is there as a whole when it says so, and never if the process is killed before. */
export class SimulatedProjection implements Projection, Actor {
  readonly name: string;
  readonly #empty: () => FoldedState;
  /** Everything below the offset is on disk. */
  readonly #written: (offset: Offset, state: FoldedState) => void;
  /** Bug on purpose: the place is written, and the data comes later. */
  readonly #placeFirst: boolean;
  #disk: Disk;
  #writing: (() => void) | null = null;
  #damaged = false;

  constructor(
    name: string,
    empty: () => FoldedState,
    placeFirst: boolean,
    written: (offset: Offset, state: FoldedState) => void,
  ) {
    this.name = name;
    this.#empty = empty;
    this.#placeFirst = placeFirst;
    this.#written = written;
    this.#disk = { checkpoint: null, state: empty() };
  }

  get state(): FoldedState {
    return this.#disk.state;
  }

  checkpoint(): Checkpoint | null {
    if (this.#damaged) throw new ProjectionDamaged('its files are not as they were written');
    return this.#disk.checkpoint;
  }

  apply(transactions: readonly CommittedTransaction[], checkpoint: Checkpoint): Promise<void> {
    const state = this.#disk.state.save();
    for (const { events } of transactions) state.apply(events);
    // In words that JSON knows, as on any disk.
    const kept = JSON.parse(JSON.stringify(checkpoint)) as Checkpoint;
    if (this.#placeFirst) this.#disk = { checkpoint: kept, state: this.#disk.state };
    return new Promise((resolve) => {
      this.#writing = () => {
        this.#disk = { checkpoint: kept, state };
        this.#written(kept.decider.offset, state);
        resolve();
      };
    });
  }

  drop(): Promise<void> {
    this.#disk = { checkpoint: null, state: this.#empty() };
    this.#damaged = false;
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Its process is gone. */
  lose(): void {
    this.#writing = null;
  }

  damage(): void {
    this.#damaged = true;
  }

  choices(): readonly Choice[] {
    const writing = this.#writing;
    if (writing === null) return [];
    const run = (): void => {
      this.#writing = null;
      writing();
    };
    return [{ name: `${this.name} has written`, weight: 2, run }];
  }
}
