import { Type } from 'avsc';
import type { ObjectId } from '../kernel/brand.js';
import { rowVersionSchema } from './avro-schema.js';

describe('the Avro schema of a table', () => {
  it.each(['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string', 'record', 'a b', '1st'])(
    'is valid for a table named %s',
    (name) => {
      const schema = rowVersionSchema({
        table: 20_000 as ObjectId,
        database: 'polylog',
        schema: 'public',
        name,
        schemaVersion: 1,
        slots: 0,
        columns: [],
      });
      expect(Type.forSchema(schema as Parameters<typeof Type.forSchema>[0]).name).toMatch(
        /^polylog\.polylog\.public\./,
      );
      expect(schema['polylog.path']).toEqual(['polylog', 'public', name]);
    },
  );
});
