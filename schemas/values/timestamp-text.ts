import { SqlError } from '../sqlstate/sql-error.js';
import { type DateTimeFields, dateFromDays, daysFromDate, daysInMonth, fieldsOfTime, fieldsOfTimestamp, floorDivide, MICROS_PER_DAY, dayOfWeek } from './calendar.js';
import type { TextContext } from './text-context.js';
import { isTimeZone, localToMoment, momentToLocal, offsetAt, parseOffset, printOffset } from './time-zone.js';
import { TIMESTAMP_INFINITY, TIMESTAMP_NEGATIVE_INFINITY } from './value.js';

/** 4713-01-01 BC to the end of 294276, as PostgreSQL's. */
const MIN_TIMESTAMP = BigInt(daysFromDate(-4713, 11, 24)) * MICROS_PER_DAY;
const END_TIMESTAMP = BigInt(daysFromDate(294_277, 1, 1)) * MICROS_PER_DAY;
const MIN_DATE = daysFromDate(-4713, 11, 24);
const END_DATE = daysFromDate(5_874_898, 1, 1);

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAY_NAMES = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTH_NAMES = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

interface Parsed {
  year: number | null;
  month: number;
  day: number;
  time: { hour: number; minute: number; second: number; micro: number } | null;
  zone: string | null;
  special: 'infinity' | '-infinity' | 'now' | 'today' | 'tomorrow' | 'yesterday' | 'epoch' | null;
}

function malformed(what: string, text: string): SqlError {
  return new SqlError('invalid_datetime_format', `invalid input syntax for type ${what}: "${text}"`);
}

function outOfRange(text: string): SqlError {
  return new SqlError('datetime_field_overflow', `date/time field value out of range: "${text}"`);
}

/**
 * Reads the date, time and zone that a text names, in any order PostgreSQL commonly takes: ISO 8601 (with T or a blank), numeric dates by DateStyle's order,
 * month names, AM/PM, BC, offsets, abbreviations and IANA zone names.
 */
function readFields(text: string, what: string, context: TextContext): Parsed {
  const parsed: Parsed = { year: null, month: 1, day: 1, time: null, zone: null, special: null };
  const word = text.trim().toLowerCase();
  if (word === 'infinity' || word === '+infinity') return { ...parsed, special: 'infinity' };
  if (/^(-infinity|now|today|tomorrow|yesterday|epoch)$/.test(word)) return { ...parsed, special: word as NonNullable<Parsed['special']> };
  let rest = text.trim();
  let bc = false;
  let dateSeen = false;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    const match = pattern.exec(rest);
    if (match !== null) rest = rest.slice(match[0].length).replace(/^[\s,]+/, '');
    return match;
  };
  const setDate = (year: number, month: number, day: number): void => {
    if (dateSeen) throw malformed(what, text);
    dateSeen = true;
    parsed.year = year;
    parsed.month = month;
    parsed.day = day;
  };
  while (rest !== '') {
    let m = take(/^(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,12}))?)?(?:\s*([ap])\.?m\.?(?![a-z]))?/i);
    if (m !== null) {
      parsed.time = readTime(m, text);
      const z = take(/^([+-]\d{1,2}(?::?\d{2})?(?::?\d{2})?)/);
      if (z !== null) parsed.zone = z[1] as string;
      continue;
    }
    m = take(/^(\d{4,7})-(\d{1,2})-(\d{1,2})(?:[T\s]+(?=\d)|(?=$|[^\d]))/i);
    if (m !== null) {
      setDate(Number(m[1]), Number(m[2]), Number(m[3]));
      continue;
    }
    m = take(/^(\d{4,6})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(?:\.(\d+))?)?(?=$|[\sTtZz+-])/);
    if (m !== null) {
      setDate(Number(m[1]), Number(m[2]), Number(m[3]));
      if (m[4] !== undefined) parsed.time = { hour: Number(m[4]), minute: Number(m[5]), second: Number(m[6]), micro: fraction(m[7]) };
      continue;
    }
    m = take(/^(\d{1,4})[/.-](\d{1,2})[/.-](\d{1,4})(?=$|[\sTt])/);
    if (m !== null) {
      setDate(...orderedDate(m[1] as string, m[2] as string, m[3] as string, context));
      continue;
    }
    m = take(/^(\d{1,2})[\s-]([a-z]{3,9})[\s-](\d{1,6})(?=$|[\s])/i) ?? null;
    if (m !== null && monthNumber(m[2] as string) > 0) {
      setDate(fullYear(m[3] as string), monthNumber(m[2] as string), Number(m[1]));
      continue;
    }
    m = take(/^(\d{4,6})-([a-z]{3,9})-(\d{1,2})(?=$|[\s])/i);
    if (m !== null && monthNumber(m[2] as string) > 0) {
      setDate(Number(m[1]), monthNumber(m[2] as string), Number(m[3]));
      continue;
    }
    m = take(/^([a-z]{3,9})\.?[\s-]+(\d{1,2})(?:st|nd|rd|th)?[\s,-]+(\d{4,6})(?=$|[\s])/i);
    if (m !== null && monthNumber(m[1] as string) > 0) {
      setDate(fullYear(m[3] as string), monthNumber(m[1] as string), Number(m[2]));
      continue;
    }
    m = take(/^([a-z]{3})\s+(\d{1,2})\s+(?=\d{1,2}:)/i);
    if (m !== null && monthNumber(m[1] as string) > 0) {
      // Postgres style puts the year behind the time: Mon Jan 02 15:04:05 2006.
      const year = /(?:^|\s)(\d{4,6})(?=\s|$)/.exec(rest);
      if (year === null) throw malformed(what, text);
      rest = rest.replace(year[0], '');
      setDate(Number(year[1]), monthNumber(m[1] as string), Number(m[2]));
      continue;
    }
    m = take(/^(bc|ad|b\.c\.|a\.d\.)(?![a-z])/i);
    if (m !== null) {
      bc = (m[1] as string).toLowerCase().startsWith('b');
      continue;
    }
    m = take(/^(mon|tue|wed|thu|fri|sat|sun)[a-z]*/i);
    if (m !== null) continue;
    m = take(/^t(?=\d)/i);
    if (m !== null) continue;
    m = take(/^([+-]\d{1,2}(?::?\d{2}){0,2}|[a-z][a-z_]*(?:\/[a-z0-9_+-]+)*)(?=$|\s)/i);
    if (m !== null && parsed.zone === null && (parseOffset(m[1] as string) !== null || isTimeZone(m[1] as string))) {
      parsed.zone = m[1] as string;
      continue;
    }
    throw malformed(what, text);
  }
  if (bc && parsed.year !== null) parsed.year = 1 - parsed.year;
  return parsed;
}

