import { type InvariantName, insist } from './violation.js';

/** I3 and I7: whoever has folded the same prefix of the log has come to the same. */
export class EqualDigests {
  readonly #known = new Map<string, { readonly digest: string; readonly by: string }>();

  /** `by` has folded `what` up to `offset`. */
  tell(invariant: InvariantName, what: string, offset: number, digest: string, by: string): void {
    const key = `${what}@${offset}`;
    const known = this.#known.get(key);
    if (known === undefined) {
      this.#known.set(key, { digest, by });
      return;
    }
    insist(
      known.digest === digest,
      invariant,
      () => `${what} at offset ${offset}: ${known.by} comes to ${known.digest} and ${by} to ${digest}`,
    );
  }
}
