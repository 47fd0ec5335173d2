import { COMMENTS, CONSTRAINTS, type ConstraintRow } from '#schemas/catalog/system-tables.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import { sequencesIn } from '../ddl/tree.js';
import type { VirtualTableEntry } from '../entry.js';
import type { CatalogSnapshot } from '../snapshot.js';
import { expressionOf } from '../snapshot-records.js';
import { type Cells, virtualTable } from '../virtual-table.js';
import { defaultOid, livingColumns, numbersOf, ownRelations } from './relations.js';

/** pg_constraint, pg_depend, pg_rewrite, pg_description. */

const TYPES: Readonly<Record<ConstraintRow['kind'], string>> = { primary: 'p', unique: 'u', check: 'c', foreign: 'f' };
const ACTIONS: Readonly<Record<string, string>> = {
  'no-action': 'a',
  restrict: 'r',
  cascade: 'c',
  'set-null': 'n',
  'set-default': 'd',
};

const CLASS = 1_259;
const CONSTRAINT = 2_606;
const ATTRDEF = 2_604;
const REWRITE = 2_618;
const NAMESPACE = 2_615;
const DATABASE = 1_262;
const AUTHID = 1_260;

function* constraints(catalog: CatalogSnapshot, database: ObjectId): Iterable<Cells> {
  for (const row of catalog.rows.of(CONSTRAINTS)) {
    const relation = catalog.relations.get(row.relation);
    if (relation?.database !== database) continue;
    const foreign = row.kind === 'foreign';
    const parent = row.references;
    yield {
      oid: row.id,
      conname: row.name,
      connamespace: relation.schema,
      contype: TYPES[row.kind],
      condeferrable: row.deferrable,
      condeferred: row.initiallyDeferred,
      convalidated: row.validated,
      conrelid: row.relation,
      contypid: 0,
      conindid: row.index ?? (foreign ? supportingIndex(catalog, row) : 0),
      conparentid: 0,
      confrelid: parent ?? 0,
      confupdtype: foreign ? (ACTIONS[row.onUpdate ?? ''] ?? 'a') : ' ',
      confdeltype: foreign ? (ACTIONS[row.onDelete ?? ''] ?? 'a') : ' ',
      confmatchtype: foreign ? (row.match === 'full' ? 'f' : 's') : ' ',
      conislocal: true,
      coninhcount: 0,
      connoinherit: row.kind !== 'check',
      conkey: numbersOf(catalog, row.relation, row.slots),
      confkey: parent === null ? null : numbersOf(catalog, parent, row.referencedSlots ?? []),
      conbin: row.text,
    };
  }
}

function supportingIndex(catalog: CatalogSnapshot, row: ConstraintRow): number {
  if (row.referencedIndex !== null) return row.referencedIndex;
  return row.references === null ? 0 : (catalog.indexesOf(row.references).find((index) => index.rowKey)?.id ?? 0);
}

/** A view's rule has the view's number with a bit of its own. */
function ruleOid(view: ObjectId): number {
  return (view + 2_000_000_000) % 4_294_967_296;
}

function depends(
  classid: number,
  objid: number,
  refclassid: number,
  refobjid: number,
  refobjsubid: number,
  deptype: string,
): Cells {
  return { classid, objid, objsubid: 0, refclassid, refobjid, refobjsubid, deptype };
}

