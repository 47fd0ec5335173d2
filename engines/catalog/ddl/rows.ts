import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { keyEncoder } from '#schemas/values/key.js';
import { printText } from '#schemas/values/text-form.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { VisibleRow } from '../../rows/reading.js';
import type { IndexShape, TableShape } from '../../rows/shape.js';
import type { TableEntry } from '../entry.js';
import type { CompiledExpression } from '../expression-compiler.js';
import type { DdlWork } from './work.js';

/** What DDL does to the rows of a table: checks and rewrites, all through the statement's transaction. */

type TakeRows = (rows: readonly VisibleRow[]) => Promise<void> | boolean | void;

/** Calls `take` for every batch of a table's rows, as they are now that it is locked; false ends the scan. Others get their turn between batches. */
async function eachBatch(work: DdlWork, shape: TableShape, take: TakeRows): Promise<void> {
  work.transaction.beginStatement();
  await work.transaction.seeLatest(() => scanBatches(work, shape, take));
}

async function scanBatches(work: DdlWork, shape: TableShape, take: TakeRows): Promise<void> {
  const cursor = work.transaction.scan(shape, { from: null, to: null }, false);
  try {
    for (;;) {
      const next = cursor.next();
      const batch = next instanceof Promise ? await next : next;
      if (batch === null) return;
      const more = take(batch);
      if (more instanceof Promise) await more;
      else if (more === false) return;
      const turn = work.context.yieldNow();
      if (turn !== null) await turn;
    }
  } finally {
    cursor.close();
  }
}

export async function isEmpty(work: DdlWork, shape: TableShape): Promise<boolean> {
  let empty = true;
  await eachBatch(work, shape, () => {
    empty = false;
    return false;
  });
  return empty;
}

/** A slot's value, for a row that may be older than the slot. */
function slotValue(shape: TableShape, row: Row, slot: number): Value {
  return slot < row.length ? (row[slot] ?? null) : (shape.missing[slot] ?? null);
}

/** A row of the shape's full length. */
function fullRow(shape: TableShape, row: Row): Value[] {
  const full = row.slice();
  for (let slot = row.length; slot < shape.event.slots; slot++) full.push(shape.missing[slot] ?? null);
  return full;
}

/** Replaces every row by `change(row)`. */
export async function rewriteRows(work: DdlWork, shape: TableShape, change: (row: Value[]) => Value[]): Promise<void> {
  await eachBatch(work, shape, async (rows) => {
    for (const seen of rows) {
      const outcome = work.transaction.lock(shape, seen, 'update', 'block');
      const locked = outcome instanceof Promise ? await outcome : outcome;
      if (locked.kind !== 'locked' && locked.kind !== 'changed') continue;
      const written = work.transaction.update(shape, locked.row, change(fullRow(shape, locked.row.row)));
      if (written instanceof Promise) await written;
    }
  });
}

/**
 * Writes every row of one generation into another. The table is locked against everybody, so the rows are inserted without a look at what they replace; the old
 * generation's rows go with it when the catalog forgets it.
 */
export async function copyRows(work: DdlWork, from: TableShape, to: TableShape): Promise<void> {
  await eachBatch(work, from, async (rows) => {
    for (const { row } of rows) {
      const written = work.transaction.insert(to, row.length === from.event.slots ? row : fullRow(from, row));
      if (written instanceof Promise) await written;
    }
  });
}

function describeKey(
  columns: ReadonlyArray<{ readonly name: string; readonly type: SqlType }>,
  values: readonly Value[],
  work: DdlWork,
): string {
  const { text } = work.context.evaluation;
  const shown = values.map((value, i) =>
    value === null ? 'null' : printText((columns[i] as { type: SqlType }).type, value, text),
  );
  return `(${columns.map((column) => column.name).join(', ')})=(${shown.join(', ')})`;
}

