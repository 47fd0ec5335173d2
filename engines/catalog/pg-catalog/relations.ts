import {
  BOOTSTRAP,
  type ColumnRow,
  type IndexRow,
  type RelationKind,
  type RelationRow,
} from '#schemas/catalog/system-tables.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import { oidOf, sizeOf, typmodOf } from '#schemas/values/oids.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Value } from '#schemas/values/value.js';
import type { VirtualTableEntry } from '../entry.js';
import type { CatalogSnapshot } from '../snapshot.js';
import { indexColumns, readType } from '../snapshot-records.js';
import { type Cells, virtualTable } from '../virtual-table.js';
import { aclOf } from './acl.js';

/** pg_class, pg_attribute, pg_attrdef, pg_index, pg_sequence: what relations are made of. */

const RELKINDS: Readonly<Record<RelationKind, string>> = { table: 'r', view: 'v', sequence: 'S', index: 'i' };
const BTREE = 403;
const HEAP = 2;

export function ownRelations(catalog: CatalogSnapshot, database: ObjectId): RelationRow[] {
  return [...catalog.relations.values()].filter((relation) => relation.database === database);
}

function namespaceOf(schema: string): number {
  return schema === 'pg_catalog' ? BOOTSTRAP.pgCatalog : BOOTSTRAP.informationSchema;
}

export function* virtualEntries(catalog: CatalogSnapshot): Iterable<VirtualTableEntry> {
  for (const schema of catalog.virtual.values()) yield* schema.values();
}

const PLAIN: Cells = {
  reltype: 0,
  reloftype: 0,
  reltablespace: 0,
  relpages: 0,
  reltuples: -1,
  relallvisible: 0,
  reltoastrelid: 0,
  relhasindex: false,
  relisshared: false,
  relpersistence: 'p',
  relchecks: 0,
  relhasrules: false,
  relhastriggers: false,
  relhassubclass: false,
  relrowsecurity: false,
  relforcerowsecurity: false,
  relispopulated: true,
  relreplident: 'd',
  relispartition: false,
  relrewrite: 0,
  relfrozenxid: 0,
  relminmxid: 0,
};

export function livingColumns(catalog: CatalogSnapshot, relation: ObjectId): ColumnRow[] {
  return catalog
    .columnsOf(relation)
    .filter((column) => !column.dropped)
    .sort((a, b) => a.position - b.position);
}

function* classes(catalog: CatalogSnapshot, database: ObjectId): Iterable<Cells> {
  for (const relation of ownRelations(catalog, database)) {
    const index = catalog.indexes.get(relation.id);
    const constraints = catalog.constraintsOf(relation.id);
    yield {
      ...PLAIN,
      oid: relation.id,
      relname: relation.name,
      relnamespace: relation.schema,
      relowner: relation.owner,
      relam: relation.kind === 'index' ? BTREE : relation.kind === 'table' ? HEAP : 0,
      relfilenode: relation.generation ?? (relation.kind === 'view' ? 0 : relation.id),
      relhasindex: catalog.indexesOf(relation.id).length > 0,
      relkind: RELKINDS[relation.kind],
      relnatts: index === undefined ? catalog.columnsOf(relation.id).length : indexColumns(index).length,
      relchecks: constraints.filter((constraint) => constraint.kind === 'check').length,
      relhasrules: relation.kind === 'view',
      relhastriggers:
        constraints.some((constraint) => constraint.kind === 'foreign') || catalog.referencesTo(relation.id).length > 0,
      relreplident: relation.kind === 'table' ? 'd' : 'n',
      relacl:
        relation.kind === 'index'
          ? null
          : aclOf(catalog, relation.id, relation.owner, relation.kind === 'sequence' ? 'sequence' : 'table'),
      reloptions: relation.options,
    };
  }
  for (const entry of virtualEntries(catalog)) {
    yield {
      ...PLAIN,
      oid: entry.id,
      relname: entry.name,
      relnamespace: namespaceOf(entry.schema),
      relowner: BOOTSTRAP.superuser,
      relam: 0,
      relfilenode: 0,
      relkind: entry.id >= 12_000 ? 'v' : 'r',
      relnatts: entry.columns.length,
      relreplident: 'n',
      relacl: ['=r/polylog'],
    };
  }
}

const BY_VALUE: ReadonlySet<string> = new Set([
  'boolean',
  'smallint',
  'integer',
  'bigint',
  'real',
  'double',
  'oid',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'internalchar',
  'regclass',
  'regtype',
  'regproc',
]);

function alignmentOf(type: SqlType): string {
  if (type.kind === 'boolean' || type.kind === 'internalchar' || type.kind === 'uuid' || type.kind === 'name')
    return 'c';
  if (type.kind === 'smallint') return 's';
  return ['bigint', 'double', 'time', 'timetz', 'timestamp', 'timestamptz', 'interval'].includes(type.kind) ? 'd' : 'i';
}

