import { SqlError } from '../sqlstate/sql-error.js';
import { Interval } from './interval.js';
import { roundHalfEven } from './rounding.js';

export type IntervalUnit =
  | 'microsecond'
  | 'millisecond'
  | 'second'
  | 'minute'
  | 'hour'
  | 'day'
  | 'week'
  | 'month'
  | 'year'
  | 'decade'
  | 'century'
  | 'millennium';

/** What may be wrong with interval text: its shape, or a value in it. */
export const BAD_FORMAT = Symbol('format');
export const BAD_FIELD = Symbol('field');

const MICROS: Readonly<Partial<Record<IntervalUnit, bigint>>> = {
  microsecond: 1n,
  millisecond: 1_000n,
  second: 1_000_000n,
  minute: 60_000_000n,
  hour: 3_600_000_000n,
};
const YEARS: Readonly<Partial<Record<IntervalUnit, number>>> = { year: 1, decade: 10, century: 100, millennium: 1_000 };
const DAY_MICROS = 86_400_000_000;
const MONTH_DAYS = 30;
const INT32_MAX = 0x7fff_ffff;

/** An interval under construction. Fractions of a year become months, of a month or week days, of a day time; each step returns its fault or null. */
export class IntervalSum {
  #years = 0;
  #months = 0;
  #days = 0;
  #micros = 0n;

  add(unit: IntervalUnit, count: bigint, fraction: number): symbol | null {
    const micros = MICROS[unit];
    if (micros !== undefined) return this.addMicros(count * micros) ?? this.#addPartMicros(fraction, Number(micros));
    switch (unit) {
      case 'day':
        return this.#addDays(count) ?? this.#addPartMicros(fraction, DAY_MICROS);
      case 'week':
        return this.#addDays(count * 7n) ?? this.#addPartDays(fraction, 7);
      case 'month':
        this.#months += Number(count);
        return inRange(this.#months) ?? this.#addPartDays(fraction, MONTH_DAYS);
      default: {
        const years = YEARS[unit] ?? 1;
        this.#years += Number(count) * years;
        this.#months += roundHalfEven(fraction * years * 12);
        return inRange(this.#years) ?? inRange(this.#months);
      }
    }
  }

  addMicros(micros: bigint): symbol | null {
    this.#micros += micros;
    return this.#micros === BigInt.asIntN(64, this.#micros) ? null : BAD_FIELD;
  }

  negate(): symbol | null {
    this.#years = -this.#years;
    this.#months = -this.#months;
    this.#days = -this.#days;
    this.#micros = -this.#micros;
    return inRange(this.#days) ?? inRange(this.#months) ?? this.addMicros(0n);
  }

  finish(): Interval {
    return checkedInterval(this.#years * 12 + this.#months, this.#days, this.#micros);
  }

  #addDays(days: bigint): symbol | null {
    this.#days += Number(days);
    return inRange(this.#days);
  }

  #addPartDays(fraction: number, unitDays: number): symbol | null {
    const part = fraction * unitDays;
    const days = Math.trunc(part);
    this.#days += days;
    return inRange(this.#days) ?? this.#addPartMicros(part - days, DAY_MICROS);
  }

  /** Halves of a microsecond are dropped. */
  #addPartMicros(fraction: number, unitMicros: number): symbol | null {
    const part = fraction * unitMicros;
    const whole = Math.trunc(part);
    const rest = part - whole;
    return this.addMicros(BigInt(whole + (rest > 0.5 ? 1 : rest < -0.5 ? -1 : 0)));
  }
}

function inRange(value: number): symbol | null {
  return value > INT32_MAX || value < -INT32_MAX - 1 ? BAD_FIELD : null;
}

/** Throws 22008 when a count leaves its range. */
export function checkedInterval(months: number, days: number, micros: bigint): Interval {
  if (inRange(months) !== null || inRange(days) !== null || micros !== BigInt.asIntN(64, micros)) {
    throw new SqlError('datetime_field_overflow', 'interval out of range');
  }
  // Adding 0 turns -0, which would show in comparisons by identity, into 0.
  return new Interval(months + 0, days + 0, micros);
}
