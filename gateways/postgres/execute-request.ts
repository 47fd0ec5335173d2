import {
  type CopyIn,
  type Done,
  type Failure,
  FINISH,
  GOES_ON,
  OP,
  REPLY,
  type Reply,
  type ResultColumn,
} from '#schemas/link/frames.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import { sameType } from '#schemas/values/type-name.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { BoundStatement, StatementContext } from '../link/statement-contexts.js';
import { copyOutOptions } from './copy/copy-options.js';
import type { Entry } from './entry.js';
import { positionIn } from './errors.js';
import type { Session } from './session.js';
import type { Shape } from './statement-source.js';

/** Rows asked for at a time: what a slow reader can make us hold. */
const FETCH_ROWS = 1_000;
const STALE_RETRIES = 10;

/** A statement as a client sent it. */
export interface StatementText {
  readonly sql: string;
  readonly shape: Shape;
  /** Key of the shape and its declared types among the statements of a context. */
  readonly key: string;
  /** Types for Prepare: declared by the client or told by lifted literals; null = infer. */
  readonly types: ReadonlyArray<SqlType | null>;
}

/**
 * One execution of a statement: it is prepared first where the engine does not know it, and again when the engine says that it is stale; a
 * result is fetched in pieces, the next one when the client has taken the last. Subclasses say what the client is told.
 */
export abstract class ExecuteRequest implements Entry {
  readonly group: number;
  readonly awaiting = true;
  readonly endures = false;
  protected readonly session: Session;
  protected readonly statement: StatementText;
  protected bound: BoundStatement | null;
  /** Rows passed on by this execution. */
  protected rowCount = 0;
  readonly #context: StatementContext;
  #portal = 0;
  #flags = 0;
  #finish: boolean;
  #retries = 0;
  #preparing = 0;
  #keepsParameters = false;
  #paused = false;

  constructor(session: Session, statement: StatementText, bound: BoundStatement | null, finish: boolean) {
    this.session = session;
    this.group = session.group;
    this.statement = statement;
    this.bound = bound;
    this.#context = session.context;
    this.#finish = finish;
  }

  get position(): (token: number) => number | null {
    return positionIn(this.session.source, this.statement.sql, this.statement.shape);
  }

  /** Parameters in the form of the described types. May throw what their input functions throw. */
  protected abstract values(bound: BoundStatement): readonly Value[];
  protected abstract rows(rows: readonly Row[]): void;
  protected abstract done(reply: Done): void;
  /** The client's own row limit was reached. */
  protected abstract suspended(): void;
  protected abstract copyIn(columns: readonly ResultColumn[]): void;
  /** The error has been reported. */
  protected abstract failed(): void;
  /** The client's row limit, 0 = none. */
  protected clientLimit(): number {
    return 0;
  }
  /** Number under which the result stays open when the client's limit cuts it. */
  protected clientPortal(): number {
    return 0;
  }
  /** Before it is prepared again: false when the client was told something else of the statement. */
  protected abstract acceptsChange(before: BoundStatement, after: BoundStatement): boolean;

  /** Sends the request; the entry must be in the queue, or be put there at once. May throw SqlError; nothing was sent then. */
  send(): void {
    const { session, bound } = this;
    if (bound === null || bound.forgotten) {
      this.#prepare();
      return;
    }
    const { statement } = this.statement.shape;
    // Before it runs: an error in the options is the statement's, and nothing of it has happened.
    if (statement?.kind === 'copy-out') copyOutOptions(statement.options, bound.columns ?? []);
    const values = this.values(bound);
    const limit = this.clientLimit();
    const hidden = limit === 0 && bound.columns !== null;
    this.#portal = hidden ? session.nextPortal() : this.clientPortal();
    this.#flags = session.transaction.takeFlags(this.#finish);
    session.request([
      OP.execute,
      session.number,
      bound.number,
      this.#portal,
      hidden ? FETCH_ROWS : limit,
      this.#flags,
      values,
    ]);
  }

