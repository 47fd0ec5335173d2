import { KnownSchemas } from '#projections/runner/known-schemas.js';
import { LatestState } from '#projections/runner/latest-state.js';
import { ProjectionRunner } from '#projections/runner/runner.js';
import type { ObjectId, Offset, Partition } from '#schemas/kernel/brand.js';
import type { Configuration } from '../config/configuration.js';
import { parseDigestColumns } from './digest-columns.js';
import { schemaAccess } from './event-schema-ids.js';
import type { DigestRequest, TierDigests } from './projection-contract.js';
import { openRecordSource } from './record-source.js';

/** What the supervisor sends first: what to digest, as of which offset. */
export interface ReplayConfig {
  readonly configuration: Configuration;
  readonly offset: number;
  readonly tables: readonly DigestRequest[];
}

/** The answer, and the end of the process. */
export interface Replayed extends TierDigests {
  readonly kind: 'ready';
}

/** A process that folds the log once, from its beginning and with nothing else to go by, and says what its tables come to. */
async function run({ configuration, offset, tables }: ReplayConfig): Promise<void> {
  const schemas = new KnownSchemas(null);
  const access = await schemaAccess(configuration, schemas);
  const state = new LatestState(offset as Offset);
  const { source, close } = await openRecordSource(configuration);
  const runner = new ProjectionRunner({
    projection: state,
    source,
    partition: 0 as Partition,
    schemas,
    ...access,
    onRebuild: () => undefined,
  });
  const stop = new AbortController();
  process.on('disconnect', () => stop.abort());
  const running = runner.run(stop.signal);
  await Promise.race([runner.waitFor(offset as Offset), running]);
  stop.abort();
  await running;
  await close();
  const found = tables.map(({ table, columns }) => state.digest(table as ObjectId, parseDigestColumns(columns)));
  const answer: Replayed = { kind: 'ready', tier: 'replay', offset, tables: found };
  process.send?.(answer, () => process.exit(0));
}

process.once('message', (message) => {
  run(message as ReplayConfig).catch((error: unknown) => {
    const text = error instanceof Error ? error.message : String(error);
    process.send?.({ kind: 'failed', message: text }, () => process.exit(1));
  });
});
