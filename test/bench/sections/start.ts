/** How long `npm start` takes when nothing is left to install or build: from the command until clients may connect. */
import { join } from 'node:path';
import { freePorts } from '../../harness/free-port.js';
import { GuardedProcess } from '../../harness/guarded-process.js';
import { projectRoot } from '../../harness/project-root.js';
import { temporaryDirectory } from '../../harness/temporary-directory.js';
import { median } from '../median.js';
import type { BenchOptions } from '../options.js';
import { initialize } from '../pgbench.js';
import { progress, type SectionResult } from '../section.js';
import { polylogServer } from '../servers.js';
import { shown } from '../table.js';
import { type Verdict, verdict, verdictText } from '../verdict.js';

const TARGET_SECONDS = 3;
const TIMEOUT_MS = 60_000;
const HOST = '127.0.0.1';
const SCALE = 10;

interface Starts {
  readonly what: string;
  readonly seconds: number[];
}

export async function start(options: BenchOptions): Promise<SectionResult> {
  const scale = options.quick ? 1 : SCALE;
  const measured: Starts[] = [];
  const failures: string[] = [];
  for (const [what, rows] of [
    ['empty node', 0],
    [`after pgbench -i -s ${scale}`, scale],
  ] as const) {
    const data = temporaryDirectory('start');
    try {
      // The first start makes the data; it is stopped cleanly.
      const first = await polylogServer({ dataDirectory: join(data.path, 'data') });
      try {
        if (rows > 0) await initialize(first, rows);
      } finally {
        await first.stop();
      }
      const seconds: number[] = [];
      for (let round = 1; round <= options.rounds; round++) {
        seconds.push(await timeStart(data.path));
        progress(`start, ${what}, round ${round}: ${seconds.at(-1)?.toFixed(2)} s`);
      }
      measured.push({ what, seconds });
    } catch (error) {
      measured.push({ what, seconds: [] });
      failures.push(`${what}: ${(error as Error).message}`);
    } finally {
      data.remove();
    }
  }
  return resultOf(measured, failures);
}

async function timeStart(folder: string): Promise<number> {
  const [postgresPort = 0, httpPort = 0] = await freePorts(2);
  const ports = ['--postgres-port', String(postgresPort), '--mysql-port', '0', '--http-port', String(httpPort)];
  const began = performance.now();
  const node = GuardedProcess.start({
    command: 'npm',
    args: ['start', '--silent', '--', '--data', join(folder, 'data'), '--host', HOST, ...ports],
    logPath: join(folder, 'start.log'),
    cwd: projectRoot(),
  });
  try {
    await node.until(() => isReady(httpPort), TIMEOUT_MS);
    return (performance.now() - began) / 1_000;
  } finally {
    await node.stop();
  }
}

async function isReady(httpPort: number): Promise<boolean> {
  try {
    return (await fetch(`http://${HOST}:${httpPort}/readyz`)).status === 200;
  } catch {
    return false;
  }
}

function resultOf(measured: readonly Starts[], failures: readonly string[]): SectionResult {
  const verdicts: Verdict[] = measured.map(({ what, seconds }) =>
    verdict(`second start, ${what}`, seconds.length === 0 ? null : median(seconds), {
      relation: 'under',
      value: TARGET_SECONDS,
      unit: 's',
    }),
  );
  return {
    title: 'start: npm start with nothing to install or build, until clients may connect, seconds',
    columns: ['what', 'seconds', 'target'],
    rows: measured.map(({ what }, i) => {
      const judged = verdicts[i] as Verdict;
      return [what, judged.value === null ? 'FAILED' : shown(judged.value), verdictText(judged)];
    }),
    verdicts,
    failures,
    data: measured,
  };
}
