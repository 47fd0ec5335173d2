import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { MICROS_PER_DAY } from '#schemas/values/calendar.js';
import type { Interval } from '#schemas/values/interval.js';
import { Numeric } from '#schemas/values/numeric.js';
import { numericFromInteger, numericToNumber, round } from '#schemas/values/numeric-arithmetic.js';
import { checkTimestamp } from '#schemas/values/timestamp-text.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Value } from '#schemas/values/value.js';
import type { EvaluationContext, ScalarFunction } from '../definition.js';
import { pure, specialised, stable } from '../signature.js';
import { addInterval, addIntervalInZone } from '../time/interval-arithmetic.js';

/** What the MySQL dialect writes for operators that PostgreSQL answers otherwise. */

/** MySQL's decimals have nine digits in a word, and its quotients four more than the dividend (div_precision_increment). */
const DIGITS_PER_WORD = 9;
const QUOTIENT_DIGITS = 4;
const SCALE_MAX = 30;

const wordsOf = (digits: number): number => Math.ceil(digits / DIGITS_PER_WORD) * DIGITS_PER_WORD;

/** a / b as MySQL goes on to calculate with it: cut behind the last word that it keeps. NULL by zero. */
function quotient(a: Numeric, b: Numeric): Numeric | null {
  if (a.special !== null || b.special !== null || b.unscaled === 0n) return null;
  const [wordsA, wordsB] = [wordsOf(a.scale), wordsOf(b.scale)];
  const more = Math.max(QUOTIENT_DIGITS - (wordsA - a.scale) - (wordsB - b.scale), 0);
  const scale = wordsOf(wordsA + wordsB + more);
  return new Numeric((a.unscaled * 10n ** BigInt(scale + b.scale)) / (b.unscaled * 10n ** BigInt(a.scale)), scale);
}

/** a / b as MySQL shows it. */
function shownQuotient(a: Numeric, b: Numeric): Numeric | null {
  const exact = quotient(a, b);
  return exact && round(exact, Math.min(a.scale + QUOTIENT_DIGITS, SCALE_MAX));
}

const isDouble = ({ kind }: SqlType): boolean => kind === 'double' || kind === 'real';

function quotientType(types: readonly SqlType[]): SqlType {
  for (const { kind } of types)
    if (!['smallint', 'integer', 'bigint', 'numeric', 'double', 'real'].includes(kind))
      throw new SqlError('feature_not_supported', 'division of what is no number is not supported');
  return types.some(isDouble) ? { kind: 'double' } : { kind: 'numeric', precision: null, scale: null };
}

const toNumeric = (value: Value): Numeric =>
  value instanceof Numeric ? value : numericFromInteger(value as number | bigint);
const toDouble = (value: Value): number => (value instanceof Numeric ? numericToNumber(value) : Number(value));

function divideDoubles(a: Value, b: Value): number | null {
  const divisor = toDouble(b);
  if (divisor === 0) return null;
  const result = toDouble(a) / divisor;
  if (!Number.isFinite(result)) throw new SqlError('numeric_value_out_of_range', 'DOUBLE value is out of range');
  return result;
}

function division(name: string, exact: (a: Numeric, b: Numeric) => Numeric | null): ScalarFunction {
  return specialised(
    { name, arguments: ['any', 'any'], result: quotientType, strict: true, volatility: 'immutable' },
    (types) => (types.some(isDouble) ? divideDoubles : (a: Value, b: Value) => exact(toNumeric(a), toNumeric(b))),
  );
}

function midnight(days: number): bigint {
  if (!Number.isFinite(days)) throw new SqlError('datetime_field_overflow', 'date out of range');
  return checkTimestamp(BigInt(days) * MICROS_PER_DAY);
}

const later = (days: number, by: Interval): bigint => addInterval(midnight(days), by);

/** date + interval: a date stays one where the interval's unit is a day or more. */
const DATE_ARITHMETIC: readonly ScalarFunction[] = ['mysql_add_days', 'mysql_add_time'].flatMap((name) => [
  name === 'mysql_add_days'
    ? pure(name, ['date', 'interval'], 'date', (days: number, by: Interval) => Number(later(days, by) / MICROS_PER_DAY))
    : pure(name, ['date', 'interval'], 'timestamp', later),
  pure(name, ['timestamp', 'interval'], 'timestamp', addInterval),
  stable(name, ['timestamptz', 'interval'], 'timestamptz', (moment: bigint, by: Interval, context: EvaluationContext) =>
    addIntervalInZone(moment, by, context.text.timeZone),
  ),
]);

/** Functions of the MySQL dialect's own rules; to other clients they are functions like any other. */
export const MYSQL_FUNCTIONS: readonly ScalarFunction[] = [
  division('mysql_quotient', quotient),
  division('mysql_divide', shownQuotient),
  ...DATE_ARITHMETIC,
];
