import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { keyEncoder } from '#schemas/values/key.js';
import { DEFAULT_TEXT_CONTEXT, printText } from '#schemas/values/text-form.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { Catalog, ForeignKeyEntry, TableEntry } from '../../catalog/entry.js';
import type { MaybePromise, VisibleRow } from '../../rows/reading.js';
import type { IndexShape, TableShape } from '../../rows/shape.js';
import type { Evaluator } from '../compile.js';
import { chain, type Runtime } from '../operators/operator.js';
import { fullWidth } from '../operators/scan.js';

/** A row for error details: (1, abc, null). */
function printRow(table: TableEntry, row: Row): string {
  return `(${table.columns.map((c) => printValue(c.type, row[c.slot] ?? null)).join(', ')})`;
}

function printValue(type: SqlType, value: Value): string {
  return value === null ? 'null' : printText(type, value, DEFAULT_TEXT_CONTEXT);
}

export interface CompiledCheck {
  readonly name: string;
  readonly evaluate: Evaluator;
}

/** NOT NULL and CHECK. Throws 23502 and 23514. */
export function checkRow(table: TableEntry, checks: readonly CompiledCheck[], row: Row, runtime: Runtime): void {
  const { columns } = table;
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i] as TableEntry['columns'][number];
    if (column.notNull && (row[column.slot] ?? null) === null) {
      throw new SqlError(
        'not_null_violation',
        `null value in column "${column.name}" of relation "${table.name}" violates not-null constraint`,
        {
          detail: `Failing row contains ${printRow(table, row)}.`,
          schema: table.schema,
          table: table.name,
          column: column.name,
        },
      );
    }
  }
  for (let i = 0; i < checks.length; i++) {
    const check = checks[i] as CompiledCheck;
    if (check.evaluate(row, runtime) === false) {
      throw new SqlError(
        'check_violation',
        `new row for relation "${table.name}" violates check constraint "${check.name}"`,
        {
          detail: `Failing row contains ${printRow(table, row)}.`,
          schema: table.schema,
          table: table.name,
          constraint: check.name,
        },
      );
    }
  }
}

/** How rows of the referenced table are found for a foreign key: by its row key or a unique index, with slots in that key's order. */
interface ParentLookup {
  readonly index: IndexShape | null;
  /** Slots of the referencing row, in the order of the parent key. */
  readonly from: readonly number[];
  readonly encode: (values: readonly Value[]) => string;
}

function referencedParts(
  key: ForeignKeyEntry,
  parent: TableShape,
): { readonly index: IndexShape | null; readonly parts: TableShape['key'] | IndexShape['columns'] } {
  const index =
    key.referencedIndex === null ? null : (parent.indexes.find((i) => i.id === key.referencedIndex) ?? null);
  return { index, parts: index === null ? parent.key : index.columns };
}

function parentLookup(key: ForeignKeyEntry, parent: TableShape): ParentLookup {
  const { index, parts } = referencedParts(key, parent);
  const from = parts.map((part) => key.slots[key.referencedSlots.indexOf(part.slot as number)] as number);
  return { index, from, encode: keyEncoder(parts) };
}

function tableOf(catalog: Catalog, id: TableEntry['id']): TableEntry {
  const entry = catalog.relationById(id);
  if (entry?.kind !== 'table') throw new Error(`table ${id} of a foreign key is not in the catalog`);
  return entry;
}

const nameOf = (table: TableEntry, slot: number): string => table.columns.find((c) => c.slot === slot)?.name ?? '?';

/**
 * Checks that the row's foreign keys have their parents, and locks those so that they stay. With `before`, only keys that changed. Throws 23503.
 */
