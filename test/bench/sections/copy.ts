/** A bulk load: COPY of pgbench's accounts, as pgbench does it (the key comes later) and into a table that has its key. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../../harness/temporary-directory.js';
import { sql } from '../client-program.js';
import { median } from '../median.js';
import { memoryOf } from '../memory.js';
import type { BenchOptions } from '../options.js';
import { initialize } from '../pgbench.js';
import { progress, type SectionResult } from '../section.js';
import { enginePid, POLYLOG, polylogServer, postgresServer, type Server, type StartedServer } from '../servers.js';
import { shown } from '../table.js';
import { type Verdict, verdict, verdictText } from '../verdict.js';

const ROWS = 1_000_000;
const QUICK_ROWS = 100_000;
const ROWS_A_BRANCH = 100_000;
const SECONDS_TARGET = 20;
const MEMORY_TARGET_MIB = 2048;
const COPY_TIMEOUT_MS = 300_000;

interface Load {
  readonly keyed: boolean;
  readonly postgresSeconds: number[];
  readonly polylogSeconds: number[];
  /** The engine's memory after its load, and the most that it was. */
  readonly rssMiB: number[];
  readonly peakRssMiB: number[];
  readonly failures: string[];
}

export async function copy(options: BenchOptions): Promise<SectionResult> {
  const rows = options.quick ? QUICK_ROWS : ROWS;
  const folder = temporaryDirectory('copy');
  const loads = [false, true].map(
    (keyed): Load => ({ keyed, postgresSeconds: [], polylogSeconds: [], rssMiB: [], peakRssMiB: [], failures: [] }),
  );
  try {
    const file = join(folder.path, 'accounts');
    writeAccounts(file, rows);
    for (let round = 1; round <= options.rounds; round++)
      for (const load of loads) await oneRound(load, file, rows, round);
  } finally {
    folder.remove();
  }
  return resultOf(loads, rows);
}

async function oneRound(load: Load, file: string, rows: number, round: number): Promise<void> {
  const name = `copy ${load.keyed ? 'with' : 'without'} key, round ${round}`;
  // A new server for each load: the peak of its memory belongs to this one alone.
  for (const start of [postgresServer, polylogServer]) {
    const server: StartedServer = await start();
    try {
      const seconds = await timeLoad(server, load.keyed, file, rows);
      progress(`${name}, ${server.name}: ${seconds.toFixed(2)} s`);
      if (server.node === null) {
        load.postgresSeconds.push(seconds);
        continue;
      }
      const { rssMiB, peakRssMiB } = memoryOf(enginePid(server.node));
      load.polylogSeconds.push(seconds);
      load.rssMiB.push(rssMiB);
      load.peakRssMiB.push(peakRssMiB);
    } catch (error) {
      progress(`${name}, ${server.name}: FAILED: ${(error as Error).message}`);
      load.failures.push(`${name}, ${server.name}: ${(error as Error).message}`);
    } finally {
      await server.stop();
    }
  }
}

async function timeLoad(server: Server, keyed: boolean, file: string, rows: number): Promise<number> {
  await initialize(server, 1, keyed ? 'dtp' : 'dt');
  const began = performance.now();
  await sql(server, `\\copy pgbench_accounts FROM '${file}'`, COPY_TIMEOUT_MS);
  const seconds = (performance.now() - began) / 1_000;
  const count = await sql(server, 'SELECT count(*), sum(aid) FROM pgbench_accounts');
  const expected = `${rows}|${(rows * (rows + 1)) / 2}`;
  if (count !== expected) throw new Error(`${server.name} holds ${count} after the load instead of ${expected}`);
  return seconds;
}

/** What pgbench sends: aid, bid, 0 and an empty filler, which char(84) pads. */
function writeAccounts(path: string, rows: number): void {
  const file = openSync(path, 'w');
  const lines: string[] = [];
  for (let aid = 1; aid <= rows; aid++) {
    lines.push(`${aid}\t${Math.ceil(aid / ROWS_A_BRANCH)}\t0\t\n`);
    if (lines.length === 10_000 || aid === rows) writeSync(file, lines.splice(0).join(''));
  }
  closeSync(file);
}

function resultOf(loads: readonly Load[], rows: number): SectionResult {
  const verdicts: Verdict[] = [];
  const table = loads.map((load) => {
    const name = `${rows.toLocaleString('en-US')} rows, ${load.keyed ? 'primary key first' : 'no key yet'}`;
    const of = (values: readonly number[]): number | null =>
      load.failures.length > 0 || values.length === 0 ? null : median(values);
    const seconds = of(load.polylogSeconds);
    const peak = of(load.peakRssMiB);
    const inTime = verdict(`copy of ${name}`, seconds, { relation: 'under', value: SECONDS_TARGET, unit: 's' });
    const inMemory = verdict(`engine at the copy of ${name}`, peak, {
      relation: 'under',
      value: MEMORY_TARGET_MIB,
      unit: 'MiB',
    });
    // The targets are for a million rows: fewer are no evidence.
    const judged = rows === ROWS;
    if (judged) verdicts.push(inTime, inMemory);
    const target = (each: Verdict): string => (judged ? verdictText(each) : '');
    const polylog = load.failures.length > 0 ? 'FAILED' : shown(seconds);
    const memory = [shown(of(load.rssMiB)), shown(peak), target(inMemory)];
    return [name, shown(of(load.postgresSeconds)), polylog, target(inTime), ...memory];
  });
  return {
    title: 'copy: COPY pgbench_accounts FROM STDIN, seconds; memory of the engine, MiB',
    columns: ['what', 'PostgreSQL s', `${POLYLOG} s`, 'target', 'RSS after', 'RSS peak', 'target'],
    rows: table,
    verdicts,
    failures: loads.flatMap(({ failures }) => failures),
    data: loads,
  };
}
