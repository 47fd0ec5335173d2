import type { VirtualTableEntry } from './entry.js';
import { INFORMATION_CONSTRAINTS } from './information-schema/constraints.js';
import { INFORMATION_TABLES } from './information-schema/tables.js';
import { type ActivityPort, activityTables } from './pg-catalog/activity.js';
import { CLUSTER_TABLES } from './pg-catalog/cluster.js';
import { CONSTRAINT_TABLES } from './pg-catalog/constraints.js';
import { LISTINGS } from './pg-catalog/listings.js';
import { RELATION_TABLES } from './pg-catalog/relations.js';
import { TYPE_TABLES } from './pg-catalog/types.js';
import { UNUSED_TABLES } from './pg-catalog/unused.js';
import type { VirtualTables } from './snapshot.js';

/** pg_catalog and information_schema, with the running engine's views answered by `activity`. */
export function createVirtualTables(activity: ActivityPort): VirtualTables {
  const entries: readonly VirtualTableEntry[] = [
    ...RELATION_TABLES,
    ...CONSTRAINT_TABLES,
    ...TYPE_TABLES,
    ...CLUSTER_TABLES,
    ...LISTINGS,
    ...activityTables(activity),
    ...UNUSED_TABLES,
    ...INFORMATION_TABLES,
    ...INFORMATION_CONSTRAINTS,
  ];
  const schemas = new Map<string, Map<string, VirtualTableEntry>>();
  for (const entry of entries) {
    const schema = schemas.get(entry.schema) ?? new Map<string, VirtualTableEntry>();
    schema.set(entry.name, entry);
    schemas.set(entry.schema, schema);
  }
  return schemas;
}
