import type { IndexRow, RelationRow } from '#schemas/catalog/system-tables.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import { oidOf } from '#schemas/values/oids.js';
import { indexDefinition } from '../describe/definitions.js';
import type { VirtualTableEntry } from '../entry.js';
import type { CatalogSnapshot } from '../snapshot.js';
import { readType } from '../snapshot-records.js';
import { type Cells, virtualTable } from '../virtual-table.js';
import { ownRelations, virtualEntries } from './relations.js';

/** Views of PostgreSQL that list relations by name: pg_tables, pg_indexes, pg_views, pg_sequences and the statistics views. */

function ownerOf(catalog: CatalogSnapshot, relation: RelationRow): string {
  return catalog.userById(relation.owner)?.name ?? '';
}

function relationsOfKind(catalog: CatalogSnapshot, database: ObjectId, kind: RelationRow['kind']): RelationRow[] {
  return ownRelations(catalog, database).filter((relation) => relation.kind === kind);
}

function* tables(catalog: CatalogSnapshot, database: ObjectId): Iterable<Cells> {
  for (const relation of relationsOfKind(catalog, database, 'table')) {
    yield {
      schemaname: catalog.schemaName(relation.schema),
      tablename: relation.name,
      tableowner: ownerOf(catalog, relation),
      hasindexes: catalog.indexesOf(relation.id).length > 0,
      hasrules: false,
      hastriggers: false,
      rowsecurity: false,
    };
  }
  for (const entry of virtualEntries(catalog)) {
    if (entry.schema !== 'pg_catalog' || entry.id >= 12_000) continue;
    yield {
      schemaname: entry.schema,
      tablename: entry.name,
      tableowner: 'polylog',
      hasindexes: false,
      hasrules: false,
      hastriggers: false,
      rowsecurity: false,
    };
  }
}

function* views(catalog: CatalogSnapshot, database: ObjectId): Iterable<Cells> {
  for (const relation of relationsOfKind(catalog, database, 'view')) {
    yield {
      schemaname: catalog.schemaName(relation.schema),
      viewname: relation.name,
      viewowner: ownerOf(catalog, relation),
      definition: relation.text,
    };
  }
}

function* indexes(catalog: CatalogSnapshot, database: ObjectId): Iterable<Cells> {
  const owner = catalog.databases.get(database);
  for (const relation of relationsOfKind(catalog, database, 'index')) {
    const table = relation.parent === null ? undefined : catalog.relations.get(relation.parent);
    if (owner === undefined || table === undefined) continue;
    // The table is always shown with its schema here, so no search path matters.
    const session = { database: owner, user: [...catalog.users.values()][0] as never, searchPath: [], catalog };
    yield {
      schemaname: catalog.schemaName(relation.schema),
      tablename: table.name,
      indexname: relation.name,
      indexdef: indexDefinition(session, catalog, relation.id, 0, false),
    };
  }
}

function* sequences(catalog: CatalogSnapshot, database: ObjectId): Iterable<Cells> {
  for (const relation of relationsOfKind(catalog, database, 'sequence')) {
    const sequence = catalog.sequences.get(relation.id);
    if (sequence === undefined) continue;
    yield {
      schemaname: catalog.schemaName(relation.schema),
      sequencename: relation.name,
      sequenceowner: ownerOf(catalog, relation),
      data_type: oidOf(readType(sequence.type)),
      start_value: sequence.start,
      min_value: sequence.minimum,
      max_value: sequence.maximum,
      increment_by: sequence.increment,
      cycle: sequence.cycle,
      cache_size: sequence.cache,
      last_value: null,
    };
  }
}

function* tableStatistics(catalog: CatalogSnapshot, database: ObjectId): Iterable<Cells> {
  for (const relation of relationsOfKind(catalog, database, 'table')) {
    yield {
      relid: relation.id,
      schemaname: catalog.schemaName(relation.schema),
      relname: relation.name,
      seq_scan: 0n,
      idx_scan: 0n,
      n_live_tup: 0n,
      n_dead_tup: 0n,
    };
  }
}

function* indexStatistics(catalog: CatalogSnapshot, database: ObjectId): Iterable<Cells> {
  for (const relation of relationsOfKind(catalog, database, 'index')) {
    const index = catalog.indexes.get(relation.id) as IndexRow;
    yield {
      relid: index.relation,
      indexrelid: relation.id,
      schemaname: catalog.schemaName(relation.schema),
      relname: catalog.relations.get(index.relation)?.name ?? null,
      indexrelname: relation.name,
      idx_scan: 0n,
      idx_tup_read: 0n,
      idx_tup_fetch: 0n,
    };
  }
}

const TABLE_STATISTICS =
  'relid oid, schemaname name, relname name, seq_scan int8, seq_tup_read int8, idx_scan int8, idx_tup_fetch int8, n_tup_ins int8, n_tup_upd int8, n_tup_del int8, n_tup_hot_upd int8, n_live_tup int8, n_dead_tup int8, n_mod_since_analyze int8, last_vacuum timestamptz, last_autovacuum timestamptz, last_analyze timestamptz, last_autoanalyze timestamptz';
const TABLE_BLOCKS =
  'relid oid, schemaname name, relname name, heap_blks_read int8, heap_blks_hit int8, idx_blks_read int8, idx_blks_hit int8, toast_blks_read int8, toast_blks_hit int8, tidx_blks_read int8, tidx_blks_hit int8';
const INDEX_STATISTICS =
  'relid oid, indexrelid oid, schemaname name, relname name, indexrelname name, idx_scan int8, idx_tup_read int8, idx_tup_fetch int8';

export const LISTINGS: readonly VirtualTableEntry[] = [
  virtualTable(
    'pg_catalog',
    'pg_tables',
    12_010,
    'schemaname name, tablename name, tableowner name, tablespace name, hasindexes bool, hasrules bool, hastriggers bool, rowsecurity bool',
    tables,
  ),
  virtualTable(
    'pg_catalog',
    'pg_views',
    12_011,
    'schemaname name, viewname name, viewowner name, definition text',
    views,
  ),
  virtualTable(
    'pg_catalog',
    'pg_matviews',
    12_012,
    'schemaname name, matviewname name, matviewowner name, tablespace name, hasindexes bool, ispopulated bool, definition text',
  ),
  virtualTable(
    'pg_catalog',
    'pg_indexes',
    12_013,
    'schemaname name, tablename name, indexname name, tablespace name, indexdef text',
    indexes,
  ),
  virtualTable(
    'pg_catalog',
    'pg_sequences',
    12_014,
    'schemaname name, sequencename name, sequenceowner name, data_type regtype, start_value int8, min_value int8, max_value int8, increment_by int8, cycle bool, cache_size int8, last_value int8',
    sequences,
  ),
  virtualTable('pg_catalog', 'pg_stat_user_tables', 12_015, TABLE_STATISTICS, tableStatistics),
  virtualTable('pg_catalog', 'pg_stat_all_tables', 12_016, TABLE_STATISTICS, tableStatistics),
  virtualTable('pg_catalog', 'pg_statio_all_tables', 12_017, TABLE_BLOCKS, tableStatistics),
  virtualTable('pg_catalog', 'pg_statio_user_tables', 12_018, TABLE_BLOCKS, tableStatistics),
  virtualTable('pg_catalog', 'pg_stat_user_indexes', 12_019, INDEX_STATISTICS, indexStatistics),
  virtualTable('pg_catalog', 'pg_stat_all_indexes', 12_020, INDEX_STATISTICS, indexStatistics),
];
