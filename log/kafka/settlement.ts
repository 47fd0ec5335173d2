import type { StoredRecord } from '../change-log.js';
import type { OwnedRecord } from './producer.js';

/** An append whose outcome is being looked for. */
export interface Sought {
  readonly records: readonly OwnedRecord[];
}

/**
 * Finds appends in what stands in the log. They are known by their last record's key and value; values of the same bytes
 * are told apart by their order, which is the order in which they were sent. (Events are unique: each carries its own
 * version id.) Since a producer's records stand in order and without gaps, the last record stands there only when
 * all of the append does.
 */
export class Settlement {
  readonly #sought = new Map<string, Sought[]>();
  readonly #found = new Map<Sought, number>();

  constructor(appends: readonly Sought[]) {
    for (const append of appends) {
      const last = append.records.at(-1);
      if (last === undefined) continue;
      const name = nameOf(last);
      const same = this.#sought.get(name);
      if (same === undefined) this.#sought.set(name, [append]);
      else same.push(append);
    }
  }

  look(batch: readonly StoredRecord[]): void {
    for (const record of batch) {
      const append = this.#sought.get(nameOf(record))?.shift();
      if (append !== undefined) this.#found.set(append, record.offset);
    }
  }

  /** Offset of the append's last record; null when it was not seen. */
  offsetOf(append: Sought): number | null {
    return this.#found.get(append) ?? null;
  }
}

function nameOf({ key, value }: { readonly key: Uint8Array | null; readonly value: Uint8Array }): string {
  return `${key === null ? '-' : latin1(key)}/${latin1(value)}`;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
