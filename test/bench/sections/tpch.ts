/** TPC-H: its tables loaded by COPY, and queries 1, 3 and 6 by the OLAP tier through psql beside DuckDB alone on the same Parquet files. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { pythonWith } from '../../harness/python.js';
import { temporaryDirectory } from '../../harness/temporary-directory.js';
import { runClient, sql } from '../client-program.js';
import { median } from '../median.js';
import type { BenchOptions } from '../options.js';
import { caughtUp, rebuildRate } from '../projections.js';
import { progress, type SectionResult } from '../section.js';
import { polylogServer, type StartedNode } from '../servers.js';
import { shown } from '../table.js';
import { type Verdict, verdict, verdictText } from '../verdict.js';
import { QUERIES, TABLES } from './tpch-text.js';

const LOAD_SECONDS_TARGET = 300;
const RATIO_TARGET = 1.5;
const REBUILD_TARGET = 50_000;
const COPY_TIMEOUT_MS = 900_000;
const RUNS_A_ROUND = 3;
const ROWS_A_COPY = 1_000_000;

interface Timed {
  readonly query: string;
  readonly polylogMs: number;
  readonly duckdbMs: number;
}

/** A query that was refused, or ended otherwise without its rows. */
interface Refused {
  readonly query: string;
  readonly refusal: string;
}

export async function tpch(options: BenchOptions): Promise<SectionResult> {
  const scale = options.quick ? 0.01 : 1;
  const folder = temporaryDirectory('tpch');
  const server = await polylogServer();
  const verdicts: Verdict[] = [];
  const rows: string[][] = [];
  try {
    generate(folder.path, scale);
    const seconds = await load(server, folder.path);
    const loaded = verdict('TPC-H loaded by COPY, seconds', seconds, {
      relation: 'under',
      value: LOAD_SECONDS_TARGET,
      unit: 's',
    });
    verdicts.push(loaded);
    rows.push(['COPY of all tables, s', shown(seconds), '', '', verdictText(loaded)]);
    await caughtUp(server.node);
    const rebuilt = await rebuildRate(server.node, 'olap');
    await caughtUp(server.node);
    const rate = verdict('events a second in a rebuild of the OLAP tier', rebuilt, {
      relation: 'at least',
      value: REBUILD_TARGET,
      unit: '/s',
    });
    verdicts.push(rate);
    rows.push(['rebuild of the OLAP tier, events/s', shown(rebuilt), '', '', verdictText(rate)]);
    // What is fresh is written by a stop, so that both read nothing but files.
    await server.node.stop();
    await server.node.restart();
    const timed = await timeQueries(server, options.rounds);
    for (const each of timed) {
      const { query } = each;
      const ratio = 'refusal' in each ? null : each.polylogMs / each.duckdbMs;
      const judged = verdict(`TPC-H query ${query} by DuckDB alone`, ratio, {
        relation: 'under',
        value: RATIO_TARGET,
        unit: '×',
      });
      verdicts.push(judged);
      const cells = 'refusal' in each ? ['FAILED', '-', '-'] : [shown(each.polylogMs), shown(each.duckdbMs)];
      rows.push([`query ${query}, ms`, ...cells, ...(ratio === null ? [] : [ratio.toFixed(2)]), verdictText(judged)]);
    }
    return {
      title: `tpch: scale ${scale}, queries by the OLAP tier through psql beside DuckDB alone on the same files`,
      columns: ['what', 'Polylog', 'DuckDB', 'ratio', 'target'],
      rows,
      verdicts,
      failures: timed.flatMap((each) => ('refusal' in each ? [`query ${each.query}: ${each.refusal}`] : [])),
      data: { scale, loadSeconds: seconds, rebuildRate: rebuilt, timed },
    };
  } finally {
    await server.stop();
    folder.remove();
  }
}

function generate(folder: string, scale: number): void {
  progress(`tpch: making data of scale ${scale}`);
  const generator = join(dirname(pythonWith('test/bench/python-requirements.txt')), 'tpchgen-cli');
  execFileSync(generator, ['tbl', '-s', String(scale), '--output-dir', folder], { stdio: 'pipe' });
}