/** 23505 when two rows agree in the columns of a unique index that is to be. Rows with a null agree with none. */
export async function checkUnique(work: DdlWork, table: TableEntry, index: IndexShape): Promise<void> {
  const { shape } = table;
  const encode = keyEncoder(index.columns);
  const seen = new Set<string>();
  await eachBatch(work, shape, (rows) => {
    for (const { row } of rows) {
      const full = row.length === shape.event.slots ? row : fullRow(shape, row);
      if (index.predicate !== null && !index.predicate(full)) continue;
      const values = index.columns.map((c) =>
        c.evaluate === null ? (full[c.slot as number] ?? null) : c.evaluate(full),
      );
      if (values.includes(null)) continue;
      const key = encode(values);
      if (seen.has(key)) {
        const columns = index.columns.map((c) => ({
          name: table.columns.find((column) => column.slot === c.slot)?.name ?? 'expression',
          type: c.type,
        }));
        throw notUnique(index.name, table, `Key ${describeKey(columns, values, work)} is duplicated.`);
      }
      seen.add(key);
    }
  });
}

export function notUnique(name: string, table: TableEntry, detail: string): SqlError {
  return new SqlError('unique_violation', `could not create unique index "${name}"`, {
    detail,
    schema: table.schema,
    table: table.name,
    constraint: name,
  });
}

/** 23502 when a row has null in the slot. */
export async function checkNotNull(work: DdlWork, table: TableEntry, slot: number, column: string): Promise<void> {
  await eachBatch(work, table.shape, (rows) => {
    for (const { row } of rows) {
      if (slotValue(table.shape, row, slot) === null) throw containsNull(table, column);
    }
  });
}

function containsNull(table: { readonly schema: string; readonly name: string }, column: string): SqlError {
  return new SqlError('not_null_violation', `column "${column}" of relation "${table.name}" contains null values`, {
    schema: table.schema,
    table: table.name,
    column,
  });
}

/** 23514 when a row does not satisfy the condition. Null satisfies it. */
export async function checkRows(
  work: DdlWork,
  table: TableEntry,
  name: string,
  condition: CompiledExpression,
): Promise<void> {
  const { evaluation } = work.context;
  await eachBatch(work, table.shape, (rows) => {
    for (const { row } of rows) {
      if (condition.evaluate(fullRow(table.shape, row), evaluation) === false) {
        throw new SqlError(
          'check_violation',
          `check constraint "${name}" of relation "${table.name}" is violated by some row`,
          {
            schema: table.schema,
            table: table.name,
            constraint: name,
          },
        );
      }
    }
  });
}

export interface ForeignKeyCheck {
  readonly name: string;
  readonly slots: readonly number[];
  readonly parent: TableEntry;
  readonly parentSlots: readonly number[];
  readonly match: 'simple' | 'full';
}

/** 23503 when a row refers to none of the parent's rows: the parent's keys are gathered, then every row is looked up among them. */
export async function checkForeignKey(work: DdlWork, table: TableEntry, check: ForeignKeyCheck): Promise<void> {
  const { parent } = check;
  if (await isEmpty(work, table.shape)) return;
  const columns = check.slots.map(
    (slot) => table.columns.find((column) => column.slot === slot) ?? { name: '', type: { kind: 'unknown' as const } },
  );
  // Both sides are encoded as the parent's types: numbers of different widths must meet.
  const parentTypes = check.parentSlots.map((slot) => ({ type: parent.shape.slotTypes[slot] as SqlType }));
  const encode = keyEncoder(parentTypes);
  const keys = new Set<string>();
  await eachBatch(work, parent.shape, (rows) => {
    for (const { row } of rows) keys.add(encode(check.parentSlots.map((slot) => slotValue(parent.shape, row, slot))));
  });
  await eachBatch(work, table.shape, (rows) => {
    for (const { row } of rows) {
      const values = check.slots.map((slot) => slotValue(table.shape, row, slot));
      const nulls = values.filter((value) => value === null).length;
      if (nulls === values.length || (nulls > 0 && check.match === 'simple')) continue;
      const widened = values.map((value, i) => widen(value, (parentTypes[i] as { type: SqlType }).type));
      if (nulls === 0 && keys.has(encode(widened))) continue;
      throw new SqlError(
        'foreign_key_violation',
        `insert or update on table "${table.name}" violates foreign key constraint "${check.name}"`,
        {
          detail: `Key ${describeKey(columns, values, work)} is not present in table "${parent.name}".`,
          schema: table.schema,
          table: table.name,
          constraint: check.name,
        },
      );
    }
  });
}

function widen(value: Value, type: SqlType): Value {
  if (type.kind === 'bigint' && typeof value === 'number') return BigInt(value);
  return typeof value === 'bigint' && (type.kind === 'integer' || type.kind === 'smallint') ? Number(value) : value;
}
