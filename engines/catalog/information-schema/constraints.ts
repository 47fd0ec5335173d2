import { CONSTRAINTS, type ConstraintRow, type RelationRow } from '#schemas/catalog/system-tables.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import { wrapped } from '../describe/definitions.js';
import type { VirtualTableEntry } from '../entry.js';
import { livingColumns, ownRelations } from '../pg-catalog/relations.js';
import type { CatalogSnapshot } from '../snapshot.js';
import { type Cells, virtualTable } from '../virtual-table.js';
import { databaseName } from './tables.js';

/** information_schema: what constrains tables. */

const TYPES: Readonly<Record<ConstraintRow['kind'], string>> = {
  primary: 'PRIMARY KEY',
  unique: 'UNIQUE',
  check: 'CHECK',
  foreign: 'FOREIGN KEY',
};

function* own(
  catalog: CatalogSnapshot,
  database: ObjectId,
): Iterable<{ row: ConstraintRow; table: RelationRow; schema: string }> {
  for (const row of catalog.rows.of(CONSTRAINTS)) {
    const table = catalog.relations.get(row.relation);
    if (table?.database === database) yield { row, table, schema: catalog.schemaName(table.schema) };
  }
}

function nameCells(prefix: string, database: string, schema: string, name: string): Cells {
  return { [`${prefix}_catalog`]: database, [`${prefix}_schema`]: schema, [`${prefix}_name`]: name };
}

/** NOT NULL columns count as CHECK constraints in the standard's views. */
function* notNulls(
  catalog: CatalogSnapshot,
  database: ObjectId,
): Iterable<{ name: string; table: RelationRow; schema: string; column: string }> {
  for (const table of ownRelations(catalog, database)) {
    if (table.kind !== 'table') continue;
    for (const column of livingColumns(catalog, table.id)) {
      if (column.notNull)
        yield {
          name: `${table.schema}_${table.id}_${column.position}_not_null`,
          table,
          schema: catalog.schemaName(table.schema),
          column: column.name,
        };
    }
  }
}

function* tableConstraints(catalog: CatalogSnapshot, database: ObjectId): Iterable<Cells> {
  const name = databaseName(catalog, database);
  for (const { row, table, schema } of own(catalog, database)) {
    yield {
      ...nameCells('constraint', name, schema, row.name),
      ...nameCells('table', name, schema, table.name),
      constraint_type: TYPES[row.kind],
      is_deferrable: row.deferrable ? 'YES' : 'NO',
      initially_deferred: row.initiallyDeferred ? 'YES' : 'NO',
      enforced: 'YES',
      nulls_distinct: row.kind === 'unique' ? 'YES' : null,
    };
  }
  for (const check of notNulls(catalog, database)) {
    yield {
      ...nameCells('constraint', name, check.schema, check.name),
      ...nameCells('table', name, check.schema, check.table.name),
      constraint_type: 'CHECK',
      is_deferrable: 'NO',
      initially_deferred: 'NO',
      enforced: 'YES',
    };
  }
}

function columnNamed(catalog: CatalogSnapshot, relation: ObjectId, slot: number): string | null {
  return catalog.columnsOf(relation).find((column) => column.slot === slot && !column.dropped)?.name ?? null;
}

/** The place of a foreign key's column among those of the key that it refers to. */
function placeInReferenced(catalog: CatalogSnapshot, row: ConstraintRow, i: number): number | null {
  if (row.kind !== 'foreign' || row.references === null) return null;
  const target = catalog
    .constraintsOf(row.references)
    .find((c) => (row.referencedIndex === null ? c.kind === 'primary' : c.index === row.referencedIndex));
  const slot = row.referencedSlots?.[i] ?? -1;
  return target === undefined ? i + 1 : target.slots.indexOf(slot) + 1;
}

function* keyColumnUsage(catalog: CatalogSnapshot, database: ObjectId): Iterable<Cells> {
  const name = databaseName(catalog, database);
  for (const { row, table, schema } of own(catalog, database)) {
    if (row.kind === 'check') continue;
    for (const [i, slot] of row.slots.entries()) {
      yield {
        ...nameCells('constraint', name, schema, row.name),
        ...nameCells('table', name, schema, table.name),
        column_name: columnNamed(catalog, row.relation, slot),
        ordinal_position: i + 1,
        position_in_unique_constraint: placeInReferenced(catalog, row, i),
      };
    }
  }
}

