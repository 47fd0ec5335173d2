import type { Expression } from '#schemas/program/expression.js';
import { call } from '../../sql/call.js';

type Make = (args: readonly Expression[], token: number) => Expression | undefined;

/** A literal is the date, moment or time that it looks like; anything else is what its type says. */
export function moment(value: Expression, token: number): Expression {
  if (value.kind !== 'constant' || typeof value.value !== 'string') return value;
  const type = /^\s*\d{2,4}-\d{1,2}-\d{1,2}\s*$/.test(value.value)
    ? 'date'
    : value.value.includes('-')
      ? 'timestamp'
      : 'time';
  return as(type, value, token);
}

function as(type: string, operand: Expression, token: number): Expression {
  return { kind: 'cast', operand, type: { name: [type], modifiers: [], arrayDimensions: 0, token }, token };
}

function integer(value: number, token: number): Expression {
  return { kind: 'constant', type: { kind: 'integer' }, value, token };
}

function text(value: string, token: number): Expression {
  return { kind: 'constant', type: { kind: 'text' }, value, token };
}

function operator(symbol: string, left: Expression, right: Expression, token: number): Expression {
  return { kind: 'operator', symbol, operands: [left, right], token };
}

/** The whole part of a field of PostgreSQL's. */
function field(name: string, value: Expression, token: number): Expression {
  return as('int8', call('trunc', [call('extract', [text(name, token), value], token)], token), token);
}

const single =
  (make: (value: Expression, token: number) => Expression): Make =>
  ([value, ...more], token) =>
    value === undefined || more.length > 0 ? undefined : make(value, token);

/** Fields of the clock: of a date without one they are PostgreSQL's error. */
const clock = (name: string): Make => single((value, token) => field(name, moment(value, token), token));
const day = (value: Expression, token: number): Expression => as('date', value, token);

/** What to_char calls a specifier of DATE_FORMAT. Weeks count otherwise there, and have none. */
const SPECIFIERS: Readonly<Record<string, string>> = {
  Y: 'YYYY',
  y: 'YY',
  m: 'MM',
  c: 'FMMM',
  d: 'DD',
  e: 'FMDD',
  H: 'HH24',
  k: 'FMHH24',
  h: 'HH12',
  I: 'HH12',
  l: 'FMHH12',
  i: 'MI',
  s: 'SS',
  S: 'SS',
  f: 'US',
  p: 'AM',
  M: 'FMMonth',
  b: 'Mon',
  W: 'FMDay',
  a: 'Dy',
  j: 'DDD',
  T: 'HH24:MI:SS',
  r: 'HH12:MI:SS AM',
};

/** A literal format of DATE_FORMAT in to_char's words; undefined = it is none, or has a specifier that to_char lacks. */
function pattern(format: Expression): string | undefined {
  if (format.kind !== 'constant' || typeof format.value !== 'string') return undefined;
  const parts = format.value.match(/%[\s\S]|[^%]+/g) ?? [];
  const printed = parts.map((part) => {
    const specifier = part.startsWith('%') ? SPECIFIERS[part[1] ?? ''] : undefined;
    if (specifier !== undefined) return specifier;
    if (part.startsWith('%') && /[A-Za-z]/.test(part)) return undefined;
    return `"${part.replace(/^%/, '').replaceAll(/["\\]/g, String.raw`\$&`)}"`;
  });
  return printed.includes(undefined) ? undefined : printed.join('');
}

const dateFormat: Make = ([value, format, ...more], token) => {
  if (value === undefined || format === undefined || more.length > 0) return undefined;
  const printed = pattern(format);
  // The name that stays is unknown: the function is refused as such.
  if (printed === undefined) return call('date_format', [value, format], token);
  // to_char has no dates of its own.
  return call('to_char', [as('timestamp', value, token), text(printed, token)], token);
};

const lastDay = single((value, token) => {
  const first = call('date_trunc', [text('month', token), as('timestamp', value, token)], token);
  const unknown: Expression = { kind: 'constant', type: { kind: 'unknown' }, value: '1 month -1 day', token };
  return as('date', operator('+', first, as('interval', unknown, token), token), token);
});

const toDays = single((value, token) => {
  const epoch: Expression = { kind: 'constant', type: { kind: 'unknown' }, value: '1970-01-01', token };
  return operator('+', operator('-', day(value, token), day(epoch, token), token), integer(719_528, token), token);
});

const name = (printed: string): Make =>
  single((value, token) => call('to_char', [as('timestamp', value, token), text(printed, token)], token));

/** Seconds of the units that have as many always, and months of the others. */
const SECONDS: ReadonlyMap<string, number> = new Map([
  ['second', 1],
  ['minute', 60],
  ['hour', 3_600],
  ['day', 86_400],
  ['week', 604_800],
]);
const MONTHS: ReadonlyMap<string, number> = new Map([
  ['month', 1],
  ['quarter', 3],
  ['year', 12],
]);

/** TIMESTAMPDIFF(unit, start, end): whole units from one to the other. */
const difference: Make = ([unit, start, end, ...more], token) => {
  if (unit?.kind !== 'column' || start === undefined || end === undefined || more.length > 0) return undefined;
  const name = String(unit.path[0]);
  const [from, to] = [start, end].map((each) => as('timestamp', each, token)) as [Expression, Expression];
  const part = (of: Expression, what: string): Expression => call('extract', [text(what, token), of], token);
  const whole = (count: Expression, by: number): Expression =>
    as('int8', call('div', [count, as('numeric', integer(by, token), token)], token), token);
  const seconds = SECONDS.get(name);
  if (seconds !== undefined) return whole(part(operator('-', to, from, token), 'epoch'), seconds);
  const months = MONTHS.get(name);
  if (months === undefined) return undefined;
  const age = call('age', [to, from], token);
  const years = operator('*', part(age, 'year'), integer(12, token), token);
  return whole(operator('+', years, part(age, 'month'), token), months);
};

/** FIELD(value, a, b, …): the place of the first that is equal, 0 = none. */
const place: Make = ([value, ...list], token) =>
  value === undefined || list.length === 0
    ? undefined
    : {
        kind: 'case',
        operand: value,
        branches: list.map((when, i) => ({ when, then: integer(i + 1, token) })),
        otherwise: integer(0, token),
        token,
      };

/** Functions of dates, but for those that are one field of a date (functions.ts). */
export const MOMENT_FUNCTIONS: Readonly<Record<string, Make>> = {
  hour: clock('hour'),
  minute: clock('minute'),
  second: clock('second'),
  dayofweek: single((value, token) => operator('+', field('dow', day(value, token), token), integer(1, token), token)),
  weekday: single((value, token) => operator('-', field('isodow', day(value, token), token), integer(1, token), token)),
  last_day: lastDay,
  to_days: toDays,
  dayname: name('FMDay'),
  monthname: name('FMMonth'),
  date_format: dateFormat,
  timestampdiff: difference,
  field: place,
  from_unixtime: single((value, token) => as('timestamp', call('to_timestamp', [value], token), token)),
  // Of a moment its digits would hang on the moment's type.
  unix_timestamp: (args, token) =>
    args.length > 0
      ? call('unix_timestamp', args, token)
      : as(
          'int8',
          call('floor', [call('extract', [text('epoch', token), call('now', [], token)], token)], token),
          token,
        ),
};
