import type { ObjectId } from '#schemas/kernel/brand.js';
import type { ResultColumn } from '#schemas/link/frames.js';
import type { Query } from '#schemas/program/query.js';
import type { Statement } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType, TypeKind } from '#schemas/values/type.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { Row } from '#schemas/values/value.js';
import type { Catalog, UserEntry } from '../catalog/entry.js';
import type { EvaluationContext } from '../functions/definition.js';
import { STANDARD_LIBRARY } from '../functions/standard-library.js';
import type { MaybePromise, VisibleRow } from '../rows/reading.js';
import type { TableLockMode, Transaction } from '../tx/transaction.js';
import type { Evaluator } from '../vm/compile.js';
import type { AnalyticReader } from '../vm/operators/analytic.js';
import { chain, type Operator, type PlanNode, Runtime } from '../vm/operators/operator.js';
import type { PastReader } from '../vm/operators/past.js';
import { fullWidth, ScanNode } from '../vm/operators/scan.js';
import type { Evaluate } from '../vm/scalar.js';
import { ModifyExecution, type ModifyPlan, runDeferred, runWithWrites } from '../vm/writes/modify.js';
import { BindContext } from './binder/context.js';
import type { BoundQuery } from './binder/output.js';
import { QueryBinder } from './binder/query.js';
import { WritePlanner } from './dml.js';
import { explainLines } from './explain.js';
import { type Naming, namingOf } from './named-oids.js';
import { Planner, type PlannerOptions } from './planner.js';
import { optimise } from './push-down.js';
import type { RelatedTables } from './related-tables.js';
import { tableIds } from './table-ids.js';
import { FallbackExecution } from './tier/fallback.js';
import { isForTier, isWorthwhile, type Tier, type TierPlan, tierPlan } from './tier/routing.js';
import type { PlannedWrite } from './write-plan.js';

/** What a statement is planned against. */
export interface PrepareContext {
  readonly catalog: Catalog;
  readonly database: ObjectId;
  readonly user: UserEntry;
  readonly searchPath: readonly string[];
  readonly statistics: { estimateRows(table: ObjectId): number };
  /** Who is to compute queries: the setting polylog.tier. */
  readonly tier: Tier;
}

/** A statement bound, optimised and ready to run any number of times while the catalog version holds. */
export interface PreparedPlan {
  readonly parameters: readonly SqlType[];
  /** Null = returns no rows. */
  readonly columns: readonly ResultColumn[] | null;
  readonly verb: string;
  readonly writes: boolean;
  readonly lockModes: ReadonlyArray<readonly [table: ObjectId, mode: TableLockMode]>;
  /** It waits for no row of another transaction, or can be postponed: see Transaction.lockTable. */
  readonly overtakes: boolean;
  execute(run: RunContext, parameters: Row): Execution;
}

export interface RunContext {
  /** Null where nobody keeps the past. */
  readonly past: PastReader | null;
  /** Null where there is no OLAP tier. */
  readonly analytics: AnalyticReader | null;
  readonly transaction: Transaction;
  readonly evaluation: EvaluationContext;
  /** Called between batches: gives other sessions their turn, and throws when the statement was interrupted. Null = go on. */
  yieldNow(): Promise<void> | null;
}

/** A running statement. */
export interface Execution {
  /** Rows for the client; null at the end. A statement without RETURNING answers null when its work is done. */
  next(): MaybePromise<readonly Row[] | null>;
  /** Rows affected, or returned so far. */
  readonly count: number;
  close(): void;
}

/** regclass and its like are read and shown by the catalog. */
const REGISTRY_CASTS = {
  fromText:
    (kind: TypeKind): Evaluate =>
    (value, context) =>
      (context as EvaluationContext).catalog.describe(`${kind}in`, [value as string]),
  toText:
    (kind: TypeKind): Evaluate =>
    (value, context) =>
      (context as EvaluationContext).catalog.describe(`${kind}out`, [value as number]),
};

export function bindContext(types: ReadonlyArray<SqlType | null>, context: PrepareContext): BindContext {
  return new BindContext({
    catalog: context.catalog,
    database: context.database,
    user: context.user,
    searchPath: context.searchPath,
    library: STANDARD_LIBRARY,
    registry: REGISTRY_CASTS,
    parameterTypes: types,
  });
}

