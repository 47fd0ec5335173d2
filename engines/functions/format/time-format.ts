import { SqlError } from '#schemas/sqlstate/sql-error.js';
import {
  dateFromDays,
  dayOfWeek,
  dayOfYear,
  daysFromDate,
  daysInMonth,
  fieldsOfTime,
  floorDivide,
  isoWeek,
  MICROS_PER_DAY,
  timestampFromFields,
} from '#schemas/values/calendar.js';

/** to_char and to_timestamp patterns of PostgreSQL's formatting.c. */

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const ROMAN = ['I', 'II', 'III', 'IV', 'V', 'VI', 'VII', 'VIII', 'IX', 'X', 'XI', 'XII'];

const KEYWORDS =
  /^(?:HH24|HH12|HH|MI|SSSSS|SSSS|SS|MS|US|FF[1-6]|AM|A\.M\.|PM|P\.M\.|am|a\.m\.|pm|p\.m\.|Y,YYY|YYYY|YYY|YY|Y|IYYY|IYY|IY|BC|B\.C\.|AD|A\.D\.|bc|b\.c\.|ad|a\.d\.|MONTH|Month|month|MON|Mon|mon|MM|DAY|Day|day|DY|Dy|dy|DDD|IDDD|DD|D|ID|WW|W|IW|I|CC|J|Q|RM|rm|TZH|TZM|TZ|tz|OF)/i;

/** Keywords whose case does not matter are looked up in upper case; those whose case is the result's are kept. */
const CASED = /^(?:month|mon|day|dy|rm|am|pm|a\.m\.|p\.m\.|bc|ad|b\.c\.|a\.d\.|tz)$/i;

export interface Node {
  readonly keyword: string | null;
  readonly text: string;
  readonly fill: boolean;
  readonly ordinal: 'TH' | 'th' | null;
}

const KEPT = 128;
const parsed = new Map<string, readonly Node[]>();

/** A pattern's keywords and the text between them. */
function parsePattern(pattern: string): readonly Node[] {
  let nodes = parsed.get(pattern);
  if (nodes === undefined) {
    nodes = readPattern(pattern);
    if (parsed.size >= KEPT) parsed.clear();
    parsed.set(pattern, nodes);
  }
  return nodes;
}

function readPattern(pattern: string): Node[] {
  const nodes: Node[] = [];
  let at = 0;
  while (at < pattern.length) {
    const quoted = /^"((?:[^"\\]|\\.)*)"?/s.exec(pattern.slice(at));
    if (quoted !== null) {
      nodes.push({ keyword: null, text: (quoted[1] as string).replace(/\\(.)/gs, '$1'), fill: false, ordinal: null });
      at += quoted[0].length;
      continue;
    }
    const fill = /^(?:FM|fm|TM|tm)/.exec(pattern.slice(at));
    const from = at + (fill?.[0].length ?? 0);
    const word = KEYWORDS.exec(pattern.slice(from))?.[0];
    if (word === undefined) {
      if (fill !== null) at = from;
      else nodes.push({ keyword: null, text: pattern[at++] as string, fill: false, ordinal: null });
      continue;
    }
    at = from + word.length;
    const ordinal = /^(?:TH|th)/.exec(pattern.slice(at))?.[0] ?? null;
    if (ordinal !== null) at += 2;
    nodes.push({
      keyword: CASED.test(word) ? word : word.toUpperCase(),
      text: word,
      fill: fill !== null,
      ordinal: ordinal as Node['ordinal'],
    });
  }
  return nodes;
}

interface Moment {
  readonly days: number;
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly micro: number;
  readonly zone: string;
  readonly offset: number;
}

/** A local timestamp in a pattern. `zone` and `offset` serve TZ and OF. */
export function formatTimestamp(micros: bigint, pattern: string, zone: string, offset: number): string {
  const [days, rest] = floorDivide(micros, MICROS_PER_DAY);
  const moment = { days: Number(days), ...dateFromDays(Number(days)), ...fieldsOfTime(Number(rest)), zone, offset };
  return parsePattern(pattern)
    .map((node) => (node.keyword === null ? node.text : withOrdinal(formatField(node, moment), node)))
    .join('');
}

function withOrdinal(text: string, node: Node): string {
  return node.ordinal === null
    ? text
    : text + (node.ordinal === 'TH' ? ordinalOf(text).toUpperCase() : ordinalOf(text));
}

