import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { Value } from '#schemas/values/value.js';
import {
  type CallScalar,
  type ColumnId,
  type Evaluate,
  operandsOf,
  type Scalar,
  sameScalar,
  withOperands,
} from '../../vm/scalar.js';
import type { BoundAggregate, BoundWindow, LogicalTable, Output } from '../logical.js';
import type { BindContext } from './context.js';

/** GROUP BY: its expressions, and which of them make up each grouping set (null = one set of all). */
export interface Grouping {
  readonly groups: Output[];
  readonly sets: number[][] | null;
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
  const marks = new Map<Output, Output>();
  const rewrite = (scalar: Scalar): Scalar => {
    if (isGroupingCall(scalar)) return groupingBits(scalar.arguments, grouping, marks, context);
    const group = grouping.groups.find((g) => sameScalar(g.scalar, scalar));
    if (group !== undefined)
      return {
        kind: 'column',
        type: scalar.type,
        id: group.id,
        name: scalar.kind === 'column' ? scalar.name : 'group',
      };
    if (scalar.kind === 'column') {
      if (above.has(scalar.id) || !isInput(scalar.id)) return scalar;
      const table = tables.find((t) => t.ids.includes(scalar.id));
      if (table !== undefined && keyIsGrouped(table, grouping) && grouping.sets === null) {
        const added: Output = { id: context.newId(), scalar };
        grouping.groups.push(added);
        return { ...scalar, id: added.id };
      }
      const shown = table === undefined ? scalar.name : `${table.alias}.${scalar.name}`;
      throw new SqlError(
        'grouping_error',
        `column "${shown}" must appear in the GROUP BY clause or be used in an aggregate function`,
        scalar.token === undefined ? {} : { token: scalar.token },
      );
    }
    const operands = operandsOf(scalar);
    return operands.length === 0 ? scalar : withOperands(scalar, operands.map(rewrite));
  };
  return rewrite;
}

/** GROUPING(…) as the binder leaves it: a call that is never evaluated. */
export function groupingCall(args: readonly Scalar[]): CallScalar {
  const evaluate = (): never => {
    throw new SqlError(
      'grouping_error',
      'arguments to GROUPING must be grouping expressions of the associated query level',
    );
  };
  return {
    kind: 'call',
    type: TYPES.integer,
    name: GROUPING,
    operator: false,
    arguments: args,
    strict: false,
    volatility: 'volatile',
    evaluate,
  };
}

const GROUPING = 'grouping';

function isGroupingCall(scalar: Scalar): scalar is CallScalar {
  return scalar.kind === 'call' && scalar.name === GROUPING && !scalar.operator;
}

/**
 * A bit for each argument, the last one lowest: set where the row's grouping set leaves the argument out. A mark tells: one more group column, constant, that
 * stands in the same sets as the argument and so is null outside of them.
 */
function groupingBits(
  args: readonly Scalar[],
  grouping: Grouping,
  marks: Map<Output, Output>,
  context: BindContext,
): Scalar {
  const integer = (value: number): Scalar => ({ kind: 'constant', type: TYPES.integer, value });
  let bits: Scalar = integer(0);
  args.forEach((argument, i) => {
    const at = grouping.groups.findIndex((g) => sameScalar(g.scalar, argument));
    const group = grouping.groups[at];
    if (group === undefined)
      throw new SqlError(
        'grouping_error',
        'arguments to GROUPING must be grouping expressions of the associated query level',
      );
    if (grouping.sets === null) return;
    let mark = marks.get(group);
    if (mark === undefined) {
      // Volatile, so that no constant of the statement is taken for it.
      mark = { id: context.newId(), scalar: { ...groupingCall([]), name: 'grouping mark', evaluate: () => 0 } };
      marks.set(group, mark);
      for (const set of grouping.sets) if (set.includes(at)) set.push(grouping.groups.length);
      grouping.groups.push(mark);
    }
    const absent: Scalar = {
      kind: 'is-null',
      type: TYPES.boolean,
      operand: { kind: 'column', type: TYPES.integer, id: mark.id, name: GROUPING },
      negated: false,
    };
    const add = (sum: Value, without: Value): Value =>
      (sum as number) + (without === true ? 2 ** (args.length - 1 - i) : 0);
    bits = {
      kind: 'call',
      type: TYPES.integer,
      name: '+',
      operator: true,
      arguments: [bits, absent],
      strict: true,
      volatility: 'immutable',
      evaluate: add as Evaluate,
    };
  });
  return bits;
}

function keyIsGrouped(table: LogicalTable, { groups }: Grouping): boolean {
  const { key } = table.table.shape;
  return (
    key.length > 0 &&
    key.every(({ slot }) => groups.some((g) => g.scalar.kind === 'column' && g.scalar.id === table.ids[slot]))
  );
}