export function plannerOptions(context: PrepareContext): PlannerOptions {
  return {
    catalog: context.catalog,
    database: context.database,
    estimateRows: (table) => context.statistics.estimateRows(table),
  };
}

/** Binds and plans a statement. Throws what PostgreSQL's analysis would refuse. */
export function prepare(
  statement: Statement,
  types: ReadonlyArray<SqlType | null>,
  context: PrepareContext,
): PreparedPlan {
  switch (statement.kind) {
    case 'query':
    case 'copy-out':
      return prepareQuery(statement.query, statement.kind === 'query' ? 'SELECT' : 'COPY', types, context);
    case 'insert':
    case 'update':
    case 'delete':
      return prepareWrite(statement, types, context);
    case 'explain':
      return prepareExplain(statement, types, context);
    default:
      throw new SqlError('internal_error', `statement ${statement.kind} is not planned`);
  }
}

// ── queries ──────────────────────────────────────────────────────────────────────────────────────────────────────────

interface PlannedQuery {
  readonly bound: BoundQuery;
  /** By the engine alone. */
  readonly node: PlanNode;
  /** With the help of the OLAP tier; null when that is no use, or may not be. */
  readonly analytic: TierPlan | null;
  readonly planner: Planner;
  readonly parameters: readonly SqlType[];
  readonly before: readonly ModifyPlan[];
  readonly lockModes: ReadonlyArray<readonly [ObjectId, TableLockMode]>;
}

function planQuery(query: Query, types: ReadonlyArray<SqlType | null>, context: PrepareContext): PlannedQuery {
  const binding = bindContext(types, context);
  const planner = new Planner(plannerOptions(context));
  const writes = new WritePlanner(binding, planner);
  const bound = new QueryBinder(binding).bind(query, null, null);
  const optimised = optimise(bound.plan);
  const node = planner.plan(optimised);
  const before = withWritesOf(binding);
  const outputs = bound.columns.map(({ id }) => id);
  const isPlain = query.locking.length === 0 && before.length === 0;
  const analytic = tierPlan(context, planner, optimised, node, outputs, isPlain);
  const readMode = query.locking.length > 0 ? 'row-share' : 'access-share';
  return {
    bound,
    node: answerIn(node, bound),
    analytic: analytic === null ? null : { ...analytic, node: answerIn(analytic.node, bound) },
    planner,
    parameters: binding.parameters.finish(),
    before,
    lockModes: lockModesOf([...tableIds(bound.plan), ...writes.reads], writes.related, readMode),
  };
}

/** Statements of WITH that write. */
function withWritesOf(binding: BindContext): ModifyPlan[] {
  return binding.withWrites.map((table) => table.write).filter((write) => write !== null);
}

function lockModesOf(
  reads: Iterable<ObjectId>,
  { shared, written }: RelatedTables,
  readMode: TableLockMode,
): Array<readonly [ObjectId, TableLockMode]> {
  const modes = new Map<ObjectId, TableLockMode>();
  for (const id of reads) modes.set(id, readMode);
  for (const id of shared) modes.set(id, 'row-share');
  for (const id of written) modes.set(id, 'row-exclusive');
  return [...modes];
}

/** Rows in the order of the output columns. Usually the last projection has done that. */
function answerIn(node: PlanNode, bound: BoundQuery): PlanNode {
  const ids = bound.columns.map((c) => c.id);
  if (node.layout.length === ids.length && ids.every((id, i) => node.layout[i] === id)) return node;
  const positions = ids.map((id) => node.layout.indexOf(id));
  return {
    ...node,
    layout: ids,
    label: node.label,
    open: (runtime) => {
      const operator = node.open(runtime);
      const reorder = (batch: readonly Row[] | null): readonly Row[] | null =>
        batch === null ? null : batch.map((row) => positions.map((p) => row[p] ?? null));
      return { next: () => chain(operator.next(), reorder), close: () => operator.close() };
    },
  };
}

