/** The invariants of docs/architecture.md, and `work`: what the clients of a test know of their own data. */
export type InvariantName = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'work';

/** An invariant does not hold. */
class InvariantViolated extends Error {
  override readonly name = 'InvariantViolated';
  readonly invariant: InvariantName;
  constructor(invariant: InvariantName, what: string) {
    super(`${invariant}: ${what}`);
    this.invariant = invariant;
  }
}

/** Throws when `holds` is not true. */
export function insist(holds: boolean, invariant: InvariantName, what: () => string): asserts holds {
  if (!holds) throw new InvariantViolated(invariant, what());
}
