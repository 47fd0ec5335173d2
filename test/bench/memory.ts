/** Memory of processes as Linux counts it. */
import { readFileSync } from 'node:fs';

const KIB_A_MIB = 1024;

export interface ProcessMemory {
  /** Resident pages, those shared with others included. */
  readonly rssMiB: number;
  /** Resident pages, each divided by the number of processes that share it: sums are right. */
  readonly pssMiB: number;
  /** The most that was resident since the process started. */
  readonly peakRssMiB: number;
}

/** Throws where the process is gone or belongs to somebody else. */
export function memoryOf(pid: number): ProcessMemory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const shares = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return { rssMiB: mib(status, 'VmRSS'), pssMiB: mib(shares, 'Pss'), peakRssMiB: mib(status, 'VmHWM') };
}

function mib(text: string, field: string): number {
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1];
  if (kib === undefined) throw new Error(`no ${field}`);
  return Number(kib) / KIB_A_MIB;
}
