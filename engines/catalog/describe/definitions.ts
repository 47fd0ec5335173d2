import type { ConstraintRow, IndexColumnRecord, IndexRow } from '#schemas/catalog/system-tables.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import { quoteIdentifier } from '../../functions/scalars/text.js';
import type { NamingContext } from '../ddl-contract.js';
import type { CatalogSnapshot } from '../snapshot.js';
import { indexColumns } from '../snapshot-records.js';
import { qualifiedName, relationName } from './names.js';

/** The SQL text of indexes, constraints and defaults as PostgreSQL's ruleutils shows it. */

function columnName(catalog: CatalogSnapshot, relation: ObjectId, slot: number): string {
  const column = catalog.columnsOf(relation).find((c) => c.slot === slot && !c.dropped);
  return quoteIdentifier(column?.name ?? '?');
}

function columnNames(catalog: CatalogSnapshot, relation: ObjectId, slots: readonly number[]): string {
  return slots.map((slot) => columnName(catalog, relation, slot)).join(', ');
}

/** A function call needs no parentheses in an index; any other expression does. */
function keyText(catalog: CatalogSnapshot, index: IndexRow, column: IndexColumnRecord): string {
  if (column.slot !== null) return columnName(catalog, index.relation, column.slot);
  const text = column.text ?? '';
  return /^[\w."]+\(.*\)$/s.test(text) || /^\(.*\)$/s.test(text) ? text : `(${text})`;
}

function orderText(column: IndexColumnRecord): string {
  const { descending, nullsFirst } = column;
  const nulls = nullsFirst === descending ? '' : nullsFirst ? ' NULLS FIRST' : ' NULLS LAST';
  return `${descending ? ' DESC' : ''}${nulls}`;
}

/** pg_get_indexdef: the whole statement, or one column of it (from 1). */
export function indexDefinition(
  session: NamingContext,
  catalog: CatalogSnapshot,
  oid: ObjectId,
  column: number,
  pretty: boolean,
): string | null {
  const index = catalog.indexes.get(oid);
  const relation = catalog.relations.get(oid);
  if (index === undefined || relation === undefined) return null;
  const keys = indexColumns(index);
  if (column > 0) {
    const key = keys[column - 1];
    if (key !== undefined) return keyText(catalog, index, key);
    const included = index.include?.[column - 1 - keys.length];
    return included === undefined ? null : columnName(catalog, index.relation, included);
  }
  const table = catalog.relationById(index.relation);
  const on = table === null ? '?' : pretty ? relationName(session, table) : qualifiedName(table);
  const columns = keys.map((key) => keyText(catalog, index, key) + orderText(key)).join(', ');
  const include = index.include === null ? '' : ` INCLUDE (${columnNames(catalog, index.relation, index.include)})`;
  const where =
    index.predicateText === null
      ? ''
      : ` WHERE ${pretty ? index.predicateText.replace(/^\((.*)\)$/s, '$1') : index.predicateText}`;
  return `CREATE ${index.unique ? 'UNIQUE ' : ''}INDEX ${quoteIdentifier(relation.name)} ON ${on} USING btree (${columns})${include}${where}`;
}

/** True when the outer parentheses of a text belong together. */
function isWrapped(text: string): boolean {
  if (!text.startsWith('(') || !text.endsWith(')')) return false;
  let depth = 0;
  for (let i = 0; i < text.length - 1; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')') depth--;
    if (depth === 0) return false;
  }
  return true;
}

export function wrapped(text: string): string {
  return isWrapped(text) ? text : `(${text})`;
}

const ACTIONS: Readonly<Record<string, string>> = {
  restrict: 'RESTRICT',
  cascade: 'CASCADE',
  'set-null': 'SET NULL',
  'set-default': 'SET DEFAULT',
};

/** pg_get_constraintdef. */
export function constraintDefinition(
  session: NamingContext,
  catalog: CatalogSnapshot,
  row: ConstraintRow,
  pretty: boolean,
): string {
  const columns = columnNames(catalog, row.relation, row.slots);
  switch (row.kind) {
    case 'primary':
      return `PRIMARY KEY (${columns})`;
    case 'unique':
      return `UNIQUE (${columns})`;
    case 'check': {
      const text = row.text ?? '';
      const body = pretty ? (isWrapped(text) ? text : `(${text})`) : `(${wrapped(text)})`;
      return `CHECK ${body}${row.validated ? '' : ' NOT VALID'}`;
    }
    default: {
      const parent = row.references === null ? null : catalog.relationById(row.references);
      const target = parent === null ? '?' : relationName(session, parent);
      const referenced = row.references === null ? '' : columnNames(catalog, row.references, row.referencedSlots ?? []);
      const update = ACTIONS[row.onUpdate ?? ''];
      const remove = ACTIONS[row.onDelete ?? ''];
      const parts = [`FOREIGN KEY (${columns}) REFERENCES ${target}(${referenced})`];
      if (row.match === 'full') parts.push('MATCH FULL');
      if (update !== undefined) parts.push(`ON UPDATE ${update}`);
      if (remove !== undefined) parts.push(`ON DELETE ${remove}`);
      if (row.deferrable) parts.push('DEFERRABLE');
      if (row.initiallyDeferred) parts.push('INITIALLY DEFERRED');
      if (!row.validated) parts.push('NOT VALID');
      return parts.join(' ');
    }
  }
}
