import * as frames from '#schemas/link/frames.js';
import { type Execute, FINISH, type LinkPeer, OP, REPLY, type Request } from '#schemas/link/frames.js';
import type { Statement } from '#schemas/program/statement.js';
import { type Condition, SQLSTATES } from '#schemas/sqlstate/conditions.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Row } from '#schemas/values/value.js';
import type { DatabaseEntry, UserEntry } from '../catalog/entry.js';
import type { CatalogFunctions } from '../functions/definition.js';
import type { Execution } from '../planner/prepare.js';
import { modesOf } from './begin-flags.js';
import { StatementControl } from './control.js';
import { CopyIn } from './copy-in.js';
import type { Cursor } from './cursor.js';
import { failureReply } from './failure-reply.js';
import { Repetition } from './repetition.js';
import type { EngineServices } from './services.js';
import type { SessionSettings } from './settings.js';
import { currentPlan, describesCursor, type PreparedStatement, type StatementRegistry } from './statement-registry.js';
import { SessionSurroundings } from './surroundings.js';
import { ABORTED, TransactionBlock } from './transaction-block.js';
import { runUtility, type UtilityResult } from './utility.js';

/** Rows in one frame of a longer result. */
const ROWS_PER_FRAME = 1_024;

interface OpenPortal {
  readonly execution: Execution;
  readonly verb: string;
  readonly returnsRows: boolean;
  /** Rows fetched from the execution and not yet sent. */
  rest: readonly Row[];
}

/**
 * One client's session in the engine: its queue of requests, its transaction, its portals.
 *
 * A request is answered before the next one begins. Whatever can be done without waiting is done in the call that brings the request, so that a cached point read
 * costs no promise; a request that waits makes later ones queue.
 */
export class Session {
  readonly id: number;
  /** Microseconds since 1970. */
  readonly startedMicros: bigint;
  readonly user: UserEntry;
  readonly database: DatabaseEntry;
  readonly settings: SessionSettings;
  readonly control: StatementControl;
  readonly block: TransactionBlock;
  readonly surroundings: SessionSurroundings;
  readonly services: EngineServices;
  readonly cursors = new Map<string, Cursor>();
  readonly catalogFunctions: CatalogFunctions;
  /** The client is told, as setting last_insert_id, of values that its statements were given by sequences. */
  tellsGenerated = false;
  readonly #peer: LinkPeer;
  readonly #statements: StatementRegistry;
  readonly #portals = new Map<number, OpenPortal>();
  readonly #queue: Request[] = [];
  #busy = false;
  #running = false;
  #closed = false;
  #copy: CopyIn | null = null;
  /** A statement of an implicit transaction has failed, and what was sent behind it is refused until its end. */
  #skipping = false;
  readonly #repetition: Repetition;

  constructor(
    id: number,
    peer: LinkPeer,
    statements: StatementRegistry,
    services: EngineServices,
    user: UserEntry,
    database: DatabaseEntry,
    settings: SessionSettings,
  ) {
    this.id = id;
    this.startedMicros = services.clock.nowMicros();
    this.#peer = peer;
    this.#statements = statements;
    this.services = services;
    this.user = user;
    this.database = database;
    this.settings = settings;
    this.control = new StatementControl(services.clock);
    this.block = new TransactionBlock(services.transactions, settings, this.control);
    this.#repetition = new Repetition(this.control);
    this.surroundings = new SessionSurroundings(this);
    this.catalogFunctions = services.catalog.sessionFunctions(this.surroundings.identity());
  }

  /** A request is being answered. */
  get running(): boolean {
    return this.#running;
  }