function* dependencies(catalog: CatalogSnapshot, database: ObjectId): Iterable<Cells> {
  for (const relation of ownRelations(catalog, database)) {
    if (relation.kind !== 'index') yield depends(CLASS, relation.id, NAMESPACE, relation.schema, 0, 'n');
    const index = catalog.indexes.get(relation.id);
    const constraint =
      index === undefined ? undefined : catalog.constraintsOf(index.relation).find((row) => row.index === relation.id);
    if (constraint !== undefined) yield depends(CLASS, relation.id, CONSTRAINT, constraint.id, 0, 'i');
    else if (index !== undefined) yield depends(CLASS, relation.id, CLASS, index.relation, 0, 'a');
    const sequence = catalog.sequences.get(relation.id);
    if (sequence !== undefined && sequence.ownedTable !== null && sequence.ownedSlot !== null) {
      const column = catalog.columnsOf(sequence.ownedTable).find((c) => c.slot === sequence.ownedSlot);
      yield depends(
        CLASS,
        relation.id,
        CLASS,
        sequence.ownedTable,
        column?.position ?? 0,
        column?.identity == null ? 'a' : 'i',
      );
    }
    for (const on of relation.kind === 'view' ? (relation.depends ?? []) : [])
      yield depends(REWRITE, ruleOid(relation.id), CLASS, on, 0, 'n');
    for (const column of livingColumns(catalog, relation.id)) {
      if (column.defaultProgram === null) continue;
      yield depends(ATTRDEF, defaultOid(column), CLASS, relation.id, column.position, 'a');
      for (const used of sequencesIn(expressionOf(column.defaultProgram)))
        yield depends(ATTRDEF, defaultOid(column), CLASS, used, 0, 'n');
    }
  }
}

function* rules(catalog: CatalogSnapshot, database: ObjectId): Iterable<Cells> {
  for (const relation of ownRelations(catalog, database)) {
    if (relation.kind !== 'view') continue;
    yield {
      oid: ruleOid(relation.id),
      rulename: '_RETURN',
      ev_class: relation.id,
      ev_type: '1',
      ev_enabled: 'O',
      is_instead: true,
      ev_qual: '<>',
      ev_action: relation.text,
    };
  }
}

function classOf(catalog: CatalogSnapshot, object: ObjectId): number {
  if (catalog.relations.has(object)) return CLASS;
  if (catalog.schemas.has(object)) return NAMESPACE;
  if (catalog.databases.has(object)) return DATABASE;
  return catalog.users.has(object) ? AUTHID : CONSTRAINT;
}

function* descriptions(catalog: CatalogSnapshot, shared: boolean): Iterable<Cells> {
  for (const row of catalog.rows.of(COMMENTS)) {
    const classoid = classOf(catalog, row.object);
    if ((classoid === DATABASE || classoid === AUTHID) !== shared) continue;
    yield { objoid: row.object, classoid, objsubid: row.sub, description: row.text };
  }
}

export const CONSTRAINT_TABLES: readonly VirtualTableEntry[] = [
  virtualTable(
    'pg_catalog',
    'pg_constraint',
    CONSTRAINT,
    'oid oid, conname name, connamespace oid, contype char, condeferrable bool, condeferred bool, convalidated bool, conrelid oid, contypid oid, conindid oid, conparentid oid, confrelid oid, confupdtype char, confdeltype char, confmatchtype char, conislocal bool, coninhcount int4, connoinherit bool, conkey int2[], confkey int2[], conpfeqop oid[], conppeqop oid[], conffeqop oid[], confdelsetcols int2[], conexclop oid[], conbin text',
    constraints,
  ),
  virtualTable(
    'pg_catalog',
    'pg_depend',
    2_608,
    'classid oid, objid oid, objsubid int4, refclassid oid, refobjid oid, refobjsubid int4, deptype char',
    dependencies,
  ),
  virtualTable(
    'pg_catalog',
    'pg_rewrite',
    REWRITE,
    'oid oid, rulename name, ev_class oid, ev_type char, ev_enabled char, is_instead bool, ev_qual text, ev_action text',
    rules,
  ),
  virtualTable(
    'pg_catalog',
    'pg_description',
    2_609,
    'objoid oid, classoid oid, objsubid int4, description text',
    (catalog) => descriptions(catalog, false),
  ),
  virtualTable('pg_catalog', 'pg_shdescription', 2_396, 'objoid oid, classoid oid, description text', (catalog) =>
    descriptions(catalog, true),
  ),
];
