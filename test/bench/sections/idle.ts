/** Memory of a node that nobody uses. */
import { setTimeout as sleep } from 'node:timers/promises';
import { memoryOf, type ProcessMemory } from '../memory.js';
import type { BenchOptions } from '../options.js';
import type { SectionResult } from '../section.js';
import { polylogServer } from '../servers.js';
import { shown } from '../table.js';
import { verdict, verdictText } from '../verdict.js';

const TARGET_MIB = 400;
/** What was only needed for the start has been collected by then. */
const SETTLE_MS = 10_000;
const QUICK_SETTLE_MS = 2_000;

export async function idle(options: BenchOptions): Promise<SectionResult> {
  const server = await polylogServer();
  let processes: { readonly name: string; readonly memory: ProcessMemory }[];
  try {
    await sleep(options.quick ? QUICK_SETTLE_MS : SETTLE_MS);
    processes = server.node.processes().map(({ name, pid }) => ({ name, memory: memoryOf(pid) }));
  } finally {
    await server.stop();
  }
  const total = (field: keyof ProcessMemory): number => processes.reduce((sum, { memory }) => sum + memory[field], 0);
  // Resident memory counts shared pages once a process: the stricter of the two sums is the one that is judged.
  const judged = verdict('idle node in all', total('rssMiB'), { relation: 'under', value: TARGET_MIB, unit: 'MiB' });
  return {
    title: 'idle: memory of a node without clients, MiB',
    columns: ['process', 'RSS', 'PSS', 'RSS peak', 'target'],
    rows: [
      ...processes.map(({ name, memory }) => [
        name,
        shown(memory.rssMiB),
        shown(memory.pssMiB),
        shown(memory.peakRssMiB),
        '',
      ]),
      ['in all', shown(total('rssMiB')), shown(total('pssMiB')), '', verdictText(judged)],
    ],
    verdicts: [judged],
    failures: [],
    data: processes,
  };
}
