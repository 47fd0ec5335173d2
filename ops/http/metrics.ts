import { Counter, Gauge, Registry } from 'prom-client';
import type { ClusterClockStatus } from '#log/clock/cluster-clock.js';
import type { EngineFigures, GatewayFigures } from '../processes/engine-contract.js';
import { LATENCY_BUCKETS_MS, type LatencySnapshot } from '../processes/latency.js';
import type { ApplicationOptions } from './application.js';

export interface MetricsSources extends Pick<ApplicationOptions, 'engine' | 'gateway'> {
  readonly ready: boolean;
}

/** The node's figures as Prometheus text. A node that is not ready still answers, with polylog_ready 0 and what it knows. */
export async function metricsText({ engine, gateway, ready }: MetricsSources): Promise<string> {
  // Made anew each time: the figures live in the processes that count them.
  const registers = [new Registry()];
  const gauge = (name: string, help: string, value: number): void =>
    new Gauge({ name: `polylog_${name}`, help, registers }).set(value);
  const counter = (name: string, help: string, value: number): void =>
    new Counter({ name: `polylog_${name}_total`, help, registers }).inc(value);
  const rate = (name: string, help: string, hits: number, misses: number): void => {
    counter(`${name}_hits`, `${help}: answered from it`, hits);
    counter(`${name}_misses`, `${help}: not in it`, misses);
    const asked = hits + misses;
    gauge(`${name}_hit_ratio`, `${help}: hits of all, 1 before the first`, asked === 0 ? 1 : hits / asked);
  };
  gauge('ready', '1 when clients may connect', ready ? 1 : 0);
  gauge('supervisor_memory_bytes', 'Resident memory of the supervisor', process.memoryUsage().rss);
  // What is known without a process that is starting or gone is still told.
  const [figures, own] = await Promise.all([
    engine('statistics').catch(() => null) as Promise<EngineFigures | null>,
    gateway('statistics').catch(() => null) as Promise<GatewayFigures | null>,
  ]);
  const front = own ?? figures?.gateway ?? null;
  if (front !== null) {
    gauge('connections', 'Clients connected', front.connections);
    rate('statement_cache', 'Programs by SQL text', front.statementCacheHits, front.statementCacheMisses);
  }
  const latencies: string[] = [];
  if (figures !== null) {
    engineFigures(figures, gauge, counter);
    if (figures.clusterClock !== null) clockFigures(figures.clusterClock, gauge, counter);
    rate('row_cache', 'Rows of tables not wholly in memory', figures.rowCacheHits, figures.rowCacheMisses);
    latencies.push(
      latencyText('commit_latency_seconds', "From a commit's call to its durability", figures.commitLatency),
      latencyText(
        'log_append_latency_seconds',
        'From an append to the log to its acknowledgement',
        figures.appendLatency,
      ),
    );
  }
  return (await (registers[0] as Registry).metrics()) + latencies.join('');
}

type Tell = (name: string, help: string, value: number) => void;

function engineFigures(figures: EngineFigures, gauge: Tell, counter: Tell): void {
  counter('commits', 'Transactions committed by this engine', figures.commits);
  counter('rollbacks', 'Transactions rolled back after they had written', figures.rollbacks);
  counter('lock_waits', 'Waits for row locks', figures.lockWaits);
  counter('updates_postponed', 'Updates of rows that many waited for, made at commit', figures.postponed);
  counter('deadlocks', 'Deadlocks resolved', figures.deadlocks);
  counter('serialization_conflicts', 'Transactions refused by certification', figures.conflicts);
  counter('checkpoints', 'Times that the rows were taken to disk', figures.flushes);
  counter('row_tables_released', 'Times that a table left memory for the disk', figures.releases);
  gauge('active_transactions', 'Open transactions', figures.activeTransactions);
  gauge('sessions', 'Open sessions', figures.sessions);
  gauge('log_durable_offset', 'One past the last durable record', figures.durableOffset);
  gauge('clock_ahead_seconds', "How far the log's time runs ahead of the machine's", figures.clockAheadMs / 1_000);
  gauge('recovery_events', 'Events replayed at the last start', figures.recoveredEvents);
  gauge('recovery_seconds', 'Duration of the last replay', figures.recoveryMs / 1_000);
  gauge('row_memory_bytes', 'Rows in memory, estimated', figures.memtableBytes);
  gauge(
    'row_versions_held',
    'Decided row versions that an older snapshot may still read, or that wait for collection',
    figures.versionsHeld,
  );
  gauge('engine_memory_bytes', 'Resident memory of the engine', figures.memory.rss);
  gauge('engine_heap_bytes', 'Used JavaScript heap of the engine', figures.memory.heapUsed);
}

function clockFigures(clock: ClusterClockStatus, gauge: Tell, counter: Tell): void {
  gauge('clock_synchronised', "1 while the cluster's time is heard", clock.synchronised ? 1 : 0);
  gauge('clock_epoch', 'Epoch of the master that is heard', clock.epoch);
  gauge('clock_master', 'Its number, 0 = primary', clock.master);
  gauge('clock_offset_seconds', "Of the cluster's time, before the machine's", clock.offsetMicros / 1e6);
  gauge(
    'clock_uncertainty_seconds',
    'Bound on the error of the time that commits are stamped with',
    clock.uncertaintyMicros / 1e6,
  );
  gauge('clock_uncertainty_best_seconds', 'The least that it was', clock.bestMicros / 1e6);
  gauge('clock_uncertainty_worst_seconds', 'The most that it was', clock.worstMicros / 1e6);
  gauge('clock_drift_ppb', "Of the machine's clock, parts per billion", clock.driftPpb);
  gauge('clock_since_beat_seconds', 'Since the last beat', clock.sinceBeatMs / 1e3);
  counter('clock_beats', 'Beats heard', clock.beats);
  counter('clock_beats_missed', 'Beats that were sent and not heard', clock.missed);
}

/** A histogram whose counts were made elsewhere: prom-client has no way to set one. */
function latencyText(metric: string, help: string, { counts, sumMs }: LatencySnapshot): string {
  const name = `polylog_${metric}`;
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
