import { type FieldName, plainFields, rowVersionSchema } from './avro-schema.js';
import { incompatibilities } from './compatibility.js';
import type { EventShape } from './event.js';

/**
 * Fields with which the schema of `shape` can read all data of `earlier`, the texts of the schemas that its subject has had.
 *
 * A table may be dropped and made again, a column too, and a column may change its type: SQL frees the name, but the log keeps the events
 * that have it. A name that earlier events use for something that the column's type cannot be read from gets a number; a former name
 * of that kind is left out.
 */
export function compatibleFields(shape: EventShape, earlier: readonly string[]): FieldName[] {
  const taken = new Set<string>();
  return plainFields(shape.columns).map((plain, i) => {
    const alone = { ...shape, columns: shape.columns.slice(i, i + 1) };
    const reads = (field: FieldName): boolean =>
      incompatibilities(JSON.stringify(rowVersionSchema(alone, [field])), earlier, 'BACKWARD_TRANSITIVE').length === 0;
    const aliases = plain.aliases.filter((name) => reads({ name, aliases: [] }));
    let { name } = plain;
    // Ends: sooner or later the name is one that no schema has.
    for (let n = 2; taken.has(name) || !reads({ name, aliases }); n++) name = `${plain.name}_${n}`;
    taken.add(name);
    return { name, aliases: aliases.filter((alias) => alias !== name) };
  });
}