export function isText(type: SqlType): boolean {
  const base = type.kind === 'array' ? type.element : type;
  return base.kind === 'text' || base.kind === 'varchar' || base.kind === 'char' || base.kind === 'name';
}

/** oids of the collations `default` and `C`. */
export function collationOf(type: SqlType): number {
  const base = type.kind === 'array' ? type.element : type;
  return base.kind === 'name' ? 950 : isText(type) ? 100 : 0;
}

function attribute(relation: number, name: string, number: number, type: SqlType, more: Cells = {}): Cells {
  return {
    attrelid: relation,
    attname: name,
    atttypid: oidOf(type),
    attstattarget: -1,
    attlen: sizeOf(type),
    attnum: number,
    attndims: type.kind === 'array' ? 1 : 0,
    attcacheoff: -1,
    atttypmod: typmodOf(type),
    attbyval: BY_VALUE.has(type.kind),
    attalign: alignmentOf(type),
    attstorage: sizeOf(type) > 0 ? 'p' : type.kind === 'numeric' ? 'm' : 'x',
    attcompression: '',
    attnotnull: false,
    atthasdef: false,
    atthasmissing: false,
    attidentity: '',
    attgenerated: '',
    attisdropped: false,
    attislocal: true,
    attinhcount: 0,
    attcollation: collationOf(type),
    ...more,
  };
}

function* attributes(catalog: CatalogSnapshot, database: ObjectId): Iterable<Cells> {
  for (const relation of ownRelations(catalog, database)) {
    if (relation.kind === 'index') {
      yield* indexAttributes(catalog, relation);
      continue;
    }
    if (relation.kind === 'sequence') {
      yield attribute(relation.id, 'last_value', 1, { kind: 'bigint' }, { attnotnull: true });
      yield attribute(relation.id, 'log_cnt', 2, { kind: 'bigint' }, { attnotnull: true });
      yield attribute(relation.id, 'is_called', 3, { kind: 'boolean' }, { attnotnull: true });
      continue;
    }
    for (const column of livingColumns(catalog, relation.id)) {
      yield attribute(relation.id, column.name, column.position, readType(column.type), {
        attnotnull: column.notNull,
        atthasdef: hasDefault(column),
        atthasmissing: column.missing !== null,
        attidentity: column.identity === null ? '' : column.identity === 'always' ? 'a' : 'd',
        attgenerated: column.generatedProgram === null ? '' : 's',
      });
    }
  }
  for (const entry of virtualEntries(catalog)) {
    for (const [i, column] of entry.columns.entries()) yield attribute(entry.id, column.name, i + 1, column.type);
  }
}

/** An identity column's values come from its sequence, which PostgreSQL does not show as a default. */
export function hasDefault(column: ColumnRow): boolean {
  return column.generatedProgram !== null || (column.defaultProgram !== null && column.identity === null);
}

function* indexAttributes(catalog: CatalogSnapshot, relation: RelationRow): Iterable<Cells> {
  const index = catalog.indexes.get(relation.id);
  if (index === undefined) return;
  const columns = catalog.columnsOf(index.relation);
  const bySlot = (slot: number): ColumnRow | undefined =>
    columns.find((column) => column.slot === slot && !column.dropped);
  const slots = [...indexColumns(index).map((column) => column.slot), ...(index.include ?? [])];
  const taken = new Set<string>();
  const texts = indexColumns(index).map((column) => column.text);
  for (const [i, slot] of slots.entries()) {
    const column = slot === null ? undefined : bySlot(slot);
    yield attribute(
      relation.id,
      freeName(column?.name ?? expressionName(texts[i] ?? ''), taken),
      i + 1,
      column === undefined ? { kind: 'text' } : readType(column.type),
    );
  }
}

