import type { RowCursor, VisibleRow } from '#engines/rows/reading.js';
import type { Isolation, RowLockStrength, SessionControl, Transaction, WaitPolicy } from '#engines/tx/transaction.js';
import { Overtaken } from '#log/servers/sole-writer-log.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { keyEncoder } from '#schemas/values/key.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { Row } from '#schemas/values/value.js';
import { checkSnapshotRead } from '../invariants/snapshot-reads.js';
import {
  ACCOUNTS,
  type Account,
  accountOf,
  BALANCE_INDEX,
  EMAIL_INDEX,
  EMAILS,
  FIRST_BALANCE,
  IDS,
  rowOf,
} from './accounts.js';
import { type EngineProcess, idOf } from './engine-process.js';
import type { SessionSurroundings } from './running-engine.js';

interface EngineSessionSurroundings extends SessionSurroundings {
  readonly engine: EngineProcess;
}

const ISOLATIONS: readonly Isolation[] = ['read committed', 'read committed', 'repeatable read', 'serializable'];
/** As often as they stand here. */
const STATEMENTS = [
  'reads all',
  'reads by an index',
  'opens an account',
  'opens an account',
  'closes an account',
  'changes an address',
  'moves an account',
  'locks rows',
  'transfers',
  'transfers',
  'transfers',
  'transfers',
] as const;
const STRENGTHS: readonly RowLockStrength[] = ['key-share', 'share', 'no-key-update', 'update'];
const POLICIES: readonly WaitPolicy[] = ['block', 'block', 'nowait', 'skip-locked'];
const ALL = { from: null, to: null };
/** A transaction may always be told so, and then never was. */
const REFUSALS = [
  'serialization_failure',
  'unique_violation',
  'deadlock_detected',
  'lock_not_available',
  'io_error',
  'disk_full',
];

const keyOfId = keyEncoder([{ type: TYPES.integer }]);

/** One transaction of one client: some statements, between which others have their turn, and an end. Whatever it sees is held against its snapshot. */
export class EngineSession {
  readonly #around: EngineSessionSurroundings;
  readonly #transaction: Transaction;
  readonly #isolation: Isolation;
  /** Rows as this transaction has left them. */
  #changes = new Map<number, Row | null>();
  #readAll = false;

  constructor(around: EngineSessionSurroundings) {
    this.#around = around;
    this.#isolation = around.random.pick(ISOLATIONS);
    const lockTimeoutMs = around.random.chance(0.2) ? 1 + around.random.below(200) : 0;
    const control: SessionControl = { lockTimeoutMs, interrupted: null, onInterrupt: () => () => undefined };
    this.#transaction = around.engine.begin({ isolation: this.#isolation, readOnly: false, control });
  }

  async run(): Promise<void> {
    const { gate, name, random, ended, note } = this.#around;
    const transaction = this.#transaction;
    try {
      for (let left = 1 + random.below(3); left > 0; left--) {
        if (random.chance(0.1)) await this.#takenBack();
        else await this.#statement();
        await gate.pass(name);
      }
      note('ends');
      if (random.chance(0.1)) transaction.rollback();
      else await this.#commit();
      note('has ended');
    } catch (error) {
      if (ended() || error instanceof Overtaken) return;
      transaction.rollback();
      if (!(error instanceof SqlError)) throw error;
      note(`is told ${error.condition}`);
      if (error.condition === 'transaction_resolution_unknown') return;
      if (!REFUSALS.includes(error.condition)) throw error;
      const id = idOf(transaction);
      if (id !== null) this.#around.referee.told(this.#around.partition).refuse(id, error.condition);
    }
  }

  /** A statement, and back to the savepoint before it. */
  async #takenBack(): Promise<void> {
    const before = new Map(this.#changes);
    const mark = this.#transaction.mark();
    await this.#statement();
    await this.#around.gate.pass(this.#around.name);
    this.#transaction.rollbackTo(mark);
    this.#changes = before;
    this.#around.note('takes that back');
  }

  async #commit(): Promise<void> {
    const { referee, partition, holder, ended } = this.#around;
    const { snapshot } = this.#transaction.view;
    const offset = await this.#transaction.commit();
    const transaction = idOf(this.#transaction);
    if (transaction === null || ended()) return;
    const serializedAll = this.#isolation === 'serializable' && this.#readAll;
    referee.committed(partition, holder, { transaction, offset, snapshot, serializedAll });
  }

