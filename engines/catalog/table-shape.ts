import type { ColumnRow, IndexColumnRecord, IndexRow, RelationRow } from '#schemas/catalog/system-tables.js';
import type { EventShape } from '#schemas/events/event.js';
import { assert } from '#schemas/kernel/assert.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Row } from '#schemas/values/value.js';
import type { IndexColumn, IndexShape, KeyColumn, TableShape } from '../rows/shape.js';
import type { ExpressionCompiler } from './expression-compiler.js';
import { columnEntry, expressionOf, indexColumns, missingValue, readType } from './snapshot-records.js';

/** Everything that a table's shape is made of. */
export interface ShapeParts {
  readonly relation: RelationRow;
  readonly database: string;
  readonly schema: string;
  /** Dropped ones too. */
  readonly columns: readonly ColumnRow[];
  /** The primary key's index and its constraint's name; null without one. */
  readonly primary: { readonly index: IndexRow; readonly name: string } | null;
  readonly indexes: ReadonlyArray<{ readonly row: IndexRow; readonly name: string }>;
}

/**
 * Makes shapes and keeps them: the store knows an index again by its object, so an index that did not change must stay the same one in every catalog, or it
 * would be built anew.
 */
export class ShapeFactory {
  readonly #compiler: ExpressionCompiler;
  readonly #tables = new WeakMap<RelationRow, { readonly inputs: readonly unknown[]; readonly shape: TableShape }>();
  readonly #indexes = new WeakMap<IndexRow, { readonly name: string; readonly shape: IndexShape }>();

  constructor(compiler: ExpressionCompiler) {
    this.#compiler = compiler;
  }

  table(parts: ShapeParts): TableShape {
    const inputs = [parts.database, parts.schema, parts.primary?.index, parts.primary?.name, ...parts.columns];
    for (const index of parts.indexes) inputs.push(index.row, index.name);
    const kept = this.#tables.get(parts.relation);
    if (
      kept !== undefined &&
      kept.inputs.length === inputs.length &&
      kept.inputs.every((input, i) => input === inputs[i])
    )
      return kept.shape;
    const shape = this.#build(parts);
    this.#tables.set(parts.relation, { inputs, shape });
    return shape;
  }

  #build(parts: ShapeParts): TableShape {
    const { relation, columns, primary } = parts;
    assert(relation.generation !== null && relation.slots !== null, `relation ${relation.name} is no table`);
    const slotTypes: Array<SqlType | null> = new Array<SqlType | null>(relation.slots).fill(null);
    const missing: Row[number][] = new Array<Row[number]>(relation.slots).fill(null);
    for (const column of columns) {
      if (column.dropped) continue;
      slotTypes[column.slot] = readType(column.type);
      missing[column.slot] = missingValue(column);
    }
    return {
      id: relation.generation,
      event: eventShape(parts),
      slotTypes,
      missing,
      key: primary === null ? [] : indexColumns(primary.index).map((column) => keyColumn(column, slotTypes)),
      keyConstraint: primary?.name ?? null,
      indexes: parts.indexes.map(({ row, name }) => this.index(row, name, parts)),
    };
  }

  index(row: IndexRow, name: string, parts: ShapeParts): IndexShape {
    const kept = this.#indexes.get(row);
    if (kept !== undefined && kept.name === name) return kept.shape;
    const live = parts.columns.filter((column) => !column.dropped).map(columnEntry);
    const compile = (program: Uint8Array): { type: SqlType; evaluate: (row: Row) => Row[number] } => {
      const compiled = this.#compiler.compile(expressionOf(program), parts.relation.name, live, null);
      const { neutral } = this.#compiler;
      return { type: compiled.type, evaluate: (values) => compiled.evaluate(values, neutral) };
    };
    const columns = indexColumns(row).map((column): IndexColumn => {
      const order = { descending: column.descending, nullsFirst: column.nullsFirst };
      if (column.slot !== null) {
        const type = live.find((c) => c.slot === column.slot)?.type;
        assert(type !== undefined, `index ${name} is over a dropped column`);
        return { slot: column.slot, evaluate: null, type, ...order };
      }
      const program = row.expressions?.[column.expression ?? -1];
      assert(program !== undefined, `index ${name} lacks an expression`);
      return { slot: null, ...compile(program), ...order };
    });
    const predicate = row.predicate === null ? null : compile(row.predicate).evaluate;
    const shape: IndexShape = {
      id: row.id,
      name,
      unique: row.unique,
      columns,
      predicate: predicate === null ? null : (values) => predicate(values) === true,
      ready: true,
    };
    this.#indexes.set(row, { name, shape });
    return shape;
  }
}

function keyColumn(column: IndexColumnRecord, slotTypes: ReadonlyArray<SqlType | null>): KeyColumn {
  assert(column.slot !== null, 'a primary key is over columns');
  const type = slotTypes[column.slot];
  assert(type !== null && type !== undefined, 'a primary key is over a dropped column');
  return { slot: column.slot, type, descending: column.descending, nullsFirst: column.nullsFirst };
}

/** The event schema's view of a table version. */
export function eventShape(parts: Pick<ShapeParts, 'relation' | 'database' | 'schema' | 'columns'>): EventShape {
  const { relation } = parts;
  assert(
    relation.generation !== null && relation.slots !== null && relation.schemaVersion !== null,
    `relation ${relation.name} is no table`,
  );
  return {
    table: relation.generation,
    database: parts.database,
    schema: parts.schema,
    name: relation.name,
    schemaVersion: relation.schemaVersion,
    columns: parts.columns
      .filter((column) => !column.dropped)
      .map((column) => ({
        name: column.name,
        formerNames: column.formerNames ?? [],
        type: readType(column.type),
        slot: column.slot,
      })),
    slots: relation.slots,
  };
}
