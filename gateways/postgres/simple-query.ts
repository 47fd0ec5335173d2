import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Value } from '#schemas/values/value.js';
import { positionIn, type TokenPosition } from './errors.js';
import type { StatementText } from './execute-request.js';
import { checkHeard } from './heard-in-failed.js';
import { runLocal } from './local-statements.js';
import { EMPTY_QUERY_RESPONSE } from './messages/bare.js';
import { writeCommandComplete } from './messages/command-complete.js';
import { type ClientStatement, undeclared } from './prepared.js';
import type { Session } from './session.js';
import { SimpleExecute } from './simple-execute.js';
import type { Shape } from './statement-source.js';

const NO_LITERALS: readonly Value[] = [];

/**
 * One Query message: its statements one after the other, in one implicit transaction unless they open a block. Nothing else of the session runs
 * meanwhile.
 */
export class SimpleQuery {
  readonly #session: Session;
  readonly #sql: string;
  #statements: readonly Shape[] = [];
  #literals: ReadonlyArray<readonly Value[]> = [];
  #next = 0;

  constructor(session: Session, sql: string) {
    this.#session = session;
    this.#sql = sql;
  }

  start(): void {
    const session = this.#session;
    session.extended.forgetUnnamed();
    try {
      const { prepared, literals } = session.source.lookup(this.#sql);
      this.#statements = prepared.statements;
      this.#literals = literals;
    } catch (error) {
      this.fail(error);
      return;
    }
    if (this.#statements.length === 0) session.out.empty(EMPTY_QUERY_RESPONSE);
    this.#runNext();
  }

  /** The error ends the query. */
  fail(error: unknown, position: TokenPosition | null = null): void {
    this.#session.refuse(error, position);
    this.end();
  }

  /** The error has been reported; it ends the query. */
  end(): void {
    this.#session.endGroup();
  }

  /** Runs a prepared statement in the place of its EXECUTE. */
  execute(statement: ClientStatement, text: StatementText, values: readonly Value[]): void {
    this.#send(new SimpleExecute(this.#session, this, text, statement.bound, values, this.#isLast()));
  }

  /** A statement has been answered: goes on with the next. */
  advance(): void {
    this.#next++;
    this.#runNext();
  }

  #runNext(): void {
    for (;;) {
      const shape = this.#statements[this.#next];
      if (shape === undefined) {
        this.end();
        return;
      }
      try {
        if (!this.#run(shape)) return;
      } catch (error) {
        this.fail(error, positionIn(this.#session.source, this.#sql, shape));
        return;
      }
      this.#next++;
    }
  }

  /** True when the statement was answered here and now. */
  #run(shape: Shape): boolean {
    const session = this.#session;
    checkHeard(session, shape);
    session.extended.closeUnnamed();
    if (shape.parameterCount > 0) throw new SqlError('undefined_parameter', 'there is no parameter $1');
    const text = undeclared(this.#sql, shape);
    if (shape.local !== null) {
      return runLocal(session, text, shape.local, this);
    }
    if (this.#fold(shape)) return true;
    const request = new SimpleExecute(
      session,
      this,
      text,
      session.context.get(text.key) ?? null,
      this.#literals[this.#next] ?? NO_LITERALS,
      this.#isLast(),
    );
    this.#send(request);
    return false;
  }

  #send(request: SimpleExecute): void {
    request.send();
    this.#session.push(request, true);
  }

  #isLast(): boolean {
    return this.#next === this.#statements.length - 1;
  }

  #fold(shape: Shape): boolean {
    const { transaction, out } = this.#session;
    const folded =
      (shape.kind === 'begin' && transaction.foldBegin(shape)) ||
      ((shape.kind === 'commit' || shape.kind === 'rollback') && transaction.foldEnd(shape));
    if (folded) writeCommandComplete(out, shape.tag, -1);
    return folded;
  }
}

/** What goes on when a statement of a simple query is answered. */
export type SimpleContinuation = Pick<SimpleQuery, 'advance' | 'end'>;
