import { shapeOfSchema } from '#schemas/events/avro-schema.js';
import type { SchemaSource } from '#schemas/events/codec.js';
import { assert } from '#schemas/kernel/assert.js';
import type { SqlType } from '#schemas/values/type.js';

/** A column of a table as files of a layout hold it. */
export interface StoredColumn {
  /** In Parquet. */
  readonly name: string;
  readonly slot: number;
  readonly type: SqlType;
}

/** How the rows of a table stood in the log for a while, and so in files: a change of its columns begins another one. Plain JSON. */
export interface TableLayout {
  /** schema.table, for people. */
  readonly table: string;
  readonly columns: readonly StoredColumn[];
  /** Columns of higher slots are younger than the rows. */
  readonly slots: number;
}

/** Stand before the columns of the table. */
export const KEY_COLUMN = '_key';
export const OFFSET_COLUMN = '_offset';
export const OPERATION_COLUMN = '_op';
/** Stands behind them: a JSON object of slot to text form, for values that the column's type in Parquet cannot hold. */
export const ODD_COLUMN = '_odd';

const HIDDEN: ReadonlySet<string> = new Set([KEY_COLUMN, OFFSET_COLUMN, OPERATION_COLUMN, ODD_COLUMN]);

/** What `_op` says. Only what is no insert can end the life of an earlier version. */
export const OPERATION = { insert: 0, update: 1, delete: 2 } as const;

/** The layouts of rows by the schema ids that their events were written with. */
export class TableLayouts {
  readonly #schemas: SchemaSource;
  readonly #byId = new Map<number, TableLayout>();
  readonly #byText = new Map<string, TableLayout>();

  constructor(schemas: SchemaSource) {
    this.#schemas = schemas;
  }

  /** The same object for equal layouts. */
  of(schemaId: number): TableLayout {
    const known = this.#byId.get(schemaId);
    if (known !== undefined) return known;
    const text = this.#schemas.schemaText(schemaId);
    const shape = text === null ? null : shapeOfSchema(JSON.parse(text) as Record<string, unknown>);
    assert(shape !== null, `schema ${schemaId} is not known any more`);
    const layout = this.same({
      table: `${shape.schema}.${shape.name}`,
      columns: named(shape.columns),
      slots: shape.slots,
    });
    this.#byId.set(schemaId, layout);
    return layout;
  }

  /** The one object for all layouts that are equal to this one. */
  same(layout: TableLayout): TableLayout {
    const text = JSON.stringify([layout.columns, layout.slots]);
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    this.#byText.set(text, layout);
    return layout;
  }
}

/** DuckDB takes names without regard to case; one that is taken gets its slot behind it. */
function named(
  columns: ReadonlyArray<{ readonly name: string; readonly slot: number; readonly type: SqlType }>,
): StoredColumn[] {
  const taken = new Set(HIDDEN);
  return columns.map(({ name, slot, type }) => {
    let free = name;
    while (taken.has(free.toLowerCase())) free = `${free}_${slot}`;
    taken.add(free.toLowerCase());
    return { name: free, slot, type };
  });
}