/** PostgreSQL's FigureIndexColname: a function's name, or expr. */
function expressionName(text: string): string {
  return /^"?(\w+)"?\(/.exec(text)?.[1] ?? 'expr';
}

/** The name, with a number behind it where the index has it already. */
function freeName(name: string, taken: Set<string>): string {
  let free = name;
  for (let i = 1; taken.has(free); i++) free = `${name}${i}`;
  taken.add(free);
  return free;
}

/** A default's own number: one a column. */
export function defaultOid(column: ColumnRow): number {
  return (column.relation * 1_600 + column.position) % 4_294_967_296;
}

function* defaults(catalog: CatalogSnapshot, database: ObjectId): Iterable<Cells> {
  for (const relation of ownRelations(catalog, database)) {
    for (const column of livingColumns(catalog, relation.id)) {
      if (!hasDefault(column)) continue;
      yield {
        oid: defaultOid(column),
        adrelid: relation.id,
        adnum: column.position,
        adbin: column.generatedText ?? column.defaultText,
      };
    }
  }
}

function numberOf(catalog: CatalogSnapshot, relation: ObjectId, slot: number | null): number {
  return catalog.columnsOf(relation).find((column) => column.slot === slot && !column.dropped)?.position ?? 0;
}

/** Positions of columns by their slots, as constraints and indexes name them. */
export function numbersOf(catalog: CatalogSnapshot, relation: ObjectId, slots: readonly number[]): number[] {
  return slots.map((slot) => numberOf(catalog, relation, slot));
}

function indexCells(catalog: CatalogSnapshot, index: IndexRow): Cells {
  const keys = indexColumns(index);
  const columns = catalog.columnsOf(index.relation);
  const types = keys.map((key) => columns.find((column) => column.slot === key.slot && !column.dropped));
  const expressions = keys.filter((key) => key.slot === null).map((key) => key.text ?? '');
  const include = numbersOf(catalog, index.relation, index.include ?? []);
  const unused: Value[] = include.map(() => 0);
  return {
    indexrelid: index.id,
    indrelid: index.relation,
    indnatts: keys.length + include.length,
    indnkeyatts: keys.length,
    indisunique: index.unique,
    indnullsnotdistinct: false,
    indisprimary: index.rowKey,
    indisexclusion: false,
    indimmediate: true,
    indisclustered: false,
    indisvalid: true,
    indcheckxmin: false,
    indisready: true,
    indislive: true,
    indisreplident: false,
    indkey: [...keys.map((key) => numberOf(catalog, index.relation, key.slot)), ...include],
    indcollation: types.map((column) => (column === undefined ? 0 : collationOf(readType(column.type)))),
    indclass: types.map((column) => (column === undefined ? 3_126 : operatorClassOf(readType(column.type)))),
    indoption: [...keys.map((key) => (key.descending ? 1 : 0) + (key.nullsFirst ? 2 : 0)), ...unused],
    indexprs: expressions.length === 0 ? null : expressions.join(', '),
    indpred: index.predicateText,
  };
}

/** The btree operator class of a type: numbers of our own, listed in pg_opclass. */
export function operatorClassOf(type: SqlType): number {
  return 10_000 + oidOf(type);
}

function* indexes(catalog: CatalogSnapshot, database: ObjectId): Iterable<Cells> {
  for (const index of catalog.indexes.values()) {
    if (catalog.relations.get(index.id)?.database === database) yield indexCells(catalog, index);
  }
}

function* sequences(catalog: CatalogSnapshot, database: ObjectId): Iterable<Cells> {
  for (const sequence of catalog.sequences.values()) {
    if (catalog.relations.get(sequence.id)?.database !== database) continue;
    yield {
      seqrelid: sequence.id,
      seqtypid: oidOf(readType(sequence.type)),
      seqstart: sequence.start,
      seqincrement: sequence.increment,
      seqmax: sequence.maximum,
      seqmin: sequence.minimum,
      seqcache: sequence.cache,
      seqcycle: sequence.cycle,
    };
  }
}

export const RELATION_TABLES: readonly VirtualTableEntry[] = [
  virtualTable(
    'pg_catalog',
    'pg_class',
    1_259,
    'oid oid, relname name, relnamespace oid, reltype oid, reloftype oid, relowner oid, relam oid, relfilenode oid, reltablespace oid, relpages int4, reltuples float4, relallvisible int4, reltoastrelid oid, relhasindex bool, relisshared bool, relpersistence char, relkind char, relnatts int2, relchecks int2, relhasrules bool, relhastriggers bool, relhassubclass bool, relrowsecurity bool, relforcerowsecurity bool, relispopulated bool, relreplident char, relispartition bool, relrewrite oid, relfrozenxid oid, relminmxid oid, relacl text[], reloptions text[], relpartbound text',
    classes,
  ),
  virtualTable(
    'pg_catalog',
    'pg_attribute',
    1_249,
    'attrelid oid, attname name, atttypid oid, attstattarget int4, attlen int2, attnum int2, attndims int4, attcacheoff int4, atttypmod int4, attbyval bool, attalign char, attstorage char, attcompression char, attnotnull bool, atthasdef bool, atthasmissing bool, attidentity char, attgenerated char, attisdropped bool, attislocal bool, attinhcount int4, attcollation oid, attacl text[], attoptions text[], attfdwoptions text[], attmissingval text',
    attributes,
  ),
  virtualTable('pg_catalog', 'pg_attrdef', 2_604, 'oid oid, adrelid oid, adnum int2, adbin text', defaults),
  virtualTable(
    'pg_catalog',
    'pg_index',
    2_610,
    'indexrelid oid, indrelid oid, indnatts int2, indnkeyatts int2, indisunique bool, indnullsnotdistinct bool, indisprimary bool, indisexclusion bool, indimmediate bool, indisclustered bool, indisvalid bool, indcheckxmin bool, indisready bool, indislive bool, indisreplident bool, indkey int2vector, indcollation oidvector, indclass oidvector, indoption int2vector, indexprs text, indpred text',
    indexes,
  ),
  virtualTable(
    'pg_catalog',
    'pg_sequence',
    2_224,
    'seqrelid oid, seqtypid oid, seqstart int8, seqincrement int8, seqmax int8, seqmin int8, seqcache int8, seqcycle bool',
    sequences,
  ),
];
