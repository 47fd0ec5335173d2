import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { floorDivide, MICROS_PER_DAY } from '#schemas/values/calendar.js';
import type { Interval } from '#schemas/values/interval.js';
import { checkedInterval } from '#schemas/values/interval-text.js';
import type { Numeric } from '#schemas/values/numeric.js';
import { numericToNumber } from '#schemas/values/numeric-arithmetic.js';
import { localToMoment, momentToLocal, offsetAt } from '#schemas/values/time-zone.js';
import { checkTimestamp } from '#schemas/values/timestamp-text.js';
import { TIMESTAMP_INFINITY, TIMESTAMP_NEGATIVE_INFINITY } from '#schemas/values/value.js';
import type { EvaluationContext, ScalarFunction } from '../definition.js';
import { pure, stable, volatile } from '../signature.js';
import {
  binTimestamp,
  extractDate,
  extractInterval,
  extractTime,
  extractTimestamp,
  makeDays,
  makeMicros,
  makeTimestamp,
  truncateInterval,
  truncateMoment,
  truncateTimestamp,
} from '../time/fields.js';
import { age, isInfinite, justifyDays, justifyHours, justifyInterval } from '../time/interval-arithmetic.js';

const now = (context: EvaluationContext): bigint => context.transactionTime;
const localNow = (context: EvaluationContext): bigint => momentToLocal(context.text.timeZone, context.transactionTime);
const today = (context: EvaluationContext): number => Number(floorDivide(localNow(context), MICROS_PER_DAY)[0]);
const timeNow = (context: EvaluationContext): number => Number(floorDivide(localNow(context), MICROS_PER_DAY)[1]);

const CLOCKS: readonly ScalarFunction[] = [
  stable('now', [], 'timestamptz', now),
  stable('transaction_timestamp', [], 'timestamptz', now),
  stable('current_timestamp', [], 'timestamptz', now),
  stable('current_timestamp', ['integer'], 'timestamptz', (p: number, c: EvaluationContext) => rounded(now(c), p)),
  stable('statement_timestamp', [], 'timestamptz', (context: EvaluationContext) => context.statementTime),
  volatile('clock_timestamp', [], 'timestamptz', (context: EvaluationContext) => context.clockMicros()),
  stable('localtimestamp', [], 'timestamp', localNow),
  stable('localtimestamp', ['integer'], 'timestamp', (p: number, c: EvaluationContext) => rounded(localNow(c), p)),
  stable('current_date', [], 'date', today),
  stable('localtime', [], 'time', timeNow),
  stable('localtime', ['integer'], 'time', (p: number, c: EvaluationContext) => Number(rounded(BigInt(timeNow(c)), p))),
  stable('current_time', [], 'timetz', (context: EvaluationContext) => {
    const micros = timeNow(context);
    const two = (n: number): string => String(Math.floor(n)).padStart(2, '0');
    const offset = offsetAt(context.text.timeZone, context.transactionTime);
    const clock = `${two(micros / 3.6e9)}:${two((micros / 6e7) % 60)}:${two((micros / 1e6) % 60)}.${String(micros % 1e6).padStart(6, '0')}`;
    return `${clock}${offset < 0 ? '-' : '+'}${two(Math.abs(offset) / 3_600)}`;
  }),
  volatile('timeofday', [], 'text', (context: EvaluationContext) => String(context.clockMicros())),
];

function rounded(micros: bigint, precision: number): bigint {
  const unit = 10n ** BigInt(6 - Math.min(Math.max(precision, 0), 6));
  const [whole, rest] = floorDivide(micros, unit);
  return (rest * 2n >= unit ? whole + 1n : whole) * unit;
}

const zoneOf = (context: EvaluationContext): string => context.text.timeZone;
const asDouble = (value: Numeric | null): number | null => (value === null ? null : numericToNumber(value));

/** date_part answers in double, extract in numeric. */
function fields(
  name: string,
  convert: (value: Numeric | null) => Numeric | number | null,
  result: 'numeric' | 'double',
): ScalarFunction[] {
  return [
    pure(name, ['text', 'timestamp'], result, (f: string, t: bigint) =>
      convert(extractTimestamp(f, t, 'timestamp without time zone', null)),
    ),
    stable(name, ['text', 'timestamptz'], result, (f: string, t: bigint, context: EvaluationContext) =>
      convert(extractTimestamp(f, t, 'timestamp with time zone', zoneOf(context))),
    ),
    pure(name, ['text', 'date'], result, (f: string, d: number) => convert(extractDate(f, d))),
    pure(name, ['text', 'time'], result, (f: string, t: number) => convert(extractTime(f, t))),
    pure(name, ['text', 'interval'], result, (f: string, i: Interval) => convert(extractInterval(f, i))),
  ];
}

const TRUNCATIONS: readonly ScalarFunction[] = [
  pure('date_trunc', ['text', 'timestamp'], 'timestamp', (f: string, t: bigint) =>
    truncateTimestamp(f, t, 'timestamp without time zone'),
  ),
  stable('date_trunc', ['text', 'timestamptz'], 'timestamptz', (f: string, t: bigint, context: EvaluationContext) =>
    truncateMoment(f, t, zoneOf(context)),
  ),
  pure('date_trunc', ['text', 'timestamptz', 'text'], 'timestamptz', truncateMoment),
  pure('date_trunc', ['text', 'interval'], 'interval', truncateInterval),
  pure('date_bin', ['interval', 'timestamp', 'timestamp'], 'timestamp', binTimestamp),
  pure('date_bin', ['interval', 'timestamptz', 'timestamptz'], 'timestamptz', binTimestamp),
];

