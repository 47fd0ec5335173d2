import { SqlError } from '#schemas/sqlstate/sql-error.js';

/** Who waits for whom. A transaction waits for one other at a time, so a circle is found by following single edges. */
export class WaitGraph {
  readonly #waitsFor = new Map<object, object>();
  readonly #names = new WeakMap<object, string>();
  waits = 0;
  deadlocks = 0;

  /** Names a transaction for messages. */
  name(owner: object, name: string): void {
    this.#names.set(owner, name);
  }

  /** Notes that `owner` waits for `holder`; answers with the refusal when that closes a circle. */
  wait(owner: object, holder: object): SqlError | null {
    const circle = [owner];
    for (let next: object | undefined = holder; next !== undefined; next = this.#waitsFor.get(next)) {
      if (next === owner) {
        this.deadlocks++;
        return this.#refusal(circle);
      }
      circle.push(next);
      // Others' circles are theirs to find.
      if (circle.length > 10_000) break;
    }
    this.#waitsFor.set(owner, holder);
    this.waits++;
    return null;
  }

  done(owner: object): void {
    this.#waitsFor.delete(owner);
  }

  #refusal(circle: readonly object[]): SqlError {
    const name = (o: object | undefined): string => (o === undefined ? '' : (this.#names.get(o) ?? 'a transaction'));
    const lines = circle.map((waiting, i) => `Transaction ${name(waiting)} waits for transaction ${name(circle[(i + 1) % circle.length])}.`);
    return new SqlError('deadlock_detected', 'deadlock detected', { detail: lines.join('\n'), hint: 'Run the transaction again.' });
  }
}
