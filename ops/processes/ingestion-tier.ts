import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Ingestion } from '#projections/ingestion/ingestion.js';
import { isCommitFailure } from '#projections/ingestion/version-store.js';
import type { KnownSchemas } from '#projections/runner/known-schemas.js';
import { serveHistory } from '#projections/serve/history-server.js';
import type { ServedProjection } from './served-projection.js';

const PRUNE_EVERY_MS = 600_000;

/** The ingestion tier, and its history for engines. */
export function ingestionTier(
  folder: string,
  schemas: KnownSchemas,
  ids: { readonly commit: number; readonly lease: number },
): ServedProjection {
  process.on('unhandledRejection', (reason) => {
    if (!isCommitFailure(reason)) throw reason;
  });
  const projection = new Ingestion(join(folder, 'versions'), schemas, ids);
  return {
    projection,
    digest: (...wanted) => projection.digest(...wanted),
    serve: (socketPath, log) =>
      serveHistory(socketPath, {
        waitFor: (offset, signal) => log.waitFor(offset, signal),
        history: (...wanted) => projection.history(...wanted),
      }),
    tend: ({ historyRetentionHours: hours }, stop, logger) => {
      if (hours > 0) void pruneNowAndThen(projection, hours, stop, logger);
    },
  };
}

/** Until the process ends. */
async function pruneNowAndThen(projection: Ingestion, hours: number, stop: AbortSignal, logger: Logger): Promise<void> {
  while (!stop.aborted) {
    await sleep(PRUNE_EVERY_MS, undefined, { signal: stop, ref: false }).catch(() => undefined);
    if (stop.aborted) return;
    try {
      const dropped = await projection.prune((Date.now() - hours * 3_600_000) * 1_000);
      if (dropped > 0) logger.info({ dropped }, 'versions dropped whose time is over');
    } catch (error) {
      logger.error({ err: error }, 'versions whose time is over could not be dropped');
    }
  }
}
