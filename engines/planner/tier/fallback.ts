import type { Condition } from '#schemas/sqlstate/conditions.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Row } from '#schemas/values/value.js';
import type { MaybePromise } from '../../rows/reading.js';
import type { Execution } from '../prepare.js';

/** Whoever ends a statement does not want it elsewhere. */
const INTERRUPTS: ReadonlySet<Condition> = new Set<Condition>([
  'query_canceled',
  'connection_failure',
  'admin_shutdown',
]);

/** A query that another execution takes over when the first one fails before it has answered anything. */
export class FallbackExecution implements Execution {
  #running: Execution;
  #other: (() => Execution) | null;

  constructor(first: Execution, other: () => Execution) {
    this.#running = first;
    this.#other = other;
  }

  get count(): number {
    return this.#running.count;
  }

  next(): MaybePromise<readonly Row[] | null> {
    return this.#other === null ? this.#running.next() : this.#first(this.#other);
  }

  async #first(other: () => Execution): Promise<readonly Row[] | null> {
    this.#other = null;
    try {
      return await this.#running.next();
    } catch (error) {
      if (!(error instanceof SqlError) || INTERRUPTS.has(error.condition)) throw error;
      this.#running.close();
      this.#running = other();
      return this.#running.next();
    }
  }

  close(): void {
    this.#running.close();
  }
}
