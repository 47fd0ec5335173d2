import type { SqlType } from '#schemas/values/type.js';
import type { TypeAlias } from '../../sql/dialect.js';

const alias = (name: string): TypeAlias => ({ name: [name] });

/** Types whose spelling in SQL is not the name in pg_type. Types of several words are rules of the shared grammar. */
export const TYPE_ALIASES: ReadonlyMap<string, TypeAlias> = new Map<string, TypeAlias>([
  ['int', alias('int4')],
  ['integer', alias('int4')],
  ['smallint', alias('int2')],
  ['bigint', alias('int8')],
  ['real', alias('float4')],
  ['decimal', alias('numeric')],
  ['dec', alias('numeric')],
  ['numeric', alias('numeric')],
  ['boolean', alias('bool')],
  ['varchar', alias('varchar')],
  ['serial2', alias('smallserial')],
  ['serial4', alias('serial')],
  ['serial8', alias('bigserial')],
]);

/** Types whose text form needs nothing but the session's settings to be read. */
export const CONVERTIBLE_TYPES: ReadonlySet<string> = new Set([
  'bool',
  'int2',
  'int4',
  'int8',
  'float4',
  'float8',
  'numeric',
  'text',
  'varchar',
  'bpchar',
  'bytea',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'interval',
  'uuid',
  'json',
  'jsonb',
]);

const DISPLAYED: Readonly<Partial<Record<SqlType['kind'], string>>> = {
  double: 'double precision',
  char: 'character',
  varchar: 'character varying',
  time: 'time without time zone',
  timetz: 'time with time zone',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
  internalchar: '"char"',
};

/** A type as PostgreSQL's format_type shows it. */
export function displayType(type: SqlType): string {
  switch (type.kind) {
    case 'array':
      return `${displayType(type.element)}[]`;
    case 'numeric':
      return type.precision === null ? 'numeric' : `numeric(${type.precision},${type.scale ?? 0})`;
    case 'varchar':
      return type.length === null ? 'character varying' : `character varying(${type.length})`;
    case 'char':
      return `character(${type.length})`;
    default:
      return DISPLAYED[type.kind] ?? type.kind;
  }
}