function readTime(m: RegExpExecArray, text: string): NonNullable<Parsed['time']> {
  let hour = Number(m[1]);
  const half = m[5]?.toLowerCase();
  if (half !== undefined) {
    if (hour < 1 || hour > 12) throw outOfRange(text);
    hour = (hour % 12) + (half === 'p' ? 12 : 0);
  }
  const time = { hour, minute: Number(m[2]), second: Number(m[3] ?? 0), micro: fraction(m[4]) };
  const whole = time.minute === 0 && time.second === 0 && time.micro === 0;
  if (hour > 24 || (hour === 24 && !whole) || time.minute > 59 || time.second > 60) throw outOfRange(text);
  return time;
}

/** Microseconds of the digits behind the point, rounded. */
function fraction(digits: string | undefined): number {
  return digits === undefined ? 0 : Math.round(Number(`0.${digits}`) * 1_000_000);
}

function monthNumber(name: string): number {
  return MONTHS.indexOf(name.slice(0, 3).toLowerCase()) + 1;
}

function fullYear(text: string): number {
  const year = Number(text);
  return text.length <= 2 ? year + (year < 70 ? 2_000 : 1_900) : year;
}

function orderedDate(a: string, b: string, c: string, context: TextContext): [year: number, month: number, day: number] {
  if (a.length > 2) return [Number(a), Number(b), Number(c)];
  if (context.dateOrder === 'YMD') return [fullYear(a), Number(b), Number(c)];
  if (context.dateOrder === 'DMY') return [fullYear(c), Number(b), Number(a)];
  return [fullYear(c), Number(a), Number(b)];
}

function checkedDays(parsed: Parsed, text: string, what: string): number {
  if (parsed.year === null) throw malformed(what, text);
  if (parsed.month < 1 || parsed.month > 12 || parsed.day < 1 || parsed.day > daysInMonth(parsed.year, parsed.month)) throw outOfRange(text);
  return daysFromDate(parsed.year, parsed.month, parsed.day);
}

function specialMoment(special: NonNullable<Parsed['special']>, context: TextContext): bigint {
  switch (special) {
    case 'infinity':
      return TIMESTAMP_INFINITY;
    case '-infinity':
      return TIMESTAMP_NEGATIVE_INFINITY;
    case 'epoch':
      return 0n;
    case 'now':
      return context.nowMicros;
    default: {
      const [today] = floorDivide(momentToLocal(context.timeZone, context.nowMicros), MICROS_PER_DAY);
      const shift = special === 'tomorrow' ? 1n : special === 'yesterday' ? -1n : 0n;
      return localToMoment(context.timeZone, (today + shift) * MICROS_PER_DAY);
    }
  }
}

function isFinite(micros: bigint): boolean {
  return micros !== TIMESTAMP_INFINITY && micros !== TIMESTAMP_NEGATIVE_INFINITY;
}

/** Throws 22008 for a timestamp outside PostgreSQL's range. */
export function checkTimestamp(micros: bigint): bigint {
  if (isFinite(micros) && (micros < MIN_TIMESTAMP || micros >= END_TIMESTAMP)) throw new SqlError('datetime_field_overflow', 'timestamp out of range');
  return micros;
}

/** Throws 22008 for a date outside PostgreSQL's range. */
export function checkDate(days: number): number {
  if (Number.isFinite(days) && (days < MIN_DATE || days >= END_DATE)) throw new SqlError('datetime_field_overflow', 'date out of range');
  return days;
}

