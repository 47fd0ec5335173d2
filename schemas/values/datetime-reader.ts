import { dateFromDays, daysFromDate, daysInMonth } from './calendar.js';
import { type Token, tokenizeDatetime } from './datetime-tokens.js';
import { type DatetimeWord, datetimeWord, type SpecialMoment } from './datetime-words.js';
import { roundHalfEven } from './rounding.js';
import type { TextContext } from './text-context.js';
import { isFixedZone, isTimeZone } from './time-zone.js';
import { abbreviatedZone } from './zone-abbreviations.js';

/** Why a text is no date or time; the caller words it for its type. */
export type DatetimeFault =
  | { readonly fault: 'format' }
  | { readonly fault: 'field' }
  | { readonly fault: 'displacement' }
  | { readonly fault: 'zone'; readonly zone: string };

/** What a text says. A zone is an offset in seconds east of Greenwich, or a name for time-zone.ts. */
export interface DatetimeParts {
  readonly moment: SpecialMoment | null;
  /** Days since 1970-01-01, or null when the text names none. */
  readonly days: number | null;
  /** Microseconds since midnight; a day's end and a leap second lie beyond the last. Null when the text names none. */
  readonly time: number | null;
  readonly zone: number | string | null;
}

const YEAR = 1;
const MONTH = 2;
const DAY = 4;
const TIME = 8;
const ZONE = 16;
const WEEKDAY = 32;
const HALF = 64;
const ERA = 128;
const DATE = YEAR | MONTH | DAY;

const OFFSET_HOURS_MAX = 15;
const MICROS_PER_DAY = 86_400_000_000;
/** Julian day number of 1970-01-01. */
const EPOCH_JULIAN = 2_440_588;

class Refusal extends Error {
  readonly fault: DatetimeFault;
  constructor(fault: DatetimeFault) {
    super(fault.fault);
    this.fault = fault;
  }
}

const badFormat = (): Refusal => new Refusal({ fault: 'format' });
const badField = (): Refusal => new Refusal({ fault: 'field' });

/** Reads a date, a timestamp (`what` = 'date') or a time of day ('time') by the rules of PostgreSQL's DecodeDateTime and DecodeTimeOnly. */
export function readDatetime(text: string, what: 'date' | 'time', context: TextContext): DatetimeParts | DatetimeFault {
  const tokens = tokenizeDatetime(text, (letters) => datetimeWord(letters) !== undefined);
  if (tokens === null || tokens.length === 0) return { fault: 'format' };
  try {
    return new DatetimeReader(tokens, what, context).read();
  } catch (error) {
    if (error instanceof Refusal) return error.fault;
    throw error;
  }
}

/** Takes the fields from left to right; `#seen` says what is known, and nothing may be said twice. */
class DatetimeReader {
  readonly #tokens: readonly Token[];
  readonly #timeOnly: boolean;
  readonly #order: TextContext['dateOrder'];
  #seen = 0;
  #year = 0;
  #month = 0;
  #day = 0;
  #dayOfYear: number | null = null;
  #julian: number | null = null;
  #twoDigits = false;
  #textMonth = false;
  #hour = 0;
  #minute = 0;
  #second = 0;
  #micro = 0;
  #afternoon: boolean | null = null;
  #beforeChrist = false;
  #zone: number | string | null = null;
  #zoneNamed = false;
  #prefix: 'time' | 'julian' | null = null;
  #moment: SpecialMoment | null = null;

  constructor(tokens: readonly Token[], what: 'date' | 'time', context: TextContext) {
    this.#tokens = tokens;
    this.#timeOnly = what === 'time';
    this.#order = context.dateOrder;
  }

