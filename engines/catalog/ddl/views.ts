import { COLUMNS, RELATIONS, type RelationRow } from '#schemas/catalog/system-tables.js';
import type { ObjectId } from '#schemas/kernel/brand.js';
import { encodeProgram } from '#schemas/program/encode.js';
import type { Statement } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import { printType, sameType } from '#schemas/values/type-name.js';
import type { ViewEntry } from '../entry.js';
import { writeType } from '../snapshot-records.js';
import { qualifyTables } from './tree.js';
import type { DdlWork } from './work.js';

type CreateView = Extract<Statement, { kind: 'create-view' }>;

interface ViewColumn {
  readonly name: string;
  readonly type: SqlType;
}

/** CREATE [OR REPLACE] VIEW. The query is kept with every table by its full name, so that a view means the same under any search path. */
export async function createView(statement: CreateView, work: DdlWork): Promise<string> {
  const { schema, name } = work.target(statement.path);
  const described = work.context.describeQuery(statement.query, work.snapshot);
  if (statement.columns.length > described.length) {
    throw new SqlError('invalid_table_definition', 'CREATE VIEW specifies more column names than columns');
  }
  const columns = described.map(
    (column, i): ViewColumn => ({
      name: statement.columns[i] ?? column.name,
      type: column.type.kind === 'unknown' ? { kind: 'text' } : column.type,
    }),
  );
  const twice = columns.find((column, i) => columns.findIndex((other) => other.name === column.name) !== i);
  if (twice !== undefined) throw new SqlError('duplicate_column', `column "${twice.name}" specified more than once`);
  const depends = new Set<ObjectId>();
  const query = qualifyTables(statement.query, (path, token) => {
    const entry = work.find({ path, token });
    if (entry === null) return null;
    if (entry.kind !== 'virtual') depends.add(entry.id);
    return [entry.schema, entry.name];
  });
  const body = { program: encodeProgram({ kind: 'query', query }), text: statement.text, depends: [...depends] };
  const before = work.snapshot.relationNamed(schema.id, name);
  if (before === null) {
    const id = work.newId();
    const relation: RelationRow = {
      id,
      database: schema.database,
      schema: schema.id,
      name,
      kind: 'view',
      owner: work.context.user.id,
      parent: null,
      generation: null,
      schemaVersion: null,
      slots: null,
      options: null,
      ...body,
    };
    await work.insert(RELATIONS, relation);
    await writeColumns(work, id, columns, 0);
    return 'CREATE VIEW';
  }
  if (!statement.orReplace) throw new SqlError('duplicate_table', `relation "${name}" already exists`);
  if (before.kind !== 'view') throw new SqlError('wrong_object_type', `"${name}" is not a view`);
  work.requireOwner('view', name, before.owner);
  if (depends.has(before.id)) throw new SqlError('invalid_table_definition', `view "${name}" refers to itself`);
  const kept = (work.snapshot.relationById(before.id) as ViewEntry).columns;
  requireExtension(kept, columns);
  await work.transaction.lockTable(before.id, 'access-exclusive', false);
  await work.update(RELATIONS, before, { ...before, ...body });
  await writeColumns(work, before.id, columns.slice(kept.length), kept.length);
  return 'CREATE VIEW';
}

/** A replaced view keeps its columns; new ones come behind them. */
function requireExtension(before: readonly ViewColumn[], after: readonly ViewColumn[]): void {
  if (after.length < before.length) throw new SqlError('invalid_table_definition', 'cannot drop columns from view');
  before.forEach((column, i) => {
    const next = after[i] as ViewColumn;
    if (next.name !== column.name) {
      throw new SqlError(
        'invalid_table_definition',
        `cannot change name of view column "${column.name}" to "${next.name}"`,
        {
          hint: 'Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.',
        },
      );
    }
    if (!sameType(next.type, column.type)) {
      throw new SqlError(
        'invalid_table_definition',
        `cannot change data type of view column "${column.name}" from ${printType(column.type)} to ${printType(next.type)}`,
      );
    }
  });
}

async function writeColumns(
  work: DdlWork,
  view: ObjectId,
  columns: readonly ViewColumn[],
  from: number,
): Promise<void> {
  for (const [i, column] of columns.entries()) {
    await work.insert(COLUMNS, {
      relation: view,
      slot: from + i,
      position: from + i + 1,
      name: column.name,
      type: writeType(column.type),
      notNull: false,
      dropped: false,
      defaultProgram: null,
      defaultText: null,
      generatedProgram: null,
      generatedText: null,
      identity: null,
      missing: null,
      formerNames: null,
    });
  }
}
