import type { SqlType } from '#schemas/values/type.js';
import type { ColumnId, Scalar } from '../../vm/scalar.js';
import type { Logical } from '../logical.js';

/** A column that a query answers with. */
export interface OutputColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly id: ColumnId;
  readonly table: number;
  readonly number: number;
}

export interface BoundQuery {
  readonly plan: Logical;
  readonly columns: readonly OutputColumn[];
}

export function columnScalar(columns: readonly OutputColumn[], id: ColumnId): Scalar {
  const column = columns.find((c) => c.id === id) as OutputColumn;
  return { kind: 'column', type: column.type, id, name: column.name };
}
