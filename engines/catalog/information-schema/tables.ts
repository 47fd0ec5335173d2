import { type ColumnRow, GRANTS, type RelationRow, type SequenceRow } from '#schemas/catalog/system-tables.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import { LISTED_TYPES } from '#schemas/values/oids.js';
import type { SqlType } from '#schemas/values/type.js';
import { printTypeKind } from '#schemas/values/type-name.js';
import { PRIVILEGES } from '../ddl/privileges.js';
import type { VirtualTableEntry } from '../entry.js';
import { hasDefault, isText, livingColumns, ownRelations, virtualEntries } from '../pg-catalog/relations.js';
import type { CatalogSnapshot } from '../snapshot.js';
import { readType } from '../snapshot-records.js';
import { type Cells, virtualTable } from '../virtual-table.js';

/** information_schema: schemata, tables, columns, views, sequences, table_privileges. */

export function databaseName(catalog: CatalogSnapshot, database: ObjectId): string {
  return catalog.databases.get(database)?.name ?? '';
}

function* schemata(catalog: CatalogSnapshot, database: ObjectId): Iterable<Cells> {
  const catalog_name = databaseName(catalog, database);
  for (const schema_name of catalog.virtual.keys()) yield { catalog_name, schema_name, schema_owner: 'polylog' };
  for (const schema of catalog.schemas.values()) {
    if (schema.database === database)
      yield { catalog_name, schema_name: schema.name, schema_owner: catalog.userById(schema.owner)?.name ?? null };
  }
}

function place(catalog: CatalogSnapshot, database: ObjectId, relation: RelationRow): Cells {
  return {
    table_catalog: databaseName(catalog, database),
    table_schema: catalog.schemaName(relation.schema),
    table_name: relation.name,
  };
}

function* tables(catalog: CatalogSnapshot, database: ObjectId): Iterable<Cells> {
  for (const relation of ownRelations(catalog, database)) {
    if (relation.kind !== 'table' && relation.kind !== 'view') continue;
    const base = relation.kind === 'table';
    yield {
      ...place(catalog, database, relation),
      table_type: base ? 'BASE TABLE' : 'VIEW',
      is_insertable_into: base ? 'YES' : 'NO',
      is_typed: 'NO',
    };
  }
  const table_catalog = databaseName(catalog, database);
  for (const entry of virtualEntries(catalog)) {
    const table_type = entry.id >= 12_000 ? 'VIEW' : 'BASE TABLE';
    yield {
      table_catalog,
      table_schema: entry.schema,
      table_name: entry.name,
      table_type,
      is_insertable_into: 'NO',
      is_typed: 'NO',
    };
  }
}

const PRECISIONS: Readonly<Record<string, readonly [precision: number, radix: number, scale: number | null]>> = {
  smallint: [16, 2, 0],
  integer: [32, 2, 0],
  bigint: [64, 2, 0],
  real: [24, 2, null],
  double: [53, 2, null],
};

const UDT_NAMES: ReadonlyMap<string, string> = new Map(LISTED_TYPES.map(({ type, name }) => [type.kind, name]));

function udtName(type: SqlType): string {
  return type.kind === 'array' ? `_${udtName(type.element)}` : (UDT_NAMES.get(type.kind) ?? type.kind);
}

/** The columns of information_schema that describe a type. */
function typeCells(type: SqlType, database: string): Cells {
  const [precision, radix, scale] = PRECISIONS[type.kind] ?? [null, null, null];
  const length = type.kind === 'varchar' || type.kind === 'char' ? type.length || null : null;
  const numeric = type.kind === 'numeric';
  const timed = ['time', 'timetz', 'timestamp', 'timestamptz', 'interval'].includes(type.kind);
  return {
    data_type: type.kind === 'array' ? 'ARRAY' : printTypeKind(type),
    character_maximum_length: length,
    character_octet_length:
      length !== null
        ? length * 4
        : isText(type) && type.kind !== 'array' && type.kind !== 'name'
          ? 1_073_741_824
          : null,
    numeric_precision: numeric ? type.precision : precision,
    numeric_precision_radix: numeric ? 10 : radix,
    numeric_scale: numeric ? type.scale : scale,
    datetime_precision: type.kind === 'date' ? 0 : timed ? 6 : null,
    udt_catalog: database,
    udt_schema: 'pg_catalog',
    udt_name: udtName(type),
  };
}