export function parseTimestamp(text: string, context: TextContext): bigint {
  const parsed = readFields(text, 'timestamp', context);
  if (parsed.special !== null) {
    const moment = specialMoment(parsed.special, context);
    return isFinite(moment) && parsed.special !== 'epoch' ? momentToLocal(context.timeZone, moment) : moment;
  }
  return checkedTimestamp(localMicros(parsed, text, 'timestamp'), text);
}

export function parseTimestamptz(text: string, context: TextContext): bigint {
  const parsed = readFields(text, 'timestamp with time zone', context);
  if (parsed.special !== null) return specialMoment(parsed.special, context);
  const local = localMicros(parsed, text, 'timestamp with time zone');
  return checkedTimestamp(localToMoment(parsed.zone ?? context.timeZone, local), text);
}

function checkedTimestamp(micros: bigint, text: string): bigint {
  if (micros < MIN_TIMESTAMP || micros >= END_TIMESTAMP) throw new SqlError('datetime_field_overflow', `timestamp out of range: "${text}"`);
  return micros;
}

function localMicros(parsed: Parsed, text: string, what: string): bigint {
  const days = checkedDays(parsed, text, what);
  const { hour, minute, second, micro } = parsed.time ?? { hour: 0, minute: 0, second: 0, micro: 0 };
  return BigInt(days) * MICROS_PER_DAY + BigInt(hour * 3_600 + minute * 60 + second) * 1_000_000n + BigInt(micro);
}

export function parseDate(text: string, context: TextContext): number {
  const parsed = readFields(text, 'date', context);
  if (parsed.special === 'infinity') return Number.POSITIVE_INFINITY;
  if (parsed.special === '-infinity') return Number.NEGATIVE_INFINITY;
  if (parsed.special !== null) {
    const moment = specialMoment(parsed.special, context);
    return Number(floorDivide(parsed.special === 'epoch' ? 0n : momentToLocal(context.timeZone, moment), MICROS_PER_DAY)[0]);
  }
  const days = checkedDays(parsed, text, 'date');
  if (days < MIN_DATE || days >= END_DATE) throw new SqlError('datetime_field_overflow', `date out of range: "${text}"`);
  return days;
}

export function parseTime(text: string, context: TextContext): number {
  const short = /^\s*(\d{2})(\d{2})(\d{2})(?:\.(\d+))?\s*$/.exec(text);
  const time = short !== null ? { hour: Number(short[1]), minute: Number(short[2]), second: Number(short[3]), micro: fraction(short[4]) } : readFields(text, 'time', context).time;
  if (time === null) throw malformed('time', text);
  return (time.hour * 3_600 + time.minute * 60 + time.second) * 1_000_000 + time.micro;
}

// ── printing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const two = (n: number): string => (n < 10 ? `0${n}` : String(n));

function printFraction(micro: number): string {
  if (micro === 0) return '';
  return `.${String(micro).padStart(6, '0').replace(/0+$/, '')}`;
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
      return context.dateOrder === 'DMY' ? `${two(f.day)}${separator}${two(f.month)}${separator}${year}` : `${two(f.month)}${separator}${two(f.day)}${separator}${year}`;
    }
  }
}

export function printDate(days: number, context: TextContext): string {
  if (!Number.isFinite(days)) return days > 0 ? 'infinity' : '-infinity';
  const f = dateFromDays(days);
  return printDateFields(f, context) + (f.year <= 0 ? ' BC' : '');
}

export function printTimestamp(micros: bigint, context: TextContext): string {
  if (!isFinite(micros)) return micros > 0n ? 'infinity' : '-infinity';
  return printFields(fieldsOfTimestamp(micros), '', context);
}

export function printTimestamptz(micros: bigint, context: TextContext): string {
  if (!isFinite(micros)) return micros > 0n ? 'infinity' : '-infinity';
  const offset = offsetAt(context.timeZone, micros);
  const fields = fieldsOfTimestamp(micros + BigInt(offset) * 1_000_000n);
  const zone = context.dateStyle === 'ISO' ? printOffset(offset) : ` ${zoneAbbreviation(context.timeZone, micros, offset)}`;
  return printFields(fields, zone, context);
}

function zoneAbbreviation(zone: string, micros: bigint, offset: number): string {
  if (parseOffset(zone) !== null) return printOffset(offset);
  const name = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'short' }).formatToParts(Number(micros / 1_000n)).find((p) => p.type === 'timeZoneName')?.value;
  return name !== undefined && /^[A-Z]+$/.test(name) ? name : printOffset(offset);
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

/** A timestamp rounded to `precision` digits behind the second. */
export function roundTimestamp(micros: bigint, precision: number): bigint {
  if (precision >= 6 || !isFinite(micros)) return micros;
  const unit = 10n ** BigInt(6 - precision);
  const [quotient, remainder] = floorDivide(micros, unit);
  return (remainder * 2n >= unit ? quotient + 1n : quotient) * unit;
}

