import { type ColumnId, columnsOf, isVolatile, mapScalar, type Scalar } from '../vm/scalar.js';
import { conjunction, conjuncts } from './conjuncts.js';
import type { CteTable, Logical, Output } from './logical.js';
import { mapScalars } from './logical-scalars.js';

/**
 * The same query with every condition as near to the tables as it can stand: through projections (views, subqueries in FROM), below subqueries of expressions that it does
 * not need, into both sides of set operations, below an aggregation where it is about group columns. Joins take their conditions apart themselves.
 */
export function optimise(plan: Logical): Logical {
  if (plan.op === 'filter') return pushed(plan.input, conjuncts(plan.predicate));
  return plan.op === 'cte' && mayBeInlined(plan.table) ? optimise(inlined(plan)) : withInputs(plan, optimise);
}

/** A WITH query that one place alone reads may be planned there, unless that could show: volatile functions, locks, MATERIALIZED. */
function mayBeInlined(table: CteTable): boolean {
  if (
    table.plan === null ||
    table.recursive !== null ||
    table.references !== 1 ||
    table.materialized ||
    table.write !== null
  )
    return false;
  let shows = locks(table.plan);
  mapScalars(table.plan, (scalar) => {
    shows ||= isVolatile(scalar);
    return scalar;
  });
  return !shows;
}

function locks(plan: Logical): boolean {
  if (plan.op === 'lock' || plan.op === 'project-set' || (plan.op === 'cte' && plan.table.write !== null)) return true;
  if ('input' in plan) return locks(plan.input);
  return 'left' in plan && (locks(plan.left) || locks(plan.right));
}

function inlined({ table, ids }: Extract<Logical, { op: 'cte' }>): Logical {
  const outputs = ids.map((id, i): Output => {
    const { name, type } = table.columns[i] as CteTable['columns'][number];
    return { id, scalar: { kind: 'column', type, id: table.ids[i] as ColumnId, name } };
  });
  return { op: 'project', input: table.plan as Logical, outputs };
}

/** `plan` filtered by conditions, optimised. Conditions that stood lower are checked first: they may guard those above. */
function pushed(plan: Logical, predicates: readonly Scalar[]): Logical {
  const bound = predicates.filter((p) => !isVolatile(p));
  const stay = (some: readonly Scalar[]): Scalar[] => predicates.filter((p) => !some.includes(p));
  switch (plan.op) {
    case 'filter':
      return pushed(plan.input, [...conjuncts(plan.predicate), ...predicates]);
    case 'project': {
      const down = bound.filter((p) => passes(p, plan.outputs));
      return kept(
        {
          ...plan,
          input: pushed(
            plan.input,
            down.map((p) => substituted(p, plan.outputs)),
          ),
        },
        stay(down),
      );
    }
    case 'apply': {
      const results = new Set(plan.subqueries.map((s) => s.id));
      const down = bound.filter((p) => ![...columnsOf(p)].some((id) => results.has(id)));
      const subqueries = plan.subqueries.map((s) => ({ ...s, plan: optimise(s.plan) }));
      return kept({ ...plan, input: pushed(plan.input, down), subqueries }, stay(down));
    }
    case 'cte':
      return mayBeInlined(plan.table) ? pushed(inlined(plan), predicates) : kept(plan, predicates);
    case 'sort':
      return kept({ ...plan, input: pushed(plan.input, bound) }, stay(bound));
    case 'distinct': {
      const on = new Set(plan.on);
      const down = bound.filter((p) => within(p, on));
      return kept({ ...plan, input: pushed(plan.input, down) }, stay(down));
    }
    case 'aggregate': {
      // Without groups there is a row even where no input is.
      const groups = plan.sets === null ? plan.groups : [];
      const ids = new Set(groups.map((g) => g.id));
      const down = bound.filter((p) => within(p, ids) && passes(p, groups));
      return kept(
        {
          ...plan,
          input: pushed(
            plan.input,
            down.map((p) => substituted(p, groups)),
          ),
        },
        stay(down),
      );
    }
    case 'set': {
      const side = (ids: readonly ColumnId[]): Output[] =>
        plan.ids.map((id, i) => ({
          id,
          scalar: { kind: 'column', type: plan.types[i] as Scalar['type'], id: ids[i] as ColumnId, name: '' },
        }));
      const down = bound.filter((p) => within(p, new Set(plan.ids)));
      const left = pushed(
        plan.left,
        down.map((p) => substituted(p, side(plan.leftIds))),
      );
      const right = pushed(
        plan.right,
        down.map((p) => substituted(p, side(plan.rightIds))),
      );
      return kept({ ...plan, left, right }, stay(down));
    }
    default:
      return kept(withInputs(plan, optimise), predicates);
  }
}

function kept(plan: Logical, predicates: readonly Scalar[]): Logical {
  return predicates.length === 0 ? plan : { op: 'filter', input: plan, predicate: conjunction(predicates) };
}

/** A condition about these columns and no others of the plan: a column that stands nowhere below belongs to an enclosing query, which alone would say nothing. */
function within(predicate: Scalar, ids: ReadonlySet<ColumnId>): boolean {
  const columns = [...columnsOf(predicate)];
  return columns.length > 0 && columns.every((id) => ids.has(id));
}

/** May the condition be put in terms of what the outputs are made of? */
function passes(predicate: Scalar, outputs: readonly Output[]): boolean {
  const columns = columnsOf(predicate);
  return outputs.every((o) => !columns.has(o.id) || !isVolatile(o.scalar));
}

function substituted(predicate: Scalar, outputs: readonly Output[]): Scalar {
  const made = new Map(outputs.map((o) => [o.id, o.scalar]));
  return mapScalar(predicate, (scalar) => (scalar.kind === 'column' ? (made.get(scalar.id) ?? scalar) : scalar));
}

function withInputs(plan: Logical, change: (input: Logical) => Logical): Logical {
  if (plan.op === 'apply') {
    return {
      ...plan,
      input: change(plan.input),
      subqueries: plan.subqueries.map((s) => ({ ...s, plan: optimise(s.plan) })),
    };
  }
  if ('input' in plan) return { ...plan, input: change(plan.input) };
  return 'left' in plan ? { ...plan, left: change(plan.left), right: change(plan.right) } : plan;
}
