import { assert } from '#schemas/kernel/assert.js';
import type { TransactionState } from '#schemas/link/frames.js';
import type { Statement, TransactionModes } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Isolation, Mark, Transaction, TransactionSystem } from '../tx/transaction.js';
import type { StatementControl } from './control.js';
import type { SessionSettings } from './settings.js';

export const ABORTED = 'current transaction is aborted, commands ignored until end of transaction block';

/** Statements about the block itself: they change nothing in it when they fail. */
const CONTROLS: ReadonlySet<Statement['kind']> = new Set([
  ...(['begin', 'commit', 'rollback', 'savepoint', 'release-savepoint', 'rollback-to-savepoint'] as const),
]);
/** No name that SQL can write. */
const STATEMENT = '';

interface Savepoint {
  readonly name: string;
  readonly mark: Mark;
  readonly settings: number;
}

/**
 * The transaction of one session: PostgreSQL's block states. Outside a block a statement has an implicit transaction, which ends when the gateway says so.
 * After an error the block has failed: its effects are undone at once (back to the innermost savepoint, or all of it), and only ROLLBACK, ROLLBACK TO
 * or COMMIT (which then rolls back) are heard.
 */
export class TransactionBlock {
  readonly #system: TransactionSystem;
  readonly #settings: SessionSettings;
  readonly #control: StatementControl;
  #transaction: Transaction | null = null;
  #explicit = false;
  #failed = false;
  #savepoints: Savepoint[] = [];
  #modes: { isolation: Isolation | null; readOnly: boolean | null } = { isolation: null, readOnly: null };
  /** READ UNCOMMITTED was asked for: that is read committed under another name. */
  #uncommitted: boolean | null = null;
  /** True once a statement took its snapshot: SET TRANSACTION comes too late then. */
  #used = false;
  /** A statement that fails in a block is undone by itself, and the block goes on, as MySQL's clients expect it. */
  failsAlone = false;
  /** The open transaction has run DDL. */
  changedCatalog = false;

  constructor(system: TransactionSystem, settings: SessionSettings, control: StatementControl) {
    this.#system = system;
    this.#settings = settings;
    this.#control = control;
  }

  get state(): TransactionState {
    return this.#failed ? 2 : this.#explicit ? 1 : 0;
  }

  get explicit(): boolean {
    return this.#explicit;
  }

  /** The open transaction, begun now if there is none. Throws 25P02 in a failed block. */
  require(): Transaction {
    if (this.#failed) {
      throw new SqlError('in_failed_sql_transaction', ABORTED);
    }
    this.#used = true;
    if (this.#transaction !== null) return this.#transaction;
    const { isolation, readOnly } = this.#modes;
    this.#transaction = this.#system.begin({
      isolation: isolation ?? isolationOf(this.#settings.text('default_transaction_isolation')),
      readOnly: readOnly ?? this.#settings.text('default_transaction_read_only') === 'on',
      control: this.#control,
      postpones: this.#settings.text('polylog.postpone_updates') === 'on',
    });
    return this.#transaction;
  }

  get current(): Transaction | null {
    return this.#transaction;
  }

