/** Commits on a real Kafka broker: one-row transactions of 64 clients, each acknowledged by the broker. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startKafka } from '../../harness/kafka.js';
import { temporaryDirectory } from '../../harness/temporary-directory.js';
import { alternate } from '../alternation.js';
import { sql } from '../client-program.js';
import type { BenchOptions } from '../options.js';
import { runPgbench } from '../pgbench.js';
import { progress, type SectionResult } from '../section.js';
import { polylogServer, stopAll } from '../servers.js';
import { shown } from '../table.js';
import { verdict, verdictText } from '../verdict.js';
import { ONE_ROW_INSERT, ONE_ROW_TABLE } from './one-row-insert.js';

const CLIENTS = 64;
const COMMITS_TARGET = 5_000;
const WARM_UP_SECONDS = 3;

export async function kafka(options: BenchOptions): Promise<SectionResult> {
  const folder = temporaryDirectory('commits');
  const script = join(folder.path, 'insert.sql');
  writeFileSync(script, ONE_ROW_INSERT);
  progress('starting Kafka');
  const cluster = await startKafka();
  const servers = [];
  try {
    const server = await polylogServer({ name: 'Polylog on Kafka', log: `kafka://${cluster.bootstrap}/bench` });
    servers.push(server);
    await sql(server, ONE_ROW_TABLE);
    const work = { script: { file: script }, clients: CLIENTS, seconds: options.seconds, ownTables: false };
    const warmUp = await runPgbench(server, { ...work, seconds: options.quick ? 1 : WARM_UP_SECONDS });
    const [side] = await alternate(servers, work, options.rounds, `kafka, ${CLIENTS} clients`);
    const failures = [...(side?.failures ?? [])];
    const expected = [warmUp, ...(side?.runs ?? [])].reduce((sum, run) => sum + (run.ok ? run.transactions : 0), 0);
    const rows = Number(await sql(server, 'SELECT count(*) FROM bench_commits'));
    if (rows < expected) failures.push(`${expected} commits were acknowledged and ${rows} rows are there`);
    const rate = failures.length > 0 ? null : (side?.tps ?? null);
    const judged = verdict('commits a second on Kafka', rate, {
      relation: 'at least',
      value: COMMITS_TARGET,
      unit: '/s',
    });
    return {
      title: 'kafka: one-row insert transactions on a Kafka broker (acks=all), commits/s (median latency in ms)',
      columns: ['what', 'commits/s', 'p50', 'target'],
      rows: [
        [`${CLIENTS} clients`, rate === null ? 'FAILED' : shown(rate), shown(side?.p50Ms ?? null), verdictText(judged)],
      ],
      verdicts: [judged],
      failures,
      data: { side, acknowledged: expected, rows },
    };
  } finally {
    await stopAll(servers);
    await cluster.stop();
    folder.remove();
  }
}
