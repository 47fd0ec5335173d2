import type { ObjectId } from '#schemas/kernel/brand.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { PlanNode } from '../../vm/operators/operator.js';
import { ScanNode } from '../../vm/operators/scan.js';
import type { ColumnId } from '../../vm/scalar.js';
import type { Logical, LogicalAnalytic } from '../logical.js';
import type { Planner } from '../planner.js';
import type { PrepareContext, RunContext } from '../prepare.js';
import { type Placement, placed } from './placement.js';

/** Who computes queries: the engine, the OLAP tier, or (auto) whoever has less to do for it. */
export type Tier = 'auto' | 'tx' | 'olap';

/** Rows that the engine reads itself at most, where the OLAP tier could. Below it the way there and back costs more. */
const OWN_ROWS_MAX = 50_000;

/** A query planned with the OLAP tier's help. */
export interface TierPlan {
  readonly node: PlanNode;
  /** The client has asked for it; otherwise it is taken when it is worth it. */
  readonly isForced: boolean;
  /** Rows that the engine would read without it, as of now. */
  readonly ownRows: () => number;
}

/** A plan with the OLAP tier's help beside the engine's own; null when the engine is to do all itself. Throws 0A000 when the tier must and cannot. */
export function tierPlan(
  context: PrepareContext,
  planner: Planner,
  logical: Logical,
  engineNode: PlanNode,
  outputs: readonly ColumnId[],
  isPlain: boolean,
): TierPlan | null {
  const { tier, statistics } = context;
  if (tier === 'tx' || (tier === 'auto' && (!isPlain || !reduces(logical)))) return null;
  const placement = placed(logical, outputs);
  const isForced = tier === 'olap';
  if (isForced) requireAll(placement, isPlain);
  if (placement.leaves.length === 0) return null;
  if (!isForced && (placement.refusal !== null || !placement.leaves.every(reducesRows))) return null;
  const tables = fullScans(engineNode);
  return {
    node: planner.plan(placement.plan),
    isForced,
    ownRows: () => tables.reduce((sum, table) => sum + statistics.estimateRows(table), 0),
  };
}

function requireAll({ refusal }: Placement, isPlain: boolean): void {
  const what = isPlain ? refusal : 'row locks and statements that write';
  if (what === null) return;
  throw new SqlError('feature_not_supported', `the OLAP tier cannot run this query: it does not compute ${what}`, {
    hint: "SET polylog.tier = 'auto' leaves the choice to the planner.",
  });
}

/** Is this execution for the OLAP tier? Throws 0A000 when it must be and cannot. */
export function isForTier(plan: TierPlan, { transaction, analytics }: RunContext): boolean {
  const isOwn = transaction.dirty || (transaction.isolation === 'serializable' && !transaction.readOnly);
  if (plan.isForced) {
    if (!isOwn) return true;
    throw new SqlError(
      'feature_not_supported',
      transaction.dirty
        ? 'the OLAP tier cannot see what this transaction has written'
        : 'the OLAP tier cannot answer a serializable transaction that may write',
      { hint: "SET polylog.tier = 'auto', or ask in a transaction of its own." },
    );
  }
  return !isOwn && isWorthwhile(plan) && analytics?.isNear(transaction.view.snapshot) === true;
}

export function isWorthwhile({ isForced, ownRows }: TierPlan): boolean {
  return isForced || ownRows() > OWN_ROWS_MAX;
}

/** Does a query answer with fewer rows than it reads? */
function reduces(logical: Logical): boolean {
  if (logical.op === 'aggregate' || logical.op === 'distinct') return true;
  if (logical.op === 'apply' && logical.subqueries.some(({ plan }) => reduces(plan))) return true;
  if ('input' in logical) return reduces(logical.input);
  return 'left' in logical && (reduces(logical.left) || reduces(logical.right));
}

/** Few rows come from the tier. */
function reducesRows({ plan }: LogicalAnalytic): boolean {
  let below = plan;
  while (below.op === 'project' || below.op === 'sort' || below.op === 'filter' || below.op === 'apply')
    below = below.input;
  return below.op === 'aggregate' || below.op === 'distinct' || below.op === 'limit';
}

/** Tables that a plan of the engine reads without a key. */
function fullScans(node: PlanNode): ObjectId[] {
  const own = node instanceof ScanNode && node.options.path.equalities.length === 0 ? [node.options.shape.id] : [];
  return [...own, ...node.children.flatMap(fullScans)];
}
