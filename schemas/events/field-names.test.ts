import type { ObjectId } from '../kernel/brand.js';
import type { SqlType } from '../values/type.js';
import { TYPES } from '../values/type-name.js';
import { type FieldName, rowVersionSchema } from './avro-schema.js';
import { incompatibilities } from './compatibility.js';
import type { EventShape } from './event.js';
import { compatibleFields } from './field-names.js';

const shape = (...columns: ReadonlyArray<readonly [string, SqlType, string?]>): EventShape => ({
  table: 7 as ObjectId,
  database: 'd',
  schema: 's',
  name: 't',
  schemaVersion: 1,
  slots: columns.length,
  columns: columns.map(([name, type, former], slot) => ({
    name,
    formerNames: former === undefined ? [] : [former],
    type,
    slot,
  })),
});
const named = (fields: readonly FieldName[]): string[] => fields.map(({ name }) => name);
const text = (of: EventShape, fields?: FieldName[]): string => JSON.stringify(rowVersionSchema(of, fields));

describe('compatibleFields', () => {
  const first = text(shape(['id', TYPES.integer], ['v', TYPES.text]));

  it('keeps names whose earlier data can be read', () => {
    expect(named(compatibleFields(shape(['id', TYPES.bigint], ['w', TYPES.boolean]), [first]))).toEqual(['id', 'w']);
  });

  it('numbers a name that earlier events use for something else, and finds the same number again', () => {
    const next = shape(['id', TYPES.integer], ['v', TYPES.boolean]);
    const names = compatibleFields(next, [first]);
    expect(named(names)).toEqual(['id', 'v_2']);
    expect(incompatibilities(text(next, names), [first], 'BACKWARD_TRANSITIVE')).toEqual([]);
    expect(compatibleFields(next, [first, text(next, names)])).toEqual(names);
    const third = shape(['id', TYPES.integer], ['v', TYPES.uuid]);
    expect(named(compatibleFields(third, [first, text(next, names)]))).toEqual(['id', 'v']);
    const fourth = shape(['id', TYPES.integer], ['v', TYPES.date]);
    expect(named(compatibleFields(fourth, [first, text(next, names)]))).toEqual(['id', 'v_3']);
  });

  it('leaves out a former name that means something else in earlier events', () => {
    const renamed = shape(['id', TYPES.integer], ['u', TYPES.boolean, 'v']);
    expect(compatibleFields(renamed, [first])[1]).toEqual({ name: 'u', aliases: [] });
  });

  it('leaves a renamed column its former name', () => {
    const renamed = shape(['id', TYPES.integer], ['u', TYPES.text, 'v'], ['v', TYPES.date]);
    const names = compatibleFields(renamed, [first]);
    expect(named(names)).toEqual(['id', 'u', 'v_2']);
    expect(incompatibilities(text(renamed, names), [first], 'BACKWARD_TRANSITIVE')).toEqual([]);
  });
});