export function checkParents(
  table: TableEntry,
  row: Row,
  before: Row | null,
  catalog: Catalog,
  runtime: Runtime,
): MaybePromise<void> {
  let waiting: Promise<void> | null = null;
  for (const key of table.foreignKeys) {
    if (before !== null && key.slots.every((slot) => sameValue(row[slot] ?? null, before[slot] ?? null))) continue;
    const check = (): MaybePromise<void> => checkParent(table, key, row, catalog, runtime);
    const checkIfThere = (): MaybePromise<void> =>
      chain(stillPoints(table, key, row, runtime), (points) => (points ? check() : undefined));
    if (key.deferrable && key.initiallyDeferred) {
      runtime.transaction.atCommit(checkIfThere);
      continue;
    }
    if (key.references === table.id) {
      // The parent may be a row that the same statement is about to write.
      runtime.atStatementEnd(checkIfThere);
      continue;
    }
    if (waiting !== null) waiting = waiting.then(check);
    else {
      const done = check();
      if (done instanceof Promise) waiting = done;
    }
  }
  return waiting ?? undefined;
}

/** Is the row still there with the same reference when its check comes late? What changed it has a check of its own. */
function stillPoints(table: TableEntry, key: ForeignKeyEntry, row: Row, runtime: Runtime): MaybePromise<boolean> {
  const parts = table.shape.key;
  // Without a primary key a row cannot be looked up by what it holds: it is checked as it was written.
  if (parts.length === 0) return true;
  const encoded = keyEncoder(parts)(parts.map((part) => row[part.slot as number] ?? null));
  return chain(
    runtime.transaction.findNewest(table.shape, null, encoded),
    (found) =>
      found !== null &&
      key.slots.every((slot) => sameValue(row[slot] ?? null, fullWidth(found.row, table.shape)[slot] ?? null)),
  );
}

export function sameValue(a: Value, b: Value): boolean {
  return (
    a === b ||
    (typeof a === 'object' &&
      typeof b === 'object' &&
      a !== null &&
      b !== null &&
      String(JSON.stringify(a, bigintText)) === String(JSON.stringify(b, bigintText)))
  );
}

function bigintText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}

function checkParent(
  table: TableEntry,
  key: ForeignKeyEntry,
  row: Row,
  catalog: Catalog,
  runtime: Runtime,
): MaybePromise<void> {
  const values = key.slots.map((slot) => row[slot] ?? null);
  if (values.includes(null)) {
    if (key.match === 'full' && values.some((v) => v !== null)) {
      throw new SqlError(
        'foreign_key_violation',
        `insert or update on table "${table.name}" violates foreign key constraint "${key.name}"`,
        {
          detail: 'MATCH FULL does not allow mixing of null and nonnull key values.',
          schema: table.schema,
          table: table.name,
          constraint: key.name,
        },
      );
    }
    return;
  }
  const parent = tableOf(catalog, key.references);
  const lookup = parentLookup(key, parent.shape);
  const encoded = lookup.encode(lookup.from.map((slot) => row[slot] ?? null));
  const missing = (): SqlError =>
    new SqlError(
      'foreign_key_violation',
      `insert or update on table "${table.name}" violates foreign key constraint "${key.name}"`,
      {
        detail: `Key (${key.slots.map((s) => nameOf(table, s)).join(', ')})=(${key.slots.map((s) => printValue(table.columns.find((c) => c.slot === s)?.type ?? { kind: 'text' }, row[s] ?? null)).join(', ')}) is not present in table "${parent.name}".`,
        schema: table.schema,
        table: table.name,
        constraint: key.name,
      },
    );
  return chain(runtime.transaction.findNewest(parent.shape, lookup.index, encoded), (found) => {
    if (found === null) throw missing();
    return chain(lockNewest(parent.shape, found, runtime), (locked) => {
      if (locked === null) throw missing();
      const still = key.slots.every((slot, i) =>
        sameValue(row[slot] ?? null, fullWidth(locked.row, parent.shape)[key.referencedSlots[i] as number] ?? null),
      );
      if (!still) throw missing();
    });
  });
}

function lockNewest(shape: TableShape, found: VisibleRow, runtime: Runtime): MaybePromise<VisibleRow | null> {
  return chain(runtime.transaction.lock(shape, found, 'key-share', 'block'), (outcome) =>
    outcome.kind === 'locked' || outcome.kind === 'changed' ? outcome.row : null,
  );
}

