import { SqlError } from '../sqlstate/sql-error.js';
import { Interval } from './interval.js';
import type { TextContext } from './text-context.js';

const HOUR = 3_600_000_000n;
const MINUTE = 60_000_000n;
const SECOND = 1_000_000n;
const MONTH_DAYS = 30;

type Unit = { readonly months?: number; readonly days?: number; readonly micros?: bigint };

const UNITS: Readonly<Record<string, Unit>> = {
  microsecond: { micros: 1n }, us: { micros: 1n }, usec: { micros: 1n },
  millisecond: { micros: 1_000n }, ms: { micros: 1_000n }, msec: { micros: 1_000n },
  second: { micros: SECOND }, sec: { micros: SECOND }, s: { micros: SECOND },
  minute: { micros: MINUTE }, min: { micros: MINUTE }, m: { micros: MINUTE },
  hour: { micros: HOUR }, hr: { micros: HOUR }, h: { micros: HOUR },
  day: { days: 1 }, d: { days: 1 },
  week: { days: 7 }, w: { days: 7 },
  month: { months: 1 }, mon: { months: 1 },
  year: { months: 12 }, yr: { months: 12 }, y: { months: 12 },
  decade: { months: 120 }, dec: { months: 120 },
  century: { months: 1_200 }, cent: { months: 1_200 }, c: { months: 1_200 },
  millennium: { months: 12_000 }, mil: { months: 12_000 },
};

const PLURALS: Readonly<Record<string, string>> = { centuries: 'century', millennia: 'millennium', millenniums: 'millennium', mils: 'mil', ms: 'ms', us: 'us', s: 's' };

function unitOf(word: string): Unit | null {
  const name = word.toLowerCase();
  return UNITS[PLURALS[name] ?? name] ?? UNITS[name.replace(/s$/, '')] ?? null;
}

/** A sum under construction: fractions of larger units flow into smaller ones as PostgreSQL's do. */
class Sum {
  months = 0;
  days = 0;
  micros = 0n;

  /** Adds `amount` (decimal text with sign) of a unit. */
  add(amount: string, unit: Unit): void {
    const point = amount.indexOf('.');
    const whole = point < 0 ? amount : amount.slice(0, point);
    const part = point < 0 ? 0 : Number(`${amount.startsWith('-') ? '-' : ''}0${amount.slice(point)}`);
    const count = Number(whole === '' || whole === '-' || whole === '+' ? 0 : whole);
    if (unit.micros !== undefined) {
      this.micros += BigInt(count) * unit.micros + BigInt(Math.round(part * Number(unit.micros)));
    } else if (unit.days !== undefined) {
      this.#addDays(count * unit.days, part * unit.days);
    } else if (unit.months !== undefined) {
      this.#addMonths(count * unit.months, part * unit.months);
    }
  }

  #addMonths(whole: number, part: number): void {
    // A fraction of a year becomes whole months; a fraction of a month becomes days of thirty.
    const months = Math.trunc(part + Math.sign(part) * 1e-9);
    this.months += whole + months;
    this.#addDays(0, (part - months) * MONTH_DAYS);
  }

  #addDays(whole: number, part: number): void {
    const days = Math.trunc(part + Math.sign(part) * 1e-9);
    this.days += whole + days;
    this.micros += BigInt(Math.round((part - days) * 86_400_000_000));
  }
}

/** Interval text in PostgreSQL's, SQL's and ISO 8601's forms. Throws 22007. */
export function parseInterval(text: string): Interval {
  const trimmed = text.trim();
  const sum = new Sum();
  const ok = /^[+-]?P/i.test(trimmed) && !/^[+-]?pm/i.test(trimmed) ? readIso(trimmed, sum) : readPostgres(trimmed, sum);
  if (!ok) throw new SqlError('invalid_datetime_format', `invalid input syntax for type interval: "${text}"`);
  return checkedInterval(sum.months, sum.days, sum.micros);
}

/** Throws 22008 when a count leaves its range. */
export function checkedInterval(months: number, days: number, micros: bigint): Interval {
  if (Math.abs(months) > 0x7fff_ffff || Math.abs(days) > 0x7fff_ffff || micros !== BigInt.asIntN(64, micros)) {
    throw new SqlError('interval_field_overflow', 'interval out of range');
  }
  // -0 would show in comparisons by identity.
  return new Interval(months + 0, days + 0, micros);
}

