import {
  BIGINT,
  BLOB,
  BOOLEAN,
  DATE,
  DECIMAL,
  DOUBLE,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
  type DuckDBType,
  type DuckDBValue,
  FLOAT,
  INTEGER,
  SMALLINT,
  TIME,
  TIMESTAMP,
  TIMESTAMPTZ,
  VARCHAR,
} from '@duckdb/node-api';
import { isComputedType } from '#schemas/analytics/computed-types.js';
import type { Numeric } from '#schemas/values/numeric.js';
import { unscaledAt } from '#schemas/values/numeric-basics.js';
import { DEFAULT_TEXT_CONTEXT, textPrinter } from '#schemas/values/text-form.js';
import type { SqlType } from '#schemas/values/type.js';
import { TIMESTAMP_INFINITY, TIMESTAMP_NEGATIVE_INFINITY, type Value } from '#schemas/values/value.js';

/** DuckDB computes with the values as the engine would; or it only carries them, in their text form. */
export type StorageUse = 'computed' | 'carried';

/** How the values of a column stand in DuckDB and in Parquet. */
export interface ColumnStorage {
  readonly use: StorageUse;
  readonly duckdb: DuckDBType;
  /** Digits behind the point of a decimal; null for other types. */
  readonly scale: number | null;
  /** `ODD` for a value that the type cannot hold: it goes into the column ODD_COLUMN in its text form. */
  readonly toDuckDb: (value: Exclude<Value, null>) => DuckDBValue | typeof ODD;
}

export const ODD = Symbol('odd');

const DAY_INFINITY = 0x7fff_ffff;
const MICROS_INFINITY = 0x7fff_ffff_ffff_ffffn;

export function storageOf(type: SqlType): ColumnStorage {
  switch (type.kind) {
    case 'boolean':
      return plain(BOOLEAN);
    case 'smallint':
      return plain(SMALLINT);
    case 'integer':
      return plain(INTEGER);
    case 'bigint':
      return plain(BIGINT);
    case 'real':
      return plain(FLOAT);
    case 'double':
      return plain(DOUBLE);
    case 'text':
    case 'varchar':
    case 'char':
    case 'name':
    case 'uuid':
      return plain(VARCHAR);
    case 'bytea':
      return computed(BLOB, (value) => new DuckDBBlobValue(value as Uint8Array));
    case 'date':
      return computed(DATE, (value) => new DuckDBDateValue(dayOf(value as number)));
    case 'time':
      return computed(TIME, (value) => new DuckDBTimeValue(BigInt(value as number)));
    case 'timestamp':
      return computed(TIMESTAMP, (value) => new DuckDBTimestampValue(microsOf(value as bigint)));
    case 'timestamptz':
      return computed(TIMESTAMPTZ, (value) => new DuckDBTimestampTZValue(microsOf(value as bigint)));
    case 'numeric':
      return isComputedType(type) ? decimal(type.precision as number, type.scale ?? 0) : carried(type);
    default:
      return carried(type);
  }
}

function computed(duckdb: DuckDBType, toDuckDb: ColumnStorage['toDuckDb']): ColumnStorage {
  return { use: 'computed', duckdb, scale: null, toDuckDb };
}

function plain(duckdb: DuckDBType): ColumnStorage {
  return computed(duckdb, (value) => value as DuckDBValue);
}

function carried(type: SqlType): ColumnStorage {
  const print = textPrinter(type, DEFAULT_TEXT_CONTEXT);
  return { use: 'carried', duckdb: VARCHAR, scale: null, toDuckDb: print };
}

function decimal(precision: number, scale: number): ColumnStorage {
  return {
    use: 'computed',
    duckdb: DECIMAL(precision, scale),
    scale,
    toDuckDb: (value) => {
      const numeric = value as Numeric;
      if (numeric.special !== null || numeric.scale !== scale) return ODD;
      return new DuckDBDecimalValue(unscaledAt(numeric, scale), precision, scale);
    },
  };
}

function dayOf(day: number): number {
  return Number.isFinite(day) ? day : day > 0 ? DAY_INFINITY : -DAY_INFINITY;
}

function microsOf(micros: bigint): bigint {
  if (micros === TIMESTAMP_INFINITY) return MICROS_INFINITY;
  return micros === TIMESTAMP_NEGATIVE_INFINITY ? -MICROS_INFINITY : micros;
}
