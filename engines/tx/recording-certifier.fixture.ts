import { type Candidate, Certifier, type Verdict } from '#log/transactions/certifier.js';

/** Notes every verdict by its offset, and insists that whoever comes to the same place in the log asks the same and hears the same. */
export class RecordingCertifier extends Certifier {
  readonly #known: Map<number, string>;

  /** `known` is shared by all who decide on one log. */
  constructor(known: Map<number, string>) {
    super();
    this.#known = known;
  }

  override decide(candidate: Candidate): Verdict {
    const verdict = super.decide(candidate);
    // Where its first record stands only who folds can say, and no verdict depends on it.
    const { first: _, ...asked } = candidate;
    const said = JSON.stringify([asked, verdict]);
    const before = this.#known.get(candidate.offset);
    if (before !== undefined && before !== said)
      throw new Error(`at offset ${candidate.offset} one says ${before} and another ${said}`);
    this.#known.set(candidate.offset, said);
    return verdict;
  }
}
