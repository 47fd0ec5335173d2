/** Servers measured in turns, so that whatever else the machine does meanwhile meets all of them alike. */
import { median } from './median.js';
import { type PgbenchWork, runPgbench } from './pgbench.js';
import type { Run } from './run.js';
import { progress } from './section.js';
import type { Server } from './servers.js';

/** All rounds of one server at one task. */
export interface Side {
  readonly server: string;
  readonly runs: readonly Run[];
  /** Median over the rounds; null where any of them failed. */
  readonly tps: number | null;
  readonly p50Ms: number | null;
  readonly failures: readonly string[];
}

/** A B A B: one run of pgbench on each server a round. */
export function alternate(
  servers: readonly Server[],
  work: PgbenchWork,
  rounds: number,
  name: string,
): Promise<Side[]> {
  return alternateRuns(servers, (server) => runPgbench(server, work), rounds, name);
}

/** The same of whatever is measured. */
export async function alternateRuns<S extends Server>(
  servers: readonly S[],
  measure: (server: S) => Promise<Run>,
  rounds: number,
  name: string,
): Promise<Side[]> {
  const runs = servers.map((): Run[] => []);
  for (let round = 1; round <= rounds; round++) {
    for (const [i, server] of servers.entries()) {
      const run = await measure(server);
      runs[i]?.push(run);
      progress(
        `${name}, round ${round}, ${server.name}: ${run.ok ? `${run.tps.toFixed(0)} tps` : `FAILED: ${run.reason}`}`,
      );
    }
  }
  return servers.map((server, i) => sideOf(server.name, runs[i] ?? []));
}

/** Exported for its test. One failed round fails the side: a median over the others would hide it. */
export function sideOf(server: string, runs: readonly Run[]): Side {
  const good = runs.flatMap((run) => (run.ok ? [run] : []));
  const failures = runs.flatMap((run) => (run.ok ? [] : [run.reason]));
  const p50s = good.flatMap(({ p50Ms }) => (p50Ms === null ? [] : [p50Ms]));
  const complete = failures.length === 0 && good.length > 0;
  return {
    server,
    runs,
    tps: complete ? median(good.map(({ tps }) => tps)) : null,
    p50Ms: complete && p50s.length > 0 ? median(p50s) : null,
    failures,
  };
}

/** `b` to `a`; null where either failed. */
export function ratioOf(a: Side | undefined, b: Side | undefined): number | null {
  return a?.tps && b?.tps ? b.tps / a.tps : null;
}
