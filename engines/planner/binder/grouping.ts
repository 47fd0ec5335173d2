import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { type ColumnId, operandsOf, type Scalar, sameScalar, withOperands } from '../../vm/scalar.js';
import type { BoundAggregate, BoundWindow, LogicalTable, Output } from '../logical.js';
import type { BindContext } from './context.js';

/** GROUP BY: its expressions, and which of them make up each grouping set (null = one set of all). */
export interface Grouping {
  readonly groups: Output[];
  readonly sets: ReadonlyArray<readonly number[]> | null;
}

/**
 * Rewrites expressions above an aggregation: group expressions become columns of its result, and what is left must be aggregates. A column of a table whose primary key is
 * grouped may be used as well (it has one value in each group): it is added to the groups. Throws 42803.
 */
export function groupedExpression(
  grouping: Grouping,
  aggregates: readonly BoundAggregate[],
  windows: readonly BoundWindow[],
  tables: readonly LogicalTable[],
  isInput: (id: ColumnId) => boolean,
  context: BindContext,
): (scalar: Scalar) => Scalar {
  const above = new Set<ColumnId>([...aggregates.map((a) => a.id), ...windows.map((w) => w.id)]);
  const rewrite = (scalar: Scalar): Scalar => {
    const group = grouping.groups.find((g) => sameScalar(g.scalar, scalar));
    if (group !== undefined) return { kind: 'column', type: scalar.type, id: group.id, name: scalar.kind === 'column' ? scalar.name : 'group' };
    if (scalar.kind === 'column') {
      if (above.has(scalar.id) || !isInput(scalar.id)) return scalar;
      const table = tables.find((t) => t.ids.includes(scalar.id));
      if (table !== undefined && keyIsGrouped(table, grouping) && grouping.sets === null) {
        const added: Output = { id: context.newId(), scalar };
        grouping.groups.push(added);
        return { ...scalar, id: added.id };
      }
      const shown = table === undefined ? scalar.name : `${table.alias}.${scalar.name}`;
      throw new SqlError('grouping_error', `column "${shown}" must appear in the GROUP BY clause or be used in an aggregate function`);
    }
    const operands = operandsOf(scalar);
    return operands.length === 0 ? scalar : withOperands(scalar, operands.map(rewrite));
  };
  return rewrite;
}

function keyIsGrouped(table: LogicalTable, { groups }: Grouping): boolean {
  const { key } = table.table.shape;
  return key.length > 0 && key.every(({ slot }) => groups.some((g) => g.scalar.kind === 'column' && g.scalar.id === table.ids[slot]));
}
