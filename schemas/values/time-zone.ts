import { SqlError } from '../sqlstate/sql-error.js';
import { daysFromDate, floorDivide, MICROS_PER_SECOND } from './calendar.js';

/** UTC offsets in seconds east of Greenwich. IANA rules come from the runtime's own tables (Intl), by the second and cached by the hour. */

const formatters = new Map<string, Intl.DateTimeFormat | null>();
const hourly = new Map<string, Map<number, number>>();
const HOURS_KEPT = 10_000;

/** Abbreviations that PostgreSQL's Default set knows and Intl does not, by offset in hours. */
const ABBREVIATIONS: Readonly<Record<string, number>> = {
  z: 0, utc: 0, gmt: 0, ut: 0, zulu: 0, wet: 0, cet: 1, met: 1, cest: 2, eet: 2, eest: 3, msk: 3, bst: 1,
  est: -5, edt: -4, cst: -6, cdt: -5, mst: -7, mdt: -6, pst: -8, pdt: -7, akst: -9, akdt: -8, hst: -10, jst: 9, kst: 9,
};

/** An offset such as +02, -03:30, +5:30:15; null when the text is none. */
export function parseOffset(text: string): number | null {
  const match = /^([+-])(\d{1,2})(?::?(\d{2})(?::?(\d{2}))?)?$/.exec(text);
  if (match === null) return null;
  const seconds = Number(match[2]) * 3_600 + Number(match[3] ?? 0) * 60 + Number(match[4] ?? 0);
  return match[1] === '-' ? -seconds : seconds;
}

function formatter(zone: string): Intl.DateTimeFormat | null {
  let found = formatters.get(zone);
  if (found === undefined) {
    try {
      found = new Intl.DateTimeFormat('en-US', {
        timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric', era: 'short',
      });
    } catch {
      found = null;
    }
    formatters.set(zone, found);
  }
  return found;
}

export function isTimeZone(zone: string): boolean {
  return fixedOffset(zone) !== null || formatter(zone) !== null;
}

function fixedOffset(zone: string): number | null {
  if (zone === 'UTC') return 0;
  const offset = parseOffset(zone);
  if (offset !== null) return offset;
  const hours = ABBREVIATIONS[zone.toLowerCase()];
  return hours === undefined ? null : hours * 3_600;
}

/** Offset of `zone` at a moment (micros since 1970 UTC). Throws 22023 for a zone that is not known. */
export function offsetAt(zone: string, micros: bigint): number {
  const fixed = fixedOffset(zone);
  if (fixed !== null) return fixed;
  const [second] = floorDivide(micros, MICROS_PER_SECOND);
  const at = Number(second);
  // Offsets change on whole quarters of an hour of UTC at the finest.
  const slot = Math.floor(at / 900);
  let kept = hourly.get(zone);
  if (kept === undefined) {
    kept = new Map();
    hourly.set(zone, kept);
  }
  let offset = kept.get(slot);
  if (offset === undefined) {
    offset = computeOffset(zone, at);
    if (kept.size >= HOURS_KEPT) kept.clear();
    kept.set(slot, offset);
  }
  return offset;
}

function computeOffset(zone: string, seconds: number): number {
  const format = formatter(zone);
  if (format === null) throw new SqlError('invalid_parameter_value', `time zone "${zone}" not recognized`);
  // Intl's dates end at ±8.64e15 ms; beyond them the rule of the nearest representable year is used.
  const clamped = Math.max(-8.64e12, Math.min(8.64e12, seconds));
  const parts: Record<string, string> = {};
  for (const part of format.formatToParts(clamped * 1_000)) parts[part.type] = part.value;
  const year = parts['era'] === 'B' || parts['era'] === 'BC' ? 1 - Number(parts['year']) : Number(parts['year']);
  const local = daysFromDate(year, Number(parts['month']), Number(parts['day'])) * 86_400 + Number(parts['hour']) * 3_600 + Number(parts['minute']) * 60 + Number(parts['second']);
  return local - clamped;
}

/** Moment of a local time. In a gap (clocks forward) and in an overlap (clocks back) the standard offset is taken, as PostgreSQL does. */
export function localToMoment(zone: string, local: bigint): bigint {
  const fixed = fixedOffset(zone);
  if (fixed !== null) return local - BigInt(fixed) * MICROS_PER_SECOND;
  const DAY = 86_400n * MICROS_PER_SECOND;
  const before = offsetAt(zone, local - DAY);
  const after = offsetAt(zone, local + DAY);
  const withBefore = local - BigInt(before) * MICROS_PER_SECOND;
  if (before === after) return withBefore;
  const withAfter = local - BigInt(after) * MICROS_PER_SECOND;
  const beforeHolds = offsetAt(zone, withBefore) === before;
  const afterHolds = offsetAt(zone, withAfter) === after;
  if (beforeHolds && !afterHolds) return withBefore;
  if (afterHolds && !beforeHolds) return withAfter;
  // Overlap: both hold, standard time is the smaller offset. Gap: neither holds, and the offset before the change is applied.
  if (beforeHolds) return local - BigInt(Math.min(before, after)) * MICROS_PER_SECOND;
  return withBefore;
}

export function momentToLocal(zone: string, moment: bigint): bigint {
  return moment + BigInt(offsetAt(zone, moment)) * MICROS_PER_SECOND;
}

/** +HH, +HH:MM or +HH:MM:SS. */
export function printOffset(seconds: number): string {
  const size = Math.abs(seconds);
  const two = (n: number): string => String(n).padStart(2, '0');
  const minutes = Math.floor(size / 60) % 60;
  const rest = size % 60;
  const tail = rest !== 0 ? `:${two(minutes)}:${two(rest)}` : minutes !== 0 ? `:${two(minutes)}` : '';
  return `${seconds < 0 ? '-' : '+'}${two(Math.floor(size / 3_600))}${tail}`;
}