  /** Takes a request of this session, in order. */
  receive(request: Request): void {
    if (this.#closed) return;
    if (this.#busy) {
      this.#queue.push(request);
      return;
    }
    this.#run(request);
  }

  cancel(): void {
    if (this.#busy) this.control.interrupt(new SqlError('query_canceled', 'canceling statement due to user request'));
  }

  /** The client is gone. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue.length = 0;
    this.control.interrupt(new SqlError('connection_failure', 'the client has disconnected'));
    if (!this.#busy) this.#end();
  }

  notice(severity: string, condition: Condition, message: string): void {
    this.#repetition.forbid();
    this.#peer.reply([REPLY.notice, this.id, severity, SQLSTATES[condition], message, {}]);
  }

  /** The open transaction has changed the catalog, for itself alone until it commits. */
  catalogChanged(): void {
    this.#peer.reply([REPLY.catalogChanged, this.id]);
  }

  #end(): void {
    this.#closePortals();
    this.#copy = null;
    this.block.rollback();
    this.surroundings.dispose();
  }

  #run(first: Request): void {
    this.#running = true;
    let request: Request | undefined = first;
    while (request !== undefined) {
      let outcome: Promise<void> | null;
      try {
        outcome = this.#dispatch(request);
      } catch (error) {
        outcome = this.#failed(error, request);
      }
      if (outcome !== null) {
        this.#busy = true;
        const failed = request;
        void outcome
          .catch((error: unknown) => this.#failed(error, failed))
          .then(() => {
            this.#busy = false;
            this.#running = false;
            this.control.end();
            if (this.#closed) this.#end();
            else {
              const next = this.#queue.shift();
              if (next !== undefined) this.#run(next);
            }
          });
        return;
      }
      this.control.end();
      request = this.#queue.shift();
    }
    this.#running = false;
  }

  #dispatch(request: Request): Promise<void> | null {
    switch (request[0]) {
      case OP.execute:
        return this.#execute(request);
      case OP.prepare:
        return this.#prepare(request[2], request[3], request[4]);
      case OP.fetch:
        return this.#fetch(request[2], request[3], request[4]);
      case OP.finish:
        this.#skipping = false;
        return this.#finishAndReply('SYNC', -1, null);
      case OP.fail:
        this.#fail(request[2]);
        return null;
      case OP.closePortal: {
        this.#portals.get(request[2])?.execution.close();
        this.#portals.delete(request[2]);
        return null;
      }
      case OP.copyData:
        return this.#copyData(request[2]);
      case OP.copyEnd:
        return this.#copyEnd(request[2], request[3]);
      default:
        throw new SqlError('protocol_violation', `a session does not take requests of kind ${request[0]}`);
    }
  }

  // ── preparing ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #prepare(number: number, program: Uint8Array, types: frames.Prepare[4]): Promise<void> | null {
    const context = this.surroundings.prepareContext();
    if (context instanceof Promise) return context.then((c) => this.#describe(number, program, types, c));
    this.#describe(number, program, types, context);
    return null;
  }

  #describe(
    number: number,
    program: Uint8Array,
    types: frames.Prepare[4],
    context: Parameters<StatementRegistry['prepare']>[3],
  ): void {
    const prepared = this.#statements.prepare(number, program, types, context, this.#cursorColumns);
    this.#peer.reply([REPLY.described, this.id, number, prepared.parameters, prepared.columns]);
  }

  readonly #cursorColumns = (name: string): readonly frames.ResultColumn[] | null =>
    this.cursors.get(name)?.plan.columns ?? null;

  // ── executing ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #execute(request: Execute): Promise<void> | null {
    const flags = request[5];
    if (this.#skipping) throw new SqlError('in_failed_sql_transaction', ABORTED);
    if ((flags & frames.BEGIN_FIRST) !== 0) this.block.begin(modesOf(flags));
    const prepared = this.#statements.get(request[2]);
    this.block.beginStatement(prepared.statement.kind);
    if (!this.#repetition.running) {
      this.catalogFunctions.takeLasting();
      this.#repetition.begin((flags & FINISH) !== 0 && !this.block.explicit && this.block.current === null);
      this.control.begin(this.surroundings.statementTimeoutMs);
    }
    if (prepared.plan === null) {
      if (!describesCursor(prepared, this.#cursorColumns)) {
        this.#stale(request[2]);
        return null;
      }
      return this.#executeUtility(prepared.statement, flags);
    }
    const context = this.surroundings.prepareContext();
    if (context instanceof Promise) return context.then((c) => this.#executePlan(request, prepared, c) ?? undefined);
    return this.#executePlan(request, prepared, context);
  }

  #executePlan(
    request: Execute,
    prepared: PreparedStatement,
    context: Parameters<typeof currentPlan>[1],
  ): Promise<void> | null {
    const transaction = this.block.require();
    const plan = currentPlan(prepared, context);
    if (plan === null) {
      this.#stale(request[2]);
      return null;
    }
    if (plan.writes && transaction.readOnly) {
      throw new SqlError('read_only_sql_transaction', `cannot execute ${plan.verb} in a read-only transaction`);
    }
    for (const [table, mode] of plan.lockModes) {
      const waiting = transaction.lockTable(table, mode, false, plan.overtakes);
      // Whoever waits for a table lock may wake up in another catalog: start over with the plan of that time.
      if (waiting instanceof Promise) return waiting.then(() => this.#retryPlan(request, prepared));
    }
    transaction.beginStatement();
    const execution = plan.execute(this.surroundings.runContext(transaction), request[6]);
    const portal: OpenPortal = { execution, verb: plan.verb, returnsRows: plan.columns !== null, rest: [] };
    if (request[3] !== 0) this.#portals.set(request[3], portal);
    return this.#drain(portal, request[3], request[4], request[5]);
  }

  /** Nothing was run. */
  #stale(statement: number): void {
    this.block.endStatement();
    this.#peer.reply([REPLY.stale, this.id, statement]);
  }

  async #retryPlan(request: Execute, prepared: PreparedStatement): Promise<void> {
    const context = await this.surroundings.prepareContext();
    await this.#executePlan(request, prepared, context);
  }