  async #statement(): Promise<void> {
    const { random, note } = this.#around;
    this.#transaction.beginStatement();
    const statement = random.pick(STATEMENTS);
    note(`${statement}, ${this.#isolation}`);
    switch (statement) {
      case 'reads all':
        await this.#readTable();
        return;
      case 'reads by an index':
        return this.#readByIndex();
      case 'opens an account':
        return this.#openAccount();
      case 'closes an account':
        return this.#change('update', isEmpty, () => null);
      case 'changes an address':
        return this.#change('no-key-update', isAny, (account) => ({ ...account, email: random.pick(EMAILS) }));
      case 'moves an account':
        return this.#change('update', isAny, (account) => ({ ...account, id: this.#unusedId(account.id) }));
      case 'locks rows':
        return this.#lock();
      case 'transfers':
        return this.#transfer();
    }
  }

  /** One that this transaction has left alone: what is closed and opened again in one transaction is told apart by nobody. */
  #unusedId(id: number): number {
    const next = this.#around.random.below(IDS);
    return this.#changes.has(next) ? id : next;
  }

  /** As SELECT … FOR does it. What was locked is the newest there is, and stays so. */
  async #lock(): Promise<void> {
    const { random, gate, name, ended } = this.#around;
    const transaction = this.#transaction;
    const strength = random.pick(STRENGTHS);
    const policy = random.pick(POLICIES);
    for (const seen of (await this.#readTable()).slice(0, 2)) {
      const outcome = await transaction.lock(ACCOUNTS, seen, strength, policy);
      if (!('row' in outcome) || strength === 'key-share') continue;
      // What is not durable yet may never have been; a client is told of it only then.
      await transaction.awaitReadsDurable();
      await gate.pass(name);
      const again = await transaction.findNewest(ACCOUNTS, null, outcome.row.key);
      if (ended()) return;
      const { snapshot } = transaction.view;
      checkSnapshotRead(`${name}, of a locked row,`, snapshot, [outcome.row.row], again === null ? [] : [again.row]);
    }
  }

  #expected(): Row[] {
    const { referee, partition } = this.#around;
    const rows = referee.rowsAt(partition, this.#transaction.view.snapshot);
    for (const [id, row] of this.#changes) {
      if (row === null) rows.delete(id);
      else rows.set(id, row);
    }
    return [...rows.values()].sort((a, b) => (a[0] as number) - (b[0] as number));
  }

  async #readTable(): Promise<readonly VisibleRow[]> {
    const { name, ended } = this.#around;
    const transaction = this.#transaction;
    this.#readAll = true;
    const seen = await drain(transaction.scan(ACCOUNTS, ALL, false));
    if (!ended())
      checkSnapshotRead(
        name,
        transaction.view.snapshot,
        this.#expected(),
        seen.map(({ row }) => row),
      );
    return seen;
  }

  async #readByIndex(): Promise<void> {
    const { name, random, ended } = this.#around;
    const index = random.pick([EMAIL_INDEX, BALANCE_INDEX]);
    const seen = await drain(this.#transaction.scanIndex(ACCOUNTS, index, ALL, random.chance(0.5)));
    const rows = seen.map(({ row }) => row).sort((a, b) => (a[0] as number) - (b[0] as number));
    if (!ended())
      checkSnapshotRead(`${name}, by ${index.name},`, this.#transaction.view.snapshot, this.#expected(), rows);
  }

  async #openAccount(): Promise<void> {
    const { random } = this.#around;
    const id = random.below(IDS);
    const row = rowOf({ id, email: random.pick(EMAILS), balance: random.chance(0.5) ? FIRST_BALANCE : 0 });
    // What was closed in the same transaction is no new account, and brings no money.
    if (this.#changes.has(id)) return;
    const { kind } = await this.#transaction.insertUnlessConflict(ACCOUNTS, row, random.chance(0.5) ? null : [null]);
    if (kind === 'inserted') this.#changes.set(id, row);
  }

  /** Finds a row, locks it and leaves another one, or none. */
  async #change(
    strength: RowLockStrength,
    wanted: (account: Account) => boolean,
    make: (account: Account) => Account | null,
  ): Promise<void> {
    const { random } = this.#around;
    const seen = (await this.#readTable()).filter(({ row }) => wanted(accountOf(row)));
    if (seen.length > 0) await this.#replace(random.pick(seen), strength, wanted, make);
  }

  async #replace(
    seen: VisibleRow,
    strength: RowLockStrength,
    wanted: (account: Account) => boolean,
    make: (account: Account) => Account | null,
  ): Promise<boolean> {
    const transaction = this.#transaction;
    const outcome = await transaction.lock(ACCOUNTS, seen, strength, 'block');
    if (!('row' in outcome)) return false;
    const account = accountOf(outcome.row.row);
    if (!wanted(account)) return false;
    const next = make(account);
    if (next === null) await transaction.delete(ACCOUNTS, outcome.row);
    else await transaction.update(ACCOUNTS, outcome.row, rowOf(next));
    if (next === null || next.id !== account.id) this.#changes.set(account.id, null);
    if (next !== null) this.#changes.set(next.id, rowOf(next));
    return true;
  }

  /** Moves money between two accounts, which are found by their keys. */
  async #transfer(): Promise<void> {
    const { random, gate, name } = this.#around;
    const transaction = this.#transaction;
    const from = await transaction.get(ACCOUNTS, keyOfId([random.below(IDS)]));
    const to = await transaction.get(ACCOUNTS, keyOfId([random.below(IDS)]));
    if (from === null || to === null || from.key === to.key) return;
    await gate.pass(name);
    const amount = 1 + random.below(FIRST_BALANCE / 2 - 1);
    const mark = transaction.mark();
    const before = new Map(this.#changes);
    const taken = await this.#replace(from, 'no-key-update', isAny, (a) => ({ ...a, balance: a.balance - amount }));
    if (!taken) return;
    await gate.pass(name);
    const given = await this.#replace(to, 'no-key-update', isAny, (a) => ({ ...a, balance: a.balance + amount }));
    if (given) return;
    transaction.rollbackTo(mark);
    this.#changes = before;
  }
}

const isAny = (): boolean => true;
const isEmpty = ({ balance }: Account): boolean => balance === 0;

async function drain(cursor: RowCursor): Promise<VisibleRow[]> {
  const rows: VisibleRow[] = [];
  for (let batch = await cursor.next(); batch !== null; batch = await cursor.next()) rows.push(...batch);
  return rows;
}