/** st, nd, rd, th of a number's text. */
export function ordinalOf(text: string): string {
  const teens = /1[1-3]$/.test(text);
  const last = text.at(-1);
  return teens ? 'th' : last === '1' ? 'st' : last === '2' ? 'nd' : last === '3' ? 'rd' : 'th';
}

function cased(model: string, word: string): string {
  if (model === model.toUpperCase()) return word.toUpperCase();
  return model === model.toLowerCase() ? word.toLowerCase() : word;
}

function formatField(node: Node, m: Moment): string {
  const keyword = node.keyword as string;
  const number = (value: number, width: number): string => {
    const digits = node.fill ? String(Math.abs(value)) : String(Math.abs(value)).padStart(width, '0');
    return value < 0 ? `-${digits}` : digits;
  };
  const name = (word: string, width: number): string => (node.fill ? word : word.padEnd(width));
  return clockField(keyword, m, number) ?? dateField(keyword, m, number, name) ?? keyword;
}

type Print = (value: number, width: number) => string;

function clockField(keyword: string, m: Moment, number: Print): string | null {
  const half = m.hour < 12 ? 'am' : 'pm';
  const sign = m.offset < 0 ? '-' : '+';
  const offset = Math.abs(m.offset);
  const minutes = Math.floor(offset / 60) % 60;
  switch (keyword) {
    case 'HH24':
      return number(m.hour, 2);
    case 'HH12':
    case 'HH':
      return number(m.hour % 12 || 12, 2);
    case 'MI':
      return number(m.minute, 2);
    case 'SS':
      return number(m.second, 2);
    case 'SSSS':
    case 'SSSSS':
      return number(m.hour * 3_600 + m.minute * 60 + m.second, 0);
    case 'MS':
      return number(Math.floor(m.micro / 1_000), 3);
    case 'US':
      return number(m.micro, 6);
    case 'TZ':
      return zoneName(m).toUpperCase();
    case 'tz':
      return zoneName(m).toLowerCase();
    case 'TZH':
      return sign + String(Math.floor(offset / 3_600)).padStart(2, '0');
    case 'TZM':
      return String(minutes).padStart(2, '0');
    case 'OF':
      return `${sign}${String(Math.floor(offset / 3_600)).padStart(2, '0')}${minutes === 0 ? '' : `:${String(minutes).padStart(2, '0')}`}`;
    default:
      break;
  }
  if (/^FF[1-6]$/.test(keyword)) return String(m.micro).padStart(6, '0').slice(0, Number(keyword[2]));
  if (/^[ap]m$/i.test(keyword)) return keyword === keyword.toUpperCase() ? half.toUpperCase() : half;
  if (/^[ap]\.m\.$/i.test(keyword)) {
    const dotted = `${half[0]}.m.`;
    return keyword === keyword.toUpperCase() ? dotted.toUpperCase() : dotted;
  }
  return null;
}

function zoneName(m: Moment): string {
  if (m.zone === '') return '';
  if (m.zone === 'UTC') return 'UTC';
  const hours = Math.abs(m.offset) / 3_600;
  return `${m.offset < 0 ? '-' : '+'}${String(Math.floor(hours)).padStart(2, '0')}`;
}

