import { FINISH, OP, REPLY, type Reply, type ResultColumn } from '#schemas/link/frames.js';
import type { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Row } from '#schemas/values/value.js';
import type { Entry } from '../entry.js';
import type { StatementText } from '../execute-request.js';
import { writeCommandComplete } from '../messages/command-complete.js';
import { COPY_IN_RESPONSE, writeCopyResponse } from '../messages/copy-response.js';
import type { Session } from '../session.js';
import type { CopyDecoder } from './copy-decoder.js';
import { checkColumns, copyOptions } from './copy-options.js';
import { openDecoder } from './open-decoder.js';

/** Rows and bytes that travel in one frame. */
const BATCH_ROWS = 1_000;
const BATCH_BYTES = 262_144;
/** Frames that the engine may not have acknowledged yet. */
const WINDOW = 4;

/** What goes on after the COPY of a simple query. */
interface Continuation {
  advance(): void;
  end(): void;
}

/**
 * A COPY FROM STDIN. It owns the rows read and not yet sent. While it is the session's `copy`, the client's messages come here. When something goes
 * wrong the rest of the client's data is left to the session, which ignores it, and the error is told once nothing is under way.
 */
export class CopyInFlow implements Entry {
  readonly group: number;
  readonly awaiting = true;
  readonly endures = true;
  readonly position = null;
  readonly #session: Session;
  readonly #decoder: CopyDecoder;
  readonly #finish: boolean;
  readonly #query: Continuation | null;
  #rows: Row[] = [];
  #rowBytes = 0;
  /** Requests not answered yet. */
  #underWay = 0;
  #failed = false;
  #count = 0;

  private constructor(
    session: Session,
    group: number,
    decoder: CopyDecoder,
    finish: boolean,
    query: Continuation | null,
  ) {
    this.#session = session;
    this.group = group;
    this.#decoder = decoder;
    this.#finish = finish;
    this.#query = query;
  }

  /** The engine is ready for rows of `columns`: asks the client for them, or refuses the statement's options. */
  static open(
    session: Session,
    group: number,
    statement: StatementText,
    columns: readonly ResultColumn[],
    finish: boolean,
    query: Continuation | null,
  ): void {
    let flow: CopyInFlow;
    try {
      const source = statement.shape.statement;
      const isCopy = source?.kind === 'copy-in';
      const options = copyOptions(isCopy ? source.options : [], 'in');
      checkColumns(
        options,
        columns.map(([name]) => name),
      );
      const table = isCopy ? (source.table.path.at(-1) ?? '') : '';
      flow = new CopyInFlow(
        session,
        group,
        openDecoder(options, columns, session.format.context, table),
        finish,
        query,
      );
      writeCopyResponse(session.out, COPY_IN_RESPONSE, options.format === 'binary', columns.length);
      session.output.schedule();
      session.copy = flow;
      session.follow(flow);
    } catch (error) {
      flow = new CopyInFlow(session, group, { push: () => {}, end: () => {} }, finish, query);
      session.follow(flow);
      flow.#abort(error);
    }
  }

  /** True while the engine is behind: no more data should be handed in. */
  get congested(): boolean {
    return this.#underWay >= WINDOW || this.#session.link.congested;
  }

  data(bytes: Buffer): void {
    try {
      this.#decoder.push(bytes, this.#rows);
      this.#rowBytes += bytes.length;
      if (this.#rows.length >= BATCH_ROWS || this.#rowBytes >= BATCH_BYTES) this.#sendRows();
    } catch (error) {
      this.#abort(error);
    }
  }

  /** CopyDone. */
  end(): void {
    try {
      this.#decoder.end(this.#rows);
      this.#sendRows();
    } catch (error) {
      this.#abort(error);
      return;
    }
    this.#session.copy = null;
    this.#sendEnd(null);
  }

  /** CopyFail. */
  giveUp(reason: string): void {
    this.#session.copy = null;
    this.#rows = [];
    this.#sendEnd(reason);
  }

  /** A message that has no place in COPY. */
  refuse(error: SqlError): void {
    this.#abort(error);
  }

  onReply(reply: Reply): boolean {
    this.#underWay--;
    if (reply[0] === REPLY.failure) {
      this.#session.copy = null;
      if (!this.#failed) this.#session.failedBy(reply, null);
      else this.#session.transaction.heard(reply[5]);
      this.#failed = true;
    } else if (reply[0] === REPLY.done) {
      this.#session.heard(reply[4], reply[6]);
      if (!this.#failed) {
        writeCommandComplete(this.#session.out, reply[2], reply[3] >= 0 ? reply[3] : this.#count);
        this.#query?.advance();
        return true;
      }
    } else if (reply[0] !== REPLY.copyAck) {
      this.#session.violated(`unexpected reply ${reply[0]} during COPY`);
    }
    if (this.#failed && this.#underWay === 0) {
      this.#query?.end();
      return true;
    }
    this.#session.pump();
    return false;
  }

  run(): void {}

  skip(): void {}

  cancel(): boolean {
    if (this.#underWay > 0 || this.#session.copy !== this) return false;
    this.giveUp('canceling statement due to user request');
    return false;
  }

  /** The gateway gives up: the engine rolls back, the client hears our error and not the engine's. */
  #abort(error: unknown): void {
    this.#session.copy = null;
    this.#rows = [];
    this.#session.refuseCopy(error, this.group);
    this.#failed = true;
    this.#sendEnd('the gateway refused the data');
  }

  #sendRows(): void {
    if (this.#rows.length === 0) return;
    this.#count += this.#rows.length;
    this.#underWay++;
    const rows = this.#rows;
    this.#rows = [];
    this.#rowBytes = 0;
    this.#session.request([OP.copyData, this.#session.number, rows]);
  }

  #sendEnd(failure: string | null): void {
    this.#underWay++;
    this.#session.request([
      OP.copyEnd,
      this.#session.number,
      failure,
      this.#session.transaction.takeFlags(this.#finish) & FINISH,
    ]);
  }
}
