import {
  type Described,
  FINISH,
  GOES_ON,
  OP,
  REPLY,
  type Reply,
  type Request,
  type ResultColumn,
  type TransactionState,
} from '#schemas/link/frames.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { EngineLink, LinkSession } from '../../link/engine-link.js';
import { SessionContext } from '../../link/session-context.js';
import type { BoundStatement } from '../../link/statement-contexts.js';
import type { PreparedStatement } from '../../sql/statement-cache.js';
import { EngineRefusal } from './refusals.js';

/** Rows asked for at a time: what a slow reader can make us hold. */
const FETCH_ROWS = 1_000;
const STALE_RETRIES = 10;
const LITERAL_TYPES = { unknown: null, integer: TYPES.integer, bigint: TYPES.bigint, numeric: TYPES.numeric } as const;

/** No such operator or function, and a value of another type than its column's. */
const TYPE_ERRORS = new Set(['42883', '42804']);
const RELAXED_MAX = 1_000;

/** Takes a result as it comes. */
export interface ResultSink {
  /** Called once before the first row, and for a result without any. */
  columns(columns: readonly ResultColumn[]): void;
  rows(rows: readonly Row[]): void;
  /** Null, or resolves when more rows are welcome. */
  caughtUp(): Promise<void> | null;
}

export interface Outcome {
  /** Rows that were changed or answered, -1 where that says nothing. */
  readonly count: number;
  readonly returnsRows: boolean;
}

/**
 * The engine's end of one client: asks it one thing after the other. Owns what the engine has told of the session: the transaction's state, the
 * search path and the last generated number.
 */
export class EngineSession implements LinkSession {
  readonly number: number;
  readonly #link: EngineLink;
  readonly #waiting: Array<{ resolve(reply: Reply): void; reject(error: Error): void }> = [];
  readonly #context: SessionContext;
  #sink: ResultSink | null = null;
  #columns: readonly ResultColumn[] | null = null;
  #lastPortal = 0;
  /** Statements, by their hashes, whose integers are typed by where they stand, and what the engine said of them before. */
  readonly #relaxed = new Map<string, EngineRefusal>();
  /** What the sink threw; the rest of the result is dropped. */
  #sinkError: unknown = null;
  #lost: SqlError | null = null;
  /** Database and user, then the search path: what statements are shared by. */
  #searchPath: string;
  state: TransactionState = 0;
  /** Of the latest statement that generated one, and of the present statement. */
  lastInsertId = 0n;
  insertId = 0n;
  onLostLink: (error: SqlError) => void = () => {};

  constructor(link: EngineLink, number: number, database: string, user: string, searchPath: string) {
    this.#link = link;
    this.number = number;
    this.#searchPath = searchPath;
    this.#context = new SessionContext(() => link.statements.of(database, user, this.#searchPath));
  }

  onReply(reply: Reply): void {
    switch (reply[0]) {
      case REPLY.rows:
        this.#pass(reply[2]);
        return;
      case REPLY.notice:
        return;
      case REPLY.catalogChanged:
        this.#context.separate(this.#link.statements.own());
        return;
      default:
        this.#waiting.shift()?.resolve(reply);
    }
  }

  onLost(error: SqlError): void {
    this.#lost = error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    this.onLostLink(error);
  }

  onLinkDrain(): void {}

  /** Its own statements are unknown to the engine after this. */
  close(): void {
    this.#link.release(this.number);
    if (this.#lost === null) this.onLost(new SqlError('connection_failure', 'the client has disconnected'));
  }

  cancel(): void {
    if (this.#lost === null) this.#link.send([OP.cancel, this.number]);
  }

  /** The statement as the engine knows it. Throws EngineRefusal. */
  async bind(shape: PreparedStatement): Promise<BoundStatement> {
    const known = this.#context.current.get(shape.hash);
    if (known !== undefined && !known.forgotten) return known;
    const context = this.#context.current;
    const types: Array<SqlType | null> = Array.from({ length: shape.parameterCount }, () => null);
    for (const { type } of shape.lifted) types.push(LITERAL_TYPES[type]);
    const refusal = this.#relaxed.get(shape.hash);
    const [statement, described] = await this.#prepare(
      shape,
      refusal === undefined ? types : await this.#typesOfBooleans(shape, types, refusal),
    );
    return context.add(shape.hash, {
      number: statement,
      parameters: described[3],
      columns: described[4],
      forgotten: false,
    });
  }

  async #prepare(
    { program }: PreparedStatement,
    types: ReadonlyArray<SqlType | null>,
  ): Promise<readonly [number, Described]> {
    const statement = this.#link.nextStatement();
    const reply = await this.#ask([OP.prepare, this.number, statement, program ?? new Uint8Array(0), types]);
    if (reply[0] !== REPLY.described) throw unexpected(reply);
    return [statement, reply];
  }

