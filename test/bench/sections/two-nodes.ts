/** Two nodes that write one Kafka log at once, half of the clients on each: how long a commit takes when every engine reads its records back. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startKafka } from '../../harness/kafka.js';
import { temporaryDirectory } from '../../harness/temporary-directory.js';
import { sql } from '../client-program.js';
import { quantile, seenBetween } from '../histogram.js';
import { median, percentile } from '../median.js';
import { histogram } from '../metrics.js';
import type { BenchOptions } from '../options.js';
import { initialize, type PgbenchWork, runPgbenchSampled } from '../pgbench.js';
import { progress, type SectionResult } from '../section.js';
import { polylogServer, type StartedNode, stopAll } from '../servers.js';
import { shown } from '../table.js';
import { type Verdict, verdict, verdictText } from '../verdict.js';
import { ONE_ROW_INSERT, ONE_ROW_TABLE } from './one-row-insert.js';

const NODES = 2;
const CLIENTS_EACH = 16;
const WARM_UP_SECONDS = 2;
const P50_TARGET_MS = 5;
const P99_TARGET_MS = 20;
/** Nobody gives up: what another node's commit refuses is run anew until it passes. */
const TRIES = 1_000;
const AGREE_WITHIN_MS = 30_000;

/** As TPC-B moves money, between accounts instead of to one branch: two rows changed and one written. */
const TRANSFER = `\\set source random(1, 100000)
\\set target random(1, 100000)
\\set delta random(1, 5000)
BEGIN;
UPDATE pgbench_accounts SET abalance = abalance - :delta WHERE aid = :source;
UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :target;
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (1, 1, :target, :delta, CURRENT_TIMESTAMP);
END;
`;

/** One round on all nodes at once; milliseconds. */
interface Round {
  readonly tps: number;
  readonly transactions: number;
  readonly retries: number;
  /** Of a whole transaction, as clients see it. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the commit alone, as the engines tell it. */
  readonly commitP50Ms: number;
  readonly commitP99Ms: number;
}

interface Load {
  readonly name: string;
  readonly rounds: readonly Round[];
  readonly failures: readonly string[];
  /** By all rounds, the warm-up too. */
  readonly acknowledged: number;
}

export async function twoNodes(options: BenchOptions): Promise<SectionResult> {
  const folder = temporaryDirectory('shared');
  progress('starting Kafka');
  const cluster = await startKafka();
  const nodes: StartedNode[] = [];
  try {
    const flags = ['--server-id', 'auto', '--projections', 'none'];
    for (let i = 1; i <= NODES; i++)
      nodes.push(await polylogServer({ name: `node ${i}`, log: `kafka://${cluster.bootstrap}/shared`, flags }));
    const [first] = nodes as [StartedNode];
    await sql(first, ONE_ROW_TABLE);
    await initialize(first, 1);
    const inserts = await load(nodes, 'one-row inserts', scriptFile(folder.path, 'insert', ONE_ROW_INSERT), options);
    const transfers = await load(nodes, 'transfers', scriptFile(folder.path, 'transfer', TRANSFER), options);
    const wrong = await wrongBalances(nodes, inserts, transfers);
    // A one-row insert is nothing but its commit, as its client sees it; of a transfer, END is.
    const verdicts = [
      ...judged('one-row insert', inserts, ({ p50Ms, p99Ms }) => [p50Ms, p99Ms]),
      ...judged('END of a transfer', transfers, ({ commitP50Ms, commitP99Ms }) => [commitP50Ms, commitP99Ms]),
    ];
    return {
      title: `shared: ${NODES} nodes on one Kafka log, ${CLIENTS_EACH} clients on each; times in ms, those of commits as the engines tell them`,
      columns: ['load', 'commits/s', 'p50', 'p99', 'commit p50', 'commit p99', 'retries', 'targets (p50, p99)'],
      rows: [rowOf(inserts, verdicts.slice(0, 2)), rowOf(transfers, verdicts.slice(2))],
      verdicts,
      failures: [...inserts.failures, ...transfers.failures, ...wrong],
      data: { inserts, transfers },
    };
  } finally {
    await stopAll(nodes);
    await cluster.stop();
    folder.remove();
  }
}

function scriptFile(folder: string, name: string, text: string): PgbenchWork['script'] {
  const file = join(folder, `${name}.sql`);
  writeFileSync(file, text);
  return { file };
}

