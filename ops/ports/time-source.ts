import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { TimeSource } from '#log/clock/beat.js';
import type { SourceReading } from '#log/clock/clock-master.js';

const UNSYNCHRONISED: SourceReading = { source: 'local', stratum: 16, uncertaintyNs: null };
const ASK_MS = 2_000;

/**
 * What `chronyc -c -n tracking` says in one line: reference, name, stratum, reference time, system time's offset, last offset, RMS offset, frequency, residual, skew, root delay, root
 * dispersion, update interval, leap status. Null = chrony does not call itself synchronised.
 */
export function parseTracking(line: string): { readonly stratum: number; readonly uncertaintyNs: number } | null {
  const fields = line.trim().split(',');
  if (fields.length < 14 || fields[13] !== 'Normal') return null;
  const [stratum, offset, delay, dispersion] = [2, 4, 10, 11].map((at) => Number(fields[at]));
  // As chrony's manual has it: the clock is off by no more than the offset, the root dispersion and half the root delay.
  const seconds = Math.abs(offset as number) + (dispersion as number) + (delay as number) / 2;
  if (!Number.isFinite(seconds) || !Number.isInteger(stratum)) return null;
  return { stratum: stratum as number, uncertaintyNs: Math.round(seconds * 1e9) };
}

/** The time service that comes with a machine of this maker. */
export function sourceOfVendor(vendor: string): TimeSource {
  if (/amazon/i.test(vendor)) return 'aws';
  if (/google/i.test(vendor)) return 'gcp';
  return /microsoft/i.test(vendor) ? 'azure' : 'chrony';
}

/** Looks where this machine has its time from. Without a chrony that says it is synchronised, it has none. */
export async function detectTimeSource(): Promise<SourceReading> {
  const asked = await promisify(execFile)('chronyc', ['-c', '-n', 'tracking'], { timeout: ASK_MS }).catch(() => null);
  const tracking = asked === null ? null : parseTracking(asked.stdout);
  if (tracking === null) return UNSYNCHRONISED;
  const vendor = await readFile('/sys/class/dmi/id/sys_vendor', 'utf8').catch(() => '');
  return { source: sourceOfVendor(vendor), ...tracking };
}
