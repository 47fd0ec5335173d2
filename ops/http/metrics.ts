import { Gauge, Registry } from 'prom-client';
import type { EngineStatistics } from '#engines/serve/engine.js';
import { LATENCY_BUCKETS_MS, type LatencySnapshot } from '../processes/latency.js';
import type { EngineCall } from './application.js';

type Statistics = EngineStatistics & {
  readonly commitLatency: LatencySnapshot;
  readonly appendLatency: LatencySnapshot;
  readonly memory: { readonly rss: number; readonly heapUsed: number };
};

/** Engine figures as Prometheus text. A node that is not ready still answers, with polylog_ready 0. */
export async function metricsText(engine: EngineCall, ready: boolean): Promise<string> {
  const registry = new Registry();
  const gauge = (name: string, help: string, value: number): void => {
    new Gauge({ name: `polylog_${name}`, help, registers: [registry] }).set(value);
  };
  gauge('ready', '1 when clients may connect', ready ? 1 : 0);
  gauge('supervisor_memory_bytes', 'Resident memory of the supervisor', process.memoryUsage().rss);
  let histograms = '';
  try {
    const s = (await engine('statistics')) as Statistics;
    gauge('commits_total', 'Transactions committed by this engine', s.commits);
    gauge('rollbacks_total', 'Transactions rolled back after they had written', s.rollbacks);
    gauge('lock_waits_total', 'Waits for row locks', s.lockWaits);
    gauge('deadlocks_total', 'Deadlocks resolved', s.deadlocks);
    gauge('serialization_conflicts_total', 'Transactions refused by certification', s.conflicts);
    gauge('active_transactions', 'Open transactions', s.activeTransactions);
    gauge('sessions', 'Open sessions', s.sessions);
    gauge('log_durable_offset', 'One past the last durable record', s.durableOffset);
    gauge('recovery_events', 'Events replayed at the last start', s.recoveredEvents);
    gauge('recovery_seconds', 'Duration of the last replay', s.recoveryMs / 1_000);
    gauge('engine_memory_bytes', 'Resident memory of the engine', s.memory.rss);
    gauge('engine_heap_bytes', 'Used JavaScript heap of the engine', s.memory.heapUsed);
    gauge('row_memory_bytes', 'Rows in memory, estimated', s.memtableBytes);
    gauge('row_cache_hits_total', 'Rows of tables not wholly in memory that were found in the cache', s.rowCacheHits);
    gauge('row_cache_misses_total', 'Rows of such tables that were read from disk', s.rowCacheMisses);
    const looked = s.rowCacheHits + s.rowCacheMisses;
    gauge(
      'row_cache_hit_ratio',
      'Part of them that was found; 1 when none was looked for',
      looked === 0 ? 1 : s.rowCacheHits / looked,
    );
    gauge(
      'row_versions_held',
      'Decided row versions that an older snapshot may still read, or that wait for collection',
      s.versionsHeld,
    );
    gauge('checkpoints_total', 'Times that the rows were taken to disk', s.flushes);
    gauge('row_tables_released_total', 'Times that a table left memory for the disk', s.releases);
    histograms =
      latencyText('commit_latency_seconds', "From the commit's call to its durability", s.commitLatency) +
      latencyText('log_append_latency_seconds', 'From an append to the log to its acknowledgement', s.appendLatency);
  } catch {
    // The engine is starting or gone: what is known without it is still told.
  }
  return (await registry.metrics()) + histograms;
}

/** A histogram whose counts were made elsewhere: prom-client has no way to set one. */
function latencyText(what: string, help: string, { counts, sumMs }: LatencySnapshot): string {
  const name = `polylog_${what}`;
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
  let total = 0;
  LATENCY_BUCKETS_MS.forEach((bound, i) => {
    total += counts[i] ?? 0;
    lines.push(`${name}_bucket{le="${bound / 1_000}"} ${total}`);
  });
  total += counts[LATENCY_BUCKETS_MS.length] ?? 0;
  lines.push(`${name}_bucket{le="+Inf"} ${total}`, `${name}_sum ${sumMs / 1_000}`, `${name}_count ${total}`);
  return `${lines.join('\n')}\n`;
}
