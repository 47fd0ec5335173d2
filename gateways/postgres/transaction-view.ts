import {
  BEGIN_FIRST,
  BEGIN_READ_COMMITTED,
  BEGIN_READ_ONLY,
  BEGIN_READ_WRITE,
  BEGIN_REPEATABLE_READ,
  BEGIN_SERIALIZABLE,
  FINISH,
  type TransactionState,
} from '#schemas/link/frames.js';
import type { TransactionModes } from '#schemas/program/statement.js';
import type { Shape } from './statement-source.js';

/**
 * What the gateway knows of its session's transaction. It owns the BEGIN that was answered and not yet sent: that travels with the next request, so that
 * a transaction costs no crossing of its own.
 */
export class TransactionView {
  /** As the engine said last. */
  #state: TransactionState = 0;
  /** Flags of the BEGIN that waits to be sent; 0 = none. */
  #begin = 0;
  /** A request went without FINISH: the engine may hold an implicit transaction open. */
  #open = false;
  /** The gateway refused something inside a transaction; the engine is told at the end of the group. */
  #refused = false;

  /** As the client sees it. */
  get state(): TransactionState {
    if (this.#begin !== 0) return this.#refused ? 2 : 1;
    return this.#state;
  }

  /** No block, no implicit transaction, nothing to begin. */
  get idle(): boolean {
    return this.#state === 0 && this.#begin === 0 && !this.#open;
  }

  get beginWaits(): boolean {
    return this.#begin !== 0;
  }

  /** The end of a group needs a Finish. */
  get needsFinish(): boolean {
    return this.#open;
  }

  get needsFail(): boolean {
    return this.#refused;
  }

  /** Answers BEGIN here if that changes nothing for the client. */
  foldBegin(shape: Shape): boolean {
    if (!this.idle) return false;
    const flags = beginFlags(shape);
    if (flags === 0) return false;
    this.#begin = flags;
    return true;
  }

  /** COMMIT or ROLLBACK of a block that the engine has not heard of. */
  foldEnd(shape: Shape): boolean {
    if (this.#begin === 0 || this.#refused) return false;
    const { statement } = shape;
    if ((statement?.kind === 'commit' || statement?.kind === 'rollback') && statement.chain) return false;
    this.#begin = 0;
    return true;
  }

  /** Flags of the next request; a waiting BEGIN goes with it. */
  takeFlags(finish: boolean): number {
    const flags = this.#begin | (finish ? FINISH : 0);
    this.#begin = 0;
    this.#open = !finish;
    return flags;
  }

  /** The request with these flags was not run after all. */
  putBack(flags: number): void {
    if ((flags & BEGIN_FIRST) !== 0) this.#begin = flags & ~FINISH;
  }

  /** The engine has answered. */
  heard(state: TransactionState): void {
    this.#state = state;
    if (state !== 0) this.#open = false;
  }

  /** An error was found by the gateway, or by the engine before it knew of the block. */
  refuse(): void {
    if (this.#state === 1 || this.#begin !== 0 || this.#open) this.#refused = true;
  }

  /** Flags of the Fail that is sent now. */
  takeFailFlags(): number {
    this.#refused = false;
    return this.takeFlags(true);
  }

  /** A Finish was sent. */
  finished(): void {
    this.#open = false;
  }
}

const FLAGS = new WeakMap<Shape, number>();

/** Link flags of a BEGIN; 0 when it says more than the flags can. */
function beginFlags(shape: Shape): number {
  let flags = FLAGS.get(shape);
  if (flags === undefined) {
    flags = shape.statement?.kind === 'begin' ? flagsOf(shape.statement.modes) : 0;
    FLAGS.set(shape, flags);
  }
  return flags;
}

function flagsOf(modes: TransactionModes): number {
  if (modes.deferrable !== null || modes.isolation === 'read uncommitted') return 0;
  let flags = BEGIN_FIRST;
  if (modes.isolation === 'read committed') flags |= BEGIN_READ_COMMITTED;
  if (modes.isolation === 'repeatable read') flags |= BEGIN_REPEATABLE_READ;
  if (modes.isolation === 'serializable') flags |= BEGIN_SERIALIZABLE;
  if (modes.readOnly !== null) flags |= modes.readOnly ? BEGIN_READ_ONLY : BEGIN_READ_WRITE;
  return flags;
}
