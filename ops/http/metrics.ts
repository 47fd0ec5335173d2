import { Gauge, Registry } from 'prom-client';
import type { EngineStatistics } from '#engines/serve/engine.js';
import { LATENCY_BUCKETS_MS, type LatencySnapshot } from '../processes/commit-latency.js';
import type { EngineCall } from './application.js';

type Statistics = EngineStatistics & {
  readonly commitLatency: LatencySnapshot;
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
  let latency: LatencySnapshot | null = null;
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
    latency = s.commitLatency;
  } catch {
    // The engine is starting or gone: what is known without it is still told.
  }
  return (await registry.metrics()) + (latency === null ? '' : latencyText(latency));
}

/** A histogram whose counts were made elsewhere: prom-client has no way to set one. */
function latencyText({ counts, sumMs }: LatencySnapshot): string {
  const name = 'polylog_commit_latency_seconds';
  const lines = [`# HELP ${name} From the commit's call to its durability`, `# TYPE ${name} histogram`];
  let total = 0;
  LATENCY_BUCKETS_MS.forEach((bound, i) => {
    total += counts[i] ?? 0;
    lines.push(`${name}_bucket{le="${bound / 1_000}"} ${total}`);
  });
  total += counts[LATENCY_BUCKETS_MS.length] ?? 0;
  lines.push(`${name}_bucket{le="+Inf"} ${total}`, `${name}_sum ${sumMs / 1_000}`, `${name}_count ${total}`);
  return `${lines.join('\n')}\n`;
}
