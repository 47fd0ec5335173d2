import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { daysInMonth, fieldsOfTimestamp, MICROS_PER_DAY, timestampFromFields } from '#schemas/values/calendar.js';
import { roundHalfEven } from '#schemas/values/cast.js';
import { Interval } from '#schemas/values/interval.js';
import { checkedInterval } from '#schemas/values/interval-text.js';
import { divisionByZero } from '#schemas/values/numeric-arithmetic.js';
import { localToMoment, momentToLocal } from '#schemas/values/time-zone.js';
import { checkTimestamp } from '#schemas/values/timestamp-text.js';
import { TIMESTAMP_INFINITY, TIMESTAMP_NEGATIVE_INFINITY } from '#schemas/values/value.js';

/** Arithmetic of moments and intervals as PostgreSQL's timestamp.c does it: months first (the day is cut to the month's end), then days, then time. */

const DAYS_PER_MONTH = 30;

export function isInfinite(micros: bigint): boolean {
  return micros === TIMESTAMP_INFINITY || micros === TIMESTAMP_NEGATIVE_INFINITY;
}

export function addInterval(micros: bigint, interval: Interval): bigint {
  if (isInfinite(micros)) return micros;
  return checkTimestamp(addDays(addMonths(micros, interval.months), interval.days) + interval.micros);
}

/** Months and days are added on the local calendar, the time on the absolute line. */
export function addIntervalInZone(moment: bigint, interval: Interval, zone: string): bigint {
  if (isInfinite(moment)) return moment;
  let at = moment;
  if (interval.months !== 0 || interval.days !== 0) {
    at = localToMoment(zone, addDays(addMonths(momentToLocal(zone, at), interval.months), interval.days));
  }
  return checkTimestamp(at + interval.micros);
}

function addMonths(micros: bigint, months: number): bigint {
  if (months === 0) return micros;
  const f = fieldsOfTimestamp(micros);
  const total = f.year * 12 + f.month - 1 + months;
  const year = Math.floor(total / 12);
  const month = total - year * 12 + 1;
  return timestampFromFields({ ...f, year, month, day: Math.min(f.day, daysInMonth(year, month)) });
}

function addDays(micros: bigint, days: number): bigint {
  return days === 0 ? micros : micros + BigInt(days) * MICROS_PER_DAY;
}

export function negateInterval(i: Interval): Interval {
  return checkedInterval(-i.months, -i.days, -i.micros);
}

export function addIntervals(a: Interval, b: Interval): Interval {
  return checkedInterval(a.months + b.months, a.days + b.days, a.micros + b.micros);
}

export function subtractIntervals(a: Interval, b: Interval): Interval {
  return checkedInterval(a.months - b.months, a.days - b.days, a.micros - b.micros);
}

/** timestamp - timestamp: days and time, no months. */
export function between(a: bigint, b: bigint): Interval {
  if (isInfinite(a) || isInfinite(b)) {
    throw new SqlError('datetime_field_overflow', 'cannot subtract infinite timestamps');
  }
  const span = a - b;
  return new Interval(0, Number(span / MICROS_PER_DAY), span % MICROS_PER_DAY);
}

/** Fractions of months flow into days, fractions of days into time. */
export function multiplyInterval(i: Interval, factor: number): Interval {
  return scaled(i, (part) => part * factor);
}

export function divideInterval(i: Interval, divisor: number): Interval {
  if (divisor === 0) throw divisionByZero();
  return scaled(i, (part) => part / divisor);
}

