import { SqlError } from '#schemas/sqlstate/sql-error.js';

/** What a reading of an engine comes to, batch by batch. */
export interface ReadingReplies<T> {
  batch(reading: number, batch: T): void;
  end(reading: number): void;
  /** `condition`: a name of schemas/sqlstate/conditions.ts. */
  failed(reading: number, condition: string, message: string, hint: string | null): void;
}

interface Reading<T> {
  readonly batches: AsyncIterator<T>;
  readonly stop: AbortController;
}

/** One engine's readings, each answered batch by batch as it asks, so that a slow client holds up nothing but its own. */
export class Readings<T> {
  readonly #readings = new Map<number, Reading<T>>();
  readonly #replies: ReadingReplies<T>;

  constructor(replies: ReadingReplies<T>) {
    this.#replies = replies;
  }

  open(number: number, begin: (signal: AbortSignal) => AsyncIterable<T>): void {
    const stop = new AbortController();
    this.#readings.set(number, { batches: begin(stop.signal)[Symbol.asyncIterator](), stop });
  }

  async next(number: number): Promise<void> {
    const reading = this.#readings.get(number);
    if (reading === undefined) return;
    try {
      const { done, value } = await reading.batches.next();
      if (reading.stop.signal.aborted) return;
      if (done === true) {
        this.#readings.delete(number);
        this.#replies.end(number);
      } else this.#replies.batch(number, value);
    } catch (error) {
      if (reading.stop.signal.aborted) return;
      this.#readings.delete(number);
      const known = error instanceof SqlError;
      const condition = known ? error.condition : 'internal_error';
      this.#replies.failed(number, condition, (error as Error).message, known ? (error.details.hint ?? null) : null);
    }
  }

  stop(number: number): void {
    const reading = this.#readings.get(number);
    this.#readings.delete(number);
    if (reading === undefined) return;
    reading.stop.abort(new Error('nobody reads any more'));
    // Lets it give back what it holds; while it waits for something, that comes when the wait is over.
    void reading.batches.return?.().catch(() => undefined);
  }

  stopAll(): void {
    for (const number of [...this.#readings.keys()]) this.stop(number);
  }
}