  onReply(reply: Reply): boolean {
    switch (reply[0]) {
      case REPLY.done:
        this.session.heard(reply[4], reply[6]);
        if (reply[5] !== null) this.#pass(reply[5]);
        this.done(reply);
        return true;
      case REPLY.rows:
        this.#pass(reply[2]);
        return false;
      case REPLY.suspended:
        this.#pass(reply[2]);
        if (this.clientLimit() > 0) {
          this.suspended();
          return true;
        }
        this.session.output.flush();
        this.#fetchMore();
        return false;
      case REPLY.described:
        return this.#described(reply[3], reply[4]);
      case REPLY.copyIn:
        return this.#copyIn(reply);
      case REPLY.stale:
        return this.#stale();
      case REPLY.failure:
        return this.#failure(reply);
      default:
        this.session.violated(`unexpected reply ${reply[0]}`);
        return true;
    }
  }

  run(): void {}

  skip(): void {}

  /** The client reads again: goes on with the result. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#fetchMore();
  }

  cancel(): boolean {
    if (!this.#paused) return false;
    this.#paused = false;
    this.session.request([OP.closePortal, this.session.number, this.#portal]);
    this.session.refuse(new SqlError('query_canceled', 'canceling statement due to user request'), null);
    this.failed();
    return true;
  }

  #pass(rows: readonly Row[]): void {
    this.rowCount += rows.length;
    this.rows(rows);
  }

  #fetchMore(): void {
    const { session } = this;
    if (session.output.congested) {
      this.#paused = true;
      return;
    }
    session.request([OP.fetch, session.number, this.#portal, FETCH_ROWS, (this.#flags & FINISH) | GOES_ON]);
  }

  #prepare(types: ReadonlyArray<SqlType | null> = this.statement.types): void {
    const { session, statement } = this;
    this.#preparing = session.link.nextStatement();
    const program = statement.shape.program ?? new Uint8Array(0);
    session.request([OP.prepare, session.number, this.#preparing, program, types]);
  }

  #described(parameters: readonly SqlType[], columns: readonly ResultColumn[] | null): boolean {
    const before = this.bound;
    const described: BoundStatement = { number: this.#preparing, parameters, columns, forgotten: false };
    // With parameters of its own it is no statement for others.
    const after = this.#keepsParameters ? described : this.#context.add(this.statement.key, described);
    if (before !== null && !this.acceptsChange(before, after)) {
      if (this.#keepsParameters)
        return this.#refused(new SqlError('feature_not_supported', 'cached plan must not change result type'));
      // The client's parameters stay of the types that it was told, whatever their columns have become.
      this.#keepsParameters = true;
      this.#prepare(before.parameters);
      return false;
    }
    this.bound = after;
    try {
      this.send();
    } catch (error) {
      return this.#refused(error);
    }
    return false;
  }

  #stale(): boolean {
    this.session.transaction.putBack(this.#flags);
    if (this.bound !== null) this.#context.drop(this.statement.key, this.bound);
    if (++this.#retries > STALE_RETRIES)
      return this.#refused(new SqlError('internal_error', 'the statement became stale again and again'));
    this.#prepare();
    return false;
  }

  #copyIn(reply: CopyIn): boolean {
    this.copyIn(reply[2]);
    return true;
  }

  #refused(error: unknown): boolean {
    this.session.refuse(error, this.position);
    this.failed();
    return true;
  }

  #failure(reply: Failure): boolean {
    this.session.failedBy(reply, this.position);
    this.failed();
    return true;
  }
}

/** True when two descriptions give a client the same parameters and columns. */
export function sameDescription(a: BoundStatement, b: BoundStatement): boolean {
  if (
    a.parameters.length !== b.parameters.length ||
    !a.parameters.every((t, i) => sameType(t, b.parameters[i] as SqlType))
  )
    return false;
  if (a.columns === null || b.columns === null) return a.columns === b.columns;
  const other = b.columns;
  return (
    a.columns.length === other.length &&
    a.columns.every((c, i) => c[0] === other[i]?.[0] && sameType(c[1], other[i][1]))
  );
}