function columnCells(catalog: CatalogSnapshot, column: ColumnRow, database: string): Cells {
  const type = readType(column.type);
  const sequence =
    column.identity === null
      ? undefined
      : [...catalog.sequences.values()].find((s) => s.ownedTable === column.relation && s.ownedSlot === column.slot);
  return {
    column_name: column.name,
    ordinal_position: column.position,
    column_default: hasDefault(column) && column.generatedProgram === null ? column.defaultText : null,
    is_nullable: column.notNull ? 'NO' : 'YES',
    ...typeCells(type, database),
    dtd_identifier: String(column.position),
    is_self_referencing: 'NO',
    is_identity: column.identity === null ? 'NO' : 'YES',
    identity_generation: column.identity === null ? null : column.identity === 'always' ? 'ALWAYS' : 'BY DEFAULT',
    identity_start: sequence === undefined ? null : String(sequence.start),
    identity_increment: sequence === undefined ? null : String(sequence.increment),
    identity_maximum: sequence === undefined ? null : String(sequence.maximum),
    identity_minimum: sequence === undefined ? null : String(sequence.minimum),
    identity_cycle: sequence?.cycle === true ? 'YES' : 'NO',
    is_generated: column.generatedProgram === null ? 'NEVER' : 'ALWAYS',
    generation_expression: column.generatedText,
    is_updatable: 'YES',
  };
}

function* columns(catalog: CatalogSnapshot, database: ObjectId): Iterable<Cells> {
  const name = databaseName(catalog, database);
  for (const relation of ownRelations(catalog, database)) {
    if (relation.kind !== 'table' && relation.kind !== 'view') continue;
    const where = place(catalog, database, relation);
    for (const column of livingColumns(catalog, relation.id)) yield { ...where, ...columnCells(catalog, column, name) };
  }
  for (const entry of virtualEntries(catalog)) {
    for (const [i, column] of entry.columns.entries()) {
      yield {
        table_catalog: name,
        table_schema: entry.schema,
        table_name: entry.name,
        column_name: column.name,
        ordinal_position: i + 1,
        is_nullable: 'YES',
        ...typeCells(column.type, name),
        dtd_identifier: String(i + 1),
        is_self_referencing: 'NO',
        is_identity: 'NO',
        identity_cycle: 'NO',
        is_generated: 'NEVER',
        is_updatable: 'NO',
      };
    }
  }
}

function* views(catalog: CatalogSnapshot, database: ObjectId): Iterable<Cells> {
  for (const relation of ownRelations(catalog, database)) {
    if (relation.kind !== 'view') continue;
    const no = {
      is_updatable: 'NO',
      is_insertable_into: 'NO',
      is_trigger_updatable: 'NO',
      is_trigger_deletable: 'NO',
      is_trigger_insertable_into: 'NO',
    };
    yield { ...place(catalog, database, relation), view_definition: relation.text, check_option: 'NONE', ...no };
  }
}

/** The sequences of identity columns are shown with these. */
function isIdentity(catalog: CatalogSnapshot, { ownedTable, ownedSlot }: SequenceRow): boolean {
  if (ownedTable === null) return false;
  return catalog.columnsOf(ownedTable).some(({ slot, identity }) => slot === ownedSlot && identity !== null);
}

function* sequences(catalog: CatalogSnapshot, database: ObjectId): Iterable<Cells> {
  for (const relation of ownRelations(catalog, database)) {
    const sequence = catalog.sequences.get(relation.id);
    if (sequence === undefined || isIdentity(catalog, sequence)) continue;
    const type = readType(sequence.type);
    yield {
      sequence_catalog: databaseName(catalog, database),
      sequence_schema: catalog.schemaName(relation.schema),
      sequence_name: relation.name,
      data_type: printTypeKind(type),
      numeric_precision: PRECISIONS[type.kind]?.[0] ?? null,
      numeric_precision_radix: 2,
      numeric_scale: 0,
      start_value: String(sequence.start),
      minimum_value: String(sequence.minimum),
      maximum_value: String(sequence.maximum),
      increment: String(sequence.increment),
      cycle_option: sequence.cycle ? 'YES' : 'NO',
    };
  }
}