/** A foreign key of another table whose parent columns an update or delete takes away. */
export interface Reference {
  readonly key: ForeignKeyEntry;
  readonly child: TableEntry;
}

/** Keys that pointed to `before` and no longer find `after` (null = deleted). */
export function brokenReferences(table: TableEntry, before: Row, after: Row | null, catalog: Catalog): Reference[] {
  const broken: Reference[] = [];
  for (const key of table.referencedBy) {
    const values = key.referencedSlots.map((slot) => before[slot] ?? null);
    if (values.includes(null)) continue;
    if (after !== null && key.referencedSlots.every((slot) => sameValue(before[slot] ?? null, after[slot] ?? null)))
      continue;
    broken.push({ key, child: tableOf(catalog, key.table) });
  }
  return broken;
}

/** Rows of the child table that point to `parentRow` by this key, as the transaction sees them now. */
export async function referencingRows(
  { key, child }: Reference,
  parentRow: Row,
  runtime: Runtime,
): Promise<VisibleRow[]> {
  const { transaction } = runtime;
  transaction.guardTable(child.shape);
  const wanted = key.referencedSlots.map((slot) => parentRow[slot] ?? null);
  const matches = (row: Row): boolean => key.slots.every((slot, i) => sameValue(row[slot] ?? null, wanted[i] as Value));
  const found: VisibleRow[] = [];
  const index = child.shape.indexes.find(
    (i) =>
      i.ready &&
      i.predicate === null &&
      key.slots.every((slot) => i.columns.slice(0, key.slots.length).some((c) => c.slot === slot)),
  );
  const own = child.shape.key.slice(0, key.slots.length);
  const parts =
    index?.columns.slice(0, key.slots.length) ??
    (own.length === key.slots.length && key.slots.every((s) => own.some((c) => c.slot === s)) ? own : null);
  let range: { from: string | null; to: string | null } = { from: null, to: null };
  if (parts !== null) {
    const prefix = keyEncoder(parts)(parts.map((part) => wanted[key.slots.indexOf(part.slot as number)] as Value));
    range = { from: prefix, to: `${prefix}\u00ff` };
  }
  const cursor =
    index !== undefined
      ? transaction.scanIndex(child.shape, index, range, false)
      : transaction.scan(child.shape, range, false);
  for (let batch = await cursor.next(); batch !== null; batch = await cursor.next()) {
    for (const row of batch) if (matches(fullWidth(row.row, child.shape))) found.push(row);
    const turn = runtime.context.yieldNow();
    if (turn !== null) await turn;
  }
  return found;
}

/** Is there a parent with the key that `before` had, as things stand now? */
export async function keyIsBack(
  table: TableEntry,
  { key }: Reference,
  before: Row,
  runtime: Runtime,
): Promise<boolean> {
  const { index, parts } = referencedParts(key, table.shape);
  const encoded = keyEncoder(parts)(parts.map((part) => before[part.slot as number] ?? null));
  return (await runtime.transaction.findNewest(table.shape, index, encoded)) !== null;
}

/** 23503 for a parent that is still pointed to. */
export function stillReferenced(table: TableEntry, { key, child }: Reference, row: Row): SqlError {
  const names = key.referencedSlots.map((s) => nameOf(table, s)).join(', ');
  const values = key.referencedSlots
    .map((s) => printValue(table.columns.find((c) => c.slot === s)?.type ?? { kind: 'text' }, row[s] ?? null))
    .join(', ');
  return new SqlError(
    'foreign_key_violation',
    `update or delete on table "${table.name}" violates foreign key constraint "${key.name}" on table "${child.name}"`,
    {
      detail: `Key (${names})=(${values}) is still referenced from table "${child.name}".`,
      schema: child.schema,
      table: child.name,
      constraint: key.name,
    },
  );
}