/** Of a foreign key: the columns that it refers to; of others: their own. */
function* constraintColumnUsage(catalog: CatalogSnapshot, database: ObjectId): Iterable<Cells> {
  const name = databaseName(catalog, database);
  for (const { row, table, schema } of own(catalog, database)) {
    const target = row.references === null ? table : catalog.relations.get(row.references);
    if (target === undefined) continue;
    for (const slot of row.kind === 'foreign' ? (row.referencedSlots ?? []) : row.slots) {
      yield {
        ...nameCells('table', name, catalog.schemaName(target.schema), target.name),
        column_name: columnNamed(catalog, target.id, slot),
        ...nameCells('constraint', name, schema, row.name),
      };
    }
  }
}

const RULES: Readonly<Record<string, string>> = {
  'no-action': 'NO ACTION',
  restrict: 'RESTRICT',
  cascade: 'CASCADE',
  'set-null': 'SET NULL',
  'set-default': 'SET DEFAULT',
};

function* referentialConstraints(catalog: CatalogSnapshot, database: ObjectId): Iterable<Cells> {
  const name = databaseName(catalog, database);
  for (const { row, schema } of own(catalog, database)) {
    if (row.kind !== 'foreign' || row.references === null) continue;
    const parent = catalog.relations.get(row.references);
    const target = catalog
      .constraintsOf(row.references)
      .find((c) => (row.referencedIndex === null ? c.kind === 'primary' : c.index === row.referencedIndex));
    yield {
      ...nameCells('constraint', name, schema, row.name),
      unique_constraint_catalog: target === undefined ? null : name,
      unique_constraint_schema: target === undefined || parent === undefined ? null : catalog.schemaName(parent.schema),
      unique_constraint_name: target?.name ?? null,
      match_option: row.match === 'full' ? 'FULL' : 'NONE',
      update_rule: RULES[row.onUpdate ?? ''] ?? 'NO ACTION',
      delete_rule: RULES[row.onDelete ?? ''] ?? 'NO ACTION',
    };
  }
}

function* checkConstraints(catalog: CatalogSnapshot, database: ObjectId): Iterable<Cells> {
  const name = databaseName(catalog, database);
  for (const { row, schema } of own(catalog, database)) {
    if (row.kind === 'check')
      yield { ...nameCells('constraint', name, schema, row.name), check_clause: wrapped(row.text ?? '') };
  }
  for (const check of notNulls(catalog, database)) {
    yield { ...nameCells('constraint', name, check.schema, check.name), check_clause: `${check.column} IS NOT NULL` };
  }
}

export const INFORMATION_CONSTRAINTS: readonly VirtualTableEntry[] = [
  virtualTable(
    'information_schema',
    'table_constraints',
    13_020,
    'constraint_catalog name, constraint_schema name, constraint_name name, table_catalog name, table_schema name, table_name name, constraint_type varchar, is_deferrable varchar, initially_deferred varchar, enforced varchar, nulls_distinct varchar',
    tableConstraints,
  ),
  virtualTable(
    'information_schema',
    'key_column_usage',
    13_021,
    'constraint_catalog name, constraint_schema name, constraint_name name, table_catalog name, table_schema name, table_name name, column_name name, ordinal_position int4, position_in_unique_constraint int4',
    keyColumnUsage,
  ),
  virtualTable(
    'information_schema',
    'constraint_column_usage',
    13_022,
    'table_catalog name, table_schema name, table_name name, column_name name, constraint_catalog name, constraint_schema name, constraint_name name',
    constraintColumnUsage,
  ),
  virtualTable(
    'information_schema',
    'referential_constraints',
    13_023,
    'constraint_catalog name, constraint_schema name, constraint_name name, unique_constraint_catalog name, unique_constraint_schema name, unique_constraint_name name, match_option varchar, update_rule varchar, delete_rule varchar',
    referentialConstraints,
  ),
  virtualTable(
    'information_schema',
    'check_constraints',
    13_024,
    'constraint_catalog name, constraint_schema name, constraint_name name, check_clause varchar',
    checkConstraints,
  ),
];
