import { BAD_FIELD, BAD_FORMAT, type IntervalSum, type IntervalUnit } from './interval-sum.js';

/**
 * ISO 8601 durations as PostgreSQL reads them:
 *
 *   P1Y2M3W4DT5H6M7.8S    P0001-02-03T04:05:06    P00010203T040506       (every number may have a sign and a fraction)
 */
const DATE_UNITS: Readonly<Record<string, IntervalUnit>> = { Y: 'year', M: 'month', W: 'week', D: 'day' };
const TIME_UNITS: Readonly<Record<string, IntervalUnit>> = { H: 'hour', M: 'minute', S: 'second' };
const DATE_FIELDS: readonly IntervalUnit[] = ['year', 'month', 'day'];
const TIME_FIELDS: readonly IntervalUnit[] = ['hour', 'minute', 'second'];
const INT32_MAX = 0x7fff_ffff;

/** Adds what the text says to `sum`; returns what is wrong, or null. */
export function readIsoInterval(text: string, sum: IntervalSum): symbol | null {
  if (text.length < 2 || !text.startsWith('P')) return BAD_FORMAT;
  const [date, ...times] = text.slice(1).split('T') as [string, ...string[]];
  const fault = readPart(date, sum, DATE_UNITS, DATE_FIELDS, '-', 8);
  if (fault !== null) return fault;
  for (const time of times) {
    const wrong = readPart(time, sum, TIME_UNITS, TIME_FIELDS, ':', 6);
    if (wrong !== null) return wrong;
  }
  return null;
}

function readPart(
  text: string,
  sum: IntervalSum,
  units: Readonly<Record<string, IntervalUnit>>,
  fields: readonly IntervalUnit[],
  delimiter: string,
  basicDigits: number,
): symbol | null {
  const number = /(-?)(\d*)(\.\d*)?/y;
  let at = 0;
  let named = false;
  while (at < text.length) {
    number.lastIndex = at;
    const match = number.exec(text);
    if (match === null || (match[2] === '' && match[3] === undefined)) return BAD_FORMAT;
    at += match[0].length;
    const unit = text[at];
    const field = unit === undefined ? undefined : units[unit];
    if (field !== undefined) {
      const fault = addNumber(sum, field, match);
      if (fault !== null) return fault;
      named = true;
      at++;
      continue;
    }
    if (named) return BAD_FORMAT;
    if (unit === undefined && match[2]?.length === basicDigits) return readBasic(match, sum, fields);
    return readExtended(text, sum, fields, delimiter);
  }
  return null;
}

function addNumber(sum: IntervalSum, unit: IntervalUnit, match: RegExpExecArray): symbol | null {
  const [, sign, digits, fraction] = match;
  const size = Number(digits === '' ? 0 : digits);
  if (size > INT32_MAX) return BAD_FIELD;
  const part = fraction === undefined || fraction === '.' ? 0 : Number(`${sign}0${fraction}`);
  return sum.add(unit, BigInt(sign === '-' ? -size : size), part);
}

/** yyyymmdd or hhmmss: two digits a field from the right. */
function readBasic(match: RegExpExecArray, sum: IntervalSum, fields: readonly IntervalUnit[]): symbol | null {
  const [, sign = '', digits = '', fraction] = match;
  const parts = [digits.slice(0, -4), digits.slice(-4, -2), digits.slice(-2)];
  for (const [index, unit] of fields.entries()) {
    const last = index === fields.length - 1;
    const part = last && fraction !== undefined && fraction !== '.' ? Number(`${sign}0${fraction}`) : 0;
    const count = Number(parts[index]);
    const fault = sum.add(unit, BigInt(sign === '-' ? -count : count), part);
    if (fault !== null) return fault;
  }
  return null;
}

function readExtended(
  text: string,
  sum: IntervalSum,
  fields: readonly IntervalUnit[],
  delimiter: string,
): symbol | null {
  const parts = text.split(new RegExp(`(?<=[\\d.])${delimiter}`));
  if (parts.length > fields.length) return BAD_FORMAT;
  for (const [index, part] of parts.entries()) {
    const match = /^(-?)(\d*)(\.\d*)?$/.exec(part);
    if (match === null || (match[2] === '' && match[3] === undefined)) return BAD_FORMAT;
    const fault = addNumber(sum, fields[index] as IntervalUnit, match);
    if (fault !== null) return fault;
  }
  return null;
}
