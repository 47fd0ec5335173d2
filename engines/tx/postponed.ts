import type { ObjectId } from '#schemas/kernel/brand.js';
import type { MaybePromise } from '../rows/reading.js';

interface PostponedWrite {
  readonly table: ObjectId;
  readonly write: () => MaybePromise<unknown>;
  /** Writes of the transaction before this one was made; null while it is put off. */
  madeAt: number | null;
}

/** Writes that a transaction has put off, in the order of their statements. Those that were made stay, because a rollback to a savepoint may unmake them. */
export class PostponedWrites {
  readonly #all: PostponedWrite[] = [];

  get size(): number {
    return this.#all.length;
  }

  add(table: ObjectId, write: PostponedWrite['write']): void {
    this.#all.push({ table, write, madeAt: null });
  }

  /** Is anything still to be made? */
  get pending(): boolean {
    return this.#all.some(({ madeAt }) => madeAt === null);
  }

  /** Is a write to the table still to be made? */
  awaits(table: ObjectId): boolean {
    return this.#all.some((postponed) => postponed.madeAt === null && postponed.table === table);
  }

  /** Makes what is still to be made; `position` tells how many writes the transaction has. A write that throws stays to be made. */
  async make(position: () => number): Promise<void> {
    for (const postponed of this.#all) {
      if (postponed.madeAt !== null) continue;
      const at = position();
      await postponed.write();
      postponed.madeAt = at;
    }
  }

  /** The statements behind the first `size` never were, and of the transaction's writes only `position` are left. */
  rollbackTo(size: number, position: number): void {
    this.#all.length = size;
    for (const postponed of this.#all)
      if (postponed.madeAt !== null && postponed.madeAt >= position) postponed.madeAt = null;
  }
}
