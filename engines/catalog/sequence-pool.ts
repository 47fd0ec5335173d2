import { SEQUENCE_STATES, type SequenceStateRow } from '#schemas/catalog/system-tables.js';
import { assert } from '#schemas/kernel/assert.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { keyEncoder } from '#schemas/values/key.js';
import type { VisibleRow } from '../rows/reading.js';
import { MayBeRepeated } from '../tx/commit-failure.js';
import type { Transaction, TransactionSystem } from '../tx/transaction.js';
import type { SequenceEntry } from './entry.js';

/** Values reserved at once at first, as PostgreSQL logs 32 ahead; each further reservation is twice as large, up to the last figure. */
const FIRST_RESERVATION = 32n;
const LAST_RESERVATION = 4_096n;

const keyOf = keyEncoder(SEQUENCE_STATES.shape.key);
const NO_CONTROL = { lockTimeoutMs: 0, interrupted: null, onInterrupt: () => () => undefined } as const;

/** What nextval needs of a sequence. */
export type SequenceLimits = Pick<
  SequenceEntry,
  'id' | 'name' | 'start' | 'increment' | 'minimum' | 'maximum' | 'cycle'
>;

interface Pool {
  /** The value that nextval gives next. */
  next: bigint;
  /** Values left before the next reservation. */
  left: bigint;
  reservation: bigint;
  /** The sequence came to be, or was reset, in this unfinished transaction: its state is written when that commits. */
  owner: Transaction | null;
  exhausted: boolean;
}

/**
 * Hands out sequence values. Values are reserved by blocks in commits of their own, so nextval neither waits nor is rolled back.
 *
 * Invariant: a value is handed out at most once. A reservation stands in the log before anything that uses its values, because the log keeps the order of appends;
 * an answer that shows a value to a client must wait for `whenReserved`.
 */
export class SequencePool {
  readonly #transactions: () => TransactionSystem;
  readonly #pools = new Map<ObjectId, Pool>();
  #pending: Promise<void> | null = null;

  constructor(transactions: () => TransactionSystem) {
    this.#transactions = transactions;
  }

  /** Null when every value handed out so far is durably reserved; rejects when a reservation failed. */
  whenReserved(): Promise<void> | null {
    return this.#pending;
  }

  next(sequence: SequenceLimits): bigint {
    let pool = this.#pools.get(sequence.id);
    if (pool === undefined || (pool.left === 0n && pool.owner === null)) pool = this.#reserve(sequence, pool);
    if (pool.exhausted) throw limitReached(sequence);
    const value = pool.next;
    if (pool.owner === null) pool.left--;
    this.#advance(pool, sequence);
    return value;
  }

