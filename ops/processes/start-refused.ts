/** A start that was refused for a reason that the user can mend. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused';
  /** What the process exits with. */
  readonly exitCode: number;
  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
