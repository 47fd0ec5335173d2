import type { Interval } from './interval.js';
import type { TextContext } from './text-context.js';

// biome-ignore lint/performance/noBarrelFile: reading and printing interval text are one subject in several files.
export { parseInterval } from './interval-parse.js';
export { checkedInterval } from './interval-sum.js';

const HOUR = 3_600_000_000n;
const MINUTE = 60_000_000n;
const SECOND = 1_000_000n;
/** PostgreSQL's output in the session's IntervalStyle. */
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
  return {
    negative,
    hours: size / HOUR,
    minutes: (size / MINUTE) % 60n,
    seconds: (size / SECOND) % 60n,
    micro: size % SECOND,
  };
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
    parts.push(
      `${t.negative ? '-' : negativeBefore ? '+' : ''}${two(t.hours)}:${two(t.minutes)}:${secondsText(t.seconds, t.micro, true)}`,
    );
  }
  return parts.join(' ');
}

function printVerbose({ months, days, micros }: Interval): string {
  const t = split(micros);
  const time = (n: bigint): bigint => (t.negative ? -n : n);
  const words: string[] = [];
  // The first field's sign goes into 'ago', and the others are told relative to it.
  let ago = false;
  const field = (value: number | bigint, unit: string): void => {
    const n = BigInt(value);
    if (n === 0n) return;
    if (words.length === 0) ago = n < 0n;
    const shown = ago ? -n : n;
    words.push(`${shown} ${unit}${shown === 1n ? '' : 's'}`);
  };
  field(Math.trunc(months / 12), 'year');
  field(months % 12, 'mon');
  field(days, 'day');
  field(time(t.hours), 'hour');
  field(time(t.minutes), 'min');
  if (t.seconds !== 0n || t.micro !== 0n) {
    if (words.length === 0) ago = t.negative;
    const sign = t.negative === ago ? '' : '-';
    words.push(`${sign}${secondsText(t.seconds, t.micro, false)} sec${t.seconds === 1n && t.micro === 0n ? '' : 's'}`);
  }
  return words.length === 0 ? '@ 0' : `@ ${words.join(' ')}${ago ? ' ago' : ''}`;
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
  const signs = new Set(
    [Math.sign(months), Math.sign(days), micros < 0n ? -1 : micros > 0n ? 1 : 0].filter((s) => s !== 0),
  );
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