function* tablePrivileges(catalog: CatalogSnapshot, database: ObjectId): Iterable<Cells> {
  const nameOf = (id: ObjectId): string => (id === 0 ? 'PUBLIC' : (catalog.userById(id)?.name ?? ''));
  for (const relation of ownRelations(catalog, database)) {
    if (relation.kind !== 'table' && relation.kind !== 'view') continue;
    const owner = nameOf(relation.owner);
    for (const privilege of PRIVILEGES['table'] ?? [])
      yield {
        grantor: owner,
        grantee: owner,
        ...place(catalog, database, relation),
        privilege_type: privilege.toUpperCase(),
        is_grantable: 'YES',
        with_hierarchy: privilege === 'select' ? 'YES' : 'NO',
      };
  }
  for (const grant of catalog.rows.of(GRANTS)) {
    const relation = catalog.relations.get(grant.object);
    if (relation === undefined || relation.database !== database || grant.grantee === relation.owner) continue;
    yield {
      grantor: nameOf(grant.grantor),
      grantee: nameOf(grant.grantee),
      ...place(catalog, database, relation),
      privilege_type: grant.privilege.toUpperCase(),
      is_grantable: grant.grantOption ? 'YES' : 'NO',
      with_hierarchy: grant.privilege === 'select' ? 'YES' : 'NO',
    };
  }
}

const COLUMN_COLUMNS =
  'table_catalog name, table_schema name, table_name name, column_name name, ordinal_position int4, column_default varchar, is_nullable varchar, data_type varchar, character_maximum_length int4, character_octet_length int4, numeric_precision int4, numeric_precision_radix int4, numeric_scale int4, datetime_precision int4, interval_type varchar, interval_precision int4, character_set_catalog name, character_set_schema name, character_set_name name, collation_catalog name, collation_schema name, collation_name name, domain_catalog name, domain_schema name, domain_name name, udt_catalog name, udt_schema name, udt_name name, scope_catalog name, scope_schema name, scope_name name, maximum_cardinality int4, dtd_identifier name, is_self_referencing varchar, is_identity varchar, identity_generation varchar, identity_start varchar, identity_increment varchar, identity_maximum varchar, identity_minimum varchar, identity_cycle varchar, is_generated varchar, generation_expression varchar, is_updatable varchar';

export const INFORMATION_TABLES: readonly VirtualTableEntry[] = [
  virtualTable(
    'information_schema',
    'schemata',
    13_001,
    'catalog_name name, schema_name name, schema_owner name, default_character_set_catalog name, default_character_set_schema name, default_character_set_name name, sql_path varchar',
    schemata,
  ),
  virtualTable(
    'information_schema',
    'tables',
    13_002,
    'table_catalog name, table_schema name, table_name name, table_type varchar, self_referencing_column_name name, reference_generation varchar, user_defined_type_catalog name, user_defined_type_schema name, user_defined_type_name name, is_insertable_into varchar, is_typed varchar, commit_action varchar',
    tables,
  ),
  virtualTable('information_schema', 'columns', 13_003, COLUMN_COLUMNS, columns),
  virtualTable(
    'information_schema',
    'views',
    13_004,
    'table_catalog name, table_schema name, table_name name, view_definition varchar, check_option varchar, is_updatable varchar, is_insertable_into varchar, is_trigger_updatable varchar, is_trigger_deletable varchar, is_trigger_insertable_into varchar',
    views,
  ),
  virtualTable(
    'information_schema',
    'sequences',
    13_005,
    'sequence_catalog name, sequence_schema name, sequence_name name, data_type varchar, numeric_precision int4, numeric_precision_radix int4, numeric_scale int4, start_value varchar, minimum_value varchar, maximum_value varchar, increment varchar, cycle_option varchar',
    sequences,
  ),
  virtualTable(
    'information_schema',
    'table_privileges',
    13_006,
    'grantor name, grantee name, table_catalog name, table_schema name, table_name name, privilege_type varchar, is_grantable varchar, with_hierarchy varchar',
    tablePrivileges,
  ),
  virtualTable(
    'information_schema',
    'routines',
    13_007,
    'specific_catalog name, specific_schema name, specific_name name, routine_catalog name, routine_schema name, routine_name name, routine_type varchar, data_type varchar, type_udt_name name, routine_body varchar, routine_definition varchar, external_language varchar',
  ),
  virtualTable(
    'information_schema',
    'parameters',
    13_008,
    'specific_catalog name, specific_schema name, specific_name name, ordinal_position int4, parameter_mode varchar, parameter_name name, data_type varchar',
  ),
  virtualTable(
    'information_schema',
    'triggers',
    13_009,
    'trigger_catalog name, trigger_schema name, trigger_name name, event_manipulation varchar, event_object_catalog name, event_object_schema name, event_object_table name, action_statement varchar, action_orientation varchar, action_timing varchar',
  ),
  virtualTable(
    'information_schema',
    'domains',
    13_010,
    'domain_catalog name, domain_schema name, domain_name name, data_type varchar, udt_name name',
  ),
  virtualTable(
    'information_schema',
    'element_types',
    13_011,
    'object_catalog name, object_schema name, object_name name, object_type varchar, collection_type_identifier name, data_type varchar, udt_name name',
  ),
];
