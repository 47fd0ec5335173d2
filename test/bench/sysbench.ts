/** One run of sysbench, of Debian's package, against any server that speaks MySQL. */
import { type ProgramEnd, runProgram } from './client-program.js';
import { failedRun, type Run } from './run.js';
import type { Server } from './servers.js';

/** Its scripts that are measured, by their own names. */
export type SysbenchScript = 'oltp_point_select' | 'oltp_write_only';

const GRACE_MS = 60_000;
const PREPARE_TIMEOUT_MS = 120_000;

function run(server: Server, script: SysbenchScript, rows: number, args: readonly string[], timeoutMs: number) {
  const { host, port, user, password, database } = server;
  const where = [`host=${host}`, `port=${port}`, `user=${user}`, `password=${password}`, `db=${database}`];
  const target = ['--db-driver=mysql', ...where.map((each) => `--mysql-${each}`)];
  return runProgram('sysbench', [script, ...target, '--tables=1', `--table-size=${rows}`, ...args], timeoutMs);
}

/** Creates and fills its table, sbtest1, which all scripts use. Throws where that fails. */
export async function prepareSysbench(server: Server, rows: number): Promise<void> {
  const end = await run(server, 'oltp_point_select', rows, ['prepare'], PREPARE_TIMEOUT_MS);
  const complaints = complaintsOf(end);
  if (end.code !== 0 || complaints !== '') throw new Error(`${server.name}: sysbench prepare: ${complaints}`);
}

/** Never throws for what the server does: that is the outcome. Statements are prepared on the server, as is sysbench's default. */
export async function runSysbench(
  server: Server,
  script: SysbenchScript,
  { rows, threads, seconds }: { readonly rows: number; readonly threads: number; readonly seconds: number },
): Promise<Run> {
  const args = [`--threads=${threads}`, `--time=${seconds}`, '--percentile=50', 'run'];
  return readSysbench(await run(server, script, rows, args, seconds * 1_000 + GRACE_MS));
}

function complaintsOf({ stdout, stderr }: ProgramEnd): string {
  return `${stdout}\n${stderr}`
    .split('\n')
    .filter((line) => /^(FATAL|ALERT|WARNING)|error:/.test(line))
    .join(' ');
}

/** Exported for its test: what sysbench printed and how it ended → the outcome. Deadlocks, which it runs anew, are no failures. */
export function readSysbench(end: ProgramEnd): Run {
  const complaints = complaintsOf(end);
  if (end.code === null) return failedRun(`sysbench did not end in time. ${complaints}`);
  if (end.code !== 0 || complaints !== '') return failedRun(`sysbench ended with ${end.code}: ${complaints}`);
  const [, count, rate] = /transactions:\s+(\d+)\s+\(([\d.]+) per sec/.exec(end.stdout) ?? [];
  const reconnects = /reconnects:\s+(\d+)/.exec(end.stdout)?.[1];
  const p50 = /50th percentile:\s+([\d.]+)/.exec(end.stdout)?.[1];
  if (count === undefined || rate === undefined || p50 === undefined || reconnects === undefined)
    return failedRun(`sysbench said nothing to go by: ${end.stdout}`);
  if (reconnects !== '0') return failedRun(`${reconnects} lost connections beside ${count} transactions`);
  if (count === '0') return failedRun('not a single transaction');
  return { ok: true, tps: Number(rate), p50Ms: Number(p50), transactions: Number(count) };
}