  /** BEGIN. Answers false, for a warning, when a block is already open. */
  begin(modes: TransactionModes): boolean {
    if (this.#explicit) return false;
    this.#explicit = true;
    this.#applyModes(modes);
    return true;
  }

  /** SET TRANSACTION. */
  setModes(modes: TransactionModes): void {
    const changes =
      modes.isolation !== null &&
      isolationOf(modes.isolation) !== (this.#transaction?.isolation ?? this.#modes.isolation);
    if (this.#used && changes)
      throw new SqlError('active_sql_transaction', 'SET TRANSACTION ISOLATION LEVEL must be called before any query');
    if (this.#used && modes.readOnly === false && this.#transaction?.readOnly === true) {
      throw new SqlError('active_sql_transaction', 'transaction read-write mode must be set before any query');
    }
    this.#applyModes(modes);
    // In place: it may hold locks, savepoints and a snapshot.
    if (modes.readOnly !== null) this.#transaction?.setReadOnly(modes.readOnly);
  }

  #applyModes(modes: TransactionModes): void {
    if (modes.isolation !== null) this.#uncommitted = modes.isolation === 'read uncommitted';
    this.#modes = {
      isolation: modes.isolation === null ? this.#modes.isolation : isolationOf(modes.isolation),
      readOnly: modes.readOnly ?? this.#modes.readOnly,
    };
  }

  get isolation(): Isolation {
    return (
      this.#transaction?.isolation ??
      this.#modes.isolation ??
      isolationOf(this.#settings.text('default_transaction_isolation'))
    );
  }

  /** The level by the name that it was asked for. */
  get isolationName(): string {
    const { isolation } = this;
    const standard = this.#settings.text('default_transaction_isolation') === 'read uncommitted';
    return isolation === 'read committed' && (this.#uncommitted ?? standard) ? 'read uncommitted' : isolation;
  }

  get readOnly(): boolean {
    return (
      this.#transaction?.readOnly ??
      this.#modes.readOnly ??
      this.#settings.text('default_transaction_read_only') === 'on'
    );
  }

  savepoint(name: string): void {
    if (!this.#explicit)
      throw new SqlError('no_active_sql_transaction', 'SAVEPOINT can only be used in transaction blocks');
    this.#savepoints.push({ name, mark: this.require().mark(), settings: this.#settings.mark() });
  }

  release(name: string): void {
    if (!this.#explicit)
      throw new SqlError('no_active_sql_transaction', 'RELEASE SAVEPOINT can only be used in transaction blocks');
    this.require();
    this.#savepoints.length = this.#find(name);
  }

  rollbackTo(name: string): void {
    if (!this.#explicit)
      throw new SqlError('no_active_sql_transaction', 'ROLLBACK TO SAVEPOINT can only be used in transaction blocks');
    const at = this.#find(name);
    const { mark, settings } = this.#savepoints[at] as Savepoint;
    assert(this.#transaction !== null, 'a savepoint stands without its transaction');
    this.#transaction.rollbackTo(mark);
    this.#settings.rollbackTo(settings);
    this.#savepoints.length = at + 1;
    this.#failed = false;
  }

  /** Where statements fail alone: what the one that begins will do can be undone by itself. */
  beginStatement(kind: Statement['kind']): void {
    if (this.failsAlone && this.#explicit && !this.#failed && !CONTROLS.has(kind)) this.savepoint(STATEMENT);
  }

  /** The statement is over. */
  endStatement(): void {
    if (this.#savepoints.at(-1)?.name === STATEMENT) this.#savepoints.pop();
  }

  /** Undoes the statement, if one was begun, and leaves the block as it was before. False where there is no block that could go on. */
  #undoStatement(): boolean {
    if (!this.#explicit || this.#failed) return false;
    if (this.#savepoints.at(-1)?.name !== STATEMENT) return true;
    this.rollbackTo(STATEMENT);
    this.#savepoints.pop();
    return true;
  }

  #find(name: string): number {
    const at = this.#savepoints.findLastIndex((s) => s.name === name);
    if (at < 0) throw new SqlError('invalid_savepoint_specification', `savepoint "${name}" does not exist`);
    return at;
  }

  /** A statement failed. In a block the block has failed too; an implicit transaction is gone. */
  fail(): void {
    if (this.failsAlone && this.#undoStatement()) return;
    const innermost = this.#savepoints.at(-1);
    if (this.#explicit && innermost !== undefined && this.#transaction !== null) {
      this.#transaction.rollbackTo(innermost.mark);
      this.#settings.rollbackTo(innermost.settings);
      this.#failed = true;
      return;
    }
    this.#transaction?.rollback();
    this.#transaction = null;
    this.#settings.endTransaction(false);
    if (this.#explicit) this.#failed = true;
    else this.#reset();
  }

  /** Commits; null when nothing has to be waited for. After a rejection the block is over, too. A failed block rolls back. */
  commit(): Promise<unknown> | null {
    const transaction = this.#transaction;
    const failed = this.#failed;
    this.#reset();
    if (transaction === null || failed) {
      transaction?.rollback();
      this.#settings.endTransaction(!failed);
      return null;
    }
    if (!transaction.dirty) {
      transaction.rollback();
      this.#settings.endTransaction(true);
      return null;
    }
    return transaction.commit().then(
      () => this.#settings.endTransaction(true),
      (error: unknown) => {
        this.#settings.endTransaction(false);
        throw error;
      },
    );
  }

  rollback(): void {
    this.#transaction?.rollback();
    this.#reset();
    this.#settings.endTransaction(false);
  }

  #reset(): void {
    this.#transaction = null;
    this.#explicit = false;
    this.#failed = false;
    this.#used = false;
    this.changedCatalog = false;
    this.#savepoints = [];
    this.#modes = NO_MODES;
    this.#uncommitted = null;
  }
}

const NO_MODES = { isolation: null, readOnly: null };

/** READ UNCOMMITTED is read committed, as in PostgreSQL. */
function isolationOf(name: string): Isolation {
  if (name === 'serializable' || name === 'repeatable read') return name;
  return 'read committed';
}
