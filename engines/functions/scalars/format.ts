import { floorDivide, MICROS_PER_DAY } from '#schemas/values/calendar.js';
import type { Interval } from '#schemas/values/interval.js';
import { Numeric } from '#schemas/values/numeric.js';
import { numericFromFloat, numericFromInteger } from '#schemas/values/numeric-arithmetic.js';
import { localToMoment, momentToLocal, offsetAt } from '#schemas/values/time-zone.js';
import type { EvaluationContext, ScalarFunction } from '../definition.js';
import { formatNumber, readNumber } from '../format/number-format.js';
import { formatTimestamp, readTimestamp } from '../format/time-format.js';
import { pure, stable } from '../signature.js';
import { isInfinite } from '../time/interval-arithmetic.js';

function printMoment(moment: bigint, pattern: string, context: EvaluationContext): string | null {
  if (isInfinite(moment)) return null;
  const zone = context.text.timeZone;
  return formatTimestamp(momentToLocal(zone, moment), pattern, zone, offsetAt(zone, moment));
}

/** An interval prints as the time that it is past year 0; hours may pass 24. */
function printInterval(interval: Interval, pattern: string): string {
  const hours = interval.micros / 3_600_000_000n;
  const years = Math.trunc(interval.months / 12);
  const replaced = pattern
    .replace(/HH24/g, () => `"${String(hours).padStart(2, '0')}"`)
    .replace(/YYYY/g, () => `"${String(years).padStart(4, '0')}"`)
    .replace(/MM/g, () => `"${String(interval.months % 12).padStart(2, '0')}"`)
    .replace(/DDD?/g, (d) => `"${String(interval.days).padStart(d.length, '0')}"`);
  const [, rest] = floorDivide(interval.micros, MICROS_PER_DAY);
  return formatTimestamp(rest, replaced, '', 0);
}

function readMoment(text: string, pattern: string, context: EvaluationContext): bigint {
  const { micros, offset } = readTimestamp(text, pattern);
  return offset === null ? localToMoment(context.text.timeZone, micros) : micros - BigInt(offset) * 1_000_000n;
}

/** to_char, to_date, to_timestamp, to_number. */
export const FORMAT_FUNCTIONS: readonly ScalarFunction[] = [
  stable('to_char', ['timestamptz', 'text'], 'text', printMoment),
  pure('to_char', ['timestamp', 'text'], 'text', (t: bigint, p: string) =>
    isInfinite(t) ? null : formatTimestamp(t, p, '', 0),
  ),
  pure('to_char', ['interval', 'text'], 'text', printInterval),
  pure('to_char', ['integer', 'text'], 'text', (n: number, p: string) => formatNumber(numericFromInteger(n), p)),
  pure('to_char', ['bigint', 'text'], 'text', (n: bigint, p: string) => formatNumber(new Numeric(n, 0), p)),
  pure('to_char', ['numeric', 'text'], 'text', formatNumber),
  pure('to_char', ['double', 'text'], 'text', (n: number, p: string) => formatNumber(numericFromFloat(n, 15), p)),
  pure('to_char', ['real', 'text'], 'text', (n: number, p: string) => formatNumber(numericFromFloat(n, 6), p)),
  pure('to_number', ['text', 'text'], 'numeric', readNumber),
  pure('to_date', ['text', 'text'], 'date', (text: string, p: string) =>
    Number(floorDivide(readTimestamp(text, p).micros, MICROS_PER_DAY)[0]),
  ),
  stable('to_timestamp', ['text', 'text'], 'timestamptz', readMoment),
];
