import { setPriority } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { KnownSchemas } from '#projections/runner/known-schemas.js';
import { ProjectionRunner } from '#projections/runner/runner.js';
import type { TableDigest } from '#schemas/events/table-digest.js';
import type { ObjectId, Offset, Partition } from '#schemas/kernel/brand.js';
import type { Configuration } from '../config/configuration.js';
import { answerCalls } from './calls.js';
import { Courtesy, idleClass } from './courtesy.js';
import { parseDigestColumns } from './digest-columns.js';
import { REFUSED } from './engine-contract.js';
import { schemaAccess } from './event-schema-ids.js';
import { openLogger } from './logger.js';
import type {
  DigestRequest,
  ProjectionFigures,
  ProjectionName,
  ProjectionProcessConfig,
  RebuildFigures,
  TierDigests,
} from './projection-contract.js';
import { openRecordSource } from './record-source.js';
import type { ServedProjection } from './served-projection.js';

const PARTITION = 0 as Partition;
const BUILT_ANEW = 'the projection is built anew from the log';
/** Clients come first: what follows the log takes the time that is left. */
const NICENESS = 15;
/** What a projection lags behind at most where nobody waits for it. */
const REST_MS = 500;

/** Errors that would come again: the log is damaged, or holds what nobody understands. */
const REFUSALS: ReadonlySet<string> = new Set(['LogCorrupted', 'ProjectionStopped']);

async function run(): Promise<void> {
  setPriority(NICENESS);
  const { configuration, name, mistrust, socketPath } = await received();
  const logger = openLogger(name, configuration.logLevel);
  const folder = join(configuration.data, name);
  const schemas = new KnownSchemas(join(folder, 'schemas.json'));
  const { ids, fetchSchemas } = await schemaAccess(configuration, schemas);
  const served = await servedProjection(name, folder, schemas, ids, configuration);
  const { projection } = served;
  if (mistrust !== null) {
    logger.warn({ reason: mistrust }, BUILT_ANEW);
    await projection.drop();
  }
  const { source, close } = await openRecordSource(configuration);
  const setIdle = idleClass(logger);
  const courtesy = setIdle === null ? null : new Courtesy(setIdle, () => Date.now());
  const runner = new ProjectionRunner({
    projection,
    source,
    partition: PARTITION,
    schemas,
    ids,
    fetchSchemas,
    rest: (signal) => sleep(REST_MS, undefined, { signal }).catch(() => undefined),
    onAsked: () => courtesy?.asked(),
    onApplied: (transactions, timestamp) => courtesy?.applied(transactions, timestamp),
    onRebuild: (reason) => logger.warn({ reason }, BUILT_ANEW),
  });
  const rebuilding = new Rebuilding(runner);
  answerCalls({
    figures: (): ProjectionFigures => ({
      name,
      applied: runner.applied,
      events: runner.events,
      rebuild: rebuilding.figures,
      memory: { rss: process.memoryUsage.rss() },
    }),
    rebuild: () => rebuilding.start(),
    digests: async (offset: number, tables: readonly DigestRequest[]): Promise<TierDigests> => {
      await runner.waitFor(offset as Offset);
      const found: TableDigest[] = [];
      for (const { table, columns } of tables)
        found.push(await served.digest(table as ObjectId, parseDigestColumns(columns), offset as Offset));
      return { tier: name, offset, tables: found };
    },
  });
  const server = await served.serve(socketPath, runner);
  const stop = stopWhenTold();
  courtesy?.watch(stop);
  served.tend(configuration, stop, logger);
  process.send?.({ kind: 'ready' });
  await runner.run(stop);
  server.close();
  await projection.close();
  await close();
  logger.info({ applied: runner.applied }, 'projection stopped');
  process.exit(0);
}

/** Each in a module of its own: a process loads what it needs and nothing else. */
async function servedProjection(
  name: ProjectionName,
  folder: string,
  schemas: KnownSchemas,
  ids: { readonly commit: number; readonly lease: number },
  { olapMemoryMb }: Configuration,
): Promise<ServedProjection> {
  switch (name) {
    case 'ingestion':
      return (await import('./ingestion-tier.js')).ingestionTier(folder, schemas, ids);
    case 'olap':
      return (await import('./olap-tier.js')).olapTier(folder, schemas, olapMemoryMb);
  }
}

/** A rebuild at a time, and how the last one went. */
class Rebuilding {
  readonly #runner: ProjectionRunner;
  #began = 0;
  #eventsBefore = 0;
  #last: RebuildFigures | null = null;

  constructor(runner: ProjectionRunner) {
    this.#runner = runner;
  }

  get figures(): RebuildFigures | null {
    if (this.#last === null || this.#last.done) return this.#last;
    return this.#soFar(false);
  }

  /** Begins one, unless one is under way. */
  start(): void {
    if (this.#last?.done === false) return;
    this.#began = performance.now();
    this.#eventsBefore = this.#runner.events;
    this.#last = this.#soFar(false);
    void this.#runner.rebuild('it was asked for').then(() => {
      this.#last = this.#soFar(true);
    });
  }

  #soFar(done: boolean): RebuildFigures {
    const ms = Math.round(performance.now() - this.#began);
    return { done, events: this.#runner.events - this.#eventsBefore, ms };
  }
}

function stopWhenTold(): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('disconnect', stop);
  return controller.signal;
}

function received(): Promise<ProjectionProcessConfig> {
  return new Promise((resolve) => process.once('message', (message) => resolve(message as ProjectionProcessConfig)));
}

function end(error: unknown, logger: Logger): void {
  const refused = error instanceof Error && REFUSALS.has(error.name);
  logger.fatal({ err: error }, 'the projection cannot go on');
  const message = error instanceof Error ? error.message : String(error);
  process.send?.({ kind: 'failed', message }, () => process.exit(refused ? REFUSED : 1));
}

run().catch((error: unknown) => end(error, openLogger('projection', 'error')));