function prepareQuery(
  query: Query,
  verb: string,
  types: ReadonlyArray<SqlType | null>,
  context: PrepareContext,
): PreparedPlan {
  const { bound, node, analytic, planner, parameters, before, lockModes } = planQuery(query, types, context);
  const columns = bound.columns.map((c): ResultColumn => [c.name, c.type, c.table, c.number]);
  const naming = namingOf(columns);
  const point = naming === null ? pointLookup(node) : null;
  const { registers } = planner;
  const named = (execution: Execution, run: RunContext): Execution =>
    naming === null ? execution : new NamingExecution(execution, naming, run);
  return {
    parameters,
    columns,
    verb,
    writes: query.locking.length > 0 || before.length > 0,
    lockModes,
    overtakes: false,
    execute: (run, values) => {
      const runtime = new Runtime(run, values, registers);
      if (analytic !== null && isForTier(analytic, run)) return named(tierExecution(analytic, node, runtime), run);
      if (point !== null) return new PointExecution(point, runtime);
      const execution =
        before.length === 0 ? new QueryExecution(node.open(runtime)) : new WritingQueryExecution(node, before, runtime);
      return named(execution, run);
    },
  };
}

/** By the tier; where the choice was the engine's, by the engine itself when the tier cannot. */
function tierExecution(analytic: TierPlan, node: PlanNode, runtime: Runtime): Execution {
  const execution = new QueryExecution(analytic.node.open(runtime));
  return analytic.isForced ? execution : new FallbackExecution(execution, () => new QueryExecution(node.open(runtime)));
}

class QueryExecution implements Execution {
  readonly #operator: Operator;
  count = 0;

  constructor(operator: Operator) {
    this.#operator = operator;
  }

  next(): MaybePromise<readonly Row[] | null> {
    return chain(this.#operator.next(), (batch) => {
      if (batch !== null) this.count += batch.length;
      return batch;
    });
  }

  close(): void {
    this.#operator.close();
  }
}

/** A query with statements in WITH that write: these run first. */
class WritingQueryExecution implements Execution {
  readonly #node: PlanNode;
  readonly #before: readonly ModifyPlan[];
  readonly #runtime: Runtime;
  #rest: QueryExecution | null = null;

  constructor(node: PlanNode, before: readonly ModifyPlan[], runtime: Runtime) {
    this.#node = node;
    this.#before = before;
    this.#runtime = runtime;
  }

  get count(): number {
    return this.#rest?.count ?? 0;
  }

