import { COLUMNS, CONSTRAINTS, type ColumnRow, INDEXES, RELATIONS, SEQUENCES } from '#schemas/catalog/system-tables.js';
import { assert } from '#schemas/kernel/assert.js';
import { encodeExpression } from '#schemas/program/encode.js';
import type { Expression } from '#schemas/program/expression.js';
import type { AlterTableAction } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { castMethod } from '#schemas/values/cast.js';
import { DEFAULT_TEXT_CONTEXT, printText } from '#schemas/values/text-form.js';
import type { SqlType } from '#schemas/values/type.js';
import { printType } from '#schemas/values/type-name.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { TableEntry } from '../entry.js';
import { SessionFunctions } from '../session-functions.js';
import { expressionOf, indexColumns, readType, writeType } from '../snapshot-records.js';
import { addColumn, defaultProgram, planColumn } from './columns.js';
import { addConstraint, rekey, setNotNull } from './constraints.js';
import {
  type Dependent,
  dependentKeys,
  describe,
  dropRelation,
  removeConstraint,
  removeIndex,
  settleDependents,
  viewsOnColumn,
} from './dependents.js';
import { checkNotNull, isEmpty, rewriteRows } from './rows.js';
import { columnsIn, renameColumn } from './tree.js';
import { columnType } from './types.js';
import type { DdlWork } from './work.js';

type Action<K extends AlterTableAction['kind']> = Extract<AlterTableAction, { kind: K }>;

/** The table's rows changed their columns: its next event schema. */
async function bump(work: DdlWork, table: TableEntry, slots?: number): Promise<void> {
  const row = work.relationRow(table.id);
  await work.update(RELATIONS, row, { ...row, schemaVersion: (row.schemaVersion ?? 0) + 1, slots: slots ?? row.slots });
}

export function columnRow(work: DdlWork, table: TableEntry, name: string): ColumnRow {
  const row = work.snapshot.columnsOf(table.id).find((column) => column.name === name && !column.dropped);
  if (row === undefined) {
    throw new SqlError('undefined_column', `column "${name}" of relation "${table.name}" does not exist`);
  }
  return row;
}

function current(work: DdlWork, table: TableEntry): TableEntry {
  const entry = work.snapshot.relationById(table.id);
  assert(entry?.kind === 'table', 'the altered table is gone');
  return entry;
}

// ── ADD COLUMN ───────────────────────────────────────────────────────────────────────────────────────────────────────

export async function addColumnAction(work: DdlWork, table: TableEntry, action: Action<'add-column'>): Promise<void> {
  const { column } = action;
  if (table.columns.some((existing) => existing.name === column.name)) {
    if (!action.ifNotExists) {
      throw new SqlError('duplicate_column', `column "${column.name}" of relation "${table.name}" already exists`, {
        token: column.token,
      });
    }
    work.notice('duplicate_column', `column "${column.name}" of relation "${table.name}" already exists, skipping`);
    return;
  }
  const plan = planColumn(column, table.name);
  const slot = table.shape.event.slots;
  const position = Math.max(0, ...work.snapshot.columnsOf(table.id).map((c) => c.position)) + 1;
  const empty = await isEmpty(work, table.shape);
  // Rows that this very transaction wrote would be logged in the new shape, without the default: then all are rewritten.
  const untouched = work.transaction.mark().position === 0;
  let constant: Value = null;
  if (!empty && plan.default !== null) {
    const { expression } = defaultProgram(work, table.name, plan.type, plan.default);
    const compiled = work.store.compiler.compile(expression, table.name, [], plan.type);
    constant = compiled.volatile ? null : compiled.evaluate([], work.context.evaluation);
  }
  const missing = constant !== null && untouched ? printText(plan.type, constant, DEFAULT_TEXT_CONTEXT) : null;
  await addColumn(work, table, plan, { slot, position, missing }, table.columns);
  await bump(work, table, slot + 1);
  await work.registerShape(table.id);
  if (!empty && missing === null) await fillColumn(work, current(work, table), slot);
  if (!empty && plan.notNull && missing === null) await checkNotNull(work, current(work, table), slot, plan.name);
  for (const constraint of plan.constraints) await addConstraint(work, table.id, constraint, false);
}

