/** sysbench on Polylog's MySQL gateway and on MariaDB. */
import { spawnSync } from 'node:child_process';
import { mariadb } from '../../harness/client-programs.js';
import { hasMariadb } from '../../harness/mariadb.js';
import { alternateRuns, ratioOf, type Side } from '../alternation.js';
import type { BenchOptions } from '../options.js';
import { progress, type SectionResult } from '../section.js';
import { MARIADB, mariadbServer, overMysql, POLYLOG, polylogServer, type StartedServer, stopAll } from '../servers.js';
import { prepareSysbench, runSysbench, type SysbenchScript } from '../sysbench.js';
import { shown } from '../table.js';
import { type Verdict, verdict, verdictText } from '../verdict.js';

const SCRIPTS: readonly SysbenchScript[] = ['oltp_point_select', 'oltp_write_only'];
const THREADS = 16;
const ROWS = 100_000;
const ROWS_QUICK = 10_000;
const WARM_UP_SECONDS = 2;
const RATIO_TARGET = 0.7;
const TITLE = `mysql: sysbench, ${THREADS} threads, transactions/s (median latency in ms)`;
const COLUMNS = ['script', MARIADB, 'p50', POLYLOG, 'p50', 'ratio', 'target'];

interface Task {
  readonly script: SysbenchScript;
  readonly sides: readonly [Side, Side];
  readonly ratio: number | null;
  readonly verdict: Verdict;
}

/** What to install, or null where all is there. */
function missing(): string | null {
  const lacks = [
    ...(hasMariadb() ? [] : ['mariadb-server-core']),
    ...(spawnSync('mariadb', ['--version']).error === undefined ? [] : ['mariadb-client-core']),
    ...(spawnSync('sysbench', ['--version']).error === undefined ? [] : ['sysbench']),
  ];
  return lacks.length === 0 ? null : lacks.join(', ');
}

export async function mysql(options: BenchOptions): Promise<SectionResult> {
  const lacks = missing();
  if (lacks !== null) {
    const rows = [[`left out: no ${lacks} on this machine`]];
    return { title: TITLE, columns: COLUMNS, rows, verdicts: [], failures: [], data: { lacks } };
  }
  const rows = options.quick ? ROWS_QUICK : ROWS;
  const servers: StartedServer[] = [];
  const tasks: Task[] = [];
  const broken: string[] = [];
  try {
    servers.push(await mariadbServer());
    servers.push(overMysql(await polylogServer()));
    for (const server of servers) {
      progress(`${server.name}: a table of ${rows} rows`);
      await prepareSysbench(server, rows);
      for (const script of SCRIPTS)
        await runSysbench(server, script, { rows, threads: 4, seconds: options.quick ? 1 : WARM_UP_SECONDS });
    }
    for (const script of SCRIPTS) tasks.push(await measure(servers, script, rows, options));
    for (const server of servers) broken.push(...(await wrongRows(server, rows)));
  } finally {
    await stopAll(servers);
  }
  return {
    title: TITLE,
    columns: COLUMNS,
    rows: tasks.map(rowOf),
    verdicts: tasks.map((each) => each.verdict),
    failures: [...tasks.flatMap(failuresOf), ...broken],
    data: tasks,
  };
}

async function measure(
  servers: readonly StartedServer[],
  script: SysbenchScript,
  rows: number,
  { seconds, rounds }: BenchOptions,
): Promise<Task> {
  const once = (server: StartedServer) => runSysbench(server, script, { rows, threads: THREADS, seconds });
  const sides = (await alternateRuns(servers, once, rounds, script)) as [Side, Side];
  const ratio = ratioOf(...sides);
  const target = { relation: 'at least', value: RATIO_TARGET, unit: '×' } as const;
  return { script, sides, ratio, verdict: verdict(`sysbench ${script}, ${THREADS} threads`, ratio, target) };
}

function rowOf({ script, sides, ratio, verdict: judged }: Task): string[] {
  const cells = sides.flatMap(({ tps, p50Ms, failures }) => [
    failures.length > 0 ? 'FAILED' : shown(tps),
    shown(p50Ms),
  ]);
  return [script, ...cells, ratio === null ? '-' : `${ratio.toFixed(2)}×`, verdictText(judged)];
}

function failuresOf({ script, sides }: Task): string[] {
  return sides.flatMap(({ server, failures }) => failures.map((reason) => `${script}, ${server}: ${reason}`));
}

/** Each transaction that writes deletes a row and inserts it anew: none comes or goes. */
async function wrongRows(server: StartedServer, expected: number): Promise<string[]> {
  const rows = (await mariadb(server, 'select count(*) from sbtest1')).trim();
  return rows === String(expected) ? [] : [`${server.name}: ${rows} rows instead of ${expected}`];
}
