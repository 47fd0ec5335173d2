import {
  BEGIN_FIRST,
  BEGIN_READ_COMMITTED,
  BEGIN_READ_ONLY,
  BEGIN_READ_WRITE,
  BEGIN_REPEATABLE_READ,
  BEGIN_SERIALIZABLE,
  FINISH,
} from '#schemas/link/frames.js';
import type { TransactionModes } from '#schemas/program/statement.js';
import type { Value } from '#schemas/values/value.js';
import type { BoundStatement } from '../../link/statement-contexts.js';
import type { PreparedStatement } from '../../sql/statement-cache.js';
import type { EngineSession, Outcome, ResultSink } from './engine-session.js';
import { COMMIT, ROLLBACK } from './program.js';
import { MysqlRefusal, sqlstateOf } from './refusals.js';
import type { SessionVariables } from './variables.js';

const NOTHING: Outcome = { count: -1, returnsRows: false };
const NO_VALUES = (): readonly Value[] => [];

/** Statements that end the transaction before they run, as MySQL's do. */
const COMMITTING = /^(?:create-|alter-|drop$|truncate$|grant$|comment$)/;
/** After these the whole transaction is gone, not only its statement. */
const FATAL = new Set(['40001', '40P01']);

const ISOLATIONS = {
  'read uncommitted': BEGIN_READ_COMMITTED,
  'read committed': BEGIN_READ_COMMITTED,
  'repeatable read': BEGIN_REPEATABLE_READ,
  serializable: BEGIN_SERIALIZABLE,
} as const;

type Modes = Pick<TransactionModes, 'isolation' | 'readOnly'>;

/**
 * Transactions as MySQL has them, over the engine's: with autocommit off each statement opens one, statements that define things commit, and a statement that
 * fails leaves the transaction as it was before it. Owns the BEGIN that the client was told of and the engine will hear of with the next statement.
 */
export class Transactions {
  readonly #engine: EngineSession;
  readonly #variables: SessionVariables;
  /** Flags of the BEGIN that waits; 0 = none. */
  #begin = 0;
  /** Of SET TRANSACTION, for the next one only. */
  #next: Modes = { isolation: null, readOnly: null };

  constructor(engine: EngineSession, variables: SessionVariables) {
    this.#engine = engine;
    this.#variables = variables;
  }

  /** As the client sees it. */
  get isOpen(): boolean {
    return this.#begin !== 0 || this.#engine.state !== 0;
  }

  /** SET TRANSACTION. Throws 1568 inside a transaction. */
  setNext(modes: Modes): void {
    if (this.isOpen)
      throw new MysqlRefusal(
        1568,
        '25001',
        "Transaction characteristics can't be changed while a transaction is in progress",
      );
    this.#next = modes;
  }

  /** Ends what is open, if anything is. */
  async commit(): Promise<void> {
    this.#begin = 0;
    if (this.#engine.state !== 0) await this.#own(COMMIT);
  }

  async rollback(): Promise<void> {
    this.#begin = 0;
    if (this.#engine.state !== 0) await this.#own(ROLLBACK);
  }

  async run(
    shape: PreparedStatement,
    values: (bound: BoundStatement) => readonly Value[],
    sink: ResultSink | null,
  ): Promise<Outcome> {
    try {
      return await this.#runOnce(shape, values, sink);
    } catch (error) {
      if (!this.#engine.relax(shape, error)) throw error;
      return this.#runOnce(shape, values, sink);
    }
  }

  async #runOnce(
    shape: PreparedStatement,
    values: (bound: BoundStatement) => readonly Value[],
    sink: ResultSink | null,
  ): Promise<Outcome> {
    const { statement } = shape;
    switch (statement?.kind) {
      case 'begin':
        await this.commit();
        this.#begin = this.#beginFlags(statement.modes);
        return NOTHING;
      case 'commit':
      case 'rollback':
        return this.#end(shape, statement);
      case 'savepoint':
        if (!this.isOpen && this.#variables.autocommit) return NOTHING;
        return this.#inBlock(shape, values, sink);
      case 'release-savepoint':
      case 'rollback-to-savepoint':
        if (this.#engine.state === 0)
          throw new MysqlRefusal(1305, '42000', `SAVEPOINT ${statement.name} does not exist`);
        return this.#inBlock(shape, values, sink);
      default:
    }
    if (COMMITTING.test(shape.kind)) {
      await this.commit();
      return this.#engine.run(shape, values, FINISH, sink);
    }
    if (this.isOpen || !this.#variables.autocommit) return this.#inBlock(shape, values, sink);
    return this.#engine.run(shape, values, FINISH, sink);
  }

  /** What the engine says of a statement, without running it. A failure leaves the transaction as it was. */
  describe(shape: PreparedStatement): Promise<BoundStatement> {
    return this.#engine.bind(shape);
  }

  async #end(
    shape: PreparedStatement,
    statement: { readonly kind: 'commit' | 'rollback'; readonly chain: boolean },
  ): Promise<Outcome> {
    if (statement.chain && this.#engine.state !== 0) return this.#engine.run(shape, NO_VALUES, FINISH, null);
    if (!statement.chain) await (statement.kind === 'commit' ? this.commit() : this.rollback());
    return NOTHING;
  }

  /** A statement of an open transaction, or the first of one: when it fails, nothing but it is undone. */
  async #inBlock(
    shape: PreparedStatement,
    values: (bound: BoundStatement) => readonly Value[],
    sink: ResultSink | null,
  ): Promise<Outcome> {
    const isFirst = this.#engine.state === 0;
    const waiting = this.#begin;
    const begin = !isFirst ? 0 : waiting !== 0 ? waiting : this.#beginFlags({ isolation: null, readOnly: null });
    try {
      const outcome = await this.#engine.run(shape, values, begin | FINISH, sink);
      this.#begin = 0;
      return outcome;
    } catch (error) {
      // The engine has undone the statement.
      const isFatal = FATAL.has(sqlstateOf(error));
      if (isFatal) this.#begin = 0;
      if (this.#engine.state !== 0 && (isFatal || isFirst)) await this.#own(ROLLBACK);
      throw error;
    }
  }

  #own(shape: PreparedStatement): Promise<Outcome> {
    return this.#engine.run(shape, NO_VALUES, FINISH, null);
  }

  #beginFlags(modes: Modes): number {
    const session = this.#variables.get('transaction_isolation').toLowerCase().replaceAll('-', ' ');
    const isolation = modes.isolation ?? this.#next.isolation ?? (session as keyof typeof ISOLATIONS);
    const readOnly = modes.readOnly ?? this.#next.readOnly;
    this.#next = { isolation: null, readOnly: null };
    const access = readOnly === null ? 0 : readOnly ? BEGIN_READ_ONLY : BEGIN_READ_WRITE;
    return BEGIN_FIRST | ISOLATIONS[isolation] | access;
  }
}
