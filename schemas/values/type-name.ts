import type { SimpleKind, SqlType } from './type.js';

function simple<K extends SimpleKind>(kind: K): { readonly kind: K } {
  return { kind };
}

/** One shared object for each type without modifiers. */
export const TYPES = {
  boolean: simple('boolean'),
  smallint: simple('smallint'),
  integer: simple('integer'),
  bigint: simple('bigint'),
  real: simple('real'),
  double: simple('double'),
  text: simple('text'),
  bytea: simple('bytea'),
  date: simple('date'),
  time: simple('time'),
  timetz: simple('timetz'),
  timestamp: simple('timestamp'),
  timestamptz: simple('timestamptz'),
  interval: simple('interval'),
  uuid: simple('uuid'),
  json: simple('json'),
  jsonb: simple('jsonb'),
  oid: simple('oid'),
  name: simple('name'),
  regclass: simple('regclass'),
  regtype: simple('regtype'),
  regproc: simple('regproc'),
  internalchar: simple('internalchar'),
  unknown: simple('unknown'),
  record: simple('record'),
  void: simple('void'),
  numeric: { kind: 'numeric', precision: null, scale: null },
  varchar: { kind: 'varchar', length: null },
  /** char without length in an expression; a column's char is char(1). */
  char: { kind: 'char', length: 0 },
} as const satisfies Record<string, SqlType>;

export function arrayOf(element: SqlType): SqlType {
  return { kind: 'array', element };
}

const NAMES: Readonly<Record<SimpleKind, string>> = {
  boolean: 'boolean',
  smallint: 'smallint',
  integer: 'integer',
  bigint: 'bigint',
  real: 'real',
  double: 'double precision',
  text: 'text',
  bytea: 'bytea',
  date: 'date',
  time: 'time without time zone',
  timetz: 'time with time zone',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
  interval: 'interval',
  uuid: 'uuid',
  json: 'json',
  jsonb: 'jsonb',
  oid: 'oid',
  name: 'name',
  regclass: 'regclass',
  regtype: 'regtype',
  regproc: 'regproc',
  internalchar: '"char"',
  unknown: 'unknown',
  record: 'record',
  void: 'void',
};

/** The type's name with its modifiers, as PostgreSQL's format_type shows it. */
export function printType(type: SqlType): string {
  switch (type.kind) {
    case 'numeric':
      return type.precision === null ? 'numeric' : `numeric(${type.precision},${type.scale ?? 0})`;
    case 'varchar':
      return type.length === null ? 'character varying' : `character varying(${type.length})`;
    case 'char':
      return type.length === 0 ? 'character' : `character(${type.length})`;
    case 'array':
      return `${printType(type.element)}[]`;
    default:
      return NAMES[type.kind];
  }
}

/** The type's name without modifiers, for messages. */
export function printTypeKind(type: SqlType): string {
  if (type.kind === 'array') return `${printTypeKind(type.element)}[]`;
  if (type.kind === 'numeric') return 'numeric';
  if (type.kind === 'varchar') return 'character varying';
  return type.kind === 'char' ? 'character' : NAMES[type.kind];
}

/** Equal with all modifiers. */
export function sameType(a: SqlType, b: SqlType): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind) return false;
  if (a.kind === 'numeric' && b.kind === 'numeric') return a.precision === b.precision && a.scale === b.scale;
  if ((a.kind === 'varchar' && b.kind === 'varchar') || (a.kind === 'char' && b.kind === 'char'))
    return a.length === b.length;
  if (a.kind === 'array' && b.kind === 'array') return sameType(a.element, b.element);
  return true;
}

/** Equal when modifiers are left aside. */
export function sameKind(a: SqlType, b: SqlType): boolean {
  if (a.kind === 'array' && b.kind === 'array') return sameKind(a.element, b.element);
  return a.kind === b.kind;
}

/** Catalog names (pg_type.typname) and common spellings → type. */
const BY_NAME: ReadonlyMap<string, SqlType> = new Map<string, SqlType>([
  ['bool', TYPES.boolean],
  ['boolean', TYPES.boolean],
  ['int2', TYPES.smallint],
  ['smallint', TYPES.smallint],
  ['int4', TYPES.integer],
  ['int', TYPES.integer],
  ['integer', TYPES.integer],
  ['int8', TYPES.bigint],
  ['bigint', TYPES.bigint],
  ['float4', TYPES.real],
  ['real', TYPES.real],
  ['float8', TYPES.double],
  ['double precision', TYPES.double],
  ['numeric', TYPES.numeric],
  ['decimal', TYPES.numeric],
  ['text', TYPES.text],
  ['varchar', TYPES.varchar],
  ['bpchar', TYPES.char],
  ['bytea', TYPES.bytea],
  ['date', TYPES.date],
  ['time', TYPES.time],
  ['timetz', TYPES.timetz],
  ['timestamp', TYPES.timestamp],
  ['timestamptz', TYPES.timestamptz],
  ['interval', TYPES.interval],
  ['uuid', TYPES.uuid],
  ['json', TYPES.json],
  ['jsonb', TYPES.jsonb],
  ['oid', TYPES.oid],
  ['name', TYPES.name],
  ['regclass', TYPES.regclass],
  ['regtype', TYPES.regtype],
  ['regproc', TYPES.regproc],
  ['char', TYPES.internalchar],
  ['unknown', TYPES.unknown],
  ['record', TYPES.record],
  ['void', TYPES.void],
  ['xid', TYPES.oid],
  ['cid', TYPES.oid],
  ['regnamespace', TYPES.oid],
  ['regrole', TYPES.oid],
  ['regprocedure', TYPES.regproc],
]);

/** A type by its catalog name, or null. */
export function typeByName(name: string): SqlType | null {
  if (name.startsWith('_')) {
    const element = BY_NAME.get(name.slice(1));
    return element === undefined ? null : arrayOf(element);
  }
  return BY_NAME.get(name) ?? null;
}
