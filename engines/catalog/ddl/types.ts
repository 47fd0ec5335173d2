import type { TypeName } from '#schemas/program/expression.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import { arrayOf, typeByName } from '#schemas/values/type-name.js';

const SERIAL: ReadonlyMap<string, SqlType> = new Map<string, SqlType>([
  ['serial', { kind: 'integer' }],
  ['serial4', { kind: 'integer' }],
  ['bigserial', { kind: 'bigint' }],
  ['serial8', { kind: 'bigint' }],
  ['smallserial', { kind: 'smallint' }],
  ['serial2', { kind: 'smallint' }],
]);

/** The integer type of serial and its like; null for an ordinary type. */
export function serialType(type: TypeName): SqlType | null {
  return type.arrayDimensions === 0 && type.modifiers.length === 0
    ? (SERIAL.get(type.name.at(-1) ?? '') ?? null)
    : null;
}

/** The type that a column of DDL names. Throws 42704 for an unknown one, 22023 for bad modifiers. */
export function columnType(type: TypeName): SqlType {
  const name = type.name.at(-1) ?? '';
  const base = typeByName(name);
  if (base === null || (type.name.length > 1 && type.name[0] !== 'pg_catalog')) {
    throw new SqlError('undefined_object', `type "${type.name.join('.')}" does not exist`, { token: type.token });
  }
  if (base.kind === 'unknown' || base.kind === 'record' || base.kind === 'void') {
    throw new SqlError('invalid_table_definition', `column has pseudo-type ${base.kind}`, { token: type.token });
  }
  let fitted = withModifiers(base, type);
  for (let i = 0; i < Math.min(type.arrayDimensions, 1); i++) fitted = arrayOf(fitted);
  return fitted;
}

function withModifiers(base: SqlType, type: TypeName): SqlType {
  const [first, second] = type.modifiers;
  const bad = (message: string): SqlError => new SqlError('invalid_parameter_value', message, { token: type.token });
  switch (base.kind) {
    case 'numeric': {
      if (first === undefined) return base;
      if (first < 1 || first > 1_000) throw bad(`NUMERIC precision ${first} must be between 1 and 1000`);
      if (second !== undefined && (second < -1_000 || second > 1_000)) {
        throw bad(`NUMERIC scale ${second} must be between -1000 and 1000`);
      }
      return { kind: 'numeric', precision: first, scale: second ?? 0 };
    }
    case 'varchar':
      if (first !== undefined && first < 1) throw bad('length for type varchar must be at least 1');
      return { kind: 'varchar', length: first ?? null };
    case 'char':
      if (first !== undefined && first < 1) throw bad('length for type char must be at least 1');
      return { kind: 'char', length: first ?? 1 };
    default:
      if (first !== undefined && !TIMES.has(base.kind)) {
        throw new SqlError('syntax_error', `type modifier is not allowed for type "${type.name.at(-1)}"`, {
          token: type.token,
        });
      }
      // timestamp(6) and its like keep microseconds, as we always do; fewer digits would need rounding that the types do not have.
      if (first !== undefined && first < 6 && base.kind !== 'interval') {
        throw new SqlError(
          'feature_not_supported',
          `type ${base.kind}(${first}) is not supported: only microsecond precision is`,
          { token: type.token },
        );
      }
      return base;
  }
}

const TIMES: ReadonlySet<string> = new Set(['timestamp', 'timestamptz', 'time', 'timetz', 'interval']);
