import type { SqlType } from '#schemas/values/type.js';
import { storageOf } from '../column-storage.js';

/** An expression in DuckDB's SQL. `scale`: digits behind the point where it is a numeric, which all its values show; null otherwise. */
export interface Lowered {
  readonly sql: string;
  readonly scale: number | null;
}

export function sqlTypeName(type: SqlType): string {
  return storageOf(type).duckdb.toString();
}
