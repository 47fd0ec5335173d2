import { assert } from '#schemas/kernel/assert.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import type { SqlType } from '#schemas/values/type.js';
import { arrayOf, TYPES, typeByName } from '#schemas/values/type-name.js';
import type { Value } from '#schemas/values/value.js';
import type { Catalog, VirtualTableEntry } from './entry.js';
import { CatalogSnapshot } from './snapshot.js';

/** One row by column names; a column that is left out is null. */
export type Cells = { readonly [column: string]: Value };

/** Computes the rows of one database. */
export type Compute = (catalog: CatalogSnapshot, database: ObjectId) => Iterable<Cells>;

const VECTORS: Readonly<Record<string, SqlType>> = {
  int2vector: { kind: 'array', element: TYPES.smallint, vector: true },
  oidvector: { kind: 'array', element: TYPES.oid, vector: true },
};

/** 'oid oid, relname name, relacl text[]' → columns. */
function readColumns(text: string): ReadonlyArray<{ readonly name: string; readonly type: SqlType }> {
  return text.split(',').map((part) => {
    const [name = '', typeText = ''] = part.trim().split(/\s+/);
    const vector = VECTORS[typeText];
    if (vector !== undefined) return { name, type: vector };
    const array = typeText.endsWith('[]');
    const type = typeByName(array ? typeText.slice(0, -2) : typeText);
    assert(type !== null, `a virtual table's column ${name} has the unknown type ${typeText}`);
    return { name, type: array ? arrayOf(type) : type };
  });
}

const NOTHING: Compute = () => [];

/** A table of the catalog's own. `columns` is a list of names and pg_type names. */
export function virtualTable(
  schema: string,
  name: string,
  id: number,
  columns: string,
  compute: Compute = NOTHING,
): VirtualTableEntry {
  const read = readColumns(columns);
  const names = read.map((column) => column.name);
  return {
    kind: 'virtual',
    id: id as ObjectId,
    schema,
    name,
    columns: read,
    *rows(catalog: Catalog, database: ObjectId) {
      assert(catalog instanceof CatalogSnapshot, 'a catalog comes from the catalog store');
      for (const cells of compute(catalog, database)) yield names.map((column) => cells[column] ?? null);
    },
  };
}
