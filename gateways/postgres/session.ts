import type { Socket } from 'node:net';
import { assert } from '#schemas/kernel/assert.js';
import type { Clock } from '#schemas/kernel/ports.js';
import { type Failure, OP, REPLY, type Reply, type Request, type TransactionState } from '#schemas/link/frames.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { EngineLink, LinkSession } from '../link/engine-link.js';
import { SessionContext } from '../link/session-context.js';
import type { StatementContext } from '../link/statement-contexts.js';
import type { CopyInFlow } from './copy/copy-in-flow.js';
import { MessageReader } from './decode.js';
import type { MessageWriter } from './encode.js';
import { type Entry, LocalEntry } from './entry.js';
import { isFatal, reportOf, reportOfFailure, reportOfNotice, type TokenPosition } from './errors.js';
import { ExecuteRequest } from './execute-request.js';
import { ExtendedProtocol } from './extended.js';
import { GroupEnd } from './group-end.js';
import { INCOMPLETE, type Input } from './input.js';
import { ERROR_RESPONSE, NOTICE_RESPONSE, writeReport } from './messages/error-response.js';
import { writeReadyForQuery } from './messages/ready-for-query.js';
import { writeParameterStatus } from './messages/session-start.js';
import type { Output } from './output.js';
import { REPORTED_SETTINGS } from './reported-settings.js';
import type { SessionStart, SessionSurroundings } from './session-surroundings.js';
import { SimpleQuery } from './simple-query.js';
import type { StatementSource } from './statement-source.js';
import type { TextFormat } from './text-formats.js';
import { TransactionView } from './transaction-view.js';

/** Requests of one session that may be with the engine at a time. */
const PIPELINE_MAX = 64;
/** Received bytes not yet worked off at which we stop reading from the client. */
const HELD_MAX = 262_144;

/**
 * An authenticated client. It owns the client's socket, the queue of answers that are still owed, and what the gateway knows of the session.
 *
 * Invariants: answers leave in the order of the messages. What is not a plain execution of a bound statement begins only when nothing is owed, so
 * that whatever it does cannot have been forbidden by an earlier error. After an error all of its group up to the Sync is skipped.
 */
export class Session implements LinkSession {
  readonly number: number;
  readonly link: EngineLink;
  readonly clock: Clock;
  readonly output: Output;
  readonly out: MessageWriter;
  readonly source: StatementSource;
  readonly transaction = new TransactionView();
  readonly message = new MessageReader();
  readonly onClosed: Array<() => void> = [];
  readonly #context: SessionContext;
  format: TextFormat;
  /** The group that the input is in. */
  group = 1;
  copy: CopyInFlow | null = null;
  readonly #surroundings: SessionSurroundings;
  readonly #socket: Socket;
  readonly #input: Input;
  readonly #extended: ExtendedProtocol;
  readonly #settings = new Map<string, string>();
  readonly #user: string;
  readonly #database: string;
  readonly #queue: Entry[] = [];
  /** Nothing more may be begun before the queue is empty. */
  #sealed = false;
  #failedGroup = 0;
  #lastPortal = 0;
  #pumping = false;
  #ended = false;
  #closed = false;
  #draining = false;

