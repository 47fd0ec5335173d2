import { DECIMAL_DIGITS } from '#schemas/analytics/computed-types.js';
import type { AnalyticAggregate, AnalyticOperation } from '#schemas/analytics/operations.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { SqlType } from '#schemas/values/type.js';
import { storageOf } from '../column-storage.js';
import { type Lowered, sqlTypeName } from './lowered.js';

/** `scale` is known before the query runs. */
type ComputedOperation = Exclude<AnalyticOperation, 'scale'>;

/** How DuckDB computes each operation as the engine does, errors included. `type`: of the result. */
type Lower = (operands: readonly Lowered[], type: SqlType) => Lowered;

const comparison =
  (symbol: string): Lower =>
  ([a, b]) => ({ sql: `(${sql(a)} ${symbol} ${sql(b)})`, scale: null });

const OPERATIONS: Readonly<Record<ComputedOperation, Lower>> = {
  equal: comparison('='),
  'not-equal': comparison('<>'),
  less: comparison('<'),
  'less-or-equal': comparison('<='),
  greater: comparison('>'),
  'greater-or-equal': comparison('>='),
  add: sum('+'),
  subtract: sum('-'),
  multiply: ([a, b], type) => {
    if (type.kind !== 'numeric') return integer(`${sql(a)} * ${sql(b)}`, type);
    const scale = scaleOf(a) + scaleOf(b);
    if (scale > DECIMAL_DIGITS) throw tooManyDigits();
    return { sql: `(${sql(a)} * ${sql(b)})`, scale };
  },
  // DuckDB answers null where there is nothing to divide by; both cut towards zero.
  'divide-integer': divided('//'),
  remainder: divided('%'),
  negate: ([a], type) =>
    type.kind === 'numeric' ? { sql: `(-${sql(a)})`, scale: scaleOf(a) } : integer(`-${sql(a)}`, type),
  concatenate: ([a, b]) => ({ sql: `(${sql(a)} || ${sql(b)})`, scale: null }),
  like: ([a, b]) => ({ sql: `(${sql(a)} LIKE ${sql(b)} ESCAPE '\\')`, scale: null }),
  'not-like': ([a, b]) => ({ sql: `(${sql(a)} NOT LIKE ${sql(b)} ESCAPE '\\')`, scale: null }),
  length: ([a]) => ({ sql: `CAST(length(${sql(a)}) AS INTEGER)`, scale: null }),
  substring: ([text, from, count]) => ({ sql: substring(sql(text), sql(from), count?.sql), scale: null }),
  left: ([a, b]) => ({ sql: `left(${sql(a)}, ${sql(b)})`, scale: null }),
  right: ([a, b]) => ({ sql: `right(${sql(a)}, ${sql(b)})`, scale: null }),
  absolute: ([a], type) =>
    type.kind === 'numeric' ? { sql: `abs(${sql(a)})`, scale: scaleOf(a) } : integer(`abs(${sql(a)})`, type),
  in: ([a, ...list]) => ({ sql: `(${sql(a)} IN (${list.map(sql).join(', ')}))`, scale: null }),
  distinct: comparison('IS DISTINCT FROM'),
  'not-distinct': comparison('IS NOT DISTINCT FROM'),
  'add-days': shifted('+'),
  'subtract-days': shifted('-'),
  'days-between': ([a, b], type) =>
    integer(
      `CASE WHEN isfinite(${sql(a)}) AND isfinite(${sql(b)}) THEN ${sql(a)} - ${sql(b)} WHEN ${sql(a)} IS NULL OR ${sql(b)} IS NULL THEN NULL ELSE error('${NOT_EXACT}') END`,
      type,
    ),
  'extract-year': extracted('year'),
  'extract-quarter': extracted('quarter'),
  'extract-month': extracted('month'),
  'extract-week': extracted('week'),
  'extract-day': extracted('day'),
  'extract-dow': extracted('dayofweek'),
  'extract-isodow': extracted('isodow'),
  'extract-doy': extracted('dayofyear'),
  'extract-hour': extracted('hour'),
  'extract-minute': extracted('minute'),
  'truncate-year': truncated('year'),
  'truncate-quarter': truncated('quarter'),
  'truncate-month': truncated('month'),
  'truncate-week': truncated('week'),
  'truncate-day': truncated('day'),
  'truncate-hour': truncated('hour'),
  'truncate-minute': truncated('minute'),
  cast: ([a, zone], type) => (zone === undefined ? cast(a as Lowered, type) : dayOf(a as Lowered, zone)),
};