/** Seconds of all COPYs. */
async function load(server: StartedNode, folder: string): Promise<number> {
  let seconds = 0;
  for (const [table, columns] of Object.entries(TABLES)) {
    await sql(server, `create table ${table} (${columns})`);
    const began = performance.now();
    const file = join(folder, `${table}.tbl`);
    for (let from = 1; (await copyPiece(server, table, file, from)) === ROWS_A_COPY; ) from += ROWS_A_COPY;
    seconds += (performance.now() - began) / 1_000;
    progress(`tpch: ${table} loaded after ${seconds.toFixed(1)} s`);
  }
  return seconds;
}

/** Rows copied from this line of a file on: a transaction is held in memory, so a large table comes in several. */
async function copyPiece(server: StartedNode, table: string, file: string, from: number): Promise<number> {
  // Each line of the format ends with its delimiter: one more column, which is not kept.
  const lines = `tail -n +${from} ${file} | head -n ${ROWS_A_COPY} | sed s/.$//`;
  const copy = `\\copy ${table} from program '${lines}' (delimiter '|')`;
  const end = await runClient('psql', server, ['-X', '-v', 'ON_ERROR_STOP=1', '-c', copy], COPY_TIMEOUT_MS);
  const rows = /^COPY (\d+)$/m.exec(end.stdout)?.[1];
  if (end.code !== 0 || rows === undefined) throw new Error(`COPY of ${table}: ${end.stderr.trim()}`);
  return Number(rows);
}

async function timeQueries(server: StartedNode, rounds: number): Promise<(Timed | Refused)[]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: String(cpus().length) });
  const duckdb = await instance.connect();
  for (const table of Object.keys(TABLES)) {
    const paths = await parquetOf(server, table);
    await duckdb.run(
      `create view ${table} as select * from read_parquet([${paths.map((path) => `'${path}'`).join(', ')}], hive_partitioning = false)`,
    );
  }
  const timed: (Timed | Refused)[] = [];
  for (const [query, text] of Object.entries(QUERIES)) {
    try {
      const one = { query, ...(await timeQuery(server, duckdb, text, rounds * RUNS_A_ROUND)) };
      progress(`tpch: query ${query}: ${one.polylogMs.toFixed(0)} ms, DuckDB alone ${one.duckdbMs.toFixed(0)} ms`);
      timed.push(one);
    } catch (error) {
      // The figures of the others stand.
      progress(`tpch: query ${query}: FAILED: ${(error as Error).message}`);
      timed.push({ query, refusal: (error as Error).message });
    }
  }
  duckdb.closeSync();
  instance.closeSync();
  return timed;
}

async function timeQuery(server: StartedNode, duckdb: DuckDBConnection, text: string, runs: number) {
  const polylog: number[] = [];
  const alone: number[] = [];
  for (let run = 0; run <= runs; run++) {
    polylog.push(await psqlMs(server, text));
    const began = performance.now();
    await duckdb.runAndReadAll(text);
    alone.push(performance.now() - began);
  }
  // The first of each reads the files into the system's cache.
  return { polylogMs: median(polylog.slice(1)), duckdbMs: median(alone.slice(1)) };
}

/** As psql tells it: from sending the query to having all rows. */
async function psqlMs(server: StartedNode, query: string): Promise<number> {
  const commands = ["set polylog.tier = 'olap'", '\\timing on', query].flatMap((text) => ['-c', text]);
  const end = await runClient('psql', server, ['-X', '-q', '-v', 'ON_ERROR_STOP=1', ...commands], COPY_TIMEOUT_MS);
  const ms = /^Time: ([\d.]+) ms/m.exec(end.stdout)?.[1];
  if (end.code !== 0 || ms === undefined) throw new Error(end.stderr.trim());
  return Number(ms);
}

/** The files that the OLAP tier keeps of a table: its folder is called by the id under which the rows stand in the log. */
async function parquetOf(server: StartedNode, table: string): Promise<string[]> {
  const id = await sql(server, `select '${table}'::regclass::oid`);
  const folder = join(server.node.dataDirectory, 'olap', 'tables', id);
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.parquet'))
    .map((name) => join(folder, name));
}
