import { SqlError } from '../sqlstate/sql-error.js';
import { tokenizeDatetime } from './datetime-tokens.js';
import { datetimeWord } from './datetime-words.js';
import type { Interval } from './interval.js';
import { BAD_FIELD, BAD_FORMAT, IntervalSum, type IntervalUnit } from './interval-sum.js';
import { readIsoInterval } from './iso-interval.js';
import { DEFAULT_TEXT_CONTEXT, type TextContext } from './text-context.js';

const UNIT_NAMES: Readonly<Record<IntervalUnit, string>> = {
  microsecond: 'microsecon us usec usecond useconds usecs',
  millisecond: 'millisecon ms msec msecond mseconds msecs',
  second: 's sec second seconds secs',
  minute: 'm min mins minute minutes',
  hour: 'h hour hours hr hrs',
  day: 'd day days',
  week: 'w week weeks',
  month: 'mon mons month months',
  year: 'y year years yr yrs',
  decade: 'dec decade decades decs',
  century: 'c cent centuries century',
  millennium: 'mil millennia millennium mils',
};

const UNITS: ReadonlyMap<string, IntervalUnit> = new Map(
  (Object.entries(UNIT_NAMES) as Array<[IntervalUnit, string]>).flatMap(([unit, names]) =>
    names.split(' ').map((name) => [name, unit] as const),
  ),
);

/** Only so many letters of a word count. */
const LETTERS_MAX = 10;

/** Fields that one token fills, so that none is given twice. A time of day fills all up to the hour. */
const SECONDS: readonly IntervalUnit[] = ['second', 'millisecond', 'microsecond'];
const TIME_FIELDS: readonly IntervalUnit[] = ['hour', 'minute', ...SECONDS];

/** Interval text in PostgreSQL's, SQL's and ISO 8601's forms. Throws 22007, 22015 and 22008. */
export function parseInterval(text: string, context: TextContext = DEFAULT_TEXT_CONTEXT): Interval {
  let sum = new IntervalSum();
  let fault = readTokens(text, sum, context);
  if (fault === BAD_FORMAT) {
    sum = new IntervalSum();
    fault = readIsoInterval(text, sum);
  }
  if (fault === BAD_FORMAT) {
    throw new SqlError('invalid_datetime_format', `invalid input syntax for type interval: "${text}"`);
  }
  if (fault === BAD_FIELD) {
    throw new SqlError('interval_field_overflow', `interval field value out of range: "${text}"`);
  }
  return sum.finish();
}

function isIntervalWord(letters: string): boolean {
  return datetimeWord(letters) !== undefined;
}

/** Reads from right to left, because a unit stands behind its number. Returns what is wrong, or null. */
function readTokens(text: string, sum: IntervalSum, context: TextContext): symbol | null {
  const tokens = tokenizeDatetime(text, isIntervalWord);
  if (tokens === null) return BAD_FORMAT;
  const reader = new IntervalReader(sum, context.intervalStyle === 'sql_standard' && onlyFirstIsSigned(tokens));
  for (const token of [...tokens].reverse()) {
    const fault = token.kind === 'word' || token.kind === 'special' ? reader.word(token.text) : reader.value(token);
    if (fault !== null) return fault;
  }
  return reader.end();
}

/** SQL's form: a leading minus counts for all fields when none of the others has a sign. */
function onlyFirstIsSigned(tokens: ReadonlyArray<{ readonly text: string }>): boolean {
  return tokens[0]?.text.startsWith('-') === true && tokens.slice(1).every((token) => !/^[+-]/.test(token.text));
}

class IntervalReader {
  readonly #sum: IntervalSum;
  readonly #allNegative: boolean;
  readonly #given = new Set<IntervalUnit>();
  #unit: IntervalUnit | null = null;
  #ago = false;

  constructor(sum: IntervalSum, allNegative: boolean) {
    this.#sum = sum;
    this.#allNegative = allNegative;
  }

  word(text: string): symbol | null {
    const name = text.slice(0, LETTERS_MAX);
    if (name === 'ago') {
      this.#ago = true;
      this.#unit = null;
      return null;
    }
    const unit = UNITS.get(name);
    if (unit === undefined) return datetimeWord(name)?.kind === 'filler' ? null : BAD_FORMAT;
    this.#unit = unit;
    return null;
  }

  value(token: { readonly kind: string; readonly text: string }): symbol | null {
    if (token.kind === 'time') return this.#time(token.text, false);
    if (
      token.kind === 'zone' &&
      token.text.includes(':') &&
      this.#time(token.text.slice(1), token.text.startsWith('-')) === null
    ) {
      return null;
    }
    return this.#number(token.text);
  }

  end(): symbol | null {
    if (this.#given.size === 0) return BAD_FORMAT;
    return this.#ago ? this.#sum.negate() : null;
  }

  #mark(units: readonly IntervalUnit[]): symbol | null {
    if (units.some((unit) => this.#given.has(unit))) return BAD_FORMAT;
    for (const unit of units) this.#given.add(unit);
    return null;
  }

  /** h:m, h:m:s, m:s.f; the number in front of it counts days. */
  #time(text: string, minus: boolean): symbol | null {
    const match = /^(\d+):(\d*)(?:(\.\d*)|:(\d*)(\.\d*)?)?$/.exec(text);
    if (match === null) return BAD_FORMAT;
    const short = match[3] !== undefined;
    const hours = short ? 0n : BigInt(match[1] as string);
    const minutes = Number(short ? match[1] : match[2]);
    const seconds = Number(short ? match[2] : (match[4] ?? 0));
    const fraction = match[3] ?? match[5] ?? '.0';
    if (minutes > 59 || seconds > 60) return BAD_FIELD;
    const micros = Math.round(Number(`0${fraction}`) * 1_000_000);
    const total = (hours * 3_600n + BigInt(minutes * 60 + seconds)) * 1_000_000n + BigInt(micros);
    if (total !== BigInt.asIntN(64, total)) return BAD_FIELD;
    const twice = this.#mark(TIME_FIELDS);
    if (twice !== null) return twice;
    this.#unit = 'day';
    return this.#sum.addMicros(minus || this.#allNegative ? -total : total);
  }

  #number(text: string): symbol | null {
    // A number without a unit at the end counts seconds.
    const unit = this.#unit ?? 'second';
    const match = /^([+-]?)(\d*)(?:-(\d+)|(\.\d*))?$/.exec(text);
    if (match === null || (match[2] === '' && match[4] === undefined)) return BAD_FORMAT;
    const [, sign, whole, months, fraction] = match;
    const minus = sign === '-' || this.#allNegative;
    const count = BigInt(whole === '' ? 0 : (whole as string)) * (minus ? -1n : 1n);
    if (count !== BigInt.asIntN(64, count)) return BAD_FIELD;
    if (months !== undefined) {
      if (Number(months) > 11) return BAD_FIELD;
      this.#unit = 'month';
      const total = count * 12n + BigInt(minus ? -Number(months) : Number(months));
      return this.#mark(['month']) ?? this.#sum.add('month', total, 0);
    }
    const part = fraction === undefined || fraction === '.' ? 0 : Number(`${minus ? '-' : ''}0${fraction}`);
    this.#unit = unit === 'hour' ? 'day' : unit;
    return this.#mark(unit === 'second' && part !== 0 ? SECONDS : [unit]) ?? this.#sum.add(unit, count, part);
  }
}
