import { availableParallelism } from 'node:os';
import { Olap } from '#projections/olap/olap.js';
import type { KnownSchemas } from '#projections/runner/known-schemas.js';
import { serveAnalytics } from '#projections/serve/analytic-server.js';
import { systemClock } from '../ports/system-clock.js';
import type { AppliedLog, ServedProjection } from './served-projection.js';

/** The OLAP tier, and its answers to engines. */
export function olapTier(folder: string, schemas: KnownSchemas, memoryMb: number): ServedProjection {
  const clock = systemClock();
  let log: AppliedLog | null = null;
  const projection = new Olap({
    folder,
    schemas,
    limits: { memoryMb, threads: availableParallelism() },
    now: () => Number(clock.nowMicros()),
    onDamage: (reason) => log?.rebuild(reason) ?? Promise.resolve(),
  });
  return {
    projection,
    digest: (...wanted) => projection.digest(...wanted),
    serve: (socketPath, applied) => {
      log = applied;
      return serveAnalytics(
        socketPath,
        {
          get applied() {
            return applied.applied;
          },
          waitFor: (offset, signal) => applied.waitFor(offset, signal),
          query: (...wanted) => projection.query(...wanted),
        },
        clock,
      );
    },
    tend: () => undefined,
  };
}