function scaled(i: Interval, scale: (part: number) => number): Interval {
  const outOfRange = (): SqlError => new SqlError('datetime_field_overflow', 'interval out of range');
  const months = scale(i.months);
  const days = scale(i.days);
  if (!Number.isFinite(months) || !Number.isFinite(days)) throw outOfRange();
  const wholeMonths = Math.trunc(months);
  let wholeDays = Math.trunc(days);
  // The remainders are rounded to the microsecond so that 1/3 * 3 comes back whole.
  const monthRest = roundMicro((months - wholeMonths) * DAYS_PER_MONTH);
  let seconds = roundMicro((days - wholeDays + monthRest - Math.trunc(monthRest)) * 86_400);
  if (Math.abs(seconds) >= 86_400) {
    wholeDays += Math.trunc(seconds / 86_400);
    seconds -= Math.trunc(seconds / 86_400) * 86_400;
  }
  wholeDays += Math.trunc(monthRest);
  const micros = roundHalfEven(scale(Number(i.micros)) + seconds * 1_000_000);
  if (!Number.isFinite(micros)) throw outOfRange();
  return checkedInterval(wholeMonths, wholeDays, BigInt(micros));
}

function roundMicro(value: number): number {
  return roundHalfEven(value * 1_000_000) / 1_000_000;
}

/** 24 hours become a day, and signs are made to agree. */
export function justifyHours(i: Interval): Interval {
  let days = i.days + Number(i.micros / MICROS_PER_DAY);
  let micros = i.micros % MICROS_PER_DAY;
  if (days > 0 && micros < 0n) {
    micros += MICROS_PER_DAY;
    days--;
  } else if (days < 0 && micros > 0n) {
    micros -= MICROS_PER_DAY;
    days++;
  }
  return checkedInterval(i.months, days, micros);
}

/** 30 days become a month. */
export function justifyDays(i: Interval): Interval {
  let months = i.months + Math.trunc(i.days / DAYS_PER_MONTH);
  let days = i.days % DAYS_PER_MONTH;
  if (months > 0 && days < 0) {
    days += DAYS_PER_MONTH;
    months--;
  } else if (months < 0 && days > 0) {
    days -= DAYS_PER_MONTH;
    months++;
  }
  return checkedInterval(months, days, i.micros);
}

export function justifyInterval(i: Interval): Interval {
  let { months, days, micros } = i;
  days += Number(micros / MICROS_PER_DAY);
  micros %= MICROS_PER_DAY;
  months += Math.trunc(days / DAYS_PER_MONTH);
  days %= DAYS_PER_MONTH;
  if (months > 0 && (days < 0 || (days === 0 && micros < 0n))) {
    days += DAYS_PER_MONTH;
    months--;
  } else if (months < 0 && (days > 0 || (days === 0 && micros > 0n))) {
    days -= DAYS_PER_MONTH;
    months++;
  }
  if (days > 0 && micros < 0n) {
    micros += MICROS_PER_DAY;
    days--;
  } else if (days < 0 && micros > 0n) {
    micros -= MICROS_PER_DAY;
    days++;
  }
  return checkedInterval(months, days, micros);
}

/** age(a, b): the difference in years, months, days and time of the calendar. */
export function age(a: bigint, b: bigint): Interval {
  if (isInfinite(a) || isInfinite(b)) {
    throw new SqlError('datetime_field_overflow', 'cannot subtract infinite timestamps');
  }
  const swap = a < b;
  const later = fieldsOfTimestamp(swap ? b : a);
  const earlier = fieldsOfTimestamp(swap ? a : b);
  let micros =
    BigInt((later.hour - earlier.hour) * 3_600 + (later.minute - earlier.minute) * 60 + later.second - earlier.second) *
      1_000_000n +
    BigInt(later.micro - earlier.micro);
  let days = later.day - earlier.day;
  let months = (later.year - earlier.year) * 12 + later.month - earlier.month;
  if (micros < 0n) {
    micros += MICROS_PER_DAY;
    days--;
  }
  if (days < 0) {
    // Days are borrowed from the month of the earlier moment, or of the later when the arguments were exchanged.
    const lender = swap ? later : earlier;
    days += daysInMonth(lender.year, lender.month);
    months--;
  }
  return swap ? checkedInterval(-months, -days, -micros) : checkedInterval(months, days, micros);
}