/** Writes a new column's default or generated value into every row; nothing when it has none. */
async function fillColumn(work: DdlWork, table: TableEntry, slot: number): Promise<void> {
  const column = table.columns.find((c) => c.slot === slot);
  const source = column?.generated ?? column?.default ?? null;
  if (column === undefined || source === null) return;
  const compiled = work.store.compiler.compile(source.expression, table.name, table.columns, column.type);
  const evaluation = ownEvaluation(work);
  await rewriteRows(work, table.shape, (row) => {
    row[slot] = compiled.evaluate(row, evaluation);
    return row;
  });
}

/** The statement's evaluation context with sequences that this statement has made. */
function ownEvaluation(work: DdlWork): DdlWork['context']['evaluation'] {
  const { evaluation, user, searchPath, database, pid } = work.context;
  const catalog = new SessionFunctions(
    { pid, user, searchPath, database, catalog: work.snapshot },
    work.store.sequences,
    null,
  );
  return new Proxy(evaluation, {
    get(target, name) {
      if (name === 'catalog') return catalog;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

// ── DROP COLUMN ──────────────────────────────────────────────────────────────────────────────────────────────────────

export async function dropColumn(work: DdlWork, table: TableEntry, action: Action<'drop-column'>): Promise<void> {
  if (action.ifExists && !table.columns.some((c) => c.name === action.name)) {
    work.notice(
      'successful_completion',
      `column "${action.name}" of relation "${table.name}" does not exist, skipping`,
    );
    return;
  }
  const column = columnRow(work, table, action.name);
  const constraints = work.snapshot.constraintsOf(table.id).filter((c) => c.slots.includes(column.slot));
  const what = `column ${column.name} of ${describe(work, work.relationRow(table.id))}`;
  const dependents: Dependent[] = viewsOnColumn(work, table.id, column.name).map((view) => ({
    description: `${describe(work, view)} depends on ${what}`,
    drop: () => dropRelation(work, view.id, true),
  }));
  for (const constraint of constraints) dependents.push(...dependentKeys(work, constraint));
  for (const other of table.columns) {
    if (other.generated !== null && columnsIn(other.generated.expression).includes(column.name)) {
      const row = columnRow(work, table, other.name);
      dependents.push({
        description: `column ${other.name} of table ${table.name} depends on ${what}`,
        drop: () => markDropped(work, row),
      });
    }
  }
  await settleDependents(work, what, dependents, action.cascade);
  for (const constraint of constraints) await removeConstraint(work, constraint);
  for (const index of work.snapshot.indexesOf(table.id)) {
    const uses =
      indexColumns(index).some((c) => c.slot === column.slot) || index.include?.includes(column.slot) === true;
    const named = [...(index.expressions ?? []), ...(index.predicate === null ? [] : [index.predicate])];
    if (uses || named.some((program) => columnsIn(expressionOf(program)).includes(column.name)))
      await removeIndex(work, index);
  }
  for (const sequence of [...work.snapshot.sequences.values()]) {
    if (sequence.ownedTable === table.id && sequence.ownedSlot === column.slot)
      await dropRelation(work, sequence.id, false);
  }
  await markDropped(work, column);
  await bump(work, table);
  await work.registerShape(table.id);
}

/** A dropped column keeps its slot; its name becomes free. */
async function markDropped(work: DdlWork, column: ColumnRow): Promise<void> {
  await work.update(COLUMNS, column, {
    ...column,
    name: `........pg.dropped.${column.slot + 1}........`,
    dropped: true,
    notNull: false,
    defaultProgram: null,
    defaultText: null,
    generatedProgram: null,
    generatedText: null,
    identity: null,
    missing: null,
  });
}

// ── ALTER COLUMN … TYPE ──────────────────────────────────────────────────────────────────────────────────────────────

/** True when every value of `from` is one of `to` as it stands, so that no row need be written. */
function widens(from: SqlType, to: SqlType): boolean {
  const text = (type: SqlType): boolean => type.kind === 'text' || type.kind === 'varchar';
  if (text(from) && text(to)) {
    const limit = to.kind === 'varchar' ? to.length : null;
    return limit === null || (from.kind === 'varchar' && from.length !== null && from.length <= limit);
  }
  if (from.kind !== 'numeric' || to.kind !== 'numeric') return JSON.stringify(from) === JSON.stringify(to);
  return (
    to.precision === null || (from.scale === to.scale && from.precision !== null && from.precision <= to.precision)
  );
}

export async function setType(work: DdlWork, table: TableEntry, action: Action<'set-type'>): Promise<void> {
  const column = columnRow(work, table, action.column);
  const from = readType(column.type);
  const to = columnType(action.type);
  const view = viewsOnColumn(work, table.id, column.name)[0];
  if (view !== undefined) {
    throw new SqlError('feature_not_supported', 'cannot alter type of a column used by a view or rule', {
      detail: `rule _RETURN on ${describe(work, view)} depends on column "${column.name}"`,
    });
  }
  requireDefaultFits(work, table, column, to);
  if (action.using === null && widens(from, to)) {
    await work.update(COLUMNS, column, { ...column, type: writeType(to) });
    await bump(work, table);
    await work.registerShape(table.id);
    return;
  }
  const method = castMethod(from, to);
  if (action.using === null && (method === null || method === 'explicit')) {
    throw new SqlError(
      'datatype_mismatch',
      `column "${column.name}" cannot be cast automatically to type ${printType(to)}`,
      {
        ...(method === null ? {} : { hint: `You might need to specify "USING ${column.name}::${printType(to)}".` }),
        token: action.token,
      },
    );
  }
  await replaceSlot(work, table, column, to, action.using);
}

function requireDefaultFits(work: DdlWork, table: TableEntry, column: ColumnRow, to: SqlType): void {
  if (column.defaultProgram === null) return;
  try {
    work.store.compiler.compile(expressionOf(column.defaultProgram), table.name, [], to);
  } catch {
    throw new SqlError(
      'datatype_mismatch',
      `default for column "${column.name}" cannot be cast automatically to type ${printType(to)}`,
    );
  }
}

/** The column moves to a new slot of the new type, and every row with it; what stands on the old slot follows. */
async function replaceSlot(
  work: DdlWork,
  table: TableEntry,
  column: ColumnRow,
  to: SqlType,
  using: Expression | null,
): Promise<void> {
  const source: Expression = using ?? { kind: 'column', path: [column.name], token: -1 };
  const compiled = work.store.compiler.compile(source, table.name, table.columns, to);
  const slot = table.shape.event.slots;
  await markDropped(work, column);
  await work.insert(COLUMNS, { ...column, slot, type: writeType(to), missing: null });
  await bump(work, table, slot + 1);
  const key = table.uniqueConstraints.find((c) => c.primary);
  const inKey = table.shape.key.some((part) => part.slot === column.slot);
  const moved = (slots: readonly number[]): number[] => slots.map((s) => (s === column.slot ? slot : s));
  for (const constraint of work.snapshot.constraintsOf(table.id)) {
    if (constraint.slots.includes(column.slot))
      await work.update(CONSTRAINTS, constraint, { ...constraint, slots: moved(constraint.slots) });
  }
  for (const constraint of work.snapshot.referencesTo(table.id)) {
    if (constraint.referencedSlots?.includes(column.slot) === true) {
      await work.update(CONSTRAINTS, constraint, { ...constraint, referencedSlots: moved(constraint.referencedSlots) });
    }
  }
  for (const index of work.snapshot.indexesOf(table.id)) {
    const columns = indexColumns(index);
    if (!columns.some((c) => c.slot === column.slot)) continue;
    const next = columns.map((c) => (c.slot === column.slot ? { ...c, slot } : c));
    await work.update(INDEXES, index, { ...index, columns: JSON.stringify(next) });
  }
  for (const sequence of work.snapshot.sequences.values()) {
    if (sequence.ownedTable !== table.id || sequence.ownedSlot !== column.slot) continue;
    await work.update(SEQUENCES, sequence, { ...sequence, ownedSlot: slot });
  }
  await work.registerShape(table.id);
  const { evaluation } = work.context;
  const convert = (row: Value[]): Value[] => {
    row[slot] = compiled.evaluate(row as Row, evaluation);
    return row;
  };
  // Rows are kept under their key: when the key itself changes, they are rewritten where they stand and then moved.
  if (inKey && key !== undefined && !(await isEmpty(work, table.shape))) {
    const keyless = { ...current(work, table).shape, key: table.shape.key, indexes: table.shape.indexes };
    await rewriteRows(work, keyless, convert);
    await rekey(work, { ...current(work, table), shape: keyless }, key.name);
  } else await rewriteRows(work, current(work, table).shape, convert);
}

// ── the smaller ones ─────────────────────────────────────────────────────────────────────────────────────────────────

/** The column's former name becomes an alias in the event schema: old events are read as before. */
export async function renameColumnAction(
  work: DdlWork,
  table: TableEntry,
  action: Action<'rename-column'>,
): Promise<void> {
  const column = columnRow(work, table, action.name);
  if (table.columns.some((c) => c.name === action.to)) {
    throw new SqlError('duplicate_column', `column "${action.to}" of relation "${table.name}" already exists`, {
      token: action.token,
    });
  }
  const view = viewsOnColumn(work, table.id, column.name)[0];
  if (view !== undefined) {
    throw new SqlError(
      'feature_not_supported',
      `cannot rename column "${column.name}": ${describe(work, view)} uses it`,
    );
  }
  const formerNames = [...(column.formerNames ?? []).filter((name) => name !== action.to), column.name];
  await work.update(COLUMNS, column, { ...column, name: action.to, formerNames });
  const renamed = (program: Uint8Array): Uint8Array =>
    encodeExpression(renameColumn(expressionOf(program), column.name, action.to));
  const retold = (text: string): string =>
    text.replace(new RegExp(`(?<![\\w".'])"?${column.name}"?(?![\\w".'])`, 'g'), action.to);
  for (const constraint of work.snapshot.constraintsOf(table.id)) {
    if (constraint.program === null || !constraint.slots.includes(column.slot)) continue;
    await work.update(CONSTRAINTS, constraint, {
      ...constraint,
      program: renamed(constraint.program),
      text: retold(constraint.text ?? ''),
    });
  }
  for (const index of work.snapshot.indexesOf(table.id)) {
    if (index.expressions === null && index.predicate === null) continue;
    const columns = indexColumns(index).map((c) => (c.text === null ? c : { ...c, text: retold(c.text) }));
    await work.update(INDEXES, index, {
      ...index,
      columns: JSON.stringify(columns),
      expressions: index.expressions?.map(renamed) ?? null,
      predicate: index.predicate === null ? null : renamed(index.predicate),
      predicateText: index.predicateText === null ? null : retold(index.predicateText),
    });
  }
  for (const other of work.snapshot.columnsOf(table.id)) {
    if (other.generatedProgram === null) continue;
    await work.update(COLUMNS, other, {
      ...other,
      generatedProgram: renamed(other.generatedProgram),
      generatedText: retold(other.generatedText ?? ''),
    });
  }
  await bump(work, table);
  await work.registerShape(table.id);
}

export async function setDefault(work: DdlWork, table: TableEntry, action: Action<'set-default'>): Promise<void> {
  const column = columnRow(work, table, action.column);
  refuseIdentity(table, column, action.token);
  const { expression, text } = defaultProgram(work, table.name, readType(column.type), action);
  await work.update(COLUMNS, column, { ...column, defaultProgram: encodeExpression(expression), defaultText: text });
}

export async function dropDefault(
  work: DdlWork,
  table: TableEntry,
  action: Action<'drop-default' | 'set-not-null' | 'drop-not-null'>,
): Promise<void> {
  const column = columnRow(work, table, action.column);
  refuseIdentity(table, column, action.token);
  if (column.generatedProgram !== null) {
    throw new SqlError('syntax_error', `column "${column.name}" of relation "${table.name}" is a generated column`, {
      hint: 'Use ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION instead.',
    });
  }
  await work.update(COLUMNS, column, { ...column, defaultProgram: null, defaultText: null });
}

function refuseIdentity(table: TableEntry, column: ColumnRow, token: number): void {
  if (column.identity !== null) {
    throw new SqlError('syntax_error', `column "${column.name}" of relation "${table.name}" is an identity column`, {
      token,
    });
  }
}

export async function setNotNullAction(
  work: DdlWork,
  table: TableEntry,
  action: Action<'drop-default' | 'set-not-null' | 'drop-not-null'>,
): Promise<void> {
  const column = columnRow(work, table, action.column);
  if (column.notNull) return;
  await checkNotNull(work, table, column.slot, column.name);
  await setNotNull(work, table.id, column.slot);
}

export async function dropNotNull(
  work: DdlWork,
  table: TableEntry,
  action: Action<'drop-default' | 'set-not-null' | 'drop-not-null'>,
): Promise<void> {
  const column = columnRow(work, table, action.column);
  if (table.shape.key.some((part) => part.slot === column.slot)) {
    throw new SqlError('invalid_table_definition', `column "${column.name}" is in a primary key`, {
      token: action.token,
    });
  }
  refuseIdentity(table, column, action.token);
  if (column.notNull) await work.update(COLUMNS, column, { ...column, notNull: false });
}
