/**
 * The benchmark, started by `npm run bench`. Ends with 0 where everything ran, whatever the figures say; with 1 where a
 * run failed; with 2 where the arguments are not understood.
 */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { projectRoot } from '../harness/project-root.js';
import { isMemory, machineFacts, probeDisk } from './machine.js';
import { type BenchOptions, readOptions, type SectionName, USAGE, UsageError } from './options.js';
import { headerText, type Report, sectionText, summaryText, writeReport } from './report.js';
import { progress, type Section, type SectionResult } from './section.js';
import { copy } from './sections/copy.js';
import { idle } from './sections/idle.js';
import { kafka } from './sections/kafka.js';
import { mysql } from './sections/mysql.js';
import { placement } from './sections/placement.js';
import { recovery } from './sections/recovery.js';
import { start } from './sections/start.js';
import { throughput } from './sections/throughput.js';
import { tiers } from './sections/tiers.js';
import { tpch } from './sections/tpch.js';
import { twoNodes } from './sections/two-nodes.js';

const RUN: Readonly<Record<SectionName, Section>> = {
  throughput,
  placement,
  copy,
  recovery,
  kafka,
  shared: twoNodes,
  mysql,
  idle,
  start,
  tiers,
  tpch,
};

/** The folder on a disk in which all servers keep their data; every temporary directory is made in it from here on. */
function useFolder(wanted: string | null): string {
  const folder = resolve(wanted ?? (isMemory(tmpdir()) ? join(projectRoot(), '.cache', 'bench') : tmpdir()));
  mkdirSync(folder, { recursive: true });
  if (isMemory(folder)) throw new UsageError(`${folder} is in memory: name a folder on a disk with --folder`);
  process.env['TMPDIR'] = folder;
  return folder;
}

async function runSection(name: SectionName, options: BenchOptions): Promise<SectionResult> {
  try {
    return await RUN[name](options);
  } catch (error) {
    // The other sections are still worth their time; this one is reported as what it is.
    const failures = [`the section ended early: ${(error as Error).message}`];
    return { title: name, columns: ['what'], rows: [], verdicts: [], failures, data: null };
  }
}

async function bench(options: BenchOptions): Promise<number> {
  const folder = useFolder(options.folder);
  const report: Report = {
    startedAt: new Date().toISOString(),
    machine: machineFacts(folder),
    disk: [{ when: 'start', probe: probeDisk(folder) }],
    options,
    sections: [],
  };
  console.log(headerText(report));
  for (const name of options.sections) {
    progress(`section ${name}`);
    const result = await runSection(name, options);
    report.sections.push({ name, result });
    report.disk.push({ when: `after ${name}`, probe: probeDisk(folder) });
    console.log(sectionText(result));
    // Written after each section: an hour's figures do not hang on the last one.
    writeReport(report);
  }
  console.log(summaryText(report));
  console.log(`\n${writeReport(report)}`);
  return report.sections.some(({ result }) => result.failures.length > 0) ? 1 : 0;
}

try {
  const args = process.argv.slice(2);
  if (args.includes('--help')) console.log(USAGE);
  else process.exitCode = await bench(readOptions(args));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
