import type { Offset, VersionId } from '#schemas/kernel/brand.js';
import type { History } from './history.js';
import { insist } from './violation.js';

/** What an engine has told its clients of their commits. */
export class Acknowledged {
  readonly #history: History;
  readonly #commits = new Map<VersionId, Offset>();
  readonly #refused = new Map<VersionId, string>();

  constructor(history: History) {
    this.#history = history;
  }

  /** I5 and I1: the commit takes effect in the log at this offset, at the moment when the client is told, in a term that is the engine's own. */
  commit(transaction: VersionId, offset: Offset, holder: string): void {
    const history = this.#history;
    const found = history.commitAt(offset);
    insist(
      found?.transaction === transaction,
      'I5',
      () =>
        `${transaction} is acknowledged at offset ${offset}, where ${found?.transaction ?? history.outcomes.get(offset) ?? 'nothing'} stands`,
    );
    const first = history.holders.get(`${found.server}/${found.epoch}`);
    insist(
      first === undefined || first === holder,
      'I1',
      () => `${holder} commits in term ${found.epoch} of server ${found.server}, which is ${first}'s`,
    );
    this.#commits.set(transaction, offset);
  }

  /** The client was told that the transaction has not happened and will not. */
  refuse(transaction: VersionId, why: string): void {
    this.#refused.set(transaction, why);
  }

  get commits(): number {
    return this.#commits.size;
  }

  /** At the end: what was acknowledged is there, what was refused is not. */
  check(): void {
    const history = this.#history;
    for (const [transaction, offset] of this.#commits)
      insist(
        history.commitAt(offset)?.transaction === transaction,
        'I5',
        () => `${transaction} was acknowledged at offset ${offset} and is lost`,
      );
    for (const [transaction, why] of this.#refused)
      insist(
        history.commitOf(transaction) === undefined,
        'I5',
        () => `${transaction} was refused (${why}) and stands at offset ${history.commitOf(transaction)?.offset}`,
      );
  }
}
