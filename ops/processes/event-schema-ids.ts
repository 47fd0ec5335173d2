import type { KnownSchemas } from '#projections/runner/known-schemas.js';
import { COMMIT_EVENT_SCHEMA, SERVER_LEASE_SCHEMA } from '#schemas/events/avro-schema.js';
import { ExternalRegistry } from '#schemas/registry/external.js';
import { COMMIT_SCHEMA_ID, LEASE_SCHEMA_ID } from '#schemas/registry/fixed-schemas.js';
import type { Configuration } from '../config/configuration.js';

/** How who reads the log comes by the schemas of its events. */
export interface SchemaAccess {
  /** Of the two fixed events. */
  readonly ids: { readonly commit: number; readonly lease: number };
  /** Null where the log itself has them all. */
  readonly fetchSchemas: ((ids: readonly number[]) => Promise<void>) | null;
}

/** With a foreign registry schemas are fetched from there into `schemas`. */
export async function schemaAccess(
  { registry: url }: Pick<Configuration, 'registry'>,
  schemas: KnownSchemas,
): Promise<SchemaAccess> {
  if (url === null) return { ids: { commit: COMMIT_SCHEMA_ID, lease: LEASE_SCHEMA_ID }, fetchSchemas: null };
  const registry = new ExternalRegistry(url, (path, options) => fetch(path, options));
  const commit = await registry.register('polylog.CommitEvent', JSON.stringify(COMMIT_EVENT_SCHEMA));
  const lease = await registry.register('polylog.ServerLease', JSON.stringify(SERVER_LEASE_SCHEMA));
  const fetchSchemas = async (ids: readonly number[]): Promise<void> => {
    for (const id of ids) {
      const text = await registry.schemaById(id);
      if (text !== null) schemas.remember(id, text);
    }
  };
  return { ids: { commit, lease }, fetchSchemas };
}
