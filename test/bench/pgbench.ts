/** One run of pgbench, with a suspicious reading of what it says. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../harness/temporary-directory.js';
import { runClient } from './client-program.js';
import { median } from './median.js';
import { failedRun, type Run } from './run.js';
import type { Server } from './servers.js';

export interface PgbenchWork {
  /** A built-in script by name, or the path of one's own. */
  readonly script: { readonly builtin: string } | { readonly file: string };
  readonly clients: number;
  readonly seconds: number;
  /** Threads of pgbench itself; without it one, as is its default. */
  readonly threads?: number;
  /** How often a transaction that meets 40001 or 40P01 is tried at most; without it once. */
  readonly maxTries?: number;
  /** pgbench vacuums its own tables and empties its history before a run; leave out where they do not exist. */
  readonly ownTables: boolean;
}

/** Share of transactions whose latency is written down: all of them would cost pgbench a file write each. */
const SAMPLED = 0.1;
const GRACE_MS = 60_000;
const INIT_TIMEOUT_MS = 600_000;
/** What of a failed initialisation's last words is told. */
const REASON_LENGTH = 300;

/** Creates and fills pgbench's tables. Throws where that fails. */
export async function initialize(server: Server, scale: number, steps = 'dtgvp'): Promise<void> {
  const end = await runClient('pgbench', server, ['-i', '-q', '-I', steps, '-s', String(scale)], INIT_TIMEOUT_MS);
  if (end.code !== 0)
    throw new Error(`${server.name}: pgbench -i -s ${scale}: ${end.stderr.trim().slice(-REASON_LENGTH)}`);
}

/** A run with what pgbench wrote down of single transactions. */
export interface SampledRun {
  readonly run: Run;
  /** Of a tenth of all transactions, from their first try to the end of their last. */
  readonly latenciesMs: readonly number[];
  /** Tries beyond the first of a transaction. */
  readonly retries: number;
}

/** Never throws for what the server does: that is the outcome. */
export async function runPgbench(server: Server, work: PgbenchWork): Promise<Run> {
  return (await runPgbenchSampled(server, work)).run;
}

export async function runPgbenchSampled(server: Server, work: PgbenchWork): Promise<SampledRun> {
  const samples = temporaryDirectory('latencies');
  try {
    const { script, clients, seconds } = work;
    const threads = Math.min(clients, work.threads ?? 1);
    const what = 'builtin' in script ? ['-b', script.builtin] : ['-f', script.file];
    const load = ['-M', 'prepared', '-c', String(clients), '-j', String(threads), '-T', String(seconds)];
    const latencies = ['-l', `--sampling-rate=${SAMPLED}`, `--log-prefix=${join(samples.path, 'log')}`];
    const tries = work.maxTries === undefined ? [] : [`--max-tries=${work.maxTries}`];
    const args = [...what, ...load, ...latencies, ...tries, ...(work.ownTables ? [] : ['-n'])];
    const end = await runClient('pgbench', server, args, seconds * 1_000 + GRACE_MS);
    const latenciesMs = sampledMs(samples.path);
    const retries = Number(/total number of retries: (\d+)/.exec(end.stdout)?.[1] ?? 0);
    return { run: readRun(end, latenciesMs.length === 0 ? null : median(latenciesMs)), latenciesMs, retries };
  } finally {
    samples.remove();
  }
}

/** Exported for its test: what pgbench printed and how it ended → the outcome. */
export function readRun(
  end: { readonly code: number | null; readonly stdout: string; readonly stderr: string },
  p50Ms: number | null,
): Run {
  const errors = end.stderr.split('\n').filter((line) => /error|fatal|abort|detail/i.test(line));
  if (end.code === null) return failedRun(`pgbench did not end in time. ${errors.join(' ')}`);
  if (end.code !== 0 || errors.length > 0)
    return failedRun(`pgbench ended with ${end.code}: ${errors.join(' ') || end.stderr}`);
  const failures = Number(/number of failed transactions: (\d+)/.exec(end.stdout)?.[1] ?? Number.NaN);
  const transactions = Number(/number of transactions actually processed: (\d+)/.exec(end.stdout)?.[1] ?? Number.NaN);
  const tps = Number(/^tps = ([\d.]+)/m.exec(end.stdout)?.[1] ?? Number.NaN);
  if (Number.isNaN(failures + transactions + tps)) return failedRun(`pgbench said nothing to go by: ${end.stdout}`);
  if (failures > 0) return failedRun(`${failures} failed transactions beside ${transactions}`);
  if (transactions === 0) return failedRun('not a single transaction');
  return { ok: true, tps, p50Ms, transactions };
}

/** The third column of pgbench's log is the latency in microseconds. */
function sampledMs(folder: string): number[] {
  return readdirSync(folder).flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .map((line) => Number(line.split(' ')[2]) / 1_000)
      .filter((value) => !Number.isNaN(value)),
  );
}
