import type { ObjectId } from '#schemas/kernel/brand.js';
import type { Catalog, ForeignKeyEntry, TableEntry } from '../catalog/entry.js';

/**
 * Tables that a write locks besides its own, because foreign keys make it look rows up in them or change them. PostgreSQL locks them when it meets such a row; here they are locked with
 * the statement's own tables, before it begins, so that it starts over with the newest catalog when it had to wait for DDL.
 */
export class RelatedTables {
  /** Looked up: parents of new rows, children that nothing is done to. */
  readonly shared = new Set<ObjectId>();
  /** The statement's own, and those that a referential action changes. */
  readonly written = new Set<ObjectId>();
  readonly #catalog: Catalog;

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  inserted(table: TableEntry): void {
    for (const key of table.foreignKeys) this.shared.add(key.references);
  }

  /** `slots`: the columns that are assigned to. */
  updated(table: TableEntry, slots: readonly number[]): void {
    for (const key of table.foreignKeys) if (meets(key.slots, slots)) this.shared.add(key.references);
    for (const key of table.referencedBy) {
      if (!meets(key.referencedSlots, slots)) continue;
      const child = this.#child(key, key.onUpdate);
      if (child !== null) this.updated(child, key.slots);
    }
  }

  deleted(table: TableEntry): void {
    for (const key of table.referencedBy) {
      const child = this.#child(key, key.onDelete);
      if (child === null) continue;
      if (key.onDelete === 'cascade') this.deleted(child);
      else this.updated(child, key.slots);
    }
  }

  /** The child that the action changes; null when it is only looked up, or has been met before. */
  #child(key: ForeignKeyEntry, action: ForeignKeyEntry['onDelete']): TableEntry | null {
    if (action === 'no-action' || action === 'restrict') {
      this.shared.add(key.table);
      return null;
    }
    if (this.written.has(key.table)) return null;
    this.written.add(key.table);
    const child = this.#catalog.relationById(key.table);
    return child?.kind === 'table' ? child : null;
  }
}

function meets(one: readonly number[], other: readonly number[]): boolean {
  return one.some((slot) => other.includes(slot));
}
