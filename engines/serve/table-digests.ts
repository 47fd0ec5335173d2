import { type DigestColumn, type TableDigest, TableDigester } from '#schemas/events/table-digest.js';
import type { Offset } from '#schemas/kernel/brand.js';
import type { CatalogStore } from '../catalog/catalog-store.js';
import type { RowReader } from '../rows/reading.js';
import type { TableShape } from '../rows/shape.js';
import type { TransactionManager } from '../tx/transaction-manager.js';

/** A table of users with what its rows come to. */
export interface DigestedTable extends TableDigest {
  /** database.schema.table */
  readonly name: string;
  /** Live columns, by which others digest it, too. */
  readonly columns: readonly DigestColumn[];
}

export interface TableDigests {
  /** Everything below it is in the digests, and nothing from it on. */
  readonly offset: Offset;
  readonly tables: readonly DigestedTable[];
}

/** Digests of all tables of users at the newest snapshot, which is held for as long as that takes. */
export async function tableDigests(
  catalog: CatalogStore,
  manager: TransactionManager,
  rows: RowReader,
  nextTurn: () => Promise<void>,
): Promise<TableDigests> {
  const held = manager.hold();
  try {
    const { current } = catalog;
    const shapes = [...current.generations()]
      .map((id) => current.shapeOfGeneration(id))
      .filter((shape) => shape !== null);
    const tables: DigestedTable[] = [];
    for (const shape of shapes) tables.push(await digested(shape));
    return { offset: held.view.snapshot, tables };
  } finally {
    held.release();
  }

  async function digested(shape: TableShape): Promise<DigestedTable> {
    const { database, schema, name } = shape.event;
    const columns = shape.event.columns.map(({ slot, type }) => ({ slot, type, missing: shape.missing[slot] ?? null }));
    const digester = new TableDigester(shape.id, columns);
    const cursor = rows.scan(shape, { from: null, to: null }, false, held.view);
    try {
      for (let batch = await cursor.next(); batch !== null; batch = await cursor.next()) {
        for (const { key, row } of batch) digester.add(key, row);
        await nextTurn();
      }
    } finally {
      cursor.close();
    }
    return { ...digester.finish(), name: `${database}.${schema}.${name}`, columns };
  }
}