/** AT TIME ZONE. */
function toZone(zone: string, moment: bigint): bigint {
  offsetAt(zone, 0n);
  return isInfinite(moment) ? moment : momentToLocal(zone, moment);
}

function fromZone(zone: string, local: bigint): bigint {
  offsetAt(zone, 0n);
  return isInfinite(local) ? local : localToMoment(zone, local);
}

function fromEpoch(seconds: number): bigint {
  if (Number.isNaN(seconds)) throw new SqlError('datetime_field_overflow', 'timestamp cannot be NaN');
  if (!Number.isFinite(seconds)) return seconds > 0 ? TIMESTAMP_INFINITY : TIMESTAMP_NEGATIVE_INFINITY;
  return checkTimestamp(BigInt(Math.round(seconds * 1_000_000)));
}

function midnight(context: EvaluationContext): bigint {
  return localNow(context) - floorDivide(localNow(context), MICROS_PER_DAY)[1];
}

function overlaps(a: bigint, b: bigint, c: bigint, d: bigint): boolean {
  const [a1, a2] = a <= b ? [a, b] : [b, a];
  const [b1, b2] = c <= d ? [c, d] : [d, c];
  if (a1 === b1) return true;
  return a1 < b1 ? b1 < a2 : a1 < b2;
}

function makeInterval(
  years: number,
  months: number,
  weeks: number,
  days: number,
  hours: number,
  minutes: number,
  seconds: number,
): Interval {
  const micros =
    BigInt(hours) * 3_600_000_000n + BigInt(minutes) * 60_000_000n + BigInt(Math.round(seconds * 1_000_000));
  return checkedInterval(years * 12 + months, weeks * 7 + days, micros);
}

const MAKERS: readonly ScalarFunction[] = [
  pure('make_date', ['integer', 'integer', 'integer'], 'date', makeDays),
  pure('make_time', ['integer', 'integer', 'double'], 'time', makeMicros),
  pure('make_timestamp', ['integer', 'integer', 'integer', 'integer', 'integer', 'double'], 'timestamp', makeTimestamp),
  stable(
    'make_timestamptz',
    ['integer', 'integer', 'integer', 'integer', 'integer', 'double'],
    'timestamptz',
    (y: number, mo: number, d: number, h: number, mi: number, s: number, context: EvaluationContext) =>
      localToMoment(zoneOf(context), makeTimestamp(y, mo, d, h, mi, s)),
  ),
  pure(
    'make_timestamptz',
    ['integer', 'integer', 'integer', 'integer', 'integer', 'double', 'text'],
    'timestamptz',
    (y: number, mo: number, d: number, h: number, mi: number, s: number, zone: string) =>
      fromZone(zone, makeTimestamp(y, mo, d, h, mi, s)),
  ),
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((given) =>
    pure(
      'make_interval',
      (['integer', 'integer', 'integer', 'integer', 'integer', 'integer', 'double'] as const).slice(0, given),
      'interval',
      (...args: readonly number[]) => {
        const at = (i: number): number => (i < given ? (args[i] as number) : 0);
        return makeInterval(at(0), at(1), at(2), at(3), at(4), at(5), at(6));
      },
    ),
  ),
  pure('to_timestamp', ['double'], 'timestamptz', fromEpoch),
];

const CALENDAR: readonly ScalarFunction[] = [
  pure('age', ['timestamp', 'timestamp'], 'interval', age),
  stable('age', ['timestamptz', 'timestamptz'], 'interval', (a: bigint, b: bigint, context: EvaluationContext) =>
    age(toZone(zoneOf(context), a), toZone(zoneOf(context), b)),
  ),
  stable('age', ['timestamp'], 'interval', (t: bigint, context: EvaluationContext) => age(midnight(context), t)),
  stable('age', ['timestamptz'], 'interval', (t: bigint, context: EvaluationContext) =>
    age(midnight(context), toZone(zoneOf(context), t)),
  ),
  pure('timezone', ['text', 'timestamptz'], 'timestamp', toZone),
  pure('timezone', ['text', 'timestamp'], 'timestamptz', fromZone),
  pure('timezone', ['interval', 'timestamptz'], 'timestamp', (i: Interval, t: bigint) => t + i.micros),
  pure('timezone', ['interval', 'timestamp'], 'timestamptz', (i: Interval, t: bigint) => t - i.micros),
  pure('justify_hours', ['interval'], 'interval', justifyHours),
  pure('justify_days', ['interval'], 'interval', justifyDays),
  pure('justify_interval', ['interval'], 'interval', justifyInterval),
  pure('isfinite', ['date'], 'boolean', (d: number) => Number.isFinite(d)),
  pure('isfinite', ['timestamp'], 'boolean', (t: bigint) => !isInfinite(t)),
  pure('isfinite', ['timestamptz'], 'boolean', (t: bigint) => !isInfinite(t)),
  pure('isfinite', ['interval'], 'boolean', () => true),
  pure('overlaps', ['timestamp', 'timestamp', 'timestamp', 'timestamp'], 'boolean', overlaps),
  pure('overlaps', ['timestamptz', 'timestamptz', 'timestamptz', 'timestamptz'], 'boolean', overlaps),
];

export const TIME_FUNCTIONS: readonly ScalarFunction[] = [
  ...CLOCKS,
  ...fields('extract', (v) => v, 'numeric'),
  ...fields('date_part', asDouble, 'double'),
  ...TRUNCATIONS,
  ...MAKERS,
  ...CALENDAR,
];