  #fetch(number: number, maxRows: number, flags: number): Promise<void> | null {
    const portal = this.#portals.get(number);
    if (portal === undefined) throw new SqlError('invalid_cursor_name', `portal ${number} does not exist`);
    this.block.require();
    if ((flags & frames.GOES_ON) !== 0) this.control.goOn();
    else this.control.begin(this.surroundings.statementTimeoutMs);
    return this.#drain(portal, number, maxRows, flags);
  }

  /** Sends rows until the execution ends or `maxRows` are sent. Synchronous as long as nothing has to be waited for. */
  #drain(portal: OpenPortal, number: number, maxRows: number, flags: number): Promise<void> | null {
    const { execution } = portal;
    if (maxRows === 0 && portal.rest.length === 0) {
      // The usual case: everything is in memory and fits one frame.
      const first = execution.next();
      if (!(first instanceof Promise) && this.control.sleepMs === 0) {
        if (first === null) return this.#complete(portal, number, null, flags);
        const second = first.length < ROWS_PER_FRAME ? execution.next() : undefined;
        if (second === null && this.control.sleepMs === 0) return this.#complete(portal, number, first, flags);
        return this.#stream(portal, number, 0, flags, first, second);
      }
      return this.#stream(portal, number, 0, flags, first, undefined);
    }
    return this.#stream(portal, number, maxRows, flags, undefined, undefined);
  }

  async #stream(
    portal: OpenPortal,
    number: number,
    maxRows: number,
    flags: number,
    first: ReturnType<Execution['next']> | undefined,
    second: ReturnType<Execution['next']> | undefined,
  ): Promise<void> {
    const pending = [first, second].filter((p) => p !== undefined);
    let left = maxRows === 0 ? Number.POSITIVE_INFINITY : maxRows;
    let rows: readonly Row[] | null = portal.rest.length > 0 ? portal.rest : await this.#nextBatch(portal, pending);
    portal.rest = [];
    for (;;) {
      if (rows === null) {
        await this.#complete(portal, number, null, flags);
        return;
      }
      if (rows.length >= left) {
        portal.rest = rows.slice(left);
        await this.#durable();
        this.#peer.reply([REPLY.suspended, this.id, rows.slice(0, left)]);
        return;
      }
      left -= rows.length;
      await this.#durable();
      if (this.#repetition.open && this.block.current?.dirty === true) {
        // They may have to be told anew: where they are all, they go with the answer.
        const after = await this.#nextBatch(portal, pending);
        if (after === null) return (await this.#complete(portal, number, rows, flags)) ?? undefined;
        pending.unshift(after);
      }
      if (rows.length > 0) {
        this.#repetition.forbid();
        this.#peer.reply([REPLY.rows, this.id, rows]);
      }
      if (this.#peer.congested) await this.services.drained(this.#peer);
      this.control.check();
      rows = await this.#nextBatch(portal, pending);
    }
  }

  async #nextBatch(portal: OpenPortal, pending: Array<ReturnType<Execution['next']>>): Promise<readonly Row[] | null> {
    const next = pending.shift();
    const rows = next !== undefined ? await next : await portal.execution.next();
    if (this.control.sleepMs > 0) await this.control.sleep();
    return rows;
  }

  async #durable(): Promise<void> {
    const waiting = this.block.current?.awaitReadsDurable() ?? null;
    if (waiting !== null) await waiting;
  }

  #complete(portal: OpenPortal, number: number, rows: readonly Row[] | null, flags: number): Promise<void> | null {
    const { count } = portal.execution;
    portal.execution.close();
    if (number !== 0) this.#portals.delete(number);
    const waiting = rows !== null && rows.length > 0 ? (this.block.current?.awaitReadsDurable() ?? null) : null;
    if (waiting !== null) return waiting.then(() => this.#finishIf(flags, portal.verb, count, rows) ?? undefined);
    return this.#finishIf(flags, portal.verb, count, rows);
  }

  #finishIf(flags: number, verb: string, count: number, rows: readonly Row[] | null): Promise<void> | null {
    if ((flags & FINISH) !== 0 && !this.block.explicit) return this.#finishAndReply(verb, count, rows);
    this.#done(verb, count, rows);
    return null;
  }

  /** Ends an implicit transaction, then answers. In a block there is nothing to end. */
  #finishAndReply(verb: string, count: number, rows: readonly Row[] | null): Promise<void> | null {
    if (this.block.explicit) {
      this.#done(verb, count, rows);
      return null;
    }
    this.#closePortals();
    const committing = this.block.commit();
    if (committing === null) {
      this.#done(verb, count, rows);
      return null;
    }
    return committing.then(() => this.#done(verb, count, rows));
  }

  #done(verb: string, count: number, rows: readonly Row[] | null): void {
    this.block.endStatement();
    let changes = this.settings.takeChanges();
    if (this.tellsGenerated) {
      const first = this.catalogFunctions.takeFirstGiven();
      if (first !== null) changes = { ...changes, last_insert_id: String(first) };
    }
    this.#peer.reply([REPLY.done, this.id, verb, count, this.block.state, rows, changes]);
  }

  #closePortals(): void {
    for (const portal of this.#portals.values()) portal.execution.close();
    this.#portals.clear();
    for (const [name, cursor] of this.cursors) {
      cursor.execution.close();
      this.cursors.delete(name);
    }
  }

  // ── utility statements and COPY ────────────────────────────────────────────────────────────────────────────────────

  #executeUtility(statement: Statement, flags: number): Promise<void> | null {
    if (statement.kind === 'copy-in') {
      const opening = CopyIn.open(this, statement);
      const opened = (copy: CopyIn): void => {
        this.#copy = copy;
        this.#peer.reply([REPLY.copyIn, this.id, copy.columns]);
      };
      if (opening instanceof Promise) return opening.then(opened);
      opened(opening);
      return null;
    }
    const result = runUtility(this, statement);
    if (result instanceof Promise) return result.then((r) => this.#utilityDone(r, flags) ?? undefined);
    return this.#utilityDone(result, flags);
  }

  #utilityDone(result: UtilityResult, flags: number): Promise<void> | null {
    if (result.endsBlock === true) this.#closePortals();
    if ((flags & FINISH) !== 0 && !this.block.explicit)
      return this.#finishAndReply(result.verb, result.count, result.rows);
    this.#done(result.verb, result.count, result.rows);
    return null;
  }

  #copyData(rows: frames.CopyData[2]): Promise<void> | null {
    if (this.#copy === null) throw new SqlError('protocol_violation', 'COPY data came without a COPY');
    const inserting = this.#copy.insert(rows);
    if (inserting instanceof Promise) return inserting.then(() => this.#peer.reply([REPLY.copyAck, this.id]));
    this.#peer.reply([REPLY.copyAck, this.id]);
    return null;
  }

  #copyEnd(failure: string | null, flags: number): Promise<void> | null {
    const copy = this.#copy;
    if (copy === null) throw new SqlError('protocol_violation', 'COPY ended without having begun');
    this.#copy = null;
    if (failure !== null) throw new SqlError('query_canceled', `COPY from stdin failed: ${failure}`);
    return this.#finishIf(flags, 'COPY', copy.count, null);
  }

  /** The gateway has refused something: as after an error, but nobody is told again. */
  #fail(flags: number): void {
    if ((flags & frames.BEGIN_FIRST) !== 0) this.block.begin(modesOf(flags));
    this.#abort();
    this.#skipping = false;
    this.#done('', -1, null);
  }

  #abort(): void {
    this.#copy = null;
    this.catalogFunctions.takeFirstGiven();
    this.#closePortals();
    this.block.fail();
  }

  // ── errors ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A statement that was its own transaction may be run anew, if nobody has seen anything of it; all else is refused. */
  #failed(error: unknown, request: Request): Promise<void> | null {
    const lasting = this.catalogFunctions.takeLasting();
    if (request[0] === OP.execute && !this.#closed && !lasting && this.#repetition.allows(error)) {
      this.#abort();
      return this.#repeat(request);
    }
    this.#repetition.end();
    this.#refuse(error, request);
    return null;
  }

  async #repeat(request: Execute): Promise<void> {
    try {
      await this.#repetition.pause();
      await this.#execute(request);
      this.#repetition.end();
    } catch (error) {
      await this.#failed(error, request);
    }
  }

  #refuse(error: unknown, request: Request): void {
    this.#abort();
    // Nothing is sent behind a request of another kind before it is answered.
    if (request[0] === OP.execute) this.#skipping = (request[5] & FINISH) === 0 && !this.block.explicit;
    if (!this.#closed) this.#peer.reply(failureReply(this.id, error, this.block.state, this.services));
  }
}
