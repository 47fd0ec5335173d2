import type { SqlType } from '../values/type.js';
import { type AvroType, columnCodec } from './column-codec.js';
import type { EventColumn, EventShape } from './event.js';

/** Avro names are [A-Za-z_][A-Za-z0-9_]*; SQL names are anything. The SQL name stands beside in an attribute. */
function avroName(name: string): string {
  const cleaned = name.replace(/[^A-Za-z0-9_]/g, '_');
  return /^[A-Za-z_]/.test(cleaned) ? cleaned : `_${cleaned}`;
}

/** What a column is called in Avro: its field, and the names by which it goes in older schemas. */
export interface FieldName {
  readonly name: string;
  readonly aliases: readonly string[];
}

/** Fields of a shape's columns, in column order: two SQL names that fold to one Avro name are told apart by their slot. */
export function plainFields(columns: readonly EventColumn[]): FieldName[] {
  // A renamed column still goes by its former names where old events are read: nobody else may have one.
  const taken = new Set<string>(columns.flatMap((column) => column.formerNames.map(avroName)));
  return columns.map((column) => {
    const plain = avroName(column.name);
    const name = taken.has(plain) ? `${plain}_${column.slot}` : plain;
    taken.add(name);
    return { name, aliases: [...new Set(column.formerNames.map(avroName))].filter((former) => former !== name) };
  });
}

const UUID = { type: 'string', logicalType: 'uuid' } as const;
const TIMESTAMP = { type: 'long', logicalType: 'timestamp-micros' } as const;

const READ_RANGE = {
  type: 'record',
  name: 'ReadRange',
  namespace: 'polylog',
  fields: [
    { name: 'object', type: 'int' },
    { name: 'from', type: 'bytes' },
    { name: 'to', type: 'bytes' },
  ],
} as const;

const CLAIM = {
  type: 'record',
  name: 'Claim',
  namespace: 'polylog',
  fields: [
    { name: 'object', type: 'int' },
    { name: 'key', type: 'bytes' },
  ],
} as const;

const COMMIT = {
  type: 'record',
  name: 'Commit',
  namespace: 'polylog',
  fields: [
    { name: 'epoch', type: 'int' },
    { name: 'snapshot', type: 'long' },
    { name: 'events', type: 'int' },
    { name: 'reads', type: { type: 'array', items: READ_RANGE } },
  ],
} as const;

/** Avro's primitive types: their names are taken in every namespace. */
const PRIMITIVE = new Set(['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string']);

/** Namespace and name of a table's record, the same in every version of the table. */
export function recordName(shape: EventShape): { namespace: string; name: string } {
  const name = avroName(shape.name);
  const namespace = ['polylog', shape.database, shape.schema].map(avroName).join('.');
  return { namespace, name: PRIMITIVE.has(name) ? `${name}_` : name };
}

/**
 * The Avro schema of a table's row versions. Every column is nullable with default null, whatever SQL says: the engine enforces NOT NULL, and so
 * that a column can come and go without breaking a reader of old or new events. `names`: of the columns' fields.
 */
export function rowVersionSchema(
  shape: EventShape,
  names: readonly FieldName[] = plainFields(shape.columns),
): Record<string, unknown> {
  const { namespace, name } = recordName(shape);
  const defined = new Set<string>();
  const row = {
    type: 'record',
    name: `${name}_row`,
    namespace,
    fields: shape.columns.map((column, i) => columnField(column, names[i] as FieldName, defined)),
  };
  return {
    type: 'record',
    name,
    namespace,
    doc: `Versions of the rows of ${shape.schema}.${shape.name} in database ${shape.database}`,
    'polylog.event': 'row',
    'polylog.table': shape.table,
    'polylog.schemaVersion': shape.schemaVersion,
    'polylog.slots': shape.slots,
    'polylog.path': [shape.database, shape.schema, shape.name],
    fields: [
      { name: 'version', type: UUID },
      { name: 'previous', type: ['null', UUID], default: null },
      { name: 'server', type: 'int' },
      { name: 'transaction', type: UUID },
      { name: 'sequence', type: 'int' },
      {
        name: 'op',
        type: { type: 'enum', name: 'Operation', namespace: 'polylog', symbols: ['insert', 'update', 'delete'] },
      },
      { name: 'row', type: ['null', row], default: null },
      { name: 'before', type: ['null', `${namespace}.${name}_row`], default: null },
      { name: 'claims', type: { type: 'array', items: CLAIM }, default: [] },
      { name: 'schemaVersion', type: 'int' },
      {
        name: 'consistency',
        type: {
          type: 'enum',
          name: 'Consistency',
          namespace: 'polylog',
          symbols: ['strict', 'monotonic', 'bounded', 'eventual'],
        },
      },
      { name: 'timestamp', type: TIMESTAMP },
      { name: 'uncertainty', type: 'long' },
      { name: 'commit', type: ['null', COMMIT], default: null },
    ],
  };
}

