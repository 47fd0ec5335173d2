import type { DuckDBType, DuckDBValue } from '@duckdb/node-api';
import { DECIMAL_DIGITS } from '#schemas/analytics/computed-types.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Numeric } from '#schemas/values/numeric.js';
import { printNumeric } from '#schemas/values/numeric-arithmetic.js';
import type { SqlType } from '#schemas/values/type.js';
import { TIMESTAMP_INFINITY, TIMESTAMP_NEGATIVE_INFINITY, type Value } from '#schemas/values/value.js';
import { ODD, storageOf } from '../column-storage.js';
import type { Lowered } from './lowered.js';

/**
 * The values of a query. Texts and bytes are bound, never written into it; numbers stand in it in digits, dates and timestamps as the number that they are, so that DuckDB
 * plans with them: it leaves out parts of files by what it knows of their columns.
 */
export class QueryParameters {
  readonly values: DuckDBValue[] = [];
  readonly types: DuckDBType[] = [];

  /** Does something, and forgets the values that it has placed. */
  without<T>(look: () => T): T {
    const { length } = this.values;
    const found = look();
    this.values.length = length;
    this.types.length = length;
    return found;
  }

  /** SQL that stands for a value. Throws 0A000 for one that DuckDB has not. */
  place(value: Value, type: SqlType): Lowered {
    if (type.kind === 'numeric') return placeNumeric(value as Numeric | null);
    const { duckdb, toDuckDb } = storageOf(type);
    if (value === null) return { sql: `CAST(NULL AS ${duckdb.toString()})`, scale: null };
    const digits = digitsOf(value, type);
    if (digits !== null) return { sql: digits, scale: null };
    const bound = toDuckDb(value);
    if (bound === ODD) throw notToBeHad(type);
    this.values.push(bound);
    this.types.push(duckdb);
    return { sql: `CAST($${this.values.length} AS ${duckdb.toString()})`, scale: null };
  }
}

/** SQL of a value that is a number, or stands for one; null for others, and where DuckDB would have to be told of an infinity. */
function digitsOf(value: Exclude<Value, null>, { kind }: SqlType): string | null {
  switch (kind) {
    case 'boolean':
      return value === true ? 'true' : 'false';
    case 'smallint':
    case 'integer':
    case 'bigint':
      return `CAST(${BigInt(value as number | bigint)} AS ${kind.toUpperCase()})`;
    case 'date':
      return Number.isSafeInteger(value) ? `(DATE '1970-01-01' + CAST(${value as number} AS INTEGER))` : null;
    case 'timestamp':
      return isInfinite(value) ? null : `make_timestamp(CAST(${value as bigint} AS BIGINT))`;
    default:
      return null;
  }
}

function isInfinite(micros: Exclude<Value, null>): boolean {
  return micros === TIMESTAMP_INFINITY || micros === TIMESTAMP_NEGATIVE_INFINITY;
}

/** Digits alone, so it may stand in the text, where DuckDB sees how many there are. */
function placeNumeric(value: Numeric | null): Lowered {
  if (value === null) return { sql: 'CAST(NULL AS DECIMAL(1,0))', scale: 0 };
  const digits = Math.max(value.unscaled.toString().replace('-', '').length, value.scale, 1);
  if (value.special !== null || value.scale < 0 || digits > DECIMAL_DIGITS)
    throw notToBeHad({ kind: 'numeric', precision: null, scale: null });
  return { sql: `CAST('${printNumeric(value)}' AS DECIMAL(${digits},${value.scale}))`, scale: value.scale };
}

function notToBeHad({ kind }: SqlType): SqlError {
  return new SqlError('feature_not_supported', `the OLAP tier cannot compute with this value of type ${kind}`);
}