  next(): MaybePromise<readonly Row[] | null> {
    if (this.#rest !== null) return this.#rest.next();
    const written = chain(runWithWrites(this.#before, this.#runtime), () => runDeferred(this.#runtime));
    return chain(written, () => {
      this.#rest = new QueryExecution(this.#node.open(this.#runtime));
      return this.#rest.next();
    });
  }

  close(): void {
    this.#rest?.close();
  }
}

/** A query whose rows get the names of their oids last of all. */
class NamingExecution implements Execution {
  readonly #of: Execution;
  readonly #naming: Naming;
  readonly #run: RunContext;

  constructor(of: Execution, naming: Naming, run: RunContext) {
    this.#of = of;
    this.#naming = naming;
    this.#run = run;
  }

  get count(): number {
    return this.#of.count;
  }

  next(): MaybePromise<readonly Row[] | null> {
    return chain(this.#of.next(), (batch) => (batch === null ? null : this.#naming(batch, this.#run.evaluation)));
  }

  close(): void {
    this.#of.close();
  }
}

/** SELECT … WHERE row key = …: one look-up and one projection, without operators in between. */
interface PointLookup {
  readonly scan: ScanNode;
  readonly outputs: readonly Evaluator[];
}

function pointLookup(node: PlanNode): PointLookup | null {
  const scan = node.children[0];
  if (
    !(scan instanceof ScanNode) ||
    !scan.ranges.points ||
    scan.options.withRowId ||
    scan.options.path.equalities.some((e) => e.many)
  )
    return null;
  const outputs = (node as PlanNode & { readonly outputs?: readonly Evaluator[] }).outputs;
  return outputs === undefined ? null : { scan, outputs };
}

class PointExecution implements Execution {
  readonly #point: PointLookup;
  readonly #runtime: Runtime;
  #done = false;
  count = 0;

  constructor(point: PointLookup, runtime: Runtime) {
    this.#point = point;
    this.#runtime = runtime;
  }

  next(): MaybePromise<readonly Row[] | null> {
    if (this.#done) return null;
    this.#done = true;
    const { scan } = this.#point;
    const key = scan.ranges.prefixes(this.#runtime)[0];
    if (key === undefined) return null;
    const found = this.#runtime.transaction.get(scan.options.shape, key);
    return found instanceof Promise ? found.then((row) => this.#answer(row)) : this.#answer(found);
  }

  #answer(found: VisibleRow | null): readonly Row[] | null {
    if (found === null) return null;
    const { scan, outputs } = this.#point;
    const { filter, shape } = scan.options;
    const row = fullWidth(found.row, shape);
    if (filter !== null && filter(row, this.#runtime) !== true) return null;
    this.count = 1;
    const result = new Array(outputs.length);
    for (let i = 0; i < outputs.length; i++) result[i] = (outputs[i] as Evaluator)(row, this.#runtime);
    return [result];
  }

  close(): void {
    this.#done = true;
  }
}

// ── writes ───────────────────────────────────────────────────────────────────────────────────────────────────────────

type WriteStatement = Extract<Statement, { kind: 'insert' | 'update' | 'delete' }>;

interface PlannedStatement {
  readonly write: PlannedWrite;
  readonly planner: Planner;
  readonly parameters: readonly SqlType[];
  readonly before: readonly ModifyPlan[];
  readonly lockModes: ReadonlyArray<readonly [ObjectId, TableLockMode]>;
}

function planWrite(
  statement: WriteStatement,
  types: ReadonlyArray<SqlType | null>,
  context: PrepareContext,
): PlannedStatement {
  const binding = bindContext(types, context);
  const planner = new Planner(plannerOptions(context));
  const writes = new WritePlanner(binding, planner);
  const write = writes.statement(statement);
  const lockModes = lockModesOf(writes.reads, writes.related, 'access-share');
  return { write, planner, parameters: binding.parameters.finish(), before: withWritesOf(binding), lockModes };
}

function prepareWrite(
  statement: WriteStatement,
  types: ReadonlyArray<SqlType | null>,
  context: PrepareContext,
): PreparedPlan {
  const { write, planner, parameters, before, lockModes } = planWrite(statement, types, context);
  const { modify, columns } = write;
  const { registers } = planner;
  return {
    parameters,
    columns,
    verb: statement.kind.toUpperCase(),
    writes: true,
    lockModes,
    overtakes: write.overtakes && before.length === 0,
    execute: (run, values) => new ModifyExecution(modify, new Runtime(run, values, registers), before),
  };
}

// ── EXPLAIN ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function prepareExplain(
  statement: Extract<Statement, { kind: 'explain' }>,
  types: ReadonlyArray<SqlType | null>,
  context: PrepareContext,
): PreparedPlan {
  const inner = statement.statement;
  const { analyze, token: explained } = statement;
  if (analyze !== null)
    throw new SqlError('feature_not_supported', 'EXPLAIN ANALYZE is not supported', { token: analyze });
  const format = statement.options.find((o) => o.name === 'format');
  if (format !== undefined && String(format.value).toLowerCase() !== 'text') {
    const { value, token } = format;
    throw new SqlError('feature_not_supported', `EXPLAIN (FORMAT ${String(value)}) is not supported`, { token });
  }
  let lines: string[];
  let parameters: readonly SqlType[];
  if (inner.kind === 'query') {
    const planned = planQuery(inner.query, types, context);
    const { analytic } = planned;
    lines = explainLines(analytic !== null && isWorthwhile(analytic) ? analytic.node : planned.node);
    ({ parameters } = planned);
  } else if (inner.kind === 'insert' || inner.kind === 'update' || inner.kind === 'delete') {
    const planned = planWrite(inner, types, context);
    const { table, modify } = planned.write;
    const verb = inner.kind.charAt(0).toUpperCase() + inner.kind.slice(1);
    lines = explainLines({ ...modify.input, label: `${verb} on ${table.name}`, notes: [], children: [modify.input] });
    ({ parameters } = planned);
  } else {
    throw new SqlError('feature_not_supported', `EXPLAIN of ${inner.kind.replaceAll('-', ' ')} is not supported`, {
      token: explained,
    });
  }
  return {
    parameters,
    columns: [['QUERY PLAN', TYPES.text, 0, 0]],
    verb: 'EXPLAIN',
    writes: false,
    lockModes: [],
    overtakes: false,
    execute: () => {
      let rows: readonly Row[] | null = lines.map((line) => [line]);
      return {
        next: () => {
          const batch = rows;
          rows = null;
          return batch;
        },
        count: -1,
        close: () => undefined,
      };
    },
  };
}
