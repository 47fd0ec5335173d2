import type { RowVersion } from '#schemas/events/event.js';
import type { VersionId } from '#schemas/kernel/brand.js';
import { rowName, type State } from '../invariants/history.js';

/** What a projection keeps of one partition. A crash leaves what `save` has given, as a whole or not at all. */
export interface FoldedState {
  apply(events: Iterable<RowVersion>): void;
  /** The newest version of each row that there is. */
  newest(): State;
  save(): FoldedState;
}

/** Every version of every row, each once. */
export class VersionsState implements FoldedState {
  readonly #chains: Map<string, RowVersion[]>;
  readonly #known: Set<VersionId>;

  constructor(chains: ReadonlyMap<string, readonly RowVersion[]> = new Map()) {
    this.#chains = new Map([...chains].map(([name, chain]) => [name, [...chain]]));
    this.#known = new Set([...this.#chains.values()].flat().map(({ version }) => version));
  }

  apply(events: Iterable<RowVersion>): void {
    for (const event of events) {
      if (this.#known.has(event.version)) continue;
      this.#known.add(event.version);
      const chain = this.#chains.get(rowName(event));
      if (chain === undefined) this.#chains.set(rowName(event), [event]);
      else chain.push(event);
    }
  }

  newest(): State {
    const state = new Map<string, RowVersion>();
    for (const [name, chain] of this.#chains) {
      const last = chain.at(-1);
      if (last !== undefined && last.op !== 'delete') state.set(name, last);
    }
    return state;
  }

  save(): FoldedState {
    return new VersionsState(this.#chains);
  }
}

/** The newest version of each row. */
export class LatestState implements FoldedState {
  readonly #rows: Map<string, RowVersion>;

  constructor(rows: State = new Map()) {
    this.#rows = new Map(rows);
  }

  apply(events: Iterable<RowVersion>): void {
    for (const event of events) {
      if (event.op === 'delete') this.#rows.delete(rowName(event));
      else this.#rows.set(rowName(event), event);
    }
  }

  newest(): State {
    return this.#rows;
  }

  save(): FoldedState {
    return new LatestState(this.#rows);
  }
}
