import { SqlError } from '#schemas/sqlstate/sql-error.js';
import {
  dateFromDays,
  dayOfWeek,
  dayOfYear,
  daysFromDate,
  fieldsOfTime,
  fieldsOfTimestamp,
  floorDivide,
  isoWeek,
  MICROS_PER_DAY,
} from '#schemas/values/calendar.js';
import { Interval } from '#schemas/values/interval.js';
import { Numeric } from '#schemas/values/numeric.js';
import { NUMERIC_INFINITY, NUMERIC_NEGATIVE_INFINITY, numericFromInteger } from '#schemas/values/numeric-arithmetic.js';
import { localToMoment, momentToLocal, offsetAt } from '#schemas/values/time-zone.js';
import { checkTimestamp } from '#schemas/values/timestamp-text.js';
import { TIMESTAMP_INFINITY } from '#schemas/values/value.js';
import { isInfinite } from './interval-arithmetic.js';

/** extract() and date_trunc(): the fields of moments, dates, times and intervals. */

const SPELLINGS: Readonly<Record<string, string>> = {
  c: 'century',
  cent: 'century',
  centuries: 'century',
  centuryies: 'century',
  dec: 'decade',
  decades: 'decade',
  decs: 'decade',
  d: 'day',
  days: 'day',
  h: 'hour',
  hr: 'hour',
  hrs: 'hour',
  hours: 'hour',
  microsecond: 'microseconds',
  us: 'microseconds',
  usec: 'microseconds',
  usecond: 'microseconds',
  useconds: 'microseconds',
  usecs: 'microseconds',
  mil: 'millennium',
  mils: 'millennium',
  millennia: 'millennium',
  m: 'minute',
  min: 'minute',
  mins: 'minute',
  minutes: 'minute',
  mon: 'month',
  mons: 'month',
  months: 'month',
  ms: 'milliseconds',
  msec: 'milliseconds',
  millisecond: 'milliseconds',
  msecond: 'milliseconds',
  mseconds: 'milliseconds',
  msecs: 'milliseconds',
  qtr: 'quarter',
  s: 'second',
  sec: 'second',
  secs: 'second',
  seconds: 'second',
  w: 'week',
  weeks: 'week',
  y: 'year',
  yr: 'year',
  yrs: 'year',
  years: 'year',
  timezone_h: 'timezone_hour',
  timezone_m: 'timezone_minute',
};

function fieldName(text: string): string {
  const name = text.toLowerCase();
  return SPELLINGS[name] ?? name;
}

function unknownUnit(field: string, type: string): SqlError {
  return new SqlError('invalid_parameter_value', `unit "${field}" not recognized for type ${type}`);
}

function unsupportedUnit(field: string, type: string): SqlError {
  return new SqlError('feature_not_supported', `unit "${field}" not supported for type ${type}`);
}

const KNOWN = new Set([
  'century',
  'day',
  'decade',
  'dow',
  'doy',
  'epoch',
  'hour',
  'isodow',
  'isoyear',
  'julian',
  'microseconds',
  'millennium',
  'milliseconds',
  'minute',
  'month',
  'quarter',
  'second',
  'timezone',
  'timezone_hour',
  'timezone_minute',
  'week',
  'year',
]);

function refuse(field: string, type: string): never {
  throw KNOWN.has(field) ? unsupportedUnit(field, type) : unknownUnit(field, type);
}

const whole = (value: number): Numeric => numericFromInteger(value);

/** Years before 1 BC have no zero: 1 BC is -1. */
const civil = (year: number): number => (year > 0 ? year : year - 1);
const century = (year: number): number =>
  year > 0 ? Math.floor((year + 99) / 100) : -Math.floor((99 - (year - 1)) / 100);
const millennium = (year: number): number =>
  year > 0 ? Math.floor((year + 999) / 1_000) : -Math.floor((999 - (year - 1)) / 1_000);

/** A field of a local timestamp; null when a field that comes round again is asked of an infinite one. */
export function extractTimestamp(text: string, micros: bigint, type: string, zone: string | null): Numeric | null {
  const field = fieldName(text);
  if (isInfinite(micros)) return extractInfinite(field, micros === TIMESTAMP_INFINITY, type, zone !== null);
  const local = zone === null ? micros : momentToLocal(zone, micros);
  if (zone !== null) {
    const offset = offsetAt(zone, micros);
    if (field === 'timezone') return whole(offset);
    if (field === 'timezone_hour') return whole(Math.trunc(offset / 3_600));
    if (field === 'timezone_minute') return whole(Math.trunc(offset / 60) % 60);
  }
  if (field === 'epoch') return new Numeric(micros, 6);
  const [days, rest] = floorDivide(local, MICROS_PER_DAY);
  if (field === 'julian') {
    const value = new Numeric((BigInt(Number(days) + 2_440_588) * MICROS_PER_DAY + rest) * 1_000_000n, 6);
    return divideByDay(value);
  }
  return extractClock(field, Number(rest)) ?? extractDay(field, Number(days)) ?? refuse(field, type);
}