/** A first, short round warms up; it counts in what has to be there afterwards, and in nothing else. */
async function load(
  nodes: readonly StartedNode[],
  name: string,
  script: PgbenchWork['script'],
  { rounds, seconds, quick }: BenchOptions,
): Promise<Load> {
  const work = { script, clients: CLIENTS_EACH, ownTables: false, maxTries: TRIES };
  const done: Round[] = [];
  const failures: string[] = [];
  for (let i = 0; i <= rounds; i++) {
    const result = await round(nodes, { ...work, seconds: i === 0 ? (quick ? 1 : WARM_UP_SECONDS) : seconds });
    if (typeof result === 'string') failures.push(`${name}, ${i === 0 ? 'warm-up' : `round ${i}`}: ${result}`);
    else done.push(result);
    if (i > 0) progress(`${name}, round ${i}: ${typeof result === 'string' ? 'FAILED' : told(result)}`);
  }
  const acknowledged = done.reduce((sum, each) => sum + each.transactions, 0);
  return { name, rounds: failures.length > 0 ? [] : done.slice(1), failures, acknowledged };
}

/** What was measured, or what failed. */
async function round(nodes: readonly StartedNode[], work: PgbenchWork): Promise<Round | string> {
  const commits = () => Promise.all(nodes.map(({ node }) => histogram(node, 'polylog_commit_latency_seconds')));
  const before = await commits();
  const sampled = await Promise.all(nodes.map((node) => runPgbenchSampled(node, work)));
  const seen = seenBetween(before, await commits());
  const reasons = sampled.flatMap(({ run }, i) => (run.ok ? [] : [`${nodes[i]?.name}: ${run.reason}`]));
  if (reasons.length > 0) return reasons.join('; ');
  const runs = sampled.flatMap(({ run }) => (run.ok ? [run] : []));
  const latencies = sampled.flatMap(({ latenciesMs }) => latenciesMs);
  return {
    tps: runs.reduce((sum, { tps }) => sum + tps, 0),
    transactions: runs.reduce((sum, { transactions }) => sum + transactions, 0),
    retries: sampled.reduce((sum, { retries }) => sum + retries, 0),
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    commitP50Ms: quantile(seen, 0.5) * 1_000,
    commitP99Ms: quantile(seen, 0.99) * 1_000,
  };
}

function told({ tps, p50Ms, p99Ms }: Round): string {
  return `${tps.toFixed(0)} tps, p50 ${shown(p50Ms)} ms, p99 ${shown(p99Ms)} ms`;
}

/** Null where a round failed. */
function medianOf({ rounds }: Load, figure: (round: Round) => number): number | null {
  return rounds.length === 0 ? null : median(rounds.map(figure));
}

function judged(what: string, load: Load, figures: (round: Round) => [p50: number, p99: number]): Verdict[] {
  const [p50, p99] = [medianOf(load, (each) => figures(each)[0]), medianOf(load, (each) => figures(each)[1])];
  return [
    verdict(`${what} on ${NODES} nodes, p50`, p50, { relation: 'under', value: P50_TARGET_MS, unit: 'ms' }),
    verdict(`${what} on ${NODES} nodes, p99`, p99, { relation: 'under', value: P99_TARGET_MS, unit: 'ms' }),
  ];
}

function rowOf(load: Load, verdicts: readonly Verdict[]): string[] {
  const cell = (figure: (round: Round) => number): string => shown(medianOf(load, figure));
  return [
    load.name,
    load.failures.length > 0 ? 'FAILED' : cell(({ tps }) => tps),
    cell(({ p50Ms }) => p50Ms),
    cell(({ p99Ms }) => p99Ms),
    cell(({ commitP50Ms }) => commitP50Ms),
    cell(({ commitP99Ms }) => commitP99Ms),
    String(load.rounds.reduce((sum, { retries }) => sum + retries, 0)),
    verdicts.map(verdictText).join(', '),
  ];
}

const ROWS = `SELECT (SELECT sum(abalance) FROM pgbench_accounts), (SELECT count(*) FROM pgbench_history), (SELECT count(*) FROM bench_commits)`;

/** Each node, once it has met all that was acknowledged, has it, and no money came or went. Where a run failed its commits are not known. */
async function wrongBalances(nodes: readonly StartedNode[], inserts: Load, transfers: Load): Promise<string[]> {
  if (inserts.failures.length + transfers.failures.length > 0) return [];
  const expected = `0|${transfers.acknowledged}|${inserts.acknowledged}`;
  const wrong: string[] = [];
  for (const node of nodes) {
    const end = performance.now() + AGREE_WITHIN_MS;
    let found = await sql(node, ROWS);
    for (; found !== expected && performance.now() < end; found = await sql(node, ROWS)) await sleep(100);
    if (found !== expected) wrong.push(`${node.name}: sum, transfers, inserts are ${found} instead of ${expected}`);
  }
  return wrong;
}
