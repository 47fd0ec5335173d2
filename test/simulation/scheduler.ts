import { createHash } from 'node:crypto';
import type { SeededRandom } from './seeded-random.js';

/** Something that may happen next. */
export interface Choice {
  /** Goes into the trace: says who and what. */
  readonly name: string;
  /** How often it is taken, against the others. */
  readonly weight: number;
  run(): void | Promise<void>;
}

/** Who offers choices. */
export interface Actor {
  choices(): readonly Choice[];
}

/**
 * Decides what happens next: one thing at a time, and the next when nothing moves any more by itself.
 *
 * Owns the trace. The same seed and the same actors give the same trace.
 */
export class Scheduler {
  readonly trace: string[] = [];
  /** Steps at which there was more than one thing to do. */
  decisions = 0;
  failure: unknown = null;
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** False when there is nothing to do. */
  async step(actors: Iterable<Actor>): Promise<boolean> {
    const choices: Choice[] = [];
    for (const actor of actors) choices.push(...actor.choices());
    if (choices.length === 0) return false;
    if (choices.length > 1) this.decisions++;
    await this.perform(this.#choose(choices));
    return true;
  }

  async perform(choice: Choice): Promise<void> {
    this.trace.push(choice.name);
    await choice.run();
    await settled();
    if (this.failure !== null) throw this.failure;
  }

  /** A run in which everything was forced has shown nothing. */
  insistOnDecisions(): void {
    if (this.decisions === 0) throw new Error('there was never anything to decide: this was no simulation');
  }

  note(what: string): void {
    this.trace.push(what);
  }

  fail(error: unknown): void {
    this.failure ??= error;
  }

  /** Of everything that has happened. */
  get hash(): string {
    return createHash('sha256').update(this.trace.join('\n')).digest('hex').slice(0, 16);
  }

  #choose(choices: readonly Choice[]): Choice {
    let total = 0;
    for (const { weight } of choices) total += weight;
    let at = (this.#random.next() / 0x1_0000_0000) * total;
    for (const choice of choices) {
      at -= choice.weight;
      if (at < 0) return choice;
    }
    return choices.at(-1) as Choice;
  }
}

/** All that goes on by itself has gone on. Nothing in a simulated world waits for anything outside, so one turn is enough */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
