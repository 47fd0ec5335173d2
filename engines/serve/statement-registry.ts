import type { ResultColumn } from '#schemas/link/frames.js';
import { decodeProgram } from '#schemas/program/decode.js';
import type { Statement } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import { sameType, TYPES } from '#schemas/values/type-name.js';
import { type PrepareContext, type PreparedPlan, prepare } from '../planner/prepare.js';
import type { Tier } from '../planner/tier/routing.js';

/** A statement that a gateway has prepared. Plans are made for one catalog version and made again when it changes. */
export interface PreparedStatement {
  readonly statement: Statement;
  readonly types: ReadonlyArray<SqlType | null>;
  /** Null for statements that have no plan: DDL, transaction control, SET and their like. */
  plan: PreparedPlan | null;
  planVersion: number;
  /** Of the session that it was planned for: others may want another. */
  planTier: Tier;
  readonly parameters: readonly SqlType[];
  readonly columns: readonly ResultColumn[] | null;
}

const PLANNED: ReadonlySet<Statement['kind']> = new Set<Statement['kind']>([
  'query',
  'insert',
  'update',
  'delete',
  'copy-out',
  'explain',
]);

/** True for statements that the planner runs. */
function isPlanned(statement: Statement): boolean {
  return PLANNED.has(statement.kind);
}

/** Forgotten statements that are still known: more than any session's pipeline holds, and few enough to cost nothing. */
const FORGOTTEN_MAX = 4_096;

/**
 * The statements of one gateway connection, by the numbers that the gateway gave them. Sessions keep requests waiting behind those that they
 * run, and Forget does not wait: so the last forgotten statements can still be run.
 */
export class StatementRegistry {
  readonly #statements = new Map<number, PreparedStatement>();
  readonly #forgotten = new Map<number, PreparedStatement>();

  get(number: number): PreparedStatement {
    const found = this.#statements.get(number) ?? this.#forgotten.get(number);
    if (found === undefined)
      throw new SqlError(
        'invalid_sql_statement_name',
        `the gateway asked for statement ${number}, which it has not prepared`,
      );
    return found;
  }

  forget(number: number): void {
    const statement = this.#statements.get(number);
    if (statement === undefined) return;
    this.#statements.delete(number);
    this.#forgotten.set(number, statement);
    if (this.#forgotten.size <= FORGOTTEN_MAX) return;
    for (const oldest of this.#forgotten.keys()) {
      this.#forgotten.delete(oldest);
      return;
    }
  }

  prepare(
    number: number,
    program: Uint8Array,
    types: ReadonlyArray<SqlType | null>,
    context: PrepareContext,
    cursors: CursorColumns,
  ): PreparedStatement {
    const statement = decodeProgram(program);
    const prepared = describe(statement, types, context, cursors);
    this.#statements.set(number, prepared);
    return prepared;
  }
}

function describe(
  statement: Statement,
  types: ReadonlyArray<SqlType | null>,
  context: PrepareContext,
  cursors: CursorColumns,
): PreparedStatement {
  if (isPlanned(statement)) {
    const plan = prepare(statement, types, context);
    return {
      statement,
      types,
      plan,
      planVersion: context.catalog.version,
      planTier: context.tier,
      parameters: plan.parameters,
      columns: plan.columns,
    };
  }
  return {
    statement,
    types,
    plan: null,
    planVersion: 0,
    planTier: 'tx',
    parameters: [],
    columns: utilityColumns(statement, cursors),
  };
}

/** The columns of a session's cursor; null when it has none of that name. */
export type CursorColumns = (cursor: string) => readonly ResultColumn[] | null;

function utilityColumns(statement: Statement, cursors: CursorColumns): readonly ResultColumn[] | null {
  if (statement.kind === 'fetch-cursor') return statement.move ? null : cursors(statement.name);
  if (statement.kind !== 'show') return null;
  if (statement.name === null)
    return [
      ['name', TYPES.text, 0, 0],
      ['setting', TYPES.text, 0, 0],
      ['description', TYPES.text, 0, 0],
    ];
  return [[statement.name, TYPES.text, 0, 0]];
}

/**
 * The plan of a statement for the session's catalog. Null when the catalog has changed so that columns are no longer what the gateway was told. What
 * returns no rows is never null, because the gateway sends such statements one behind the other without waiting: parameters stay what they were.
 */
export function currentPlan(prepared: PreparedStatement, context: PrepareContext): PreparedPlan | null {
  const isCurrent = prepared.planVersion === context.catalog.version && prepared.planTier === context.tier;
  if (prepared.plan === null || isCurrent) return prepared.plan;
  let plan = prepare(prepared.statement, prepared.types, context);
  if (prepared.columns === null && plan.columns === null && !sameList(prepared.parameters, plan.parameters, sameType))
    plan = prepare(prepared.statement, prepared.parameters, context);
  if (!sameDescription(prepared, plan)) return null;
  prepared.plan = plan;
  prepared.planVersion = context.catalog.version;
  prepared.planTier = context.tier;
  return plan;
}

/** A FETCH is shared by sessions whose cursors of that name may be of any query: does it say what this one answers with? */
export function describesCursor({ statement, columns }: PreparedStatement, cursors: CursorColumns): boolean {
  if (statement.kind !== 'fetch-cursor' || statement.move) return true;
  const actual = cursors(statement.name);
  return actual === null || (columns !== null && sameList(columns, actual, sameColumn));
}

function sameColumn(a: ResultColumn, b: ResultColumn): boolean {
  return a[0] === b[0] && sameType(a[1], b[1]);
}

function sameDescription(prepared: PreparedStatement, plan: PreparedPlan): boolean {
  if (!sameList(prepared.parameters, plan.parameters, sameType)) return false;
  if (prepared.columns === null || plan.columns === null) return prepared.columns === plan.columns;
  return sameList(prepared.columns, plan.columns, sameColumn);
}

function sameList<T>(a: readonly T[], b: readonly T[], same: (x: T, y: T) => boolean): boolean {
  return a.length === b.length && a.every((item, i) => same(item, b[i] as T));
}
