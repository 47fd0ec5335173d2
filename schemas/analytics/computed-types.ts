import type { SqlType } from '../values/type.js';

/** DuckDB's greatest precision. */
export const DECIMAL_DIGITS = 38;

/** Does the OLAP tier compute with values of a column of this type? Others it only carries, as text. */
export function isComputedType(type: SqlType): boolean {
  switch (type.kind) {
    case 'boolean':
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'real':
    case 'double':
    case 'text':
    case 'varchar':
    case 'char':
    case 'name':
    case 'uuid':
    case 'bytea':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return true;
    case 'numeric': {
      // Without a precision every value shows as many digits as it likes.
      const scale = type.scale ?? 0;
      return type.precision !== null && type.precision <= DECIMAL_DIGITS && scale >= 0 && scale <= type.precision;
    }
    default:
      return false;
  }
}