function dateField(
  keyword: string,
  m: Moment,
  number: Print,
  name: (word: string, width: number) => string,
): string | null {
  // 1 BC is year 0 within; a year is shown without its era.
  const year = m.year > 0 ? m.year : 1 - m.year;
  const iso = isoWeek(m.days);
  const month = MONTHS[m.month - 1] as string;
  const day = DAYS[dayOfWeek(m.days)] as string;
  const era = m.year > 0 ? 'ad' : 'bc';
  switch (keyword) {
    case 'YYYY':
      return number(year, 4);
    case 'Y,YYY':
      return `${Math.floor(year / 1_000)},${String(year % 1_000).padStart(3, '0')}`;
    case 'YYY':
      return number(year % 1_000, 3);
    case 'YY':
      return number(year % 100, 2);
    case 'Y':
      return number(year % 10, 1);
    case 'IYYY':
      return number(iso.year, 4);
    case 'IYY':
      return number(iso.year % 1_000, 3);
    case 'IY':
      return number(iso.year % 100, 2);
    case 'I':
      return number(iso.year % 10, 1);
    case 'MM':
      return number(m.month, 2);
    case 'DDD':
      return number(dayOfYear(m.days), 3);
    case 'IDDD':
      return number((iso.week - 1) * 7 + (dayOfWeek(m.days) || 7), 3);
    case 'DD':
      return number(m.day, 2);
    case 'D':
      return number(dayOfWeek(m.days) + 1, 1);
    case 'ID':
      return number(dayOfWeek(m.days) || 7, 1);
    case 'WW':
      return number(Math.floor((dayOfYear(m.days) - 1) / 7) + 1, 2);
    case 'W':
      return number(Math.floor((m.day - 1) / 7) + 1, 1);
    case 'IW':
      return number(iso.week, 2);
    case 'CC':
      return number(Math.floor((year + 99) / 100) * (m.year > 0 ? 1 : -1), 2);
    case 'J':
      return number(m.days + 2_440_588, 0);
    case 'Q':
      return number(Math.ceil(m.month / 3), 1);
    default:
      break;
  }
  if (/^month$/i.test(keyword)) return name(cased(keyword, month), 9);
  if (/^mon$/i.test(keyword)) return cased(keyword, month.slice(0, 3));
  if (/^day$/i.test(keyword)) return name(cased(keyword, day), 9);
  if (/^dy$/i.test(keyword)) return cased(keyword, day.slice(0, 3));
  if (/^rm$/i.test(keyword)) return name(cased(keyword, ROMAN[m.month - 1] as string), 4);
  if (/^(?:bc|ad)$/i.test(keyword)) return cased(keyword, era);
  if (/^[ba]\.[cd]\.$/i.test(keyword)) return cased(keyword, `${era[0]}.${era[1]}.`);
  return null;
}

interface Read {
  year: number | null;
  month: number;
  day: number;
  dayOfYear: number | null;
  hour: number;
  minute: number;
  second: number;
  micro: number;
  afternoon: boolean | null;
  bc: boolean;
  offset: number | null;
  julian: number | null;
}

function invalid(text: string, keyword: string): SqlError {
  return new SqlError('invalid_datetime_format', `invalid value "${text}" for "${keyword}"`);
}

/** to_timestamp and to_date: local micros, and the offset when the pattern read one. */
export function readTimestamp(
  text: string,
  pattern: string,
): { readonly micros: bigint; readonly offset: number | null } {
  const read: Read = {
    year: null,
    month: 1,
    day: 1,
    dayOfYear: null,
    hour: 0,
    minute: 0,
    second: 0,
    micro: 0,
    afternoon: null,
    bc: false,
    offset: null,
    julian: null,
  };
  const nodes = parsePattern(pattern);
  let at = 0;
  nodes.forEach((node, i) => {
    if (node.keyword === null) {
      // Separators match any separators, or none; other characters are passed over one for one.
      if (/[\s\p{P}]/u.test(node.text)) at += /^[\s\p{P}]?/u.exec(text.slice(at))?.[0].length ?? 0;
      else at += 1;
      return;
    }
    at += /^\s*/.exec(text.slice(at))?.[0].length ?? 0;
    if (at >= text.length) return;
    const follows = nodes[i + 1];
    at += readField(node, text.slice(at), read, follows !== undefined && follows.keyword !== null);
  });
  return { micros: assembled(read, text), offset: read.offset };
}

const WIDTHS: Readonly<Record<string, number>> = {
  HH24: 2,
  HH12: 2,
  HH: 2,
  MI: 2,
  SS: 2,
  MM: 2,
  DD: 2,
  DDD: 3,
  YYYY: 4,
  YYY: 3,
  YY: 2,
  Y: 1,
  MS: 3,
  US: 6,
  Q: 1,
  D: 1,
  WW: 2,
  W: 1,
  IW: 2,
  CC: 2,
  J: 7,
  SSSS: 5,
  SSSSS: 5,
  TZH: 2,
  TZM: 2,
};

function readField(node: Node, rest: string, read: Read, packed: boolean): number {
  const keyword = node.keyword as string;
  const word = readWord(keyword, rest, read);
  if (word !== null) return word;
  const width = WIDTHS[keyword] ?? (keyword.startsWith('FF') ? Number(keyword[2]) : 0);
  if (width === 0)
    throw new SqlError('feature_not_supported', `formatting field "${keyword}" is only supported in to_char`);
  // Only a pattern whose next field follows at once must stop at the field's own width.
  const free = !packed && (keyword === 'YYYY' || node.fill);
  const digits = new RegExp(`^[+-]?\\d{1,${free ? 9 : width}}`).exec(rest)?.[0];
  if (digits === undefined) throw invalid(rest.slice(0, width), keyword);
  setField(keyword, digits, read);
  return digits.length + (node.ordinal === null ? 0 : 2);
}

