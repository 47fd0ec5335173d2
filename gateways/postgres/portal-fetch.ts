import { GOES_ON, OP, REPLY, type Reply } from '#schemas/link/frames.js';
import type { Row } from '#schemas/values/value.js';
import type { Entry } from './entry.js';
import { PORTAL_SUSPENDED } from './messages/bare.js';
import { writeCommandComplete } from './messages/command-complete.js';
import type { Portal } from './portal.js';
import type { Session } from './session.js';

/** Without a limit rows are fetched this many at a time. */
const FETCH_ROWS = 1_000;

/** Execute of a portal that its last row limit has cut. */
export class PortalFetch implements Entry {
  readonly group: number;
  readonly awaiting = true;
  readonly endures = false;
  readonly position = null;
  readonly #session: Session;
  readonly #portal: Portal;
  readonly #limit: number;
  #rows = 0;

  constructor(session: Session, portal: Portal, limit: number) {
    this.group = session.group;
    this.#session = session;
    this.#portal = portal;
    this.#limit = limit;
  }

  send(): void {
    this.#portal.state = 'running';
    this.#fetch(0);
    this.#session.push(this, true);
  }

  onReply(reply: Reply): boolean {
    const session = this.#session;
    switch (reply[0]) {
      case REPLY.rows:
        this.#write(reply[2]);
        return false;
      case REPLY.suspended:
        this.#write(reply[2]);
        if (this.#limit === 0) {
          session.output.flush();
          this.#fetch(GOES_ON);
          return false;
        }
        this.#portal.state = 'suspended';
        session.out.empty(PORTAL_SUSPENDED);
        return true;
      case REPLY.done:
        session.heard(reply[4], reply[6]);
        if (reply[5] !== null) this.#write(reply[5]);
        this.#portal.state = 'done';
        writeCommandComplete(session.out, reply[2], reply[2] === 'SELECT' ? this.#rows : reply[3]);
        return true;
      case REPLY.failure:
        this.#portal.state = 'failed';
        session.failedBy(reply, null);
        return true;
      default:
        session.violated(`unexpected reply ${reply[0]} to Fetch`);
        return true;
    }
  }

  run(): void {}

  skip(): void {}

  cancel(): boolean {
    return false;
  }

  #fetch(flags: number): void {
    const session = this.#session;
    const rows = this.#limit === 0 ? FETCH_ROWS : this.#limit;
    session.request([OP.fetch, session.number, this.#portal.number, rows, flags]);
  }

  #write(rows: readonly Row[]): void {
    const session = this.#session;
    this.#rows += rows.length;
    const writer = this.#portal.writer(session.format, this.#portal.statement.bound?.columns ?? []);
    for (const row of rows) {
      writer.write(session.out, row);
      session.output.relieve();
    }
  }
}
