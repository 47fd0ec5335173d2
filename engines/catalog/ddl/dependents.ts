import {
  COLUMNS,
  COMMENTS,
  CONSTRAINTS,
  type ConstraintRow,
  GRANTS,
  INDEXES,
  type IndexRow,
  RELATIONS,
  type RelationRow,
  SEQUENCE_STATES,
  SEQUENCES,
} from '#schemas/catalog/system-tables.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { expressionOf, viewQuery } from '../snapshot-records.js';
import { sequencesIn, walk } from './tree.js';
import type { DdlWork } from './work.js';

/**
 * What goes with an object and what stands in its way. Parts of a table (indexes, constraints, owned sequences) go silently; views, other tables' foreign keys and
 * defaults are dependents: RESTRICT refuses (2BP01), CASCADE drops them with a notice.
 */

export interface Dependent {
  readonly description: string;
  drop(): Promise<void>;
}

const WORDS: Readonly<Record<RelationRow['kind'], string>> = {
  table: 'table',
  view: 'view',
  sequence: 'sequence',
  index: 'index',
};

export function describe(work: DdlWork, relation: RelationRow): string {
  const schema = work.snapshot.schemaName(relation.schema);
  const visible = work.context.searchPath.includes(schema);
  return `${WORDS[relation.kind]} ${visible ? relation.name : `${schema}.${relation.name}`}`;
}

/** Dependents of a relation that do not go with it silently; those in `gone` are being dropped anyway. */
export function dependentsOf(work: DdlWork, relation: RelationRow, gone: ReadonlySet<ObjectId>): Dependent[] {
  const found: Dependent[] = [];
  const on = describe(work, relation);
  for (const view of viewsOn(work, relation.id)) {
    if (gone.has(view.id)) continue;
    found.push({
      description: `${describe(work, view)} depends on ${on}`,
      drop: () => dropRelation(work, view.id, true),
    });
  }
  for (const key of work.snapshot.referencesTo(relation.id)) {
    if (gone.has(key.relation)) continue;
    const table = work.relationRow(key.relation);
    found.push({
      description: `constraint ${key.name} on ${describe(work, table)} depends on ${on}`,
      drop: () => removeConstraint(work, key),
    });
  }
  if (relation.kind === 'sequence') found.push(...defaultsOn(work, relation, gone));
  return found;
}

export function viewsOn(work: DdlWork, relation: ObjectId): RelationRow[] {
  return [...work.snapshot.relations.values()].filter(
    (row) => row.kind === 'view' && row.depends?.includes(relation) === true,
  );
}

/** Views on a table that name a column of it, or take all of them. */
export function viewsOnColumn(work: DdlWork, relation: ObjectId, column: string): RelationRow[] {
  return viewsOn(work, relation).filter((view) => {
    let named = false;
    walk(viewQuery(view), (node) => {
      if (node['kind'] === 'star') named = true;
      if (node['kind'] === 'column' && (node['path'] as readonly string[]).at(-1) === column) named = true;
    });
    return named;
  });
}

function defaultsOn(work: DdlWork, sequence: RelationRow, gone: ReadonlySet<ObjectId>): Dependent[] {
  const found: Dependent[] = [];
  for (const column of work.snapshot.rows.of(COLUMNS)) {
    if (column.dropped || column.defaultProgram === null || gone.has(column.relation)) continue;
    if (!sequencesIn(expressionOf(column.defaultProgram)).includes(sequence.id)) continue;
    const table = work.relationRow(column.relation);
    found.push({
      description: `default value for column ${column.name} of ${describe(work, table)} depends on ${describe(work, sequence)}`,
      drop: () => work.update(COLUMNS, column, { ...column, defaultProgram: null, defaultText: null }),
    });
  }
  return found;
}

