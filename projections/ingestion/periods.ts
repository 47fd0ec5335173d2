import type { RowVersion } from '#schemas/events/event.js';
import type { Row, Value } from '#schemas/values/value.js';

/** Gives the versions of a table's rows, each row's oldest first, the period in which they were the newest (see PERIOD_COLUMNS). */
export class Periods {
  /** When the table's rows have gone elsewhere; null = they have not. */
  readonly #tableUntil: bigint | null;
  #ready: Row[] = [];
  #last: { readonly rowKey: string; readonly event: RowVersion; readonly fitted: readonly Value[] } | null = null;

  constructor(tableUntil: bigint | null) {
    this.#tableUntil = tableUntil;
  }

  /** `fitted`: the version's columns; null = the row was deleted with it. */
  take(rowKey: string, event: RowVersion, fitted: readonly Value[] | null): void {
    this.#end(this.#last?.rowKey === rowKey ? BigInt(event.timestamp) : this.#tableUntil);
    if (fitted !== null) this.#last = { rowKey, event, fitted };
  }

  /** Rows whose periods are known, once. */
  ready(): readonly Row[] {
    const rows = this.#ready;
    this.#ready = [];
    return rows;
  }

  /** The rest. */
  finish(): readonly Row[] {
    this.#end(this.#tableUntil);
    return this.ready();
  }

  #end(until: bigint | null): void {
    if (this.#last === null) return;
    const { event, fitted } = this.#last;
    this.#ready.push([...fitted, BigInt(event.timestamp), until, event.version, event.transaction]);
    this.#last = null;
  }
}
