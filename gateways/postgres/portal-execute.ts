import type { Done, ResultColumn } from '#schemas/link/frames.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { BoundStatement } from '../link/statement-contexts.js';
import { CopyInFlow } from './copy/copy-in-flow.js';
import { type CopyOut, openCopyOut } from './copy/copy-out.js';
import { ExecuteRequest, type StatementText, sameDescription } from './execute-request.js';
import { PORTAL_SUSPENDED } from './messages/bare.js';
import { writeCommandComplete } from './messages/command-complete.js';
import type { Portal } from './portal.js';
import type { RowWriter } from './row-writer.js';
import type { Session } from './session.js';

/** Execute of the extended protocol: the rows of a portal, in the formats that Bind asked for. */
export class PortalExecute extends ExecuteRequest {
  readonly #portal: Portal;
  readonly #limit: number;
  /** A Sync stood right behind it: ReadyForQuery follows its answer. */
  readonly #sync: boolean;
  #writer: RowWriter | CopyOut | null = null;

  constructor(session: Session, statement: StatementText, portal: Portal, limit: number, sync: boolean) {
    super(session, statement, portal.statement.bound, sync);
    this.#portal = portal;
    this.#limit = limit;
    this.#sync = sync;
  }

  protected values(): readonly Value[] {
    return this.#portal.values;
  }

  protected override clientLimit(): number {
    return this.#limit;
  }

  protected override clientPortal(): number {
    return this.#limit === 0 ? 0 : (this.#portal.number = this.session.nextPortal());
  }

  protected rows(rows: readonly Row[]): void {
    const { out, output } = this.session;
    const writer = (this.#writer ??= this.#open());
    for (let i = 0; i < rows.length; i++) {
      writer.write(out, rows[i] as Row);
      output.relieve();
    }
  }

  protected done(reply: Done): void {
    const { session } = this;
    this.#portal.state = 'done';
    let count = reply[3];
    if (this.statement.shape.kind === 'copy-out') {
      (this.#writer ??= this.#open()).end(session.out);
      count = this.rowCount;
    } else if (reply[2] === 'SELECT' && this.bound?.columns !== null) {
      count = this.rowCount;
    }
    writeCommandComplete(session.out, reply[2], count);
    const { kind } = this.statement.shape;
    if (kind === 'commit' || kind === 'rollback') session.extended.endTransaction(this.group);
    if (this.#sync) session.ready(this.group);
  }

  protected suspended(): void {
    this.#portal.state = 'suspended';
    this.session.out.empty(PORTAL_SUSPENDED);
    if (this.#sync) this.session.ready(this.group);
  }

  protected copyIn(columns: readonly ResultColumn[]): void {
    this.#portal.state = 'done';
    CopyInFlow.open(this.session, this.group, this.statement, columns, false, null);
  }

  protected failed(): void {
    this.#portal.state = 'failed';
    if (this.#sync) this.session.ready(this.group);
  }

  protected acceptsChange(before: BoundStatement, after: BoundStatement): boolean {
    if (!sameDescription(before, after)) return false;
    this.#portal.statement.bound = after;
    return true;
  }

  /** Its group has failed before it: the Sync that it took along still has to be answered. */
  override skip(): void {
    this.#portal.state = 'failed';
    if (this.#sync) this.session.ready(this.group);
  }

  #open(): RowWriter | CopyOut {
    if (this.statement.shape.kind === 'copy-out')
      return openCopyOut(this.session, this.statement.shape, this.bound?.columns ?? []);
    return this.#portal.writer(this.session.format, this.bound?.columns ?? []);
  }
}
