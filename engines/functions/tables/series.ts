import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Interval } from '#schemas/values/interval.js';
import { intervalSpan } from '#schemas/values/interval-text.js';
import type { Numeric } from '#schemas/values/numeric.js';
import * as exact from '#schemas/values/numeric-arithmetic.js';
import type { SqlType } from '#schemas/values/type.js';
import { TYPES } from '#schemas/values/type-name.js';
import type { SqlArray, Value } from '#schemas/values/value.js';
import type { EvaluationContext, TableFunction, TypePattern } from '../definition.js';
import { dimensions } from '../operators/array.js';
import { addInterval, addIntervalInZone } from '../time/interval-arithmetic.js';

function zeroStep(): SqlError {
  return new SqlError('invalid_parameter_value', 'step size cannot equal zero');
}

function* integers(args: readonly Value[]): Iterable<readonly Value[]> {
  const [from, to, step = 1] = args as readonly number[];
  if (step === 0) throw zeroStep();
  for (let i = from as number; step > 0 ? i <= (to as number) : i >= (to as number); i += step) yield [i];
}

function* bigints(args: readonly Value[]): Iterable<readonly Value[]> {
  const [from, to, step = 1n] = args as readonly bigint[];
  if (step === 0n) throw zeroStep();
  for (let i = from as bigint; step > 0n ? i <= (to as bigint) : i >= (to as bigint); i += step) yield [i];
}

function* numerics(args: readonly Value[]): Iterable<readonly Value[]> {
  const [from, to, step = exact.NUMERIC_ONE] = args as readonly Numeric[];
  for (const [name, value] of [
    ['start', from],
    ['stop', to],
    ['step size', step],
  ] as const) {
    if (value?.special != null)
      throw new SqlError(
        'invalid_parameter_value',
        `${name} value cannot be ${value.special === 'NaN' ? 'NaN' : 'infinity'}`,
      );
  }
  const sign = exact.signOf(step);
  if (sign === 0) throw zeroStep();
  for (let n = from as Numeric; sign * exact.compareNumeric(n, to as Numeric) <= 0; n = exact.add(n, step)) yield [n];
}

function* moments(args: readonly Value[], next: (at: bigint, step: Interval) => bigint): Iterable<readonly Value[]> {
  const [from, to, step] = args as readonly [bigint, bigint, Interval];
  const span = intervalSpan(step);
  if (span === 0n) throw zeroStep();
  for (let at = from; span > 0n ? at <= to : at >= to; at = next(at, step)) yield [at];
}

function series(args: readonly TypePattern[], type: SqlType, evaluate: TableFunction['evaluate']): TableFunction {
  return {
    name: 'generate_series',
    arguments: args,
    columns: () => [{ name: 'generate_series', type }],
    strict: true,
    evaluate,
  };
}

function* subscripts(args: readonly Value[]): Iterable<readonly Value[]> {
  const [array, dimension, reverse] = args as readonly [SqlArray, number, boolean?];
  const size = dimensions(array)[dimension - 1] ?? 0;
  for (let i = 1; i <= size; i++) yield [reverse === true ? size + 1 - i : i];
}

function generateSubscripts(args: readonly TypePattern[]): TableFunction {
  const columns = [{ name: 'generate_subscripts', type: TYPES.integer }];
  return { name: 'generate_subscripts', arguments: args, columns: () => columns, strict: true, evaluate: subscripts };
}

/** generate_series and generate_subscripts. */
export const SERIES: readonly TableFunction[] = [
  series(['integer', 'integer'], TYPES.integer, integers),
  series(['integer', 'integer', 'integer'], TYPES.integer, integers),
  series(['bigint', 'bigint'], TYPES.bigint, bigints),
  series(['bigint', 'bigint', 'bigint'], TYPES.bigint, bigints),
  series(['numeric', 'numeric'], TYPES.numeric, numerics),
  series(['numeric', 'numeric', 'numeric'], TYPES.numeric, numerics),
  series(['timestamp', 'timestamp', 'interval'], TYPES.timestamp, (args) => moments(args, addInterval)),
  series(['timestamptz', 'timestamptz', 'interval'], TYPES.timestamptz, (args, context: EvaluationContext) =>
    moments(args, (at, step) => addIntervalInZone(at, step, context.text.timeZone)),
  ),
  generateSubscripts(['anyarray', 'integer']),
  generateSubscripts(['anyarray', 'integer', 'boolean']),
];