/** Refuses with 2BP01, or drops what depends. `what` is what was to be dropped. */
export async function settleDependents(
  work: DdlWork,
  what: string,
  dependents: readonly Dependent[],
  cascade: boolean,
): Promise<void> {
  if (dependents.length === 0) return;
  if (!cascade) {
    throw new SqlError('dependent_objects_still_exist', `cannot drop ${what} because other objects depend on it`, {
      detail: dependents.map((dependent) => dependent.description).join('\n'),
      hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
    });
  }
  const names = dependents.map((dependent) => dependent.description.replace(/ depends on .*$/s, ''));
  if (names.length === 1) work.notice('successful_completion', `drop cascades to ${names[0]}`);
  else work.notice('successful_completion', `drop cascades to ${names.length} other objects`);
  for (const dependent of dependents) await dependent.drop();
}

/** Drops a relation with its parts. With `cascade` also what depends on it; without, dependents must have been settled. */
export async function dropRelation(work: DdlWork, id: ObjectId, cascade: boolean): Promise<void> {
  const relation = work.snapshot.relations.get(id);
  if (relation === undefined) return;
  if (cascade) for (const dependent of dependentsOf(work, relation, new Set([id]))) await dependent.drop();
  await work.transaction.lockTable(id, 'access-exclusive', false);
  for (const sequence of [...work.snapshot.sequences.values()]) {
    if (sequence.ownedTable === id) await dropRelation(work, sequence.id, false);
  }
  for (const constraint of work.snapshot.constraintsOf(id)) await work.remove(CONSTRAINTS, constraint);
  for (const index of work.snapshot.indexesOf(id)) await removeIndex(work, index);
  for (const column of work.snapshot.columnsOf(id)) await work.remove(COLUMNS, column);
  if (relation.kind === 'sequence') await removeSequence(work, id);
  await forget(work, id);
  await work.remove(RELATIONS, relation);
}

async function removeSequence(work: DdlWork, id: ObjectId): Promise<void> {
  const sequence = work.snapshot.sequences.get(id);
  if (sequence !== undefined) await work.remove(SEQUENCES, sequence);
  await work.remove(SEQUENCE_STATES, { id, value: 0n, called: false });
}

/** Comments and grants of an object. */
export async function forget(work: DdlWork, id: ObjectId): Promise<void> {
  for (const comment of [...work.snapshot.rows.of(COMMENTS)])
    if (comment.object === id) await work.remove(COMMENTS, comment);
  for (const grant of [...work.snapshot.rows.of(GRANTS)]) if (grant.object === id) await work.remove(GRANTS, grant);
}

/** An index's rows; its constraint is the caller's business. */
export async function removeIndex(work: DdlWork, index: IndexRow): Promise<void> {
  await work.remove(INDEXES, index);
  await forget(work, index.id);
  const relation = work.snapshot.relations.get(index.id);
  if (relation !== undefined) await work.remove(RELATIONS, relation);
}

/** A constraint and the index behind it. */
export async function removeConstraint(work: DdlWork, constraint: ConstraintRow): Promise<void> {
  if (!work.snapshot.constraintsOf(constraint.relation).some((row) => row.id === constraint.id)) return;
  await work.remove(CONSTRAINTS, constraint);
  if (constraint.kind === 'primary' || constraint.kind === 'unique') {
    const index = constraint.index === null ? undefined : work.snapshot.indexes.get(constraint.index);
    if (index !== undefined) await removeIndex(work, index);
  }
}

/** Foreign keys of any table that need this constraint's index. */
function keysNeeding(work: DdlWork, constraint: ConstraintRow): ConstraintRow[] {
  if (constraint.kind !== 'primary' && constraint.kind !== 'unique') return [];
  const index = constraint.kind === 'primary' ? null : constraint.index;
  return work.snapshot.referencesTo(constraint.relation).filter((key) => key.referencedIndex === index);
}

export function dependentKeys(work: DdlWork, constraint: ConstraintRow): Dependent[] {
  return keysNeeding(work, constraint).map((key) => ({
    description: `constraint ${key.name} on ${describe(work, work.relationRow(key.relation))} depends on index ${constraint.name}`,
    drop: () => removeConstraint(work, key),
  }));
}
