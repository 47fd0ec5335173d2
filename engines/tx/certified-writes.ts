import { certifiedKey } from '#log/transactions/certifier.js';
import type { ReadRange } from '#schemas/events/event.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import type { Row } from '#schemas/values/value.js';
import type { IndexData } from '../rows/index-data.js';
import { FIRST_USER_OBJECT } from '../rows/store.js';
import type { Write } from './unit.js';

/**
 * Under which keys the certifier knows what a transaction wrote. Who commits and who folds the log both ask here, so that both give it the same (I3): the keys of a row
 * follow from its event and from the indexes that the table had before the transaction, never from what stood there.
 *
 *   each row            [table][row key]
 *   each unique index   [index][columns] of the new row; [index][columns][row key] where a null among them lets two rows be equal
 *   instead, in a transaction that writes system tables and so may make and drop indexes:
 *   each user table     [table], which every reader through a unique index has read
 *
 * Nothing is entered for the place in a unique index that a row leaves: whoever has found it there has read the row, too.
 */
export class CertifiedWrites {
  readonly keys: string[] = [];
  readonly #definesTables: boolean;
  #lastTable = -1;

  /** `definesTables`: some write of the transaction is to a system table. */
  constructor(definesTables: boolean) {
    this.#definesTables = definesTables;
  }

  add(table: ObjectId, indexes: readonly IndexData[], key: string, row: Row | null): void {
    const { keys } = this;
    keys.push(certifiedKey(table, key));
    if (this.#definesTables && table >= FIRST_USER_OBJECT) {
      if (table !== this.#lastTable) keys.push(certifiedKey(table, ''));
      this.#lastTable = table;
      return;
    }
    if (row === null) return;
    for (let i = 0; i < indexes.length; i++) {
      const index = indexes[i] as IndexData;
      if (!index.shape.unique) continue;
      const columns = index.keyOf(row);
      if (columns !== null) keys.push(certifiedKey(index.shape.id, index.constrains(row) ? columns : columns + key));
    }
  }
}

/** Of the net writes of a transaction that is about to be appended. */
export function certifiedWrites(writes: readonly Write[]): readonly string[] {
  let definesTables = false;
  for (let i = 0; i < writes.length; i++) if ((writes[i] as Write).data.id < FIRST_USER_OBJECT) definesTables = true;
  const certified = new CertifiedWrites(definesTables);
  for (let i = 0; i < writes.length; i++) {
    const { data, version } = writes[i] as Write;
    certified.add(data.id, data.indexes, version.key, version.row);
  }
  return certified.keys;
}

/** Reads exactly one row. */
export function pointRead(object: ObjectId, key: string): ReadRange {
  return { object, from: key, to: `${key}\0` };
}

/** What a reader through a unique index reads beside its range and the rows that it finds: nobody has made or dropped indexes meanwhile. */
export function definitionRead(table: ObjectId): ReadRange {
  return pointRead(table, '');
}
