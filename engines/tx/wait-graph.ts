import { SqlError } from '#schemas/sqlstate/sql-error.js';

/** Whom a waiting transaction waits for, as things stand when asked: holders come and go while somebody waits. */
export type Blockers = () => readonly object[];

/** Who waits for whom. A transaction waits for one thing at a time, which several others may hold. */
export class WaitGraph {
  readonly #waitsFor = new Map<object, Blockers>();
  readonly #names = new WeakMap<object, string>();
  waits = 0;
  deadlocks = 0;

  /** Names a transaction for messages. */
  name(owner: object, name: string): void {
    this.#names.set(owner, name);
  }

  /**
   * Notes that `owner` waits; answers with the refusal when that closes a circle. Whoever closes one finds it here, because nobody begins to hold what another waits for without having
   * been let through first, and whoever waits later looks through everybody who waits already.
   */
  wait(owner: object, blockers: Blockers): SqlError | null {
    const circle = this.#circle(owner, blockers);
    if (circle !== null) {
      this.deadlocks++;
      return this.#refusal(circle);
    }
    this.#waitsFor.set(owner, blockers);
    this.waits++;
    return null;
  }

  isWaiting(owner: object): boolean {
    return this.#waitsFor.has(owner);
  }

  done(owner: object): void {
    this.#waitsFor.delete(owner);
  }

  /** A path from `owner` back to it. */
  #circle(owner: object, blockers: Blockers): readonly object[] | null {
    const seen = new Set<object>();
    const path: object[] = [owner];
    const pending: Array<{ readonly node: object; readonly depth: number }> = blockers().map((node) => ({
      node,
      depth: 1,
    }));
    for (let step = pending.pop(); step !== undefined; step = pending.pop()) {
      const { node, depth } = step;
      path.length = depth;
      if (node === owner) return path;
      if (seen.has(node)) continue;
      seen.add(node);
      path.push(node);
      for (const next of this.#waitsFor.get(node)?.() ?? []) pending.push({ node: next, depth: depth + 1 });
    }
    return null;
  }

  #refusal(circle: readonly object[]): SqlError {
    const name = (o: object | undefined): string => (o === undefined ? '' : (this.#names.get(o) ?? 'a transaction'));
    const lines = circle.map(
      (waiting, i) => `Transaction ${name(waiting)} waits for transaction ${name(circle[(i + 1) % circle.length])}.`,
    );
    return new SqlError('deadlock_detected', 'deadlock detected', {
      detail: lines.join('\n'),
      hint: 'See server log for query details.',
    });
  }
}
