import type { Reply } from '#schemas/link/frames.js';
import type { TokenPosition } from './errors.js';

/**
 * One place in a session's queue of answers: a request that the engine has, or output that must come behind one. Answers leave in the order in which the
 * client's messages came.
 */
export interface Entry {
  /** The client's messages up to one Sync, or one simple query: after an error the rest of a group is skipped. */
  readonly group: number;
  /** True while the engine owes a reply; false = `run` is called when the entry comes to the front. */
  readonly awaiting: boolean;
  /** Replies and turns reach it even when its group has failed. */
  readonly endures: boolean;
  /** Finds tokens of this entry's statement, for errors and notices. */
  readonly position: TokenPosition | null;
  /** Takes a reply; answers true when the entry is finished. */
  onReply(reply: Reply): boolean;
  run(): void;
  /** Called in place of `run` or of the last reply when its group has failed. */
  skip(): void;
  /** The client wants what runs now to stop, and the engine is not at it. Answers true when that ended the entry. */
  cancel(): boolean;
}

/** Output that has to wait for its turn. */
export class LocalEntry implements Entry {
  readonly group: number;
  readonly awaiting = false;
  readonly endures = false;
  readonly position = null;
  readonly #run: () => void;

  constructor(group: number, run: () => void) {
    this.group = group;
    this.#run = run;
  }

  onReply(): boolean {
    return false;
  }

  run(): void {
    this.#run();
  }

  skip(): void {}

  cancel(): boolean {
    return false;
  }
}
