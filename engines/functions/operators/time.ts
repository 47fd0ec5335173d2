import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { floorDivide, MICROS_PER_DAY } from '#schemas/values/calendar.js';
import type { Interval } from '#schemas/values/interval.js';
import { checkedInterval } from '#schemas/values/interval-text.js';
import { checkDate, checkTimestamp } from '#schemas/values/timestamp-text.js';
import { TIMESTAMP_INFINITY, TIMESTAMP_NEGATIVE_INFINITY } from '#schemas/values/value.js';
import type { EvaluationContext, OperatorDefinition } from '../definition.js';
import { infix, prefix, stableInfix } from '../signature.js';
import {
  addInterval,
  addIntervalInZone,
  addIntervals,
  between,
  divideInterval,
  multiplyInterval,
  negateInterval,
  subtractIntervals,
} from '../time/interval-arithmetic.js';

function timestampOf(days: number): bigint {
  if (days === Number.POSITIVE_INFINITY) return TIMESTAMP_INFINITY;
  if (days === Number.NEGATIVE_INFINITY) return TIMESTAMP_NEGATIVE_INFINITY;
  return checkTimestamp(BigInt(days) * MICROS_PER_DAY);
}

function shiftDate(days: number, by: number): number {
  return Number.isFinite(days) ? checkDate(days + by) : days;
}

function daysBetween(a: number, b: number): number {
  if (!Number.isFinite(a) || !Number.isFinite(b))
    throw new SqlError('datetime_field_overflow', 'cannot subtract infinite dates');
  return a - b;
}

function dateAndTime(days: number, time: number): bigint {
  return Number.isFinite(days) ? checkTimestamp(BigInt(days) * MICROS_PER_DAY + BigInt(time)) : timestampOf(days);
}

/** Times run around the clock. */
function shiftTime(time: number, micros: bigint): number {
  return Number(floorDivide(BigInt(time) + micros, MICROS_PER_DAY)[1]);
}

const INTERVALS: readonly OperatorDefinition[] = [
  infix('+', 'interval', 'interval', 'interval', addIntervals),
  infix('-', 'interval', 'interval', 'interval', subtractIntervals),
  prefix('-', 'interval', 'interval', negateInterval),
  infix('*', 'interval', 'double', 'interval', multiplyInterval),
  infix('*', 'double', 'interval', 'interval', (f: number, i: Interval) => multiplyInterval(i, f)),
  infix('/', 'interval', 'double', 'interval', divideInterval),
];

const DATES: readonly OperatorDefinition[] = [
  infix('+', 'date', 'integer', 'date', shiftDate),
  infix('+', 'integer', 'date', 'date', (by: number, days: number) => shiftDate(days, by)),
  infix('-', 'date', 'integer', 'date', (days: number, by: number) => shiftDate(days, -by)),
  infix('-', 'date', 'date', 'integer', daysBetween),
  infix('+', 'date', 'interval', 'timestamp', (d: number, i: Interval) => addInterval(timestampOf(d), i)),
  infix('+', 'interval', 'date', 'timestamp', (i: Interval, d: number) => addInterval(timestampOf(d), i)),
  infix('-', 'date', 'interval', 'timestamp', (d: number, i: Interval) =>
    addInterval(timestampOf(d), negateInterval(i)),
  ),
  infix('+', 'date', 'time', 'timestamp', dateAndTime),
  infix('+', 'time', 'date', 'timestamp', (t: number, d: number) => dateAndTime(d, t)),
];

const TIMES: readonly OperatorDefinition[] = [
  infix('+', 'time', 'interval', 'time', (t: number, i: Interval) => shiftTime(t, i.micros)),
  infix('+', 'interval', 'time', 'time', (i: Interval, t: number) => shiftTime(t, i.micros)),
  infix('-', 'time', 'interval', 'time', (t: number, i: Interval) => shiftTime(t, -i.micros)),
  infix('-', 'time', 'time', 'interval', (a: number, b: number) => checkedInterval(0, 0, BigInt(a - b))),
];

const TIMESTAMPS: readonly OperatorDefinition[] = [
  infix('+', 'timestamp', 'interval', 'timestamp', addInterval),
  infix('+', 'interval', 'timestamp', 'timestamp', (i: Interval, t: bigint) => addInterval(t, i)),
  infix('-', 'timestamp', 'interval', 'timestamp', (t: bigint, i: Interval) => addInterval(t, negateInterval(i))),
  infix('-', 'timestamp', 'timestamp', 'interval', between),
  infix('-', 'timestamptz', 'timestamptz', 'interval', between),
  stableInfix('+', 'timestamptz', 'interval', 'timestamptz', (t: bigint, i: Interval, context: EvaluationContext) =>
    addIntervalInZone(t, i, context.text.timeZone),
  ),
  stableInfix('+', 'interval', 'timestamptz', 'timestamptz', (i: Interval, t: bigint, context: EvaluationContext) =>
    addIntervalInZone(t, i, context.text.timeZone),
  ),
  stableInfix('-', 'timestamptz', 'interval', 'timestamptz', (t: bigint, i: Interval, context: EvaluationContext) =>
    addIntervalInZone(t, negateInterval(i), context.text.timeZone),
  ),
];

/** Operators on dates, times and intervals. */
export const TIME_OPERATORS: readonly OperatorDefinition[] = [...INTERVALS, ...DATES, ...TIMES, ...TIMESTAMPS];
