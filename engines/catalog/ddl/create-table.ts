import { RELATIONS, type SchemaRow } from '#schemas/catalog/system-tables.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import type { CreateTable, Option, Statement, TableConstraint } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Row } from '#schemas/values/value.js';
import type { DdlResult } from '../ddl-contract.js';
import type { TableEntry } from '../entry.js';
import { addColumn, type ColumnPlan, planColumn } from './columns.js';
import { addConstraint } from './constraints.js';
import { createIndex } from './indexes.js';
import type { DdlWork } from './work.js';

type CreateTableAs = Extract<Statement, { kind: 'create-table-as' }>;

const COLUMNS_MAX = 1_600;

/** Storage hints of PostgreSQL: kept and shown, they change nothing here. */
const HINTS =
  /^(?:fillfactor|parallel_workers|toast_tuple_target|user_catalog_table|autovacuum_\w+|toast\.\w+|vacuum_\w+|log_autovacuum_min_duration)$/;

function checkOptions(options: readonly Option[]): readonly string[] | null {
  for (const option of options) {
    if (option.name.toLowerCase() === 'oids' && option.value !== true) continue;
    if (!HINTS.test(option.name.toLowerCase())) {
      throw new SqlError('invalid_parameter_value', `unrecognized parameter "${option.name}"`, { token: option.token });
    }
  }
  const kept = options
    .filter((option) => option.name.toLowerCase() !== 'oids')
    .map((option) => `${option.name}=${String(option.value)}`);
  return kept.length === 0 ? null : kept;
}

function refuseTemporary(temporary: boolean, token: number): void {
  if (temporary) throw new SqlError('feature_not_supported', 'temporary tables are not supported', { token });
}

/** True when the name is taken and IF NOT EXISTS passes over it. */
function alreadyThere(work: DdlWork, schema: SchemaRow, name: string, ifNotExists: boolean): boolean {
  if (work.snapshot.relationNamed(schema.id, name) === null) return false;
  if (!ifNotExists) throw new SqlError('duplicate_table', `relation "${name}" already exists`);
  work.notice('duplicate_table', `relation "${name}" already exists, skipping`);
  return true;
}

/** What an index that is made with its table cannot say. */
const PLAIN_INDEX = {
  ...({ kind: 'create-index', unique: false, ifNotExists: false, concurrently: false } as const),
  ...{ method: 'btree', include: [], where: null },
};

export async function createTable(statement: CreateTable, work: DdlWork): Promise<string> {
  refuseTemporary(statement.temporary, statement.path.token);
  const options = checkOptions(statement.options);
  const { schema, name } = work.target(statement.path);
  if (alreadyThere(work, schema, name, statement.ifNotExists)) return 'CREATE TABLE';
  const plans = statement.columns.map((column) => planColumn(column, name));
  const constraints = [...plans.flatMap((plan) => plan.constraints), ...statement.constraints];
  const id = await addTable(work, schema, name, keyIsNotNull(plans, constraints), options);
  // Keys first: foreign keys of the same statement may refer to them.
  const rank = (constraint: TableConstraint): number =>
    ['primary-key', 'unique', 'check', 'foreign-key'].indexOf(constraint.kind);
  for (const constraint of [...constraints].sort((a, b) => rank(a) - rank(b)))
    await addConstraint(work, id, constraint, false);
  for (const index of statement.indexes) await createIndex({ ...PLAIN_INDEX, ...index, table: statement.path }, work);
  return 'CREATE TABLE';
}

function keyIsNotNull(plans: readonly ColumnPlan[], constraints: readonly TableConstraint[]): ColumnPlan[] {
  const keys = constraints.flatMap((constraint) => (constraint.kind === 'primary-key' ? constraint.columns : []));
  return plans.map((plan) => (keys.includes(plan.name) ? { ...plan, notNull: true } : plan));
}

/** Writes a table without constraints and registers its event schema. */
async function addTable(
  work: DdlWork,
  schema: SchemaRow,
  name: string,
  plans: readonly ColumnPlan[],
  options: readonly string[] | null,
): Promise<ObjectId> {
  if (plans.length > COLUMNS_MAX)
    throw new SqlError('too_many_columns', `tables can have at most ${COLUMNS_MAX} columns`);
  const seen = new Set<string>();
  for (const plan of plans) {
    if (seen.has(plan.name)) {
      throw new SqlError('duplicate_column', `column "${plan.name}" specified more than once`, { token: plan.token });
    }
    seen.add(plan.name);
  }
  const id = work.newId();
  await work.transaction.lockTable(id, 'access-exclusive', false);
  await work.insert(RELATIONS, {
    id,
    database: schema.database,
    schema: schema.id,
    name,
    kind: 'table',
    owner: work.context.user.id,
    parent: null,
    generation: id,
    schemaVersion: 1,
    slots: plans.length,
    program: null,
    text: null,
    depends: null,
    options,
  });
  const columns = plans.map((plan, slot) => ({ name: plan.name, type: plan.type, slot }));
  for (const [slot, plan] of plans.entries()) {
    const others = columns.filter((column) => (plans[column.slot] as ColumnPlan).generated === null);
    await addColumn(work, { id, name }, plan, { slot, position: slot + 1, missing: null }, others);
  }
  await work.registerShape(id);
  return id;
}

/** CREATE TABLE AS: the table, then the query's rows straight into it. */
export async function createTableAs(statement: CreateTableAs, work: DdlWork): Promise<DdlResult> {
  refuseTemporary(statement.temporary, statement.path.token);
  const { schema, name } = work.target(statement.path);
  if (alreadyThere(work, schema, name, statement.ifNotExists)) return { verb: 'CREATE TABLE AS', count: -1 };
  const described = work.context.describeQuery(statement.query, work.snapshot);
  if (statement.columns.length > described.length) {
    throw new SqlError('syntax_error', 'too many column names were specified', { token: statement.path.token });
  }
  const plans = described.map((column, i): ColumnPlan => {
    const type = column.type.kind === 'unknown' ? ({ kind: 'text' } as const) : column.type;
    if (type.kind === 'record' || type.kind === 'void') {
      throw new SqlError('invalid_table_definition', `column "${column.name}" has pseudo-type ${type.kind}`);
    }
    const label = statement.columns[i] ?? column.name;
    return {
      name: label,
      type,
      notNull: false,
      default: null,
      generated: null,
      identity: null,
      sequence: null,
      constraints: [],
      token: -1,
    };
  });
  const id = await addTable(work, schema, name, plans, null);
  if (!statement.withData) return { verb: 'CREATE TABLE AS', count: -1 };
  const { shape } = work.snapshot.relationById(id) as TableEntry;
  const { transaction, context } = work;
  const count = await context.runQuery(statement.query, work.snapshot, async (rows: readonly Row[]) => {
    for (const row of rows) {
      const written = transaction.insert(shape, row);
      if (written instanceof Promise) await written;
    }
  });
  return { verb: 'SELECT', count };
}
