/** The report of a run: text for people, JSON for programs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectRoot } from '../harness/project-root.js';
import type { DiskProbe, MachineFacts } from './machine.js';
import type { BenchOptions, SectionName } from './options.js';
import type { SectionResult } from './section.js';
import { shown, tableText } from './table.js';

export interface Report {
  readonly startedAt: string;
  readonly machine: MachineFacts;
  /** At the start, and after each section: when they differ much, the disk had other things to do. */
  readonly disk: { readonly when: string; readonly probe: DiskProbe }[];
  readonly options: BenchOptions;
  readonly sections: { readonly name: SectionName; readonly result: SectionResult }[];
}

export function headerText({ machine, disk }: Report): string {
  const { cpus, cpuModel, memoryMiB, kernel, node, postgres, folder, loadAverage } = machine;
  const probe = disk[0]?.probe;
  return [
    `${cpus} × ${cpuModel}, ${memoryMiB.toLocaleString('en-US')} MiB, Linux ${kernel}, load ${loadAverage.toFixed(2)}`,
    `Node ${node}, ${postgres}`,
    `data in ${folder}: fdatasync ${shown(probe?.medianMs ?? null)} ms median, ${shown(probe?.p99Ms ?? null)} ms p99`,
  ].join('\n');
}

export function sectionText({ title, columns, rows, failures }: SectionResult): string {
  const failed = failures.map((failure) => `FAILED: ${failure}`);
  return ['', title, '', tableText(columns, rows), ...failed].join('\n');
}

/** One line for each target. */
export function summaryText(report: Report): string {
  const verdicts = report.sections.flatMap(({ result }) => result.verdicts);
  if (verdicts.length === 0) return '';
  const rows = verdicts.map(({ what, value, target, met }) => [
    what,
    value === null ? 'FAILED' : `${shown(value)} ${target.unit}`,
    `${target.relation} ${target.value.toLocaleString('en-US')} ${target.unit}`,
    met ? 'met' : 'MISSED',
  ]);
  return ['', 'targets', '', tableText(['what', 'measured', 'target', ''], rows)].join('\n');
}

/** Returns the file's path. */
export function writeReport(report: Report): string {
  const name = `${report.startedAt.replace(/[:.]/g, '-')}.json`;
  const path = report.options.out ?? join(projectRoot(), 'bench-results', name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`);
  return path;
}