  constructor(start: SessionStart, surroundings: SessionSurroundings) {
    this.number = start.number;
    this.link = surroundings.link;
    this.clock = surroundings.clock;
    this.output = start.output;
    this.out = start.output.writer;
    this.source = start.source;
    this.#surroundings = surroundings;
    this.#socket = start.socket;
    this.#input = start.input;
    this.#user = start.user;
    this.#database = start.database;
    this.#extended = new ExtendedProtocol(this);
    for (const [name, value] of Object.entries(start.settings)) this.#settings.set(name, value);
    this.#context = new SessionContext(() => this.#findContext());
    this.format = surroundings.formats.of(this.#settings);
    this.output.onDrain = () => this.#onClientDrain();
  }

  // ── the client's side ──────────────────────────────────────────────────────────────────────────────────────────────

  /** Tells the client that it may begin, and takes what it has sent already. */
  begin(): void {
    writeReadyForQuery(this.out, 0);
    this.output.flush();
    this.pump();
  }

  /** Bytes have been pushed into the input, or something that held it up is over. */
  pump(): void {
    if (this.#pumping || this.#closed) return;
    this.#pumping = true;
    try {
      while (!this.#closed && !this.output.congested && this.#step());
    } catch (error) {
      this.#fatal(error);
    }
    this.#pumping = false;
    if (this.#closed) return;
    if (this.#queue.length === 0 && this.out.position > 0 && this.#input.held === 0) this.output.schedule();
    this.#holdBack();
    if (this.#ended) this.#endIfDone();
  }

  /** The client has sent its last byte. */
  onClientEnd(): void {
    this.#ended = true;
    this.pump();
  }

  /** What was sent before the end is still worked off; COPY data that will never come is not waited for. */
  #endIfDone(): void {
    if (this.#queue.length === 0 || (this.copy !== null && !this.copy.congested)) this.close();
  }

  /** Ends the session at once; the engine rolls back. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.output.flush();
    this.link.release(this.number);
    this.#socket.end();
    this.#input.clear();
    for (const run of this.onClosed) run();
  }

  /** The server is going down: ends the session as soon as it has no transaction. */
  drain(): void {
    this.#draining = true;
    if (this.#queue.length === 0 && this.transaction.state === 0) this.#shutDown();
  }

  /** A CancelRequest with this session's secret has come. */
  cancel(): void {
    const head = this.#queue[0];
    if (head === undefined) return;
    if (head.cancel()) this.#finishHead();
    else this.link.send([OP.cancel, this.number]);
  }

  /** Takes one message; false when none is there or it has to wait. */
  #step(): boolean {
    if (this.#sealed && this.copy === null) return false;
    const type = this.#input.peek();
    if (type === INCOMPLETE) return false;
    if (this.copy !== null) return this.#copyStep(type, this.copy);
    if (this.#failedGroup === this.group && type !== 0x53 && type !== 0x58) {
      this.#input.advance();
      return true;
    }
    const { message } = this;
    message.open(this.#input.buffer, this.#input.start, this.#input.end);
    try {
      return this.#dispatch(type);
    } catch (error) {
      // Found before its turn: an earlier request may still fail and make it void, so it is looked at again then.
      if (this.#queue.length > 0) return false;
      this.#input.advance();
      this.refuse(error, null);
      return true;
    }
  }

  #dispatch(type: number): boolean {
    const idle = this.#queue.length === 0;
    const input = this.#input;
    switch (type) {
      case 0x42: // Bind
        if (!this.#extended.bind(idle)) return false;
        break;
      case 0x45: // Execute
        return this.#execute(idle);
      case 0x53: // Sync
        input.advance();
        this.endGroup();
        return true;
      case 0x44: // Describe
        if (!this.#extended.describe(idle)) return false;
        break;
      case 0x50: // Parse
        if (!idle) return false;
        this.#extended.parse();
        break;
      case 0x51: // Query
        if (!idle) return false;
        this.#query();
        break;
      case 0x43: // Close
        if (!idle) return false;
        this.#extended.close();
        break;
      case 0x48: // Flush
        this.local(() => this.output.schedule());
        break;
      case 0x46: // FunctionCall
        return this.#functionCall(idle);
      case 0x64: // CopyData, CopyDone, CopyFail: rests of a COPY that has failed
      case 0x63:
      case 0x66:
        break;
      case 0x58: // Terminate
        if (!idle) return false;
        this.close();
        return false;
      default:
        throw new SqlError('protocol_violation', `invalid frontend message type ${type}`);
    }
    input.advance();
    return true;
  }

  #execute(idle: boolean): boolean {
    const input = this.#input;
    const sync = input.syncFollows();
    const taken = this.#extended.execute(idle, sync);
    if (taken === 'wait') return false;
    if (taken === 'with-sync') input.advanceWithSync();
    else input.advance();
    return true;
  }

  #query(): void {
    const sql = this.message.cstring();
    this.message.done();
    new SimpleQuery(this, sql).start();
  }

  #functionCall(idle: boolean): boolean {
    if (!idle) return false;
    this.#input.advance();
    this.refuse(new SqlError('feature_not_supported', 'the function call protocol is not supported'), null);
    this.endGroup();
    return true;
  }

  #copyStep(type: number, copy: CopyInFlow): boolean {
    const { message } = this;
    const input = this.#input;
    switch (type) {
      case 0x64:
        if (copy.congested) return false;
        copy.data(input.buffer.subarray(input.start, input.end));
        break;
      case 0x63:
        copy.end();
        break;
      case 0x66:
        message.open(input.buffer, input.start, input.end);
        copy.giveUp(message.cstring());
        break;
      case 0x48:
      case 0x53:
        break;
      default:
        copy.refuse(
          new SqlError(
            'protocol_violation',
            `unexpected message type 0x${type.toString(16).padStart(2, '0').toUpperCase()} during COPY from stdin`,
          ),
        );
        return true;
    }
    input.advance();
    return true;
  }

  #holdBack(): void {
    const paused = this.#socket.isPaused();
    if (this.#input.held > HELD_MAX && (this.#sealed || this.#queue.length > 0 || this.output.congested)) {
      if (!paused) this.#socket.pause();
    } else if (paused) {
      this.#socket.resume();
    }
  }

  #onClientDrain(): void {
    const head = this.#queue[0];
    if (head instanceof ExecuteRequest) head.resume();
    this.pump();
  }

  // ── the queue of answers ───────────────────────────────────────────────────────────────────────────────────────────

  get idle(): boolean {
    return this.#queue.length === 0;
  }

  /** True when one more execution may be sent behind those under way. */
  get hasRoom(): boolean {
    return this.#queue.length < PIPELINE_MAX && !this.link.congested;
  }

  nextPortal(): number {
    return ++this.#lastPortal;
  }

  request(request: Request): void {
    this.link.send(request);
  }

  /** Adds an entry; `sealed` = nothing may follow before it is finished. */
  push(entry: Entry, sealed: boolean): void {
    this.#queue.push(entry);
    if (sealed) this.#sealed = true;
  }

  /** Writes something when its turn comes: now, if nothing is owed. */
  local(run: () => void): void {
    if (this.#queue.length === 0) run();
    else this.#queue.push(new LocalEntry(this.group, run));
  }

  /** Puts `entry` in the place of the one at the front, which is just answering. */
  follow(entry: Entry): void {
    this.#queue.splice(1, 0, entry);
  }

  onReply(reply: Reply): void {
    if (this.#closed) return;
    if (reply[0] === REPLY.catalogChanged) {
      this.#context.separate(this.link.statements.own());
      return;
    }
    const head = this.#queue[0];
    if (reply[0] === REPLY.notice) {
      writeReport(this.out, NOTICE_RESPONSE, reportOfNotice(reply, head?.position ?? null));
      if (head === undefined) this.output.schedule();
      return;
    }
    if (head === undefined) {
      this.#unasked(reply);
      return;
    }
    try {
      if (head.group === this.#failedGroup && !head.endures) this.#swallow(head, reply);
      else if (head.onReply(reply)) this.#finishHead();
    } catch (error) {
      this.#fatal(error);
    }
  }

  /** An answer of a group that has failed already: nobody hears it. */
  #swallow(head: Entry, reply: Reply): void {
    if (reply[0] === REPLY.rows) return;
    if (reply[0] === REPLY.done) this.heard(reply[4], reply[6]);
    if (reply[0] === REPLY.failure) this.#heardState(reply[5]);
    head.skip();
    this.#finishHead();
  }

  #finishHead(): void {
    const queue = this.#queue;
    queue.shift();
    for (let next = queue[0]; next !== undefined && !next.awaiting; next = queue[0]) {
      if (next.group === this.#failedGroup && !next.endures) next.skip();
      else next.run();
      queue.shift();
    }
    if (queue.length === 0) this.#sealed = false;
    if (this.#closed) return;
    if (queue.length === 0 && this.#draining && this.transaction.state === 0) this.#shutDown();
    else this.pump();
  }

  #unasked(reply: Reply): void {
    if (reply[0] === REPLY.failure) this.failedBy(reply, null);
    this.close();
  }

  onLinkDrain(): void {
    this.pump();
  }

  onLost(error: SqlError): void {
    if (this.#closed) return;
    writeReport(this.out, ERROR_RESPONSE, reportOf(error, 'FATAL', null));
    this.close();
  }

  // ── what happened ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** The engine told the transaction's state, and maybe changed settings. */
  heard(state: TransactionState, settings: Readonly<Record<string, string>> | null): void {
    this.#heardState(state);
    if (settings === null) return;
    for (const [name, value] of Object.entries(settings)) {
      this.#settings.set(name, value);
      if (REPORTED_SETTINGS.has(name)) writeParameterStatus(this.out, name, value);
    }
    this.#context.renew();
    this.format = this.#surroundings.formats.of(this.#settings);
  }

  /** Reports a refusal of the engine's; the group has failed. */
  failedBy(failure: Failure, position: TokenPosition | null): void {
    const fatal = isFatal(failure[2]);
    writeReport(this.out, ERROR_RESPONSE, reportOfFailure(failure, fatal ? 'FATAL' : 'ERROR', position));
    this.#heardState(failure[5]);
    if (this.transaction.beginWaits) this.transaction.refuse();
    this.#failedGroup = this.#queue[0]?.group ?? this.group;
    if (fatal) this.close();
  }

  /** Reports an error that the gateway has found; the group has failed, and a transaction block with it. */
  refuse(error: unknown, position: TokenPosition | null): void {
    if (!(error instanceof SqlError)) this.#surroundings.onBug(error);
    writeReport(this.out, ERROR_RESPONSE, reportOf(error, 'ERROR', position));
    this.transaction.refuse();
    this.#failedGroup = this.#queue[0]?.group ?? this.group;
  }

  /** As `refuse`, for an error in COPY data: the engine is told by the end of the COPY itself. */
  refuseCopy(error: unknown, group: number): void {
    if (!(error instanceof SqlError)) this.#surroundings.onBug(error);
    writeReport(this.out, ERROR_RESPONSE, reportOf(error, 'ERROR', null));
    this.#failedGroup = group;
  }

  /** Ends the group that the input is in: ReadyForQuery follows when all of it is answered. */
  endGroup(): void {
    const { group, transaction } = this;
    this.group = group + 1;
    const idle = this.#queue.length === 0;
    if (transaction.needsFail) {
      this.request([OP.fail, this.number, transaction.takeFailFlags()]);
      this.push(new GroupEnd(this, group, true), true);
    } else if (transaction.needsFinish && !(idle && transaction.state !== 0)) {
      transaction.finished();
      this.request([OP.finish, this.number]);
      this.push(new GroupEnd(this, group, true), true);
    } else if (idle) {
      this.ready(group);
    } else {
      this.push(new GroupEnd(this, group, false), false);
    }
  }

  /** A group is over, and everything of it answered. */
  ready(group: number): void {
    if (this.#failedGroup === group) this.#failedGroup = 0;
    const { state } = this.transaction;
    if (state === 0) this.#extended.endTransaction(group);
    writeReadyForQuery(this.out, state);
    this.output.schedule();
  }

  /** The engine broke the rules of the link. */
  violated(what: string): void {
    assert(false, `session ${this.number}: ${what}`);
  }

  // ── the end ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #fatal(error: unknown): void {
    if (this.#closed) return;
    if (!(error instanceof SqlError)) this.#surroundings.onBug(error);
    writeReport(this.out, ERROR_RESPONSE, reportOf(error, 'FATAL', null));
    this.close();
  }

  #shutDown(): void {
    this.#fatal(new SqlError('admin_shutdown', 'terminating connection due to administrator command'));
  }

  #heardState(state: TransactionState): void {
    this.transaction.heard(state);
    if (state === 0) this.#context.rejoin();
  }

  #findContext(): StatementContext {
    const user = this.#settings.get('session_authorization') ?? this.#user;
    return this.link.statements.of(this.#database, user, this.#settings.get('search_path') ?? '');
  }

  /** Statements that the engine knows, for this session. */
  get context(): StatementContext {
    return this.#context.current;
  }

  get extended(): ExtendedProtocol {
    return this.#extended;
  }
}
