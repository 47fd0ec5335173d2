/** What the projections that follow cost those who write, and how fast they follow and are rebuilt. */

import { polylogCommand } from '../../harness/command-line.js';
import { alternate, ratioOf, type Side } from '../alternation.js';
import type { BenchOptions } from '../options.js';
import { initialize, runPgbench } from '../pgbench.js';
import { applied, caughtUp, rebuildRate } from '../projections.js';
import { progress, type SectionResult } from '../section.js';
import { polylogServer, stopAll } from '../servers.js';
import { shown } from '../table.js';
import { type Verdict, verdict, verdictText } from '../verdict.js';

const CLIENTS = [8, 32];
const SCALE = 10;
const KEPT_RATE_TARGET = 0.85;
const CHANGES_TARGET = 20_000;
const REBUILD_TARGET = 50_000;

interface Followed {
  readonly changes: number;
  readonly seconds: number;
}

export async function tiers(options: BenchOptions): Promise<SectionResult> {
  const without = await polylogServer({ name: 'without', flags: ['--projections', 'none'] });
  const servers = [without];
  const rows: string[][] = [];
  const verdicts: Verdict[] = [];
  const failures: string[] = [];
  const measured: { clients: number; without: Side; following: Side; ratio: number | null }[] = [];
  const scale = options.quick ? 1 : SCALE;
  try {
    const following = await polylogServer({ name: 'following' });
    servers.push(following);
    for (const server of servers) {
      progress(`${server.name}: tables of scale ${scale}`);
      await initialize(server, scale);
    }
    // The tables that both have just got are read first.
    await caughtUp(following.node);
    for (const clients of CLIENTS) {
      const work = { script: { builtin: 'tpcb-like' } as const, clients, seconds: options.seconds, ownTables: true };
      const [apart, beside] = (await alternate(servers, work, options.rounds, `${clients} clients`)) as [Side, Side];
      const ratio = ratioOf(apart, beside);
      measured.push({ clients, without: apart, following: beside, ratio });
      const kept = verdict(`tpcb-like, ${clients} clients, with projections`, ratio, {
        relation: 'at least',
        value: KEPT_RATE_TARGET,
        unit: '×',
      });
      verdicts.push(kept);
      rows.push([
        `tpcb-like, ${clients} clients`,
        shown(apart.tps),
        shown(beside.tps),
        ratio?.toFixed(2) ?? '-',
        verdictText(kept),
      ]);
      for (const { server, failures: reasons } of [apart, beside])
        failures.push(...reasons.map((reason) => `${clients} clients, ${server}: ${reason}`));
    }
    const followed = await followLoad();
    const rate = followed.changes / followed.seconds;
    verdicts.push(
      verdict('changes a second into both tiers', rate, {
        relation: 'at least',
        value: CHANGES_TARGET,
        unit: '/s',
      }),
    );
    rows.push(['load until applied, changes/s', '', shown(rate), '', verdictText(verdicts.at(-1) as Verdict)]);
    for (const name of ['ingestion', 'olap']) {
      const rebuilt = await rebuildRate(following.node, name);
      const judged = verdict(`events a second in a rebuild of ${name}`, rebuilt, {
        relation: 'at least',
        value: REBUILD_TARGET,
        unit: '/s',
      });
      verdicts.push(judged);
      rows.push([`rebuild of ${name}, events/s`, '', shown(rebuilt), '', verdictText(judged)]);
    }
    const verified = await polylogCommand('verify', '--data', following.node.dataDirectory);
    if (verified.code !== 0) failures.push(`verify: ${verified.stdout}${verified.stderr}`);

    /** A load of rows, from its first to the tier's having them all. */
    async function followLoad(): Promise<Followed> {
      const before = await applied(following.node);
      const began = performance.now();
      await runPgbench(following, { script: { builtin: 'simple-update' }, clients: 1, seconds: 1, ownTables: true });
      await initialize(following, scale);
      await caughtUp(following.node);
      const seconds = (performance.now() - began) / 1_000;
      return { changes: (await applied(following.node)) - before, seconds };
    }
  } finally {
    await stopAll(servers);
  }
  return {
    title: `tiers: a node without projections beside one whose projections follow, scale ${scale}, transactions/s`,
    columns: ['what', 'without', 'following', 'ratio', 'target'],
    rows,
    verdicts,
    failures,
    data: measured,
  };
}
