import { INDEXES, type IndexColumnRecord, type IndexRow, RELATIONS } from '#schemas/catalog/system-tables.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import { encodeExpression } from '#schemas/program/encode.js';
import type { Expression, OrderItem } from '#schemas/program/expression.js';
import type { CreateIndex } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { TableEntry } from '../entry.js';
import { freeRelationName, objectName } from './names.js';
import { printExpression } from './print-expression.js';
import { checkUnique, isEmpty } from './rows.js';
import type { DdlWork } from './work.js';

const METHODS = new Set(['btree', 'hash']);

/** An index as it is to be written. */
export interface NewIndex {
  readonly name: string;
  readonly unique: boolean;
  readonly rowKey: boolean;
  readonly columns: readonly IndexColumnRecord[];
  readonly expressions: readonly Uint8Array[];
  readonly include: readonly number[];
  readonly predicate: Expression | null;
}

export function plainColumn(slot: number): IndexColumnRecord {
  return { slot, expression: null, text: null, descending: false, nullsFirst: false };
}

/** Writes an index's rows. The store fills it from the table when the new shape first reaches it. */
export async function addIndex(work: DdlWork, table: TableEntry, index: NewIndex): Promise<IndexRow> {
  const id = work.newId();
  const owner = work.relationRow(table.id);
  await work.insert(RELATIONS, {
    id,
    database: owner.database,
    schema: owner.schema,
    name: index.name,
    kind: 'index',
    owner: owner.owner,
    parent: table.id,
    generation: null,
    schemaVersion: null,
    slots: null,
    program: null,
    text: null,
    depends: null,
    options: null,
  });
  const row: IndexRow = {
    id,
    relation: table.id,
    unique: index.unique,
    rowKey: index.rowKey,
    columns: JSON.stringify(index.columns),
    expressions: index.expressions.length === 0 ? null : index.expressions,
    include: index.include.length === 0 ? null : index.include,
    predicate: index.predicate === null ? null : encodeExpression(index.predicate),
    predicateText: index.predicate === null ? null : printExpression(index.predicate),
  };
  await work.insert(INDEXES, row);
  return row;
}

export async function createIndex(statement: CreateIndex, work: DdlWork): Promise<string> {
  const verb = 'CREATE INDEX';
  const table = await work.lockedTable(statement.table, 'share');
  work.requireOwner('table', table.name, table.owner);
  if (!METHODS.has(statement.method)) {
    throw new SqlError('feature_not_supported', `index access method "${statement.method}" is not supported`, {
      token: statement.token,
    });
  }
  const schema = work.snapshot.schemas.get(work.relationRow(table.id).schema);
  if (schema === undefined) throw new SqlError('invalid_schema_name', `schema "${table.schema}" does not exist`);
  const { columns, expressions, names } = indexKeys(statement.keys, table, work);
  const name = statement.name ?? freeRelationName(work.snapshot, schema.id, table.name, names, 'idx');
  if (work.snapshot.relationNamed(schema.id, name) !== null) {
    if (!statement.ifNotExists)
      throw new SqlError('duplicate_table', `relation "${name}" already exists`, { token: statement.token });
    work.notice('duplicate_table', `relation "${name}" already exists, skipping`);
    return verb;
  }
  if (statement.where !== null)
    work.store.compiler.compile(statement.where, table.name, table.columns, { kind: 'boolean' });
  const include = statement.include.map((column) => columnOf(table, column, statement.token).slot);
  const row = await addIndex(work, table, {
    name,
    unique: statement.unique,
    rowKey: false,
    columns,
    expressions,
    include,
    predicate: statement.where,
  });
  await verifyIndex(work, table.id, row.id);
  return verb;
}

/** Fails when a unique index that was just added does not hold; compiles its expressions in any case. */
export async function verifyIndex(work: DdlWork, table: ObjectId, index: ObjectId): Promise<void> {
  const entry = work.snapshot.relationById(table) as TableEntry;
  const shape = entry.shape.indexes.find((candidate) => candidate.id === index);
  if (shape?.unique === true && !(await isEmpty(work, entry.shape))) await checkUnique(work, entry, shape);
}

interface Keys {
  readonly columns: readonly IndexColumnRecord[];
  readonly expressions: readonly Uint8Array[];
  /** As they stand in the index's default name. */
  readonly names: string;
}

function indexKeys(keys: readonly OrderItem[], table: TableEntry, work: DdlWork): Keys {
  const columns: IndexColumnRecord[] = [];
  const expressions: Uint8Array[] = [];
  const names: string[] = [];
  for (const key of keys) {
    const order = { descending: key.descending, nullsFirst: key.nullsFirst ?? key.descending };
    const expression = withoutCollation(key.expression);
    if (expression.kind === 'column' && expression.path.length === 1) {
      const column = columnOf(table, expression.path[0] as string, expression.token);
      columns.push({ slot: column.slot, expression: null, text: null, ...order });
      names.push(column.name);
      continue;
    }
    const compiled = work.store.compiler.compile(expression, table.name, table.columns, null);
    if (compiled.volatile) {
      throw new SqlError('invalid_object_definition', 'functions in index expression must be marked IMMUTABLE');
    }
    columns.push({ slot: null, expression: expressions.length, text: printExpression(expression), ...order });
    expressions.push(encodeExpression(expression));
    names.push(expressionName(expression));
  }
  return { columns, expressions, names: names.join('_') };
}

/** Text is ordered by code point whatever the collation is called. */
function withoutCollation(expression: Expression): Expression {
  return expression.kind === 'collate' ? expression.operand : expression;
}

/** PostgreSQL's FigureIndexColname: a function's name, or expr. */
function expressionName(expression: Expression): string {
  if (expression.kind === 'call') return expression.name.at(-1) ?? 'expr';
  return expression.kind === 'cast' && expression.operand.kind === 'column'
    ? (expression.operand.path.at(-1) ?? 'expr')
    : 'expr';
}

function columnOf(table: TableEntry, name: string, token: number): TableEntry['columns'][number] {
  const column = table.columns.find((candidate) => candidate.name === name);
  if (column === undefined) {
    throw new SqlError('undefined_column', `column "${name}" does not exist`, { token });
  }
  return column;
}

/** The name that a constraint's index gets: its own, if no relation has it. */
export function indexNameFor(
  work: DdlWork,
  table: TableEntry,
  columns: readonly string[],
  kind: 'pkey' | 'key',
): string {
  const { schema } = work.relationRow(table.id);
  if (kind === 'pkey') {
    const plain = objectName(table.name, null, 'pkey');
    return work.snapshot.relationNamed(schema, plain) === null
      ? plain
      : freeRelationName(work.snapshot, schema, table.name, null, 'pkey');
  }
  return freeRelationName(work.snapshot, schema, table.name, columns.join('_'), 'key');
}