/** Micros (as a numeric of scale 6 × 10^6) over a day's micros, with numeric division's digits. */
function divideByDay(scaled: Numeric): Numeric {
  const unscaled = (scaled.unscaled * 10n ** 14n) / MICROS_PER_DAY;
  return new Numeric(unscaled, 20);
}

function extractInfinite(field: string, positive: boolean, type: string, zoned: boolean): Numeric | null {
  switch (field) {
    case 'year':
    case 'decade':
    case 'century':
    case 'millennium':
    case 'julian':
    case 'isoyear':
    case 'epoch':
      return positive ? NUMERIC_INFINITY : NUMERIC_NEGATIVE_INFINITY;
    default:
      if (!KNOWN.has(field) || (!zoned && field.startsWith('timezone'))) return refuse(field, type);
      return null;
  }
}

function extractClock(field: string, micros: number): Numeric | null {
  const t = fieldsOfTime(micros);
  switch (field) {
    case 'hour':
      return whole(t.hour);
    case 'minute':
      return whole(t.minute);
    case 'second':
      return new Numeric(BigInt(t.second * 1_000_000 + t.micro), 6);
    case 'milliseconds':
      return new Numeric(BigInt(t.second * 1_000_000 + t.micro), 3);
    case 'microseconds':
      return whole(t.second * 1_000_000 + t.micro);
    default:
      return null;
  }
}

function extractDay(field: string, days: number): Numeric | null {
  const { year, month, day } = dateFromDays(days);
  switch (field) {
    case 'day':
      return whole(day);
    case 'month':
      return whole(month);
    case 'quarter':
      return whole(Math.ceil(month / 3));
    case 'year':
      return whole(civil(year));
    case 'decade':
      return whole(Math.floor(year / 10));
    case 'century':
      return whole(century(year));
    case 'millennium':
      return whole(millennium(year));
    case 'dow':
      return whole(dayOfWeek(days));
    case 'isodow':
      return whole(dayOfWeek(days) || 7);
    case 'doy':
      return whole(dayOfYear(days));
    case 'week':
      return whole(isoWeek(days).week);
    case 'isoyear':
      return whole(civil(isoWeek(days).year));
    default:
      return null;
  }
}

export function extractDate(text: string, days: number): Numeric | null {
  const field = fieldName(text);
  if (!Number.isFinite(days)) return extractInfinite(field, days > 0, 'date', false);
  if (field === 'epoch') return whole(days * 86_400);
  if (field === 'julian') return whole(days + 2_440_588);
  return extractDay(field, days) ?? refuse(field, 'date');
}

export function extractTime(text: string, micros: number): Numeric {
  const field = fieldName(text);
  if (field === 'epoch') return new Numeric(BigInt(micros), 6);
  return extractClock(field, micros) ?? refuse(field, 'time without time zone');
}

export function extractInterval(text: string, interval: Interval): Numeric {
  const field = fieldName(text);
  const years = Math.trunc(interval.months / 12);
  const inHour = interval.micros % 3_600_000_000n;
  const inMinute = interval.micros % 60_000_000n;
  switch (field) {
    case 'microseconds':
      return new Numeric(inMinute, 0);
    case 'milliseconds':
      return new Numeric(inMinute, 3);
    case 'second':
      return new Numeric(inMinute, 6);
    case 'minute':
      return new Numeric(inHour / 60_000_000n, 0);
    case 'hour':
      return new Numeric(interval.micros / 3_600_000_000n, 0);
    case 'day':
      return whole(interval.days);
    case 'month':
      return whole(interval.months % 12);
    case 'quarter':
      return whole(Math.trunc((interval.months % 12) / 3) + 1);
    case 'year':
      return whole(years);
    case 'decade':
      return whole(Math.trunc(years / 10));
    case 'century':
      return whole(Math.trunc(years / 100));
    case 'millennium':
      return whole(Math.trunc(years / 1_000));
    case 'epoch': {
      const days = BigInt(interval.months % 12) * 30n + BigInt(interval.days);
      const quarters = BigInt(years) * 1_461n * 21_600n;
      return new Numeric((quarters + days * 86_400n) * 1_000_000n + interval.micros, 6);
    }
    default:
      return refuse(field, 'interval');
  }
}

const TIME_UNITS: Readonly<Record<string, bigint>> = {
  microseconds: 1n,
  milliseconds: 1_000n,
  second: 1_000_000n,
  minute: 60_000_000n,
  hour: 3_600_000_000n,
};

