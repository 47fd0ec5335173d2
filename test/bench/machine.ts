/** What the figures of a run depend on besides the programs: absolute times of shared machines are worth little without. */
import { execFileSync } from 'node:child_process';
import { closeSync, fdatasyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { postgresBin } from '../harness/postgres.js';
import { median } from './median.js';

export interface MachineFacts {
  readonly cpus: number;
  readonly cpuModel: string;
  readonly memoryMiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly postgres: string;
  readonly folder: string;
  /** More than idle means that somebody else's work is in the figures. */
  readonly loadAverage: number;
}

export interface DiskProbe {
  readonly medianMs: number;
  readonly p99Ms: number;
}

const PROBE_WRITES = 200;
const PROBE_BYTES = 8192;
const TMPFS = 0x01021994;

export function machineFacts(folder: string): MachineFacts {
  const all = cpus();
  return {
    cpus: all.length,
    cpuModel: all[0]?.model ?? 'unknown',
    memoryMiB: Math.round(totalmem() / (1 << 20)),
    kernel: release(),
    node: process.version,
    postgres: execFileSync(join(postgresBin(), 'postgres'), ['--version'], { encoding: 'utf8' }).trim(),
    folder,
    loadAverage: loadavg()[0] ?? 0,
  };
}

/** Whether what is written there would be gone with the power: such a folder measures nothing. */
export function isMemory(folder: string): boolean {
  return statfsSync(folder).type === TMPFS;
}

/** What one commit on its own waits for on this disk: an appended block and fdatasync. */
export function probeDisk(folder: string): DiskProbe {
  const path = join(folder, `polylog-probe-${process.pid}`);
  const file = openSync(path, 'wx');
  const times: number[] = [];
  try {
    const block = Buffer.alloc(PROBE_BYTES, 1);
    for (let i = 0; i < PROBE_WRITES; i++) {
      const began = performance.now();
      writeSync(file, block);
      fdatasyncSync(file);
      times.push(performance.now() - began);
    }
  } finally {
    closeSync(file);
    rmSync(path);
  }
  times.sort((a, b) => a - b);
  return { medianMs: median(times), p99Ms: times[Math.floor(PROBE_WRITES * 0.99)] ?? Number.NaN };
}
