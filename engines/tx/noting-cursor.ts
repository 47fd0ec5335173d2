import { pointRead } from '#log/transactions/certified-keys.js';
import type { ReadRange } from '#schemas/events/event.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import type { MaybePromise, RowCursor, VisibleRow } from '../rows/reading.js';

/** Rows noted one by one; whoever reads more of a table through an index has read the table. */
const ROWS_MAX = 1_000;

/** A cursor of a serializable transaction over an index: the rows that it finds are noted as read. */
export class NotingCursor implements RowCursor {
  readonly #cursor: RowCursor;
  readonly #table: ObjectId;
  readonly #reads: ReadRange[];
  readonly #whole: ReadRange;
  #noted = 0;

  /** `whole` is the range of all rows of the table. */
  constructor(cursor: RowCursor, table: ObjectId, reads: ReadRange[], whole: ReadRange) {
    this.#cursor = cursor;
    this.#table = table;
    this.#reads = reads;
    this.#whole = whole;
  }

  next(): MaybePromise<readonly VisibleRow[] | null> {
    const batch = this.#cursor.next();
    return batch instanceof Promise ? batch.then((rows) => this.#seen(rows)) : this.#seen(batch);
  }

  #seen(batch: readonly VisibleRow[] | null): readonly VisibleRow[] | null {
    if (batch === null || this.#noted > ROWS_MAX) return batch;
    this.#noted += batch.length;
    if (this.#noted > ROWS_MAX) this.#reads.push(this.#whole);
    else for (const { key } of batch) this.#reads.push(pointRead(this.#table, key));
    return batch;
  }

  close(): void {
    this.#cursor.close();
  }
}
