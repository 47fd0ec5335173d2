/** pgbench's three built-in scripts on both servers: the table that the project's speed is judged by. */
import { alternate, ratioOf, type Side } from '../alternation.js';
import { sql } from '../client-program.js';
import type { BenchOptions, Script } from '../options.js';
import { initialize, runPgbench } from '../pgbench.js';
import { progress, type SectionResult } from '../section.js';
import {
  POLYLOG,
  POSTGRES,
  polylogServer,
  postgresServer,
  type Server,
  type StartedServer,
  stopAll,
} from '../servers.js';
import { shown } from '../table.js';
import { type Verdict, verdict, verdictText } from '../verdict.js';

/** Ratios of transactions a second, Polylog to PostgreSQL. */
const TARGETS: readonly { script: Script; scale?: number; clients: number; ratio: number }[] = [
  { script: 'select-only', clients: 32, ratio: 1.0 },
  { script: 'simple-update', clients: 32, ratio: 1.5 },
  { script: 'tpcb-like', scale: 1, clients: 32, ratio: 2 },
  { script: 'tpcb-like', scale: 10, clients: 8, ratio: 1.0 },
];

const WARM_UP_SECONDS = 2;
const WARM_UP_CLIENTS = 4;
const ACCOUNTS_A_SCALE = 100_000;

interface Cell {
  readonly script: Script;
  readonly scale: number;
  readonly clients: number;
  readonly postgres: Side;
  readonly polylog: Side;
  readonly ratio: number | null;
  readonly verdict: Verdict | null;
}

export async function throughput(options: BenchOptions): Promise<SectionResult> {
  const cells: Cell[] = [];
  const broken: string[] = [];
  for (const scale of options.scales) {
    // New servers for each scale: neither has the other scale's garbage to carry.
    const servers: StartedServer[] = [];
    try {
      servers.push(await postgresServer());
      servers.push(await polylogServer({ flags: ['--gateway-placement', options.placement] }));
      for (const server of servers) await prepare(server, scale, options);
      for (const script of options.scripts)
        for (const clients of options.clients) cells.push(await cell(servers, script, scale, clients, options));
      for (const server of servers) broken.push(...(await wrongSums(server, scale)));
    } catch (error) {
      // What was measured so far stands; the rest of this scale is missing, and says so.
      broken.push(`scale ${scale} ended early: ${(error as Error).message}`);
    } finally {
      await stopAll(servers);
    }
  }
  const verdicts = cells.flatMap((each) => (each.verdict === null ? [] : [each.verdict]));
  return {
    title: 'throughput: pgbench -M prepared, transactions/s (median latency in ms)',
    columns: ['script', 'scale', 'clients', POSTGRES, 'p50', POLYLOG, 'p50', 'ratio', 'target'],
    rows: cells.map(rowOf),
    verdicts,
    failures: [...cells.flatMap(failuresOf), ...broken],
    data: cells,
  };
}

async function prepare(server: Server, scale: number, { scripts, quick }: BenchOptions): Promise<void> {
  progress(`${server.name}: tables of scale ${scale}`);
  await initialize(server, scale);
  const seconds = quick ? 1 : WARM_UP_SECONDS;
  for (const builtin of scripts)
    await runPgbench(server, { script: { builtin }, clients: WARM_UP_CLIENTS, seconds, ownTables: true });
}

async function cell(
  servers: readonly Server[],
  script: Script,
  scale: number,
  clients: number,
  { seconds, rounds, threads }: BenchOptions,
): Promise<Cell> {
  const name = `${script}, scale ${scale}, ${clients} clients`;
  const work = { script: { builtin: script }, clients, seconds, threads, ownTables: true };
  const [postgres, polylog] = (await alternate(servers, work, rounds, name)) as [Side, Side];
  const ratio = ratioOf(postgres, polylog);
  const target = TARGETS.find(
    (each) => each.script === script && each.clients === clients && (each.scale ?? scale) === scale,
  );
  const judged =
    target === undefined ? null : verdict(name, ratio, { relation: 'at least', value: target.ratio, unit: '×' });
  return { script, scale, clients, postgres, polylog, ratio, verdict: judged };
}

function rowOf({ script, scale, clients, postgres, polylog, ratio, verdict: judged }: Cell): string[] {
  const tps = (side: Side): string => (side.failures.length > 0 ? 'FAILED' : shown(side.tps));
  return [
    script,
    String(scale),
    String(clients),
    tps(postgres),
    shown(postgres.p50Ms),
    tps(polylog),
    shown(polylog.p50Ms),
    ratio === null ? '-' : `${ratio.toFixed(2)}×`,
    judged === null ? '' : verdictText(judged),
  ];
}

function failuresOf({ script, scale, clients, postgres, polylog }: Cell): string[] {
  return [postgres, polylog].flatMap(({ server, failures }) =>
    failures.map((reason) => `${script}, scale ${scale}, ${clients} clients, ${server}: ${reason}`),
  );
}

/** pgbench's own invariant: tellers and branches were given the same sums, and no account came or went. */
async function wrongSums(server: Server, scale: number): Promise<string[]> {
  const branches = await sql(server, 'SELECT sum(bbalance) FROM pgbench_branches');
  const tellers = await sql(server, 'SELECT sum(tbalance) FROM pgbench_tellers');
  const accounts = await sql(server, 'SELECT count(*) FROM pgbench_accounts');
  const wrong: string[] = [];
  if (branches !== tellers) wrong.push(`${server.name}, scale ${scale}: branches hold ${branches}, tellers ${tellers}`);
  if (accounts !== String(scale * ACCOUNTS_A_SCALE))
    wrong.push(`${server.name}, scale ${scale}: ${accounts} accounts instead of ${scale * ACCOUNTS_A_SCALE}`);
  return wrong;
}