  read(): DatetimeParts {
    for (const [index, token] of this.#tokens.entries()) this.#take(token, index);
    if (
      this.#moment !== null &&
      this.#moment !== 'midnight' &&
      this.#moment !== 'today' &&
      this.#moment !== 'tomorrow' &&
      this.#moment !== 'yesterday'
    ) {
      return { moment: this.#moment, days: null, time: null, zone: null };
    }
    const relative = this.#moment === 'midnight' ? null : this.#moment;
    const days = relative !== null ? null : this.#days();
    this.#applyHalf();
    const time = ((this.#hour * 60 + this.#minute) * 60 + this.#second) * 1_000_000 + this.#micro;
    if (this.#timeOnly && time > MICROS_PER_DAY) throw badField();
    if (this.#timeOnly ? !this.#has(TIME) : !this.#has(DATE)) throw badFormat();
    if (this.#timeOnly && this.#zoneNamed && days === null && !isFixedZone(this.#zone as string)) throw badFormat();
    return { moment: relative, days, time: this.#has(TIME) ? time : null, zone: this.#zone };
  }

  #has(mask: number): boolean {
    return (this.#seen & mask) === mask;
  }

  #add(mask: number): void {
    if ((this.#seen & mask) !== 0) throw badFormat();
    this.#seen |= mask;
  }

  #take(token: Token, index: number): void {
    switch (token.kind) {
      case 'date':
        return this.#takeDate(token.text, index);
      case 'time':
        if (this.#prefix === 'julian') throw badFormat();
        this.#prefix = null;
        return this.#takeTime(token.text);
      case 'zone':
        this.#zone = readOffset(token.text);
        return this.#add(ZONE);
      case 'number':
        return this.#takeNumber(token.text, index);
      default:
        return this.#takeWord(token.text, index);
    }
  }

  /** Whether a time of day may begin with a date in front of it. */
  #dateAllowed(index: number): boolean {
    if (!this.#timeOnly) return true;
    const last = this.#tokens.at(-1) as Token;
    return index === 0 && this.#tokens.length >= 2 && (last.kind === 'date' || this.#tokens[1]?.kind === 'time');
  }

  #takeDate(text: string, index: number): void {
    const dateKnown = this.#timeOnly ? !this.#dateAllowed(index) : this.#prefix !== null || this.#has(MONTH | DAY);
    if (!dateKnown) return this.#takeDateParts(text);
    if (!/^\d/.test(text) && this.#prefix === null) {
      if (!isTimeZone(text)) throw new Refusal({ fault: 'zone', zone: text });
      return this.#setZoneName(text);
    }
    // 040506-08: a time and its zone run together.
    if (this.#prefix === 'julian') throw badFormat();
    this.#prefix = null;
    const minus = text.indexOf('-');
    if (this.#has(TIME) || minus < 0) throw badFormat();
    this.#zone = readOffset(text.slice(minus));
    this.#takeRunTogether(text.slice(0, minus), true);
    this.#add(ZONE);
  }

  /** Numbers and a month's name, joined. */
  #takeDateParts(text: string): void {
    const parts = text.match(/\d+|[a-z]+/g) ?? [];
    const before = this.#seen;
    for (const part of parts) {
      if (/\d/.test(part)) continue;
      const word = datetimeWord(part);
      if (word?.kind === 'filler') continue;
      if (word?.kind !== 'month') throw badFormat();
      this.#add(MONTH);
      this.#month = word.month;
      this.#textMonth = true;
    }
    for (const part of parts) if (/\d/.test(part)) this.#takeDatePart(part, false);
    if (!this.#has(DATE) || (before & ~ZONE) !== 0) throw badFormat();
  }

  #takeTime(text: string): void {
    const match = /^(\d+):(\d*)(?:(\.\d*)|:(\d*)(\.\d*)?)?$/.exec(text);
    if (match === null) throw badFormat();
    const [, first, second, shortFraction, third, fraction] = match;
    this.#add(TIME);
    if (shortFraction !== undefined) {
      // mm:ss.fff
      [this.#hour, this.#minute, this.#second] = [0, Number(first), Number(second)];
      this.#micro = microsOf(shortFraction);
    } else {
      [this.#hour, this.#minute, this.#second] = [Number(first), Number(second), Number(third ?? 0)];
      this.#micro = microsOf(fraction);
    }
    const total = ((this.#hour * 60 + this.#minute) * 60 + this.#second) * 1_000_000 + this.#micro;
    if (this.#minute > 59 || this.#second > 60 || (!this.#timeOnly && (this.#hour > 24 || total > MICROS_PER_DAY)))
      throw badField();
  }

  #takeNumber(text: string, index: number): void {
    const point = text.indexOf('.');
    if (this.#prefix === 'julian') return this.#takeJulian(text, point);
    if (this.#prefix === 'time') {
      this.#prefix = null;
      if (this.#takeRunTogether(text, true) !== 'time') throw badFormat();
      return;
    }
    if (this.#timeOnly) {
      if (point >= 0 && index === 0 && this.#tokens.length >= 2 && this.#tokens.at(-1)?.kind === 'date')
        return this.#takeDateParts(text);
      if (point >= 0 ? point > 2 : text.length > 4) this.#takeRunTogether(text, true);
      else if (point >= 0) throw badFormat();
      else this.#takeDatePart(text, true);
      return;
    }
    if (point >= 0 && !this.#has(DATE)) return this.#takeDateParts(text);
    if ((point >= 0 && point > 2) || (text.length >= 6 && (!this.#has(DATE) || !this.#has(TIME)))) {
      this.#takeRunTogether(text, false);
    } else {
      this.#takeDatePart(text, false);
    }
  }

  #takeJulian(text: string, point: number): void {
    this.#prefix = null;
    const day = Number(point < 0 ? text : text.slice(0, point));
    if (day > 0x7fff_ffff) throw badField();
    this.#add(DATE);
    this.#julian = day - EPOCH_JULIAN;
    if (point < 0) return;
    this.#add(TIME);
    const micros = roundHalfEven(Number(`0${text.slice(point)}`) * MICROS_PER_DAY);
    this.#hour = Math.floor(micros / 3_600_000_000);
    this.#minute = Math.floor(micros / 60_000_000) % 60;
    this.#second = Math.floor(micros / 1_000_000) % 60;
    this.#micro = micros % 1_000_000;
  }

  /** yymmdd, yyyymmdd, hhmm, hhmmss(.fff): a date unless one is known. */
  #takeRunTogether(text: string, dateKnown: boolean): 'date' | 'time' {
    const point = text.indexOf('.');
    const digits = point < 0 ? text : text.slice(0, point);
    const { length } = digits;
    if (point >= 0) {
      this.#micro = microsOf(text.slice(point));
    } else if (!dateKnown && !this.#has(DATE) && length >= 6) {
      this.#add(DATE);
      this.#day = Number(digits.slice(-2));
      this.#month = Number(digits.slice(-4, -2));
      this.#year = Number(digits.slice(0, -4));
      this.#twoDigits = length === 6;
      return 'date';
    }
    if (this.#has(TIME) || (length !== 6 && length !== 4)) throw badFormat();
    this.#add(TIME);
    this.#hour = Number(digits.slice(0, 2));
    this.#minute = Number(digits.slice(2, 4));
    this.#second = length === 6 ? Number(digits.slice(4)) : 0;
    if (this.#minute > 59 || this.#second > 60 || this.#hour > 24) throw badField();
    return 'time';
  }

  /** One number of a date: which, follows from its length, what is known and DateStyle's order. */
  #takeDatePart(text: string, dateKnown: boolean): void {
    const value = Number(text);
    const { length } = text;
    if (value > 0x7fff_ffff) throw badField();
    if (dateKnown || this.#has(DATE)) {
      this.#takeRunTogether(text, true);
      return;
    }
    const known = this.#seen & DATE;
    if (length === 3 && known === YEAR && value >= 1 && value <= 366) {
      this.#dayOfYear = value;
      return this.#add(MONTH | DAY);
    }
    const long = length >= 3 || this.#order === 'YMD';
    switch (known) {
      case 0:
        if (long) return this.#setYear(value, length);
        return this.#order === 'DMY' ? this.#setDay(value) : this.#setMonth(value);
      case YEAR:
      case DAY:
        return this.#setMonth(value);
      case MONTH:
        return this.#textMonth && long ? this.#setYear(value, length) : this.#setDay(value);
      case YEAR | MONTH:
        if (!this.#textMonth || length < 3 || !this.#twoDigits) return this.#setDay(value);
        // The first number of 08-Jan-1999 was taken for a year.
        this.#setDay(this.#year);
        this.#year = value;
        this.#twoDigits = false;
        return;
      default:
        return this.#setYear(value, length);
    }
  }

  #setYear(value: number, length: number): void {
    this.#add(YEAR);
    this.#year = value;
    this.#twoDigits = length <= 2;
  }

  #setMonth(value: number): void {
    this.#add(MONTH);
    this.#month = value;
  }

  #setDay(value: number): void {
    this.#add(DAY);
    this.#day = value;
  }

  #takeWord(text: string, index: number): void {
    const zone = abbreviatedZone(text);
    if (zone !== undefined) {
      this.#zone = zone;
      return this.#add(ZONE);
    }
    const word = datetimeWord(text);
    if (word !== undefined) return this.#takeKnownWord(word, index);
    if (!isTimeZone(text)) throw badFormat();
    this.#setZoneName(text);
  }

  #setZoneName(name: string): void {
    this.#add(ZONE);
    this.#zone = name;
    this.#zoneNamed = true;
  }

  #takeKnownWord(word: DatetimeWord, index: number): void {
    switch (word.kind) {
      case 'filler':
        return;
      case 'weekday':
        if (this.#timeOnly) throw badFormat();
        return this.#add(WEEKDAY);
      case 'half':
        this.#afternoon = word.afternoon;
        return this.#add(HALF);
      case 'era':
        this.#beforeChrist = word.beforeChrist;
        return this.#add(ERA);
      case 'month':
        return this.#takeMonth(word.month);
      case 'moment':
        return this.#takeMoment(word.moment);
      case 'prefix': {
        if (word.prefix === 'time') {
          const next = this.#tokens[index + 1]?.kind;
          if ((!this.#timeOnly && !this.#has(DATE)) || (next !== 'number' && next !== 'time' && next !== 'date'))
            throw badFormat();
        }
        this.#prefix = word.prefix;
        return;
      }
      case 'unit':
        throw badFormat();
    }
  }

  #takeMonth(month: number): void {
    if (this.#timeOnly) throw badFormat();
    // A number that was taken for the month was the day: 8 January 1999 where months come first.
    if (this.#has(MONTH) && !this.#textMonth && !this.#has(DAY) && this.#month >= 1 && this.#month <= 31) {
      this.#setDay(this.#month);
    } else {
      this.#add(MONTH);
    }
    this.#textMonth = true;
    this.#month = month;
  }

  #takeMoment(moment: SpecialMoment): void {
    if (moment === 'midnight') {
      this.#add(TIME | ZONE);
      this.#zone = 0;
    } else if (moment === 'today' || moment === 'tomorrow' || moment === 'yesterday') {
      if (this.#timeOnly) throw badFormat();
      this.#add(DATE);
    } else {
      if (this.#timeOnly && moment !== 'now') throw badFormat();
      this.#add(DATE | TIME | ZONE);
    }
    this.#moment = moment;
  }

  #days(): number | null {
    if (this.#julian !== null) return this.#julian;
    if (this.#has(YEAR)) this.#year = this.#fullYear();
    if (this.#has(DATE) && this.#dayOfYear !== null) {
      const date = dateFromDays(daysFromDate(this.#year, 1, 1) + this.#dayOfYear - 1);
      [this.#month, this.#day] = [date.month, date.day];
    }
    if (this.#has(MONTH) && (this.#month < 1 || this.#month > 12)) throw badField();
    if (this.#has(DAY) && (this.#day < 1 || this.#day > 31)) throw badField();
    if (!this.#has(DATE)) return null;
    if (this.#day > daysInMonth(this.#year, this.#month)) throw badField();
    return daysFromDate(this.#year, this.#month, this.#day);
  }

  /** Astronomical: 1 BC is 0. */
  #fullYear(): number {
    if (this.#beforeChrist || !this.#twoDigits) {
      if (this.#year <= 0) throw badField();
      return this.#beforeChrist ? 1 - this.#year : this.#year;
    }
    return this.#year + (this.#year < 70 ? 2_000 : 1_900);
  }

  #applyHalf(): void {
    if (this.#afternoon === null) return;
    if (this.#hour > 12) throw badField();
    this.#hour = (this.#hour % 12) + (this.#afternoon ? 12 : 0);
  }
}

/** Microseconds of ".fff", rounded as C's rint() does. */
function microsOf(fraction: string | undefined): number {
  return fraction === undefined || fraction === '.' ? 0 : roundHalfEven(Number(`0${fraction}`) * 1_000_000);
}

/** +hh, +hhmm, +hh:mm, +hh:mm:ss → seconds east of Greenwich. */
function readOffset(text: string): number {
  const match = /^([+-])(\d+)(?::(\d*)(?::(\d*))?)?$/.exec(text);
  if (match === null) throw badFormat();
  let hours = Number(match[2]);
  let minutes = Number(match[3] ?? 0);
  if (match[3] === undefined && (match[2] as string).length > 2) {
    minutes = hours % 100;
    hours = Math.floor(hours / 100);
  }
  const seconds = Number(match[4] ?? 0);
  if (hours > OFFSET_HOURS_MAX || minutes > 59 || seconds > 59) throw new Refusal({ fault: 'displacement' });
  const size = (hours * 60 + minutes) * 60 + seconds;
  return match[1] === '-' ? 0 - size : size;
}
