import type { Actor, Choice } from './scheduler.js';

/** Where the sessions of a process stop until the scheduler lets one of them go on. */
export class Gate implements Actor {
  /** Nobody of this process goes on. */
  shut = false;
  readonly #waiting: Array<{ readonly who: string; readonly go: () => void }> = [];

  pass(who: string): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ who, go: resolve }));
  }

  choices(): readonly Choice[] {
    if (this.shut) return [];
    return this.#waiting.map((waiting) => ({
      name: `${waiting.who} goes on`,
      weight: 3,
      run: () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        waiting.go();
      },
    }));
  }
}