function columnField(column: EventColumn, { name, aliases }: FieldName, defined: Set<string>): Record<string, unknown> {
  return {
    name,
    ...(aliases.length > 0 ? { aliases } : {}),
    type: ['null', ...columnCodec(column.type).avro.map((type) => definedOnce(type, defined))],
    default: null,
    'polylog.column': column.name,
    'polylog.slot': column.slot,
    'polylog.type': column.type,
  };
}

/** A named Avro type is spelled out where it first stands and referred to by its name afterwards. */
function definedOnce(type: AvroType, defined: Set<string>): AvroType {
  if (typeof type === 'string') return type;
  if (type.type === 'array') {
    return { ...type, items: (type['items'] as AvroType[]).map((item) => definedOnce(item, defined)) };
  }
  if (type.type !== 'record') return type;
  const fullName = `${String(type['namespace'])}.${String(type['name'])}`;
  if (defined.has(fullName)) return fullName;
  defined.add(fullName);
  return type;
}

/** Schema of a commit that stands alone. */
export const COMMIT_EVENT_SCHEMA: Record<string, unknown> = {
  type: 'record',
  name: 'CommitEvent',
  namespace: 'polylog',
  'polylog.event': 'commit',
  fields: [
    { name: 'server', type: 'int' },
    { name: 'transaction', type: UUID },
    { name: 'timestamp', type: TIMESTAMP },
    { name: 'uncertainty', type: 'long' },
    { name: 'commit', type: COMMIT },
  ],
};

/** Schema of a change in the life of a server id. */
export const SERVER_LEASE_SCHEMA: Record<string, unknown> = {
  type: 'record',
  name: 'ServerLease',
  namespace: 'polylog',
  'polylog.event': 'lease',
  fields: [
    {
      name: 'action',
      type: {
        type: 'enum',
        name: 'LeaseAction',
        namespace: 'polylog',
        symbols: ['taken', 'renewed', 'released', 'fenced'],
      },
    },
    { name: 'server', type: 'int' },
    { name: 'epoch', type: 'int' },
    { name: 'holder', type: 'string' },
    { name: 'timestamp', type: TIMESTAMP },
  ],
};

/** The shape that a row-version schema was made from, or null when the schema is not one of ours. */
export function shapeOfSchema(schema: Record<string, unknown>): EventShape | null {
  if (schema['polylog.event'] !== 'row') return null;
  const path = schema['polylog.path'] as [string, string, string];
  return {
    table: schema['polylog.table'] as EventShape['table'],
    database: path[0],
    schema: path[1],
    name: path[2],
    schemaVersion: schema['polylog.schemaVersion'] as number,
    slots: schema['polylog.slots'] as number,
    columns: rowFields(schema).map((f) => ({
      name: f['polylog.column'] as string,
      formerNames: (f['aliases'] as string[] | undefined) ?? [],
      type: f['polylog.type'] as SqlType,
      slot: f['polylog.slot'] as number,
    })),
  };
}

/** The fields of the columns of such a schema. */
export function fieldsOfSchema(schema: Record<string, unknown>): FieldName[] {
  return rowFields(schema).map(({ name, aliases }) => ({
    name: name as string,
    aliases: (aliases as string[] | undefined) ?? [],
  }));
}

function rowFields(schema: Record<string, unknown>): Array<Record<string, unknown>> {
  const row = (schema['fields'] as Array<{ name: string; type: unknown }>).find((field) => field.name === 'row');
  const [, type] = (row?.type ?? []) as unknown[];
  return (type as { fields?: Array<Record<string, unknown>> } | undefined)?.fields ?? [];
}