export function lowerOperation(operation: ComputedOperation, operands: readonly Lowered[], type: SqlType): Lowered {
  return OPERATIONS[operation](operands, type);
}

function sql(operand: Lowered | undefined): string {
  return (operand as Lowered).sql;
}

function scaleOf(operand: Lowered | undefined): number {
  return operand?.scale ?? 0;
}

/** The result has the type that SQL says, whatever DuckDB made of it on the way; what does not fit is an error in both. */
function integer(text: string, type: SqlType): Lowered {
  return { sql: `CAST(${text} AS ${sqlTypeName(type)})`, scale: null };
}

function sum(symbol: '+' | '-'): Lower {
  return ([a, b], type) =>
    type.kind === 'numeric'
      ? { sql: `(${sql(a)} ${symbol} ${sql(b)})`, scale: Math.max(scaleOf(a), scaleOf(b)) }
      : integer(`${sql(a)} ${symbol} ${sql(b)}`, type);
}

function divided(symbol: '//' | '%'): Lower {
  return ([a, b], type) =>
    integer(`CASE WHEN ${sql(b)} = 0 THEN error('${DIVISION_BY_ZERO}') ELSE ${sql(a)} ${symbol} ${sql(b)} END`, type);
}

/** What a query fails with where SQL wants 22012. */
export const DIVISION_BY_ZERO = 'division by zero';
/** And 22011. */
export const NEGATIVE_LENGTH = 'negative substring length not allowed';
/** What it fails with where the answer would be another than the engine's. */
export const NOT_EXACT = 'not computed exactly';

/** Time zones without an offset or rules of their own. Others have histories that two programs may know differently. */
const UTC = "('UTC', 'Etc/UTC', 'GMT', 'Etc/GMT')";

/** A moment, of which it is known that it is finite, as the session's clock shows it: its time zone is the operand behind it. */
function localOf(moment: Lowered | undefined, zone: Lowered | undefined): string {
  return zone === undefined
    ? sql(moment)
    : `CASE WHEN ${zone.sql} IN ${UTC} THEN make_timestamp(epoch_us(${sql(moment)})) ELSE error('${NOT_EXACT}') END`;
}

/** PostgreSQL has a year before 1 that DuckDB counts otherwise, and infinities have no fields. */
function ofOurEra(moment: string, local: string, result: string): string {
  return `CASE WHEN ${moment} IS NULL THEN NULL WHEN isfinite(${moment}) AND year(${local}) > 0 THEN ${result} ELSE error('${NOT_EXACT}') END`;
}

function extracted(field: string): Lower {
  return ([a, zone], type) => {
    const local = localOf(a, zone);
    return {
      sql: `CAST(${ofOurEra(sql(a), local, `${field}(${local})`)} AS ${type.kind === 'numeric' ? `DECIMAL(${DECIMAL_DIGITS},0)` : 'DOUBLE'})`,
      scale: type.kind === 'numeric' ? 0 : null,
    };
  };
}

function truncated(step: string): Lower {
  return ([a, zone]) => {
    const local = localOf(a, zone);
    const cut = `CAST(date_trunc('${step}', ${local}) AS TIMESTAMP)`;
    const result = zone === undefined ? cut : `make_timestamptz(epoch_us(${cut}))`;
    return { sql: ofOurEra(sql(a), local, result), scale: null };
  };
}

