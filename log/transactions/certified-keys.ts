import { CATALOG_TABLES } from '#schemas/catalog/system-tables.js';
import { FIRST_USER_OBJECT, type ReadRange, type RowVersion } from '#schemas/events/event.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import { certifiedKey } from './certifier.js';

/** No table or index has this id. */
const NO_OBJECT = 0 as ObjectId;
const CATALOG_IDS: ReadonlySet<ObjectId> = new Set(CATALOG_TABLES.map(({ shape }) => shape.id));

/**
 * Under which keys the certifier knows what a transaction wrote. Who commits and who folds the log both ask here, so that both give it the same (I3). The keys follow from
 * the events alone: a projection that knows nothing of indexes comes to the same verdicts.
 *
 *   each row    [table][row key]
 *   each claim  [index][key]
 *   instead, in a transaction that writes system tables and so may make and drop indexes:
 *   each user table  [table], which every reader through a unique index has read
 *   and, where it writes tables that catalogs are built from: [no object], which stands for all definitions
 *
 * Nothing is entered for the place in a unique index that a row leaves: whoever has found it there has read the row, too.
 */
export class CertifiedKeys {
  readonly all: string[] = [];
  readonly #definesTables: boolean;
  #lastTable = -1;
  #changesCatalog = false;

  /** `definesTables`: some write of the transaction is to a system table. */
  constructor(definesTables: boolean) {
    this.#definesTables = definesTables;
  }

  add({ table, key, claims }: Pick<RowVersion, 'table' | 'key' | 'claims'>): void {
    const { all } = this;
    all.push(certifiedKey(table, key));
    if (this.#definesTables && !this.#changesCatalog && CATALOG_IDS.has(table)) {
      this.#changesCatalog = true;
      all.push(certifiedKey(NO_OBJECT, ''));
    }
    if (this.#definesTables && table >= FIRST_USER_OBJECT) {
      if (table !== this.#lastTable) all.push(certifiedKey(table, ''));
      this.#lastTable = table;
      return;
    }
    for (let i = 0; i < claims.length; i++) {
      const claim = claims[i] as RowVersion['claims'][number];
      all.push(certifiedKey(claim.object, claim.key));
    }
  }
}

/** Has read the catalog. One key, because commits say this that have nothing to do with definitions: all of a log that servers share. */
export const CATALOG_READ: ReadRange = pointRead(NO_OBJECT, '');

/** Reads exactly one row. */
export function pointRead(object: ObjectId, key: string): ReadRange {
  return { object, from: key, to: `${key}\0` };
}

/** What a reader through a unique index reads beside its range and the rows that it finds: nobody has made or dropped indexes meanwhile. */
export function definitionRead(table: ObjectId): ReadRange {
  return pointRead(table, '');
}
