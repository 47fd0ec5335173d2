import type { MaybePromise, RowCursor, VisibleRow } from '../rows/reading.js';

/** A cursor that says once when it needs its snapshot no longer. */
export class HeldCursor implements RowCursor {
  readonly #cursor: RowCursor;
  readonly #ended: () => void;
  #over = false;

  constructor(cursor: RowCursor, ended: () => void) {
    this.#cursor = cursor;
    this.#ended = ended;
  }

  next(): MaybePromise<readonly VisibleRow[] | null> {
    const batch = this.#cursor.next();
    if (batch instanceof Promise) return batch.then((rows) => this.#seen(rows));
    return this.#seen(batch);
  }

  #seen(batch: readonly VisibleRow[] | null): readonly VisibleRow[] | null {
    if (batch === null) this.#end();
    return batch;
  }

  close(): void {
    this.#cursor.close();
    this.#end();
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#ended();
  }
}
