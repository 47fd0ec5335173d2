import { SqlError } from '../sqlstate/sql-error.js';
import {
  type DateTimeFields,
  dateFromDays,
  dayOfWeek,
  daysFromDate,
  fieldsOfTime,
  fieldsOfTimestamp,
  floorDivide,
  MICROS_PER_DAY,
} from './calendar.js';
import { type DatetimeParts, readDatetime } from './datetime-reader.js';
import type { SpecialMoment } from './datetime-words.js';
import type { TextContext } from './text-context.js';
import { isTimeZone, localToMoment, momentToLocal, offsetAt, printOffset } from './time-zone.js';
import { TIMESTAMP_INFINITY, TIMESTAMP_NEGATIVE_INFINITY } from './value.js';

/**
 * From 4714-11-24 BC, as PostgreSQL. The end is that of 64 bits of microseconds from 1970 (294247-01-10), thirty years before PostgreSQL's, which
 * counts from 2000; the last value is 'infinity'.
 */
const MIN_TIMESTAMP = BigInt(daysFromDate(-4713, 11, 24)) * MICROS_PER_DAY;
export const END_TIMESTAMP = TIMESTAMP_INFINITY;
const MIN_DATE = daysFromDate(-4713, 11, 24);
const END_DATE = daysFromDate(5_874_898, 1, 1);

const DAY_NAMES = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTH_NAMES = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** What a text says; throws PostgreSQL's refusal when it says nothing. `type` is the type's name in messages. */
function read(text: string, type: string, what: 'date' | 'time', context: TextContext): DatetimeParts {
  const parts = readDatetime(text, what, context);
  if (!('fault' in parts)) return parts;
  switch (parts.fault) {
    case 'format':
      throw malformed(type, text);
    case 'field':
      throw new SqlError('datetime_field_overflow', `date/time field value out of range: "${text}"`);
    case 'displacement':
      throw new SqlError('invalid_time_zone_displacement_value', `time zone displacement out of range: "${text}"`);
    case 'zone':
      throw new SqlError('invalid_parameter_value', `time zone "${parts.zone}" not recognized`);
  }
}

function malformed(type: string, text: string): SqlError {
  return new SqlError('invalid_datetime_format', `invalid input syntax for type ${type}: "${text}"`);
}

/** Days since 1970-01-01 of today, tomorrow or yesterday in the session's zone. */
function relativeDays(moment: SpecialMoment, context: TextContext): number {
  const [today] = floorDivide(momentToLocal(context.timeZone, context.nowMicros), MICROS_PER_DAY);
  return Number(today) + (moment === 'tomorrow' ? 1 : moment === 'yesterday' ? -1 : 0);
}

function localMicros(parts: DatetimeParts, context: TextContext): bigint {
  const days = parts.days ?? relativeDays(parts.moment ?? 'today', context);
  return BigInt(days) * MICROS_PER_DAY + BigInt(parts.time ?? 0);
}

function shiftToUtc(local: bigint, zone: number | string): bigint {
  return typeof zone === 'number' ? local - BigInt(zone) * 1_000_000n : localToMoment(zone, local);
}

function isFiniteMoment(micros: bigint): boolean {
  return micros !== TIMESTAMP_INFINITY && micros !== TIMESTAMP_NEGATIVE_INFINITY;
}

/** Throws 22008 for a timestamp outside PostgreSQL's range. */
export function checkTimestamp(micros: bigint): bigint {
  if (isFiniteMoment(micros) && (micros < MIN_TIMESTAMP || micros >= END_TIMESTAMP))
    throw new SqlError('datetime_field_overflow', 'timestamp out of range');
  return micros;
}

/** Throws 22008 for a date outside PostgreSQL's range. */
export function checkDate(days: number): number {
  if (Number.isFinite(days) && (days < MIN_DATE || days >= END_DATE))
    throw new SqlError('datetime_field_overflow', 'date out of range');
  return days;
}

export function parseTimestamp(text: string, context: TextContext): bigint {
  const parts = read(text, 'timestamp', 'date', context);
  switch (parts.moment) {
    case 'infinity':
      return TIMESTAMP_INFINITY;
    case '-infinity':
      return TIMESTAMP_NEGATIVE_INFINITY;
    case 'epoch':
      return 0n;
    case 'now':
      return momentToLocal(context.timeZone, context.nowMicros);
    default:
      return checkedTimestamp(localMicros(parts, context), text);
  }
}

export function parseTimestamptz(text: string, context: TextContext): bigint {
  const parts = read(text, 'timestamp with time zone', 'date', context);
  switch (parts.moment) {
    case 'infinity':
      return TIMESTAMP_INFINITY;
    case '-infinity':
      return TIMESTAMP_NEGATIVE_INFINITY;
    case 'epoch':
      return 0n;
    case 'now':
      return context.nowMicros;
    default:
      return checkedTimestamp(shiftToUtc(localMicros(parts, context), parts.zone ?? context.timeZone), text);
  }
}

function checkedTimestamp(micros: bigint, text: string): bigint {
  if (micros < MIN_TIMESTAMP || micros >= END_TIMESTAMP) {
    throw new SqlError('datetime_field_overflow', `timestamp out of range: "${text}"`);
  }
  return micros;
}

export function parseDate(text: string, context: TextContext): number {
  const parts = read(text, 'date', 'date', context);
  switch (parts.moment) {
    case 'infinity':
      return Number.POSITIVE_INFINITY;
    case '-infinity':
      return Number.NEGATIVE_INFINITY;
    case 'epoch':
      return 0;
    case 'now':
      return relativeDays('today', context);
    default: {
      const days = parts.days ?? relativeDays(parts.moment ?? 'today', context);
      if (days < MIN_DATE || days >= END_DATE)
        throw new SqlError('datetime_field_overflow', `date out of range: "${text}"`);
      return days;
    }
  }
}

