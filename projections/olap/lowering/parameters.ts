import type { DuckDBType, DuckDBValue } from '@duckdb/node-api';
import { DECIMAL_DIGITS } from '#schemas/analytics/computed-types.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Numeric } from '#schemas/values/numeric.js';
import { printNumeric } from '#schemas/values/numeric-arithmetic.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Value } from '#schemas/values/value.js';
import { ODD, storageOf } from '../column-storage.js';
import type { Lowered } from './lowered.js';

/** The values of a query: they are bound, never written into its text. */
export class QueryParameters {
  readonly values: DuckDBValue[] = [];
  readonly types: DuckDBType[] = [];

  /** SQL that stands for a value. Throws 0A000 for one that DuckDB has not. */
  place(value: Value, type: SqlType): Lowered {
    if (type.kind === 'numeric') return placeNumeric(value as Numeric | null);
    const { duckdb, toDuckDb } = storageOf(type);
    if (value === null) return { sql: `CAST(NULL AS ${duckdb.toString()})`, scale: null };
    const bound = toDuckDb(value);
    if (bound === ODD) throw notToBeHad(type);
    this.values.push(bound);
    this.types.push(duckdb);
    return { sql: `CAST($${this.values.length} AS ${duckdb.toString()})`, scale: null };
  }
}

/** Digits alone, so it may stand in the text, where DuckDB sees how many there are. */
function placeNumeric(value: Numeric | null): Lowered {
  if (value === null) return { sql: `CAST(NULL AS DECIMAL(${DECIMAL_DIGITS},0))`, scale: 0 };
  const digits = Math.max(value.unscaled.toString().replace('-', '').length, value.scale, 1);
  if (value.special !== null || value.scale < 0 || digits > DECIMAL_DIGITS)
    throw notToBeHad({ kind: 'numeric', precision: null, scale: null });
  return { sql: `CAST('${printNumeric(value)}' AS DECIMAL(${digits},${value.scale}))`, scale: value.scale };
}

function notToBeHad({ kind }: SqlType): SqlError {
  return new SqlError('feature_not_supported', `the OLAP tier cannot compute with this value of type ${kind}`);
}
