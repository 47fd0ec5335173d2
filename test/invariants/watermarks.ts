import { insist } from './violation.js';

/** I4: no watermark passes the end of the log, and none moves back. One for each follower that keeps its place. */
export class Watermarks {
  readonly #reached = new Map<string, number>();

  /** `name` has applied everything below `offset` of a log that ends at `end`. */
  moved(name: string, offset: number, end: number): void {
    const before = this.#reached.get(name) ?? 0;
    insist(offset <= end, 'I4', () => `${name} is at offset ${offset}, and the log ends at ${end}`);
    insist(offset >= before, 'I4', () => `${name} has moved back from offset ${before} to ${offset}`);
    this.#reached.set(name, offset);
  }

  /** It begins anew: a process that has ended, a projection that is rebuilt. */
  forget(name: string): void {
    this.#reached.delete(name);
  }
}