export function parseTime(text: string, context: TextContext): number {
  const parts = read(text, 'time', 'time', context);
  if (parts.moment !== 'now') return parts.time ?? 0;
  return Number(floorDivide(momentToLocal(context.timeZone, context.nowMicros), MICROS_PER_DAY)[1]);
}

/** The canonical text that a timetz value is kept as: HH:MM:SS.ffffff±ZZ. */
export function parseTimetz(text: string, context: TextContext): string {
  const parts = read(text, 'time with time zone', 'time', context);
  if (parts.moment === 'now') return timetzOfMoment(context.nowMicros, context.timeZone);
  const zone = parts.zone ?? context.timeZone;
  const at = parts.days === null ? context.nowMicros : shiftToUtc(BigInt(parts.days) * MICROS_PER_DAY, zone);
  return printTime(parts.time ?? 0) + printOffset(typeof zone === 'number' ? zone : offsetAt(zone, at));
}

/** The time of day and the offset that a clock in `zone` shows at a moment, as timetz. */
export function timetzOfMoment(micros: bigint, zone: string): string {
  const offset = offsetAt(zone, micros);
  const [, time] = floorDivide(micros + BigInt(offset) * 1_000_000n, MICROS_PER_DAY);
  return printTime(Number(time)) + printOffset(offset);
}

// ── printing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const two = (n: number): string => (n < 10 ? `0${n}` : String(n));

/** Hot: no regular expression. */
function printFraction(micro: number): string {
  if (micro === 0) return '';
  let digits = 6;
  let value = micro;
  while (value % 10 === 0) {
    value /= 10;
    digits--;
  }
  return `.${String(value).padStart(digits, '0')}`;
}

export function printTime(micros: number): string {
  const t = fieldsOfTime(micros);
  return `${two(t.hour)}:${two(t.minute)}:${two(t.second)}${printFraction(t.micro)}`;
}

function printYear(year: number): string {
  return String(year > 0 ? year : 1 - year).padStart(4, '0');
}

function printDateFields(f: { year: number; month: number; day: number }, context: TextContext): string {
  const year = printYear(f.year);
  switch (context.dateStyle) {
    case 'ISO':
      return `${year}-${two(f.month)}-${two(f.day)}`;
    case 'German':
      return `${two(f.day)}.${two(f.month)}.${year}`;
    default: {
      const separator = context.dateStyle === 'SQL' ? '/' : '-';
      return context.dateOrder === 'DMY'
        ? `${two(f.day)}${separator}${two(f.month)}${separator}${year}`
        : `${two(f.month)}${separator}${two(f.day)}${separator}${year}`;
    }
  }
}

export function printDate(days: number, context: TextContext): string {
  if (!Number.isFinite(days)) return days > 0 ? 'infinity' : '-infinity';
  const f = dateFromDays(days);
  return printDateFields(f, context) + (f.year <= 0 ? ' BC' : '');
}

export function printTimestamp(micros: bigint, context: TextContext): string {
  if (!isFiniteMoment(micros)) return micros > 0n ? 'infinity' : '-infinity';
  return printFields(fieldsOfTimestamp(micros), '', context);
}

export function printTimestamptz(micros: bigint, context: TextContext): string {
  if (!isFiniteMoment(micros)) return micros > 0n ? 'infinity' : '-infinity';
  const offset = offsetAt(context.timeZone, micros);
  const fields = fieldsOfTimestamp(micros + BigInt(offset) * 1_000_000n);
  const zone =
    context.dateStyle === 'ISO' ? printOffset(offset) : ` ${zoneAbbreviation(context.timeZone, micros, offset)}`;
  return printFields(fields, zone, context);
}

/** Locales whose abbreviations differ: each names the zones of its own part of the world. */
const LOCALES = ['en-US', 'en-GB', 'en-IN', 'en-AU', 'en-NZ', 'en-ZA'];

function zoneAbbreviation(zone: string, micros: bigint, offset: number): string {
  const posix = /^<([^<>]+)>/.exec(zone);
  if (posix !== null) return posix[1] as string;
  const milliseconds = Math.max(-8.64e15, Math.min(8.64e15, Number(micros / 1_000n)));
  // An offset in seconds is a place's own mean time, before zones were.
  if (offset % 60 !== 0) return 'LMT';
  for (const locale of isTimeZone(zone) ? LOCALES : []) {
    const format = new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: 'short' });
    const name = format.formatToParts(milliseconds).find((part) => part.type === 'timeZoneName')?.value;
    if (name !== undefined && /^[A-Z]+$/.test(name)) return name;
  }
  return printOffset(offset).replaceAll(':', '');
}

function printFields(f: DateTimeFields, zone: string, context: TextContext): string {
  const time = `${two(f.hour)}:${two(f.minute)}:${two(f.second)}${printFraction(f.micro)}`;
  const era = f.year <= 0 ? ' BC' : '';
  if (context.dateStyle !== 'Postgres') return `${printDateFields(f, context)} ${time}${zone}${era}`;
  const day = DAY_NAMES[dayOfWeek(daysFromDate(f.year, f.month, f.day))] as string;
  const month = MONTH_NAMES[f.month - 1] as string;
  const date = context.dateOrder === 'DMY' ? `${two(f.day)} ${month}` : `${month} ${two(f.day)}`;
  return `${day} ${date} ${time} ${printYear(f.year)}${zone}${era}`;
}
