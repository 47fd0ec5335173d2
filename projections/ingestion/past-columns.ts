import { shapeOfSchema } from '#schemas/events/avro-schema.js';
import type { SchemaSource } from '#schemas/events/codec.js';
import type { EventColumn, EventShape } from '#schemas/events/event.js';
import { readSchemaId } from '#schemas/events/wire-format.js';
import { assert } from '#schemas/kernel/assert.js';
import type { WantedColumn } from '#schemas/link/history-frames.js';
import { DEFAULT_TEXT_CONTEXT, textParser, textPrinter } from '#schemas/values/text-form.js';
import { sameType } from '#schemas/values/type-name.js';
import type { Row, Value } from '#schemas/values/value.js';

type Place = (row: Row) => Value;

/**
 * Makes rows of the past fit the columns that a table has now. Column by column: the same slot; or, where the table has been rewritten since, the column that was called so,
 * its value by way of its text form; or what rows show that are older than the column.
 */
export class PastColumns {
  readonly #wanted: readonly WantedColumn[];
  readonly #schemas: SchemaSource;
  readonly #places = new Map<number, readonly Place[]>();

  constructor(wanted: readonly WantedColumn[], schemas: SchemaSource) {
    this.#wanted = wanted;
    this.#schemas = schemas;
  }

  /** `source`: the log record's value, which names the schema that the row was written with. */
  fit(source: Uint8Array, row: Row): Value[] {
    const id = readSchemaId(source);
    let places = this.#places.get(id);
    if (places === undefined) {
      const text = this.#schemas.schemaText(id);
      const shape = text === null ? null : shapeOfSchema(JSON.parse(text) as Record<string, unknown>);
      assert(shape !== null, `schema ${id} is not known any more`);
      places = this.#wanted.map((column) => placeOf(column, shape));
      this.#places.set(id, places);
    }
    return places.map((place) => place(row));
  }
}

function placeOf([name, slot, type, missing]: WantedColumn, shape: EventShape): Place {
  const same = shape.columns.find((column) => column.slot === slot && sameType(column.type, type));
  if (same !== undefined) return (row) => row[slot] ?? null;
  const called = shape.columns.find((column) => column.name === name);
  if (called !== undefined) return converted(called, type);
  return slot < shape.slots ? () => null : () => missing;
}

/** What the new type cannot hold is null: nobody asked for it when it was written. */
function converted({ slot, type: from }: EventColumn, to: WantedColumn[2]): Place {
  const print = textPrinter(from, DEFAULT_TEXT_CONTEXT);
  const parse = textParser(to, DEFAULT_TEXT_CONTEXT);
  return (row) => {
    const value = row[slot] ?? null;
    if (value === null) return null;
    try {
      return parse(print(value));
    } catch {
      return null;
    }
  };
}