/** Days before or behind a date. Beyond the years that both have, the engine has the last word. */
function shifted(symbol: '+' | '-'): Lower {
  return ([a, b]) => ({
    sql: `CAST(CASE WHEN ${sql(a)} IS NULL OR ${sql(b)} IS NULL THEN NULL WHEN isfinite(${sql(a)}) AND year(${sql(a)}) BETWEEN -4000 AND 200000 AND abs(CAST(${sql(b)} AS BIGINT)) < 100000 THEN ${sql(a)} ${symbol} ${sql(b)} ELSE error('${NOT_EXACT}') END AS DATE)`,
    scale: null,
  });
}

/** Places before the first take their share of the length, and are empty. */
function substring(text: string, from: string, count: string | undefined): string {
  const start = `greatest(CAST(${from} AS BIGINT), 1)`;
  const isNull = [from, ...(count === undefined ? [] : [count])].map((each) => `${each} IS NULL`).join(' OR ');
  if (count === undefined) return `CASE WHEN ${isNull} THEN NULL ELSE substring(${text}, ${start}) END`;
  const length = `greatest(CAST(${from} AS BIGINT) + ${count} - ${start}, 0)`;
  return `CASE WHEN ${isNull} OR ${text} IS NULL THEN NULL WHEN ${count} < 0 THEN error('${NEGATIVE_LENGTH}') ELSE substring(${text}, ${start}, ${length}) END`;
}

/** The day of a moment. */
function dayOf(moment: Lowered, zone: Lowered): Lowered {
  const day = `CAST(${localOf(moment, zone)} AS DATE)`;
  return { sql: ofOurEra(moment.sql, localOf(moment, zone), day), scale: null };
}

function cast(operand: Lowered, type: SqlType): Lowered {
  if (type.kind !== 'numeric') return { sql: `CAST(${operand.sql} AS ${sqlTypeName(type)})`, scale: null };
  const { scale } = storageOf(type);
  // Without a precision a value keeps its own scale.
  if (type.precision === null)
    return { sql: `CAST(${operand.sql} AS DECIMAL(${DECIMAL_DIGITS},${scaleOf(operand)}))`, scale: scaleOf(operand) };
  return { sql: `CAST(${operand.sql} AS ${sqlTypeName(type)})`, scale };
}

function tooManyDigits(): SqlError {
  return new SqlError('feature_not_supported', `the OLAP tier computes with ${DECIMAL_DIGITS} digits at most`);
}

/** SQL of an aggregate; `argument` null for count-rows. `type`: of the result. */
export function lowerAggregate(
  aggregate: AnalyticAggregate,
  argument: Lowered | null,
  distinct: boolean,
  type: SqlType,
): Lowered {
  const inner = `${distinct ? 'DISTINCT ' : ''}${argument?.sql ?? '*'}`;
  switch (aggregate) {
    case 'count-rows':
    case 'count':
      return { sql: `count(${inner})`, scale: null };
    case 'sum':
      return { sql: `sum(${inner})`, scale: type.kind === 'numeric' ? scaleOf(argument ?? undefined) : null };
    case 'min':
    case 'max':
      return { sql: `${aggregate}(${inner})`, scale: argument?.scale ?? null };
    case 'every':
      return { sql: `bool_and(${inner})`, scale: null };
    case 'some':
      return { sql: `bool_or(${inner})`, scale: null };
  }
}

/** The type that an aggregate's result is brought to; with FILTER that stands around the whole. */
export function aggregateResult(aggregate: AnalyticAggregate, text: string, { scale }: Lowered, type: SqlType): string {
  if (type.kind === 'numeric') return `CAST(${text} AS DECIMAL(${DECIMAL_DIGITS},${scale ?? 0}))`;
  // A sum that is too large is an error in SQL, and infinite in DuckDB; those of infinities are left to the engine, too.
  if (type.kind === 'double' && aggregate === 'sum')
    return `CASE WHEN ${text} IS NULL OR isfinite(${text}) THEN ${text} ELSE error('${NOT_EXACT}') END`;
  return type.kind === 'bigint' ? `CAST(${text} AS BIGINT)` : text;
}