function readWord(keyword: string, rest: string, read: Read): number | null {
  if (/^mon(?:th)?$/i.test(keyword)) {
    const full = /^month$/i.test(keyword);
    const at = MONTHS.findIndex((m) => rest.toLowerCase().startsWith((full ? m : m.slice(0, 3)).toLowerCase()));
    if (at < 0) throw invalid(rest.slice(0, 3), keyword);
    read.month = at + 1;
    return full ? (MONTHS[at] as string).length : 3;
  }
  if (/^day$/i.test(keyword)) return (DAYS.find((d) => rest.toLowerCase().startsWith(d.toLowerCase())) ?? '').length;
  if (/^dy$/i.test(keyword)) return 3;
  if (/^[ap]\.?m\.?$/i.test(keyword)) {
    const half = /^([ap])\.?m\.?/i.exec(rest);
    if (half === null) throw invalid(rest.slice(0, 2), keyword);
    read.afternoon = (half[1] as string).toLowerCase() === 'p';
    return half[0].length;
  }
  if (/^[ba]\.?[cd]\.?$/i.test(keyword)) {
    const era = /^(?:b\.?c\.?|a\.?d\.?)/i.exec(rest)?.[0] ?? '';
    read.bc = /^b/i.test(era);
    return era.length;
  }
  return null;
}

function setField(keyword: string, digits: string, read: Read): void {
  const value = Number(digits);
  if (keyword === 'YYYY') read.year = value;
  else if (keyword === 'YYY' || keyword === 'YY' || keyword === 'Y')
    read.year = value < 70 ? 2_000 + value : value < 100 ? 1_900 + value : value < 520 ? 2_000 + value : 1_000 + value;
  else if (keyword === 'MM') read.month = value;
  else if (keyword === 'DD') read.day = value;
  else if (keyword === 'DDD') read.dayOfYear = value;
  else if (keyword.startsWith('HH')) read.hour = value;
  else if (keyword === 'MI') read.minute = value;
  else if (keyword === 'SS') read.second = value;
  else if (keyword === 'MS') read.micro = Number(digits.padEnd(3, '0')) * 1_000;
  else if (keyword === 'US' || keyword.startsWith('FF')) read.micro = Number(digits.padEnd(6, '0'));
  else if (keyword === 'TZH') read.offset = value * 3_600;
  else if (keyword === 'TZM') read.offset = (read.offset ?? 0) + Math.sign(read.offset ?? 1) * value * 60;
  else if (keyword === 'J') read.julian = value;
  else if (keyword.startsWith('SSSS')) read.second = value;
}

function assembled(read: Read, text: string): bigint {
  const outOfRange = (): SqlError =>
    new SqlError('datetime_field_overflow', `date/time field value out of range: "${text}"`);
  if (read.afternoon !== null) {
    if (read.hour < 1 || read.hour > 12) {
      throw new SqlError('invalid_datetime_format', `hour "${read.hour}" is invalid for the 12-hour clock`, {
        hint: 'Use the 24-hour clock, or give an hour between 1 and 12.',
      });
    }
    read.hour = (read.hour % 12) + (read.afternoon ? 12 : 0);
  }
  const given = read.year ?? 1;
  const year = read.bc ? 1 - given : read.year === null ? 0 : given;
  if (read.month < 1 || read.month > 12 || read.day < 1 || read.day > daysInMonth(year, read.month)) throw outOfRange();
  if (read.hour > 23 || read.minute > 59 || (read.second > 59 && read.hour + read.minute > 0)) throw outOfRange();
  const { hour, minute, second, micro } = read;
  if (read.julian !== null || read.dayOfYear !== null) {
    const days =
      read.julian !== null ? read.julian - 2_440_588 : daysFromDate(year, 1, 1) + (read.dayOfYear as number) - 1;
    return timestampFromFields({ ...dateFromDays(days), hour, minute, second, micro });
  }
  return timestampFromFields({ year, month: read.month, day: read.day, hour, minute, second, micro });
}
