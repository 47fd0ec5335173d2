import { SqlError } from '../sqlstate/sql-error.js';
import { daysFromDate, floorDivide, MICROS_PER_SECOND } from './calendar.js';
import { abbreviatedZone } from './zone-abbreviations.js';

/** UTC offsets in seconds east of Greenwich. IANA rules come from the runtime's own tables (Intl), by the second and cached by the hour. */

const formatters = new Map<string, Intl.DateTimeFormat | null>();
const hourly = new Map<string, Map<number, number>>();
const HOURS_KEPT = 10_000;
/** Clients may name zones at will. */
const FORMATTERS_KEPT = 1_000;
let canonicalNames: Map<string, string> | undefined;
/** Every rule of the calendar repeats after 400 years. */
const CYCLE_SECONDS = 146_097 * 86_400;

/** An offset such as +02, -03:30, +5:30:15; null when the text is none. */
export function parseOffset(text: string): number | null {
  const match = /^([+-])(\d{1,2})(?::?(\d{2})(?::?(\d{2}))?)?$/.exec(text);
  if (match === null) return null;
  const seconds = Number(match[2]) * 3_600 + Number(match[3] ?? 0) * 60 + Number(match[4] ?? 0);
  return match[1] === '-' ? -seconds : seconds;
}

/** Names of three letters that the time zone database has; Intl knows others, which mean something else in PostgreSQL. */
const SHORT_NAMES: ReadonlySet<string> = new Set('cet eet est gmt hst met mst prc roc rok uct utc wet'.split(' '));

function formatter(zone: string): Intl.DateTimeFormat | null {
  let found = formatters.get(zone);
  if (found === undefined) {
    found = makeFormatter(zone);
    if (formatters.size >= FORMATTERS_KEPT) formatters.clear();
    formatters.set(zone, found);
  }
  return found;
}

function makeFormatter(zone: string): Intl.DateTimeFormat | null {
  if (!/^[a-z]/i.test(zone) || (zone.length <= 3 && !SHORT_NAMES.has(zone.toLowerCase()))) return null;
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      era: 'short',
    });
  } catch {
    return null;
  }
}

/** A zone's name in the time zone database, or POSIX's form of a fixed offset. Abbreviations are none (see zone-abbreviations.ts). */
export function isTimeZone(zone: string): boolean {
  return posixOffset(zone) !== null || formatter(zone) !== null;
}

/** True when the zone has had one offset for ever. */
export function isFixedZone(zone: string): boolean {
  return posixOffset(zone) !== null || /^(?:etc\/|utc$|uct$|gmt|zulu$|universal$|greenwich$)/i.test(zone);
}

/**
 * The zone that `SET TimeZone` makes of a text, spelled as SHOW tells it; null when there is none. A bare number is hours east of Greenwich, unlike
 * anywhere else in POSIX's form.
 */
export function timeZoneOfSetting(text: string): string | null {
  const name = text.trim();
  const hours = /^[+-]?\d+(?:\.\d*)?$/.test(name) ? Number(name) : null;
  if (hours !== null) return Math.abs(hours) > 167 ? null : fixedZoneName(Math.round(hours * 3_600));
  if (posixOffset(name) !== null)
    return name.toLowerCase() === 'utc' || name.toLowerCase() === 'gmt' ? name.toUpperCase() : name;
  const format = formatter(name);
  if (format === null) return null;
  canonicalNames ??= new Map(Intl.supportedValuesOf('timeZone').map((zone) => [zone.toLowerCase(), zone]));
  // Intl keeps older names for some zones: a name that it does not list is shown as it was written.
  return canonicalNames.get(name.toLowerCase()) ?? name;
}

/** <+03>-03: PostgreSQL's name of a fixed offset. */
function fixedZoneName(secondsEast: number): string {
  return `<${printOffset(secondsEast)}>${printOffset(0 - secondsEast)}`;
}

/** POSIX's form: an optional abbreviation and the offset *west* of Greenwich. */
function posixOffset(zone: string): number | null {
  if (zone === 'UTC' || zone === 'GMT') return 0;
  const match = /^(?:<[^<>]+>|[a-z]{3,})?([+-]?)(\d{1,3})(?::(\d{1,2})(?::(\d{1,2}))?)?$/i.exec(zone);
  if (match === null) return null;
  const size = Number(match[2]) * 3_600 + Number(match[3] ?? 0) * 60 + Number(match[4] ?? 0);
  return match[1] === '-' ? size : 0 - size;
}

function fixedOffset(zone: string): number | null {
  const offset = posixOffset(zone);
  if (offset !== null) return offset;
  const abbreviated = abbreviatedZone(zone.toLowerCase());
  return typeof abbreviated === 'number' ? abbreviated : null;
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
  const abbreviated = abbreviatedZone(zone.toLowerCase());
  const format = formatter(typeof abbreviated === 'string' ? abbreviated : zone);
  if (format === null) throw new SqlError('invalid_parameter_value', `time zone "${zone}" not recognized`);
  // Intl's dates end at ±8.64e15 ms and are slow far out: the last rules hold for ever, so any cycle of the calendar will do.
  const late = seconds > 2 * CYCLE_SECONDS ? (seconds % CYCLE_SECONDS) + CYCLE_SECONDS : seconds;
  const clamped = Math.max(-8.64e12, late);
  const parts: Record<string, string> = {};
  for (const part of format.formatToParts(clamped * 1_000)) parts[part.type] = part.value;
  const year = parts['era'] === 'B' || parts['era'] === 'BC' ? 1 - Number(parts['year']) : Number(parts['year']);
  const local =
    daysFromDate(year, Number(parts['month']), Number(parts['day'])) * 86_400 +
    Number(parts['hour']) * 3_600 +
    Number(parts['minute']) * 60 +
    Number(parts['second']);
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