function readIso(text: string, sum: Sum): boolean {
  const negative = text.startsWith('-');
  const match = /^[+-]?P(.*?)(?:T(.*))?$/i.exec(text);
  if (match === null || (match[1] === '' && (match[2] ?? '') === '')) return false;
  const read = (part: string, units: Readonly<Record<string, Unit>>): boolean => {
    let rest = part;
    while (rest !== '') {
      const m = /^([+-]?\d+(?:\.\d+)?)([A-Z])/i.exec(rest);
      const unit = m === null ? undefined : units[(m[2] as string).toUpperCase()];
      if (m === null || unit === undefined) return false;
      sum.add(negative ? flip(m[1] as string) : (m[1] as string), unit);
      rest = rest.slice(m[0].length);
    }
    return true;
  };
  return (
    read(match[1] ?? '', { Y: { months: 12 }, M: { months: 1 }, W: { days: 7 }, D: { days: 1 } }) &&
    read(match[2] ?? '', { H: { micros: HOUR }, M: { micros: MINUTE }, S: { micros: SECOND } })
  );
}

function flip(amount: string): string {
  return amount.startsWith('-') ? amount.slice(1) : `-${amount.replace('+', '')}`;
}

function readPostgres(text: string, sum: Sum): boolean {
  let rest = text.replace(/^@\s*/, '');
  const ago = /\bago\s*$/i.test(rest);
  if (ago) rest = rest.replace(/\bago\s*$/i, '').trim();
  if (rest === '') return false;
  const sign = (amount: string): string => (ago ? flip(amount) : amount);
  let seen = false;
  while (rest !== '') {
    let m = /^([+-]?)(\d+):(\d{1,2})(?::(\d{1,2})(\.\d+)?)?(?=$|\s|[a-z])/i.exec(rest);
    if (m !== null) {
      const s = m[1] as string;
      sum.add(sign(s + (m[2] as string)), { micros: HOUR });
      sum.add(sign(s + (m[3] as string)), { micros: MINUTE });
      if (m[4] !== undefined) sum.add(sign(s + m[4] + (m[5] ?? '')), { micros: SECOND });
    } else if ((m = /^([+-]?)(\d+)-(\d{1,2})(?=$|\s)/.exec(rest)) !== null) {
      sum.add(sign((m[1] as string) + (m[2] as string)), { months: 12 });
      sum.add(sign((m[1] as string) + (m[3] as string)), { months: 1 });
    } else if ((m = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+))\s*([a-z]+)(?=$|\s|[+-]|\d)/i.exec(rest)) !== null) {
      const unit = unitOf(m[2] as string);
      if (unit === null) return false;
      sum.add(sign(m[1] as string), unit);
    } else if ((m = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+))(?=$|\s+[+-]?\d+:)/.exec(rest)) !== null) {
      // A bare number is seconds at the end, and days before a time of day ('1 12:00').
      sum.add(sign(m[1] as string), m[0].length === rest.length ? { micros: SECOND } : { days: 1 });
    } else {
      return false;
    }
    seen = true;
    rest = rest.slice(m[0].length).trimStart();
  }
  return seen;
}

/** Only the units that an interval's declared fields allow stay: INTERVAL '1.5' HOUR and the like are handled by the parser through a unit word. */
export function printInterval(interval: Interval, context: TextContext): string {
  switch (context.intervalStyle) {
    case 'iso_8601':
      return printIso(interval);
    case 'postgres_verbose':
      return printVerbose(interval);
    case 'sql_standard':
      return printStandard(interval);
    default:
      return printPostgres(interval);
  }
}

function split(micros: bigint): { negative: boolean; hours: bigint; minutes: bigint; seconds: bigint; micro: bigint } {
  const negative = micros < 0n;
  const size = negative ? -micros : micros;
  return { negative, hours: size / HOUR, minutes: (size / MINUTE) % 60n, seconds: (size / SECOND) % 60n, micro: size % SECOND };
}

const two = (n: bigint): string => n.toString().padStart(2, '0');

function secondsText(seconds: bigint, micro: bigint, pad: boolean): string {
  const whole = pad ? two(seconds) : seconds.toString();
  return micro === 0n ? whole : `${whole}.${micro.toString().padStart(6, '0').replace(/0+$/, '')}`;
}

