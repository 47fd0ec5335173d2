import type {
  ColumnRow,
  ConstraintRow,
  IndexColumnRecord,
  IndexRow,
  RelationRow,
  SequenceRow,
} from '#schemas/catalog/system-tables.js';
import { assert } from '#schemas/kernel/assert.js';
import { decodeExpression, decodeProgram } from '#schemas/program/decode.js';
import type { Expression } from '#schemas/program/expression.js';
import type { Query } from '#schemas/program/query.js';
import type { ReferentialAction } from '#schemas/program/statement.js';
import { DEFAULT_TEXT_CONTEXT, parseText } from '#schemas/values/text-form.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Value } from '#schemas/values/value.js';
import type { CheckEntry, ColumnEntry, ForeignKeyEntry, SequenceEntry } from './entry.js';

/** What single rows of system tables mean. Kept with the row, which never changes, so that a new catalog costs little. */

function keptWith<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const kept = new WeakMap<K, V>();
  return (key) => {
    let value = kept.get(key);
    if (value === undefined) {
      value = make(key);
      kept.set(key, value);
    }
    return value;
  };
}

const types = new Map<string, SqlType>();

/** A type as it stands in a system table. Equal texts give one object. */
export function readType(text: string): SqlType {
  let type = types.get(text);
  if (type === undefined) {
    type = JSON.parse(text) as SqlType;
    types.set(text, type);
  }
  return type;
}

export function writeType(type: SqlType): string {
  return JSON.stringify(type);
}

export const expressionOf: (program: Uint8Array) => Expression = keptWith(decodeExpression);

export const viewQuery: (relation: RelationRow) => Query = keptWith((relation: RelationRow) => {
  assert(relation.program !== null, `view ${relation.name} has no query`);
  const statement = decodeProgram(relation.program);
  assert(statement.kind === 'query', `view ${relation.name} is no query`);
  return statement.query;
});

function textual(
  program: Uint8Array | null,
  text: string | null,
): { readonly expression: Expression; readonly text: string } | null {
  return program === null ? null : { expression: expressionOf(program), text: text ?? '' };
}

export const columnEntry: (column: ColumnRow) => ColumnEntry = keptWith((column: ColumnRow) => ({
  name: column.name,
  type: readType(column.type),
  slot: column.slot,
  notNull: column.notNull,
  default: textual(column.defaultProgram, column.defaultText),
  generated: textual(column.generatedProgram, column.generatedText),
  identity: column.identity,
}));

/** What rows that are too short for a column show. */
export const missingValue: (column: ColumnRow) => Value = keptWith((column: ColumnRow) =>
  column.missing === null ? null : parseText(readType(column.type), column.missing, DEFAULT_TEXT_CONTEXT),
);

export const indexColumns: (index: IndexRow) => readonly IndexColumnRecord[] = keptWith(
  (index: IndexRow) => JSON.parse(index.columns) as IndexColumnRecord[],
);

export const checkEntry: (constraint: ConstraintRow) => CheckEntry = keptWith((constraint: ConstraintRow) => {
  assert(constraint.program !== null, `check ${constraint.name} has no expression`);
  return { name: constraint.name, expression: expressionOf(constraint.program), text: constraint.text ?? '' };
});

export const foreignKeyEntry: (constraint: ConstraintRow) => ForeignKeyEntry = keptWith((constraint: ConstraintRow) => {
  assert(
    constraint.references !== null && constraint.referencedSlots !== null,
    `foreign key ${constraint.name} refers to nothing`,
  );
  return {
    name: constraint.name,
    table: constraint.relation,
    slots: constraint.slots,
    references: constraint.references,
    referencedSlots: constraint.referencedSlots,
    referencedIndex: constraint.referencedIndex,
    match: constraint.match ?? 'simple',
    onDelete: (constraint.onDelete ?? 'no-action') as ReferentialAction,
    onUpdate: (constraint.onUpdate ?? 'no-action') as ReferentialAction,
    deferrable: constraint.deferrable,
    initiallyDeferred: constraint.initiallyDeferred,
  };
});

/** A sequence's own part of its entry. */
export function sequenceFields(
  row: SequenceRow,
): Pick<SequenceEntry, 'type' | 'start' | 'increment' | 'minimum' | 'maximum' | 'cycle' | 'cache' | 'ownedBy'> {
  return {
    type: readType(row.type),
    start: row.start,
    increment: row.increment,
    minimum: row.minimum,
    maximum: row.maximum,
    cycle: row.cycle,
    cache: row.cache,
    ownedBy: row.ownedTable === null || row.ownedSlot === null ? null : { table: row.ownedTable, slot: row.ownedSlot },
  };
}
