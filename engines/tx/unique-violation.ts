import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { DEFAULT_TEXT_CONTEXT, printText } from '#schemas/values/text-form.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { IndexData } from '../rows/index-data.js';
import type { TableData } from '../rows/table-data.js';

/** 23505 with PostgreSQL's message and detail. `index` null = the row key. */
export function duplicateKey(data: TableData, index: IndexData | null, row: Row): SqlError {
  const { event, key, keyConstraint } = data.shape;
  const constraint = index === null ? (keyConstraint ?? '') : index.shape.name;
  const columns =
    index === null
      ? key.map((c) => ({ slot: c.slot as number | null, type: c.type, evaluate: null }))
      : index.shape.columns;
  const names: string[] = [];
  const values: string[] = [];
  for (const column of columns) {
    const value: Value = column.evaluate !== null ? column.evaluate(row) : (row[column.slot as number] ?? null);
    names.push(event.columns.find((c) => c.slot === column.slot)?.name ?? 'expression');
    values.push(value === null ? 'null' : printText(column.type satisfies SqlType, value, DEFAULT_TEXT_CONTEXT));
  }
  return new SqlError('unique_violation', `duplicate key value violates unique constraint "${constraint}"`, {
    detail: `Key (${names.join(', ')})=(${values.join(', ')}) already exists.`,
    schema: event.schema,
    table: event.name,
    constraint,
  });
}
