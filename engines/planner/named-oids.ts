import type { ResultColumn } from '#schemas/link/frames.js';
import { namedOid } from '#schemas/link/named-oid.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { EvaluationContext } from '../functions/definition.js';

/** What the gateway gets of a batch; null = these columns travel as they are. */
export type Naming = (batch: readonly Row[], context: EvaluationContext) => readonly Row[];

function isNamed(type: SqlType): boolean {
  return type.kind === 'regclass' || type.kind === 'regtype' || type.kind === 'regproc';
}

/** regclass and its like leave with their names, which only the catalog knows. */
export function namingOf(columns: readonly ResultColumn[]): Naming | null {
  const at = columns.flatMap(([, type], i) => (isNamed(type) ? [i] : []));
  if (at.length === 0) return null;
  const functions = columns.map(([, type]) => `${type.kind}out`);
  return (batch, context) =>
    batch.map((row) => {
      const named: Value[] = [...row];
      for (const i of at) {
        const oid = row[i] ?? null;
        if (oid === null) continue;
        named[i] = namedOid(oid as number, context.catalog.describe(functions[i] as string, [oid]) as string);
      }
      return named;
    });
}
