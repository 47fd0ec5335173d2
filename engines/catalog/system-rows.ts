import type { SystemTable } from '#schemas/catalog/system-tables.js';
import * as tables from '#schemas/catalog/system-tables.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import type { Row } from '#schemas/values/value.js';

const BY_ID = new Map<ObjectId, SystemTable<never>>(
  tables.CATALOG_TABLES.map((table) => [table.shape.id, table as SystemTable<never>]),
);

/** True for a table whose changes make a new catalog. */
export function isCatalogTable(table: ObjectId): boolean {
  return BY_ID.has(table);
}

/**
 * The rows of all catalog tables at one moment, by their row keys in the store. A copy is cheap: tables are copied when they are first changed.
 */
export class SystemRows {
  #tables: Map<ObjectId, ReadonlyMap<string, object>>;
  #own = new Set<ObjectId>();

  constructor(tables_: ReadonlyMap<ObjectId, ReadonlyMap<string, object>> = new Map()) {
    this.#tables = new Map(tables_);
  }

  /** Later changes of either do not show in the other. */
  copy(): SystemRows {
    this.#own = new Set();
    return new SystemRows(this.#tables);
  }

  /** `row` null = deleted. Other tables' rows are passed over. */
  apply(table: ObjectId, key: string, row: Row | null): void {
    const definition = BY_ID.get(table);
    if (definition === undefined) return;
    let rows = this.#tables.get(table) as Map<string, object> | undefined;
    if (rows === undefined || !this.#own.has(table)) {
      rows = new Map(rows);
      this.#tables.set(table, rows);
      this.#own.add(table);
    }
    if (row === null) rows.delete(key);
    else rows.set(key, definition.fromRow(row));
  }

  of<T>(table: SystemTable<T>): Iterable<T> {
    return ((this.#tables.get(table.shape.id) as ReadonlyMap<string, T> | undefined) ?? new Map<string, T>()).values();
  }
}