function truncatedYear(field: string, year: number): number | null {
  if (field === 'year') return year;
  if (field === 'decade') return Math.floor(year / 10) * 10;
  if (field === 'century')
    return year > 0 ? Math.floor((year - 1) / 100) * 100 + 1 : -Math.floor((99 - (year - 1)) / 100) * 100 + 1 + 0;
  if (field === 'millennium')
    return year > 0 ? Math.floor((year - 1) / 1_000) * 1_000 + 1 : -Math.floor((999 - (year - 1)) / 1_000) * 1_000 + 1;
  return null;
}

/** date_trunc of a local timestamp. */
export function truncateTimestamp(text: string, micros: bigint, type: string): bigint {
  const field = fieldName(text);
  if (isInfinite(micros)) return micros;
  const unit = TIME_UNITS[field];
  if (unit !== undefined) return micros - floorDivide(micros, unit)[1];
  const day = Number(floorDivide(micros, MICROS_PER_DAY)[0]);
  const f = fieldsOfTimestamp(micros);
  const start = (year: number, month: number): bigint => BigInt(daysFromDate(year, month, 1)) * MICROS_PER_DAY;
  switch (field) {
    case 'day':
      return BigInt(day) * MICROS_PER_DAY;
    case 'week':
      return BigInt(day - ((dayOfWeek(day) + 6) % 7)) * MICROS_PER_DAY;
    case 'month':
      return start(f.year, f.month);
    case 'quarter':
      return start(f.year, Math.floor((f.month - 1) / 3) * 3 + 1);
    default: {
      const year = truncatedYear(field, f.year);
      return year === null ? refuse(field, type) : start(year, 1);
    }
  }
}

export function truncateMoment(field: string, moment: bigint, zone: string): bigint {
  if (isInfinite(moment)) return moment;
  const name = fieldName(field);
  // Units within the hour are cut on the absolute line: the hour may come twice.
  if (TIME_UNITS[name] !== undefined && name !== 'hour')
    return truncateTimestamp(field, moment, 'timestamp with time zone');
  return localToMoment(zone, truncateTimestamp(field, momentToLocal(zone, moment), 'timestamp with time zone'));
}

export function truncateInterval(text: string, i: Interval): Interval {
  const field = fieldName(text);
  const unit = TIME_UNITS[field];
  if (unit !== undefined) return new Interval(i.months, i.days, i.micros - (i.micros % unit));
  const months: Readonly<Record<string, number>> = {
    month: 1,
    quarter: 3,
    year: 12,
    decade: 120,
    century: 1_200,
    millennium: 12_000,
  };
  if (field === 'day') return new Interval(i.months, i.days, 0n);
  const size = months[field];
  if (size !== undefined) return new Interval(i.months - (i.months % size), 0, 0n);
  return refuse(field, 'interval');
}

/** date_bin(): the start of the stride that holds the moment, counted from an origin. */
export function binTimestamp(stride: Interval, micros: bigint, origin: bigint): bigint {
  if (isInfinite(micros)) return micros;
  if (stride.months !== 0) {
    throw new SqlError(
      'feature_not_supported',
      'timestamps cannot be binned into intervals containing months or years',
    );
  }
  const size = BigInt(stride.days) * MICROS_PER_DAY + stride.micros;
  if (size <= 0n) throw new SqlError('datetime_field_overflow', 'stride must be greater than zero');
  return checkTimestamp(origin + floorDivide(micros - origin, size)[0] * size);
}

export function makeTimestamp(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  seconds: number,
): bigint {
  const date = makeDays(year, month, day);
  return checkTimestamp(BigInt(date) * MICROS_PER_DAY + BigInt(makeMicros(hour, minute, seconds)));
}

/** A negative year is BC. */
export function makeDays(year: number, month: number, day: number): number {
  const astronomical = year < 0 ? year + 1 : year;
  const days = year === 0 ? Number.NaN : daysFromDate(astronomical, month, day);
  const back = dateFromDays(Number.isNaN(days) ? 0 : days);
  if (Number.isNaN(days) || back.month !== month || back.day !== day) {
    const two = (n: number): string => String(n).padStart(2, '0');
    throw new SqlError('datetime_field_overflow', `date field value out of range: ${year}-${two(month)}-${two(day)}`);
  }
  return days;
}

export function makeMicros(hour: number, minute: number, seconds: number): number {
  const micros = Math.round(seconds * 1_000_000);
  const total = (hour * 60 + minute) * 60_000_000 + micros;
  if (hour < 0 || minute < 0 || minute > 59 || seconds < 0 || seconds > 60 || total > 86_400_000_000) {
    const two = (n: number): string => String(n).padStart(2, '0');
    throw new SqlError(
      'datetime_field_overflow',
      `time field value out of range: ${hour}:${two(minute)}:${two(seconds)}`,
    );
  }
  return total;
}
