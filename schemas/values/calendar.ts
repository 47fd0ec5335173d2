/** Calendar arithmetic on the proleptic Gregorian calendar, in exact integers. Days count from 1970-01-01, micros from its midnight. */

export const MICROS_PER_SECOND = 1_000_000n;
export const MICROS_PER_DAY = 86_400_000_000n;
const DAY_MICROS = 86_400_000_000;

export interface DateFields {
  /** Astronomical: year 0 is 1 BC. */
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

export interface DateTimeFields extends DateFields {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly micro: number;
}

/** Source: the days-from-civil method on 400-year eras. */
export function daysFromDate(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return (
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  );
}

export function dateFromDays(days: number): DateFields {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

export function daysInMonth(year: number, month: number): number {
  return month === 2 && isLeapYear(year) ? 29 : (MONTH_DAYS[month - 1] as number);
}

/** 0 = Sunday. */
export function dayOfWeek(days: number): number {
  return (((days + 4) % 7) + 7) % 7;
}

export function dayOfYear(days: number): number {
  return days - daysFromDate(dateFromDays(days).year, 1, 1) + 1;
}

/** ISO 8601 week and its year. */
export function isoWeek(days: number): { readonly year: number; readonly week: number } {
  const thursday = days - ((dayOfWeek(days) + 6) % 7) + 3;
  const { year } = dateFromDays(thursday);
  return { year, week: Math.floor((thursday - daysFromDate(year, 1, 1)) / 7) + 1 };
}

/** Quotient and remainder with a remainder that is never negative. */
export function floorDivide(dividend: bigint, divisor: bigint): readonly [quotient: bigint, remainder: bigint] {
  let quotient = dividend / divisor;
  let remainder = dividend % divisor;
  if (remainder < 0n) {
    quotient -= 1n;
    remainder += divisor;
  }
  return [quotient, remainder];
}

/** Hot: within some 285 years of 1970 everything is exact in doubles, which are several times faster than big integers. */
export function fieldsOfTimestamp(micros: bigint): DateTimeFields {
  const exact = Number(micros);
  let days: number;
  let rest: number;
  if (Number.isSafeInteger(exact)) {
    days = Math.floor(exact / DAY_MICROS);
    rest = exact - days * DAY_MICROS;
  } else {
    const [quotient, remainder] = floorDivide(micros, MICROS_PER_DAY);
    days = Number(quotient);
    rest = Number(remainder);
  }
  const { year, month, day } = dateFromDays(days);
  const { hour, minute, second, micro } = fieldsOfTime(rest);
  return { year, month, day, hour, minute, second, micro };
}

export function fieldsOfTime(micros: number): { hour: number; minute: number; second: number; micro: number } {
  const seconds = Math.floor(micros / 1_000_000);
  return {
    hour: Math.floor(seconds / 3_600),
    minute: Math.floor(seconds / 60) % 60,
    second: seconds % 60,
    micro: micros % 1_000_000,
  };
}

/** Day, hour, minute and second may lie outside their usual ranges and carry over. */
export function timestampFromFields(f: DateTimeFields): bigint {
  const seconds = BigInt(f.hour * 3_600 + f.minute * 60 + f.second);
  return BigInt(daysFromDate(f.year, f.month, f.day)) * MICROS_PER_DAY + seconds * MICROS_PER_SECOND + BigInt(f.micro);
}
