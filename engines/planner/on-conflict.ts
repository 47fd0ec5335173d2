import type { Assignment, OnConflict } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { TableEntry } from '../catalog/entry.js';
import type { IndexShape } from '../rows/shape.js';
import type { ConflictAction, SetColumn } from '../vm/writes/modify.js';
import type { CteScope } from './binder/context.js';
import { plainPlace } from './binder/place.js';
import { requirePrivilege } from './binder/privileges.js';
import { Scope } from './binder/scope.js';
import type { WritePlanner } from './dml.js';
import type { LogicalTable } from './logical.js';
import { columnNamed, strengthFor } from './write-plan.js';

export function conflict(
  planner: WritePlanner,
  onConflict: OnConflict,
  table: TableEntry,
  scope: Scope,
  target: LogicalTable,
  ctes: CteScope | null,
): ConflictAction {
  const indexes = arbiters(onConflict, table);
  if (onConflict.update === null) return { arbiters: indexes, update: null };
  requirePrivilege(planner.context.user, planner.context.catalog, table, 'update');
  const both = new Scope(null);
  for (const relation of scope.relations) both.add(relation, -1);
  const excludedIds = planner.context.newIds(table.shape.event.slots);
  both.add(
    {
      alias: 'excluded',
      schema: null,
      name: null,
      columns: table.columns.map((c, i) => ({
        name: c.name,
        type: c.type,
        id: excludedIds[c.slot] as number,
        table: table.id,
        number: i + 1,
      })),
      merged: new Set(excludedIds),
    },
    -1,
  );
  const place = plainPlace('ON CONFLICT', both, ctes);
  const layout = [...target.ids, ...excludedIds];
  const assignments = onConflict.update.sets.length > 0 ? onConflict.update.sets : wholeRow(onConflict, table);
  const sets = planner.sets(assignments, table, place).map(
    ({ slot, scalar }): SetColumn => ({
      slot,
      evaluate: typeof scalar === 'function' ? scalar : planner.planner.evaluator(scalar, layout),
    }),
  );
  const where =
    onConflict.update.where === null
      ? null
      : planner.planner.evaluator(
          planner.binder.expressions.condition(onConflict.update.where, { ...place, name: 'WHERE' }),
          layout,
        );
  return { arbiters: indexes, update: { sets, where, strength: strengthFor(table, sets) } };
}

/**
 * REPLACE: every column is as in a new row. MySQL deletes all rows that the new one meets, which is the same where it can meet only one that no other table
 * hangs on.
 */
function wholeRow({ token }: OnConflict, table: TableEntry): Assignment[] {
  const keys = table.shape.indexes.filter((i) => i.unique).length + (table.shape.key.length > 0 ? 1 : 0);
  if (keys > 1)
    throw new SqlError('feature_not_supported', 'REPLACE in a table of several unique keys is not supported', {
      token,
    });
  if (table.referencedBy.length > 0)
    throw new SqlError('feature_not_supported', 'REPLACE in a table that others refer to is not supported', { token });
  return table.columns
    .filter(({ generated }) => generated === null)
    .map(({ name }) => ({
      columns: [{ name, token }],
      value: { kind: 'column', path: ['excluded', name], token },
    }));
}

function arbiters({ target, token }: OnConflict, table: TableEntry): ReadonlyArray<IndexShape | null> | null {
  if (target.kind === 'none') return null;
  if (target.kind === 'constraint') {
    const constraint = table.uniqueConstraints.find((c) => c.name === target.name);
    if (constraint === undefined)
      throw new SqlError('undefined_object', `constraint "${target.name}" for table "${table.name}" does not exist`, {
        token,
      });
    return [constraint.index];
  }
  const slots = target.columns.map((e) => {
    if (e.kind !== 'column')
      throw new SqlError('feature_not_supported', 'expressions in ON CONFLICT are not supported', { token });
    return columnNamed(table, e.path.at(-1) as string, e.token).slot;
  });
  const matches = (columns: ReadonlyArray<{ readonly slot: number | null }>): boolean =>
    columns.length === slots.length && columns.every((c) => c.slot !== null && slots.includes(c.slot));
  const found: Array<IndexShape | null> = table.shape.indexes.filter(
    (i) => i.unique && i.predicate === null && matches(i.columns),
  );
  if (table.shape.key.length > 0 && matches(table.shape.key)) found.push(null);
  if (found.length === 0)
    throw new SqlError(
      'invalid_column_reference',
      'there is no unique or exclusion constraint matching the ON CONFLICT specification',
      { token },
    );
  return found;
}