  #advance(pool: Pool, sequence: SequenceLimits): void {
    const after = pool.next + sequence.increment;
    if (after > sequence.maximum || after < sequence.minimum) {
      if (sequence.cycle) pool.next = sequence.increment > 0n ? sequence.minimum : sequence.maximum;
      else pool.exhausted = true;
    } else pool.next = after;
  }

  /** setval: at once, for everybody, whatever becomes of the transaction. */
  set(sequence: SequenceLimits, value: bigint, called: boolean): void {
    if (value < sequence.minimum || value > sequence.maximum) {
      throw new SqlError(
        'numeric_value_out_of_range',
        `setval: value ${value} is out of bounds for sequence "${sequence.name}" (${sequence.minimum}..${sequence.maximum})`,
      );
    }
    const owner = this.#pools.get(sequence.id)?.owner ?? null;
    const pool: Pool = { next: value, left: 0n, reservation: FIRST_RESERVATION, owner, exhausted: false };
    if (called) this.#advance(pool, sequence);
    if (owner === null) {
      this.#write(sequence.id, () => ({ id: sequence.id, value, called }));
      this.#pools.delete(sequence.id);
    } else this.#pools.set(sequence.id, pool);
  }

  /** The sequence's state is up to `transaction` until it ends. Its state row exists (or is written by the caller). */
  startIn(transaction: Transaction, sequence: SequenceLimits, next: bigint): void {
    const pool: Pool = { next, left: 0n, reservation: FIRST_RESERVATION, owner: transaction, exhausted: false };
    this.#pools.set(sequence.id, pool);
    transaction.atCommit(async () => {
      const key = keyOf([sequence.id]);
      transaction.beginStatement();
      const seen = await transaction.get(SEQUENCE_STATES.shape, key);
      if (seen === null || this.#pools.get(sequence.id)?.owner !== transaction) return;
      const current = this.#pools.get(sequence.id) as Pool;
      const locked = await transaction.lock(SEQUENCE_STATES.shape, seen, 'update', 'block');
      if (locked.kind !== 'locked' && locked.kind !== 'changed') return;
      await transaction.update(SEQUENCE_STATES.shape, locked.row, SEQUENCE_STATES.toRow(stateOf(sequence.id, current)));
    });
    transaction.afterEnd(() => {
      if (this.#pools.get(sequence.id)?.owner === transaction) this.#pools.delete(sequence.id);
    });
  }

  /** What pg_sequences shows: the last value handed out, or null. */
  lastValue(sequence: SequenceLimits): bigint | null {
    const pool = this.#pools.get(sequence.id);
    if (pool === undefined) return null;
    return pool.exhausted ? pool.next : pool.next - sequence.increment;
  }

  /** Gives back what was reserved and not used, so that a clean stop leaves no gap. */
  async release(): Promise<void> {
    for (const [id, pool] of this.#pools) {
      if (pool.owner === null && !pool.exhausted) this.#write(id, () => stateOf(id, pool));
    }
    this.#pools.clear();
    await this.#pending;
  }

  #reserve(sequence: SequenceLimits, before: Pool | undefined): Pool {
    const reservation = before === undefined ? FIRST_RESERVATION : min(before.reservation * 2n, LAST_RESERVATION);
    let pool: Pool | null = null;
    this.#write(sequence.id, (state) => {
      const from = state ?? { id: sequence.id, value: sequence.start, called: false };
      pool = { next: from.value, left: 0n, reservation, owner: null, exhausted: false };
      if (from.called) this.#advance(pool, sequence);
      const end = this.#end(pool, sequence, reservation);
      return { id: sequence.id, value: end, called: true };
    });
    assert(pool !== null, 'a reservation was not made');
    this.#pools.set(sequence.id, pool);
    return pool;
  }

  /** Counts what a reservation holds into `pool.left`; answers its last value. */
  #end(pool: Pool, sequence: SequenceLimits, reservation: bigint): bigint {
    const { increment } = sequence;
    const room =
      increment > 0n ? (sequence.maximum - pool.next) / increment : (pool.next - sequence.minimum) / -increment;
    // Near its end a cycling sequence is taken one round at a time.
    pool.left = min(reservation, room + 1n);
    return pool.next + (pool.left - 1n) * increment;
  }

  /** Changes a state row in a transaction of its own. The store answers from memory, so all but the wait for durability is done on return. */
  #write(id: ObjectId, change: (state: SequenceStateRow | null) => SequenceStateRow): void {
    const { shape } = SEQUENCE_STATES;
    const transaction = this.#transactions().begin({
      isolation: 'read committed',
      readOnly: false,
      control: NO_CONTROL,
    });
    try {
      transaction.beginStatement();
      const seen = atOnce(transaction.get(shape, keyOf([id])));
      if (seen === null) atOnce(transaction.insert(shape, SEQUENCE_STATES.toRow(change(null))));
      else {
        const locked = atOnce(transaction.lock(shape, seen, 'update', 'nowait'));
        assert(locked.kind === 'locked' || locked.kind === 'changed', 'the state of a sequence went away');
        atOnce(transaction.update(shape, locked.row, SEQUENCE_STATES.toRow(change(stateRow(locked.row)))));
      }
    } catch (error) {
      transaction.rollback();
      throw error;
    }
    this.#follow(transaction.commit().then(() => undefined));
  }

  #follow(commit: Promise<void>): void {
    const all = this.#pending === null ? commit : Promise.all([this.#pending, commit]).then(() => undefined);
    this.#pending = all;
    const done = (): void => {
      if (this.#pending === all) this.#pending = null;
    };
    // A failed reservation fails whoever waits for it; its values are reserved anew.
    all.then(done, () => {
      done();
      for (const [id, pool] of this.#pools) if (pool.owner === null) this.#pools.delete(id);
    });
  }
}

function stateRow(row: VisibleRow): SequenceStateRow {
  return SEQUENCE_STATES.fromRow(row.row);
}

function stateOf(id: ObjectId, pool: Pool): SequenceStateRow {
  return { id, value: pool.next, called: pool.exhausted };
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function atOnce<T>(value: T | Promise<T>): T {
  if (value instanceof Promise)
    throw new MayBeRepeated('lock_not_available', 'the state of a sequence is being changed by another transaction');
  return value;
}

function limitReached(sequence: SequenceLimits): SqlError {
  const ascending = sequence.increment > 0n;
  return new SqlError(
    'sequence_generator_limit_exceeded',
    `nextval: reached ${ascending ? 'maximum' : 'minimum'} value of sequence "${sequence.name}" (${ascending ? sequence.maximum : sequence.minimum})`,
  );
}