function printPostgres({ months, days, micros }: Interval): string {
  const parts: string[] = [];
  let negativeBefore = false;
  const field = (value: number, unit: string): void => {
    if (value === 0) return;
    // After a negative field a positive one shows its sign, so that reading it back is unambiguous.
    parts.push(`${negativeBefore && value > 0 ? '+' : ''}${value} ${unit}${value === 1 ? '' : 's'}`);
    negativeBefore = value < 0;
  };
  field(Math.trunc(months / 12), 'year');
  field(months % 12, 'mon');
  field(days, 'day');
  if (micros !== 0n || parts.length === 0) {
    const t = split(micros);
    parts.push(`${t.negative ? '-' : negativeBefore ? '+' : ''}${two(t.hours)}:${two(t.minutes)}:${secondsText(t.seconds, t.micro, true)}`);
  }
  return parts.join(' ');
}

function printVerbose({ months, days, micros }: Interval): string {
  const t = split(micros);
  const time = (n: bigint): bigint => (t.negative ? -n : n);
  const fields: Array<readonly [string, string, boolean, boolean]> = [];
  const field = (value: number | bigint, unit: string): void => {
    const n = BigInt(value);
    if (n !== 0n) fields.push([n.toString(), unit, n < 0n, n === 1n || n === -1n]);
  };
  field(Math.trunc(months / 12), 'year');
  field(months % 12, 'mon');
  field(days, 'day');
  field(time(t.hours), 'hour');
  field(time(t.minutes), 'min');
  if (t.seconds !== 0n || t.micro !== 0n) {
    fields.push([(t.negative ? '-' : '') + secondsText(t.seconds, t.micro, false), 'sec', t.negative, t.seconds === 1n && t.micro === 0n]);
  }
  if (fields.length === 0) return '@ 0';
  const ago = (fields[0] as readonly [string, string, boolean, boolean])[2];
  const words = fields.map(([text, unit, , one]) => `${ago ? flip(text) : text} ${unit}${one ? '' : 's'}`);
  return `@ ${words.join(' ')}${ago ? ' ago' : ''}`;
}

function printIso({ months, days, micros }: Interval): string {
  const t = split(micros);
  const sign = t.negative ? '-' : '';
  const years = Math.trunc(months / 12);
  const rest = months % 12;
  let text = 'P';
  if (years !== 0) text += `${years}Y`;
  if (rest !== 0) text += `${rest}M`;
  if (days !== 0) text += `${days}D`;
  if (micros !== 0n) text += 'T';
  if (t.hours !== 0n) text += `${sign}${t.hours}H`;
  if (t.minutes !== 0n) text += `${sign}${t.minutes}M`;
  if (t.seconds !== 0n || t.micro !== 0n) text += `${sign}${secondsText(t.seconds, t.micro, false)}S`;
  return text === 'P' ? 'PT0S' : text;
}

function printStandard({ months, days, micros }: Interval): string {
  if (months === 0 && days === 0 && micros === 0n) return '0';
  const t = split(micros);
  const time = `${t.hours}:${two(t.minutes)}:${secondsText(t.seconds, t.micro, true)}`;
  const signs = new Set([Math.sign(months), Math.sign(days), micros < 0n ? -1 : micros > 0n ? 1 : 0].filter((s) => s !== 0));
  const yearMonth = `${Math.trunc(Math.abs(months) / 12)}-${Math.abs(months % 12)}`;
  const kinds = (months !== 0 ? 1 : 0) + (days !== 0 || micros !== 0n ? 1 : 0);
  if (signs.size > 1 || kinds > 1) {
    const s = (negative: boolean): string => (negative ? '-' : '+');
    return `${s(months < 0)}${yearMonth} ${s(days < 0)}${Math.abs(days)} ${s(t.negative)}${time}`;
  }
  const sign = signs.has(-1) ? '-' : '';
  if (months !== 0) return sign + yearMonth;
  return days !== 0 ? `${sign}${Math.abs(days)} ${time}` : sign + time;
}

/** Order and equality: months count thirty days, days twenty-four hours. */
export function intervalSpan(interval: Interval): bigint {
  return (BigInt(interval.months) * 30n + BigInt(interval.days)) * 86_400_000_000n + interval.micros;
}
