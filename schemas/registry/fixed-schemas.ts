import { SYSTEM_SHAPES } from '../catalog/system-tables.js';
import { COMMIT_EVENT_SCHEMA, recordName, rowVersionSchema, SERVER_LEASE_SCHEMA } from '../events/avro-schema.js';
import type { EventShape } from '../events/event.js';

/**
 * Ids of the built-in registry that hold in every cluster, because they must be known before the log can be read: the two fixed events, and each system table under
 * the number of its table plus 100. Tables of users come behind.
 */
export const COMMIT_SCHEMA_ID = 1;
export const LEASE_SCHEMA_ID = 2;
export const SYSTEM_SCHEMA_BASE = 100;
export const FIRST_USER_SCHEMA_ID = 1_000;

/** Schemas that are known without the log, by id. */
export const FIXED_SCHEMAS: ReadonlyMap<number, { readonly subject: string; readonly text: string }> = new Map([
  [COMMIT_SCHEMA_ID, { subject: 'polylog.CommitEvent', text: JSON.stringify(COMMIT_EVENT_SCHEMA) }],
  [LEASE_SCHEMA_ID, { subject: 'polylog.ServerLease', text: JSON.stringify(SERVER_LEASE_SCHEMA) }],
  ...SYSTEM_SHAPES.map(
    (shape) =>
      [
        SYSTEM_SCHEMA_BASE + shape.id,
        { subject: subjectOf(shape.event), text: JSON.stringify(rowVersionSchema(shape.event)) },
      ] as const,
  ),
]);

/** The registry's subject of a table's events. */
export function subjectOf(shape: EventShape): string {
  const { namespace, name } = recordName(shape);
  return `${namespace}.${name}`;
}
