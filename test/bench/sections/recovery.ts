/** How fast the state comes back from the log alone: everything of a node but its log is deleted, then it starts. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from '../client-program.js';
import { median } from '../median.js';
import { metric } from '../metrics.js';
import type { BenchOptions } from '../options.js';
import { initialize, runPgbench } from '../pgbench.js';
import { progress, type SectionResult } from '../section.js';
import { polylogServer } from '../servers.js';
import { shown } from '../table.js';
import { verdict, verdictText } from '../verdict.js';

const SCALE = 10;
const CLIENTS = 32;
const EVENTS_TARGET = 150_000;
/** The truth and the password to ask for it; the rest of the data folder is a projection. */
const KEPT = new Set(['log', 'superuser']);

interface Replay {
  readonly events: number;
  /** The replay as the engine counts it. */
  readonly replaySeconds: number;
  /** From the command to the first client. */
  readonly startSeconds: number;
}

export async function recovery(options: BenchOptions): Promise<SectionResult> {
  const scale = options.quick ? 1 : SCALE;
  const server = await polylogServer();
  const { node } = server;
  const replays: Replay[] = [];
  const failures: string[] = [];
  try {
    await initialize(server, scale);
    // Updates of rows that are there already: a log of nothing but inserts would be too kind.
    const work = { script: { builtin: 'tpcb-like' }, clients: CLIENTS, seconds: options.seconds, ownTables: true };
    const load = await runPgbench(server, work);
    if (!load.ok) failures.push(`load before the recovery: ${load.reason}`);
    const before = await digest();
    for (let round = 1; round <= options.rounds; round++) {
      await node.stop();
      for (const name of readdirSync(node.dataDirectory))
        if (!KEPT.has(name)) rmSync(join(node.dataDirectory, name), { recursive: true });
      const began = performance.now();
      await node.restart();
      const startSeconds = (performance.now() - began) / 1_000;
      const events = await metric(node, 'polylog_recovery_events');
      const replaySeconds = await metric(node, 'polylog_recovery_seconds');
      replays.push({ events, replaySeconds, startSeconds });
      progress(`recovery, round ${round}: ${events} events in ${replaySeconds.toFixed(2)} s`);
      const after = await digest();
      if (after !== before) failures.push(`round ${round}: the state was ${before} and came back as ${after}`);
    }
  } finally {
    await server.stop();
  }
  return resultOf(replays, failures);

  async function digest(): Promise<string> {
    const parts = ['sum(abalance), count(*) FROM pgbench_accounts', 'sum(bbalance) FROM pgbench_branches'];
    const sums = [...parts, 'count(*), sum(delta) FROM pgbench_history'].map((part) => sql(server, `SELECT ${part}`));
    return (await Promise.all(sums)).join(' ');
  }
}

function resultOf(replays: readonly Replay[], failures: readonly string[]): SectionResult {
  const rate = failures.length > 0 ? null : median(replays.map(({ events, replaySeconds }) => events / replaySeconds));
  const judged = verdict('events replayed a second', rate, { relation: 'at least', value: EVENTS_TARGET, unit: '/s' });
  return {
    title: 'recovery: replay of the whole log without a row store',
    columns: ['what', 'events', 'replay s', 'events/s', 'target', 'start to ready s'],
    rows: [
      [
        'replay',
        shown(median(replays.map(({ events }) => events))),
        shown(median(replays.map(({ replaySeconds }) => replaySeconds))),
        failures.length > 0 ? 'FAILED' : shown(rate),
        verdictText(judged),
        shown(median(replays.map(({ startSeconds }) => startSeconds))),
      ],
    ],
    verdicts: [judged],
    failures,
    data: replays,
  };
}
