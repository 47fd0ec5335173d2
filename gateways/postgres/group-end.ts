import { REPLY, type Reply } from '#schemas/link/frames.js';
import type { Entry } from './entry.js';
import type { Session } from './session.js';

/** The end of a group: ReadyForQuery, once the engine has ended the implicit transaction where there is one. */
export class GroupEnd implements Entry {
  readonly group: number;
  readonly awaiting: boolean;
  readonly endures = true;
  readonly position = null;
  readonly #session: Session;

  /** `awaiting` = a Finish or Fail was sent. */
  constructor(session: Session, group: number, awaiting: boolean) {
    this.#session = session;
    this.group = group;
    this.awaiting = awaiting;
  }

  onReply(reply: Reply): boolean {
    if (reply[0] === REPLY.done) this.#session.heard(reply[4], reply[6]);
    else if (reply[0] === REPLY.failure) this.#session.failedBy(reply, null);
    else this.#session.violated(`unexpected reply ${reply[0]} to the end of a transaction`);
    this.#session.ready(this.group);
    return true;
  }

  run(): void {
    this.#session.ready(this.group);
  }

  skip(): void {}

  cancel(): boolean {
    return false;
  }
}