  /** Types that leave open those integers which would be booleans if no type was open. Throws what the statement was refused with where there are none. */
  async #typesOfBooleans(
    shape: PreparedStatement,
    types: ReadonlyArray<SqlType | null>,
    refusal: EngineRefusal,
  ): Promise<ReadonlyArray<SqlType | null>> {
    const isInteger = (i: number): boolean => shape.lifted[i - shape.parameterCount]?.type === 'integer';
    const [statement, [, , , found]] = await this.#prepare(
      shape,
      types.map((type, i) => (isInteger(i) ? null : type)),
    );
    this.#link.send([OP.forget, 0, statement]);
    const isBoolean = (i: number): boolean => isInteger(i) && found[i]?.kind === 'boolean';
    if (!types.some((_, i) => isBoolean(i))) throw refusal;
    return types.map((type, i) => (isBoolean(i) ? null : type));
  }

  /**
   * Whether a statement that was refused may be tried once more, with literals 0 and 1 as booleans: that is what MySQL's booleans are, and what
   * its drivers write for them.
   */
  relax(shape: PreparedStatement, error: unknown): boolean {
    if (!(error instanceof EngineRefusal) || !TYPE_ERRORS.has(error.sqlstate)) return false;
    if (this.#relaxed.has(shape.hash) || !shape.lifted.some(({ type }) => type === 'integer')) return false;
    if (this.#relaxed.size >= RELAXED_MAX) this.#relaxed.clear();
    this.#relaxed.set(shape.hash, error);
    return true;
  }

  /** Runs a statement to its end. `flags` as of Execute. Throws EngineRefusal, and what `values` throws; nothing was run then. */
  async run(
    shape: PreparedStatement,
    values: (bound: BoundStatement) => readonly Value[],
    flags: number,
    sink: ResultSink | null,
  ): Promise<Outcome> {
    for (let retries = 0; retries < STALE_RETRIES; retries++) {
      const bound = await this.bind(shape);
      const reply = await this.#execute(bound, values(bound), flags, sink);
      if (reply[0] === REPLY.stale) {
        this.#context.current.drop(shape.hash, bound);
        continue;
      }
      if (reply[0] !== REPLY.done) throw unexpected(reply);
      return { count: reply[3], returnsRows: bound.columns !== null };
    }
    throw new SqlError('internal_error', 'the statement became stale again and again');
  }

  async #execute(
    bound: BoundStatement,
    values: readonly Value[],
    flags: number,
    sink: ResultSink | null,
  ): Promise<Reply> {
    const { number } = this;
    const portal = bound.columns === null ? 0 : ++this.#lastPortal;
    this.#sink = sink;
    this.#columns = bound.columns;
    this.#sinkError = null;
    this.insertId = 0n;
    let reply = await this.#ask([
      OP.execute,
      number,
      bound.number,
      portal,
      portal === 0 ? 0 : FETCH_ROWS,
      flags,
      values,
    ]);
    while (reply[0] === REPLY.suspended) {
      this.#pass(reply[2]);
      const waiting = sink?.caughtUp() ?? null;
      if (waiting !== null) await waiting;
      reply = await this.#ask([OP.fetch, number, portal, FETCH_ROWS, (flags & FINISH) | GOES_ON]);
    }
    if (reply[0] === REPLY.done && bound.columns !== null) this.#pass(reply[5] ?? []);
    if (this.#sinkError !== null) throw this.#sinkError;
    return reply;
  }

  #pass(rows: readonly Row[]): void {
    const sink = this.#sink;
    if (sink === null) return;
    try {
      if (this.#columns !== null) sink.columns(this.#columns);
      this.#columns = null;
      sink.rows(rows);
    } catch (error) {
      this.#sink = null;
      this.#sinkError = error;
    }
  }

  /** Sends a request and waits for its closing reply. Throws EngineRefusal. */
  async #ask(request: Request): Promise<Reply> {
    if (this.#lost !== null) throw this.#lost;
    const answered = new Promise<Reply>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    try {
      this.#link.send(request);
    } catch (error) {
      // Nothing was sent: no reply will come.
      this.#waiting.pop();
      throw error;
    }
    const reply = await answered;
    if (reply[0] === REPLY.failure) {
      this.#heard(reply[5]);
      throw new EngineRefusal(reply);
    }
    if (reply[0] === REPLY.done) {
      this.#settings(reply[6]);
      this.#heard(reply[4]);
    }
    return reply;
  }

  #heard(state: TransactionState): void {
    this.state = state;
    if (state === 0) this.#context.rejoin();
  }

  #settings(settings: Readonly<Record<string, string>> | null): void {
    if (settings === null) return;
    const { search_path: searchPath, last_insert_id: insertId } = settings;
    if (insertId !== undefined) this.lastInsertId = this.insertId = BigInt(insertId);
    if (searchPath === undefined) return;
    this.#searchPath = searchPath;
    this.#context.renew();
  }
}

function unexpected(reply: Reply): Error {
  return new Error(`the engine sent an unexpected reply ${reply[0]}`);
}
