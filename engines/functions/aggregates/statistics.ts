import type { Numeric } from '#schemas/values/numeric.js';
import * as exact from '#schemas/values/numeric-arithmetic.js';
import type { TypeKind } from '#schemas/values/type.js';
import type { Value } from '#schemas/values/value.js';
import type { Accumulator, AggregateFunction } from '../definition.js';

type Kind = 'variance' | 'deviation';

/** Exact: from the sums of the values and of their squares, as numeric_stddev_internal. */
class ExactSpread implements Accumulator {
  #count = 0;
  #sum: Numeric = exact.NUMERIC_ZERO;
  #squares: Numeric = exact.NUMERIC_ZERO;
  readonly #sample: boolean;
  readonly #kind: Kind;
  readonly #convert: (value: Value) => Numeric;

  constructor(kind: Kind, sample: boolean, convert: (value: Value) => Numeric) {
    this.#kind = kind;
    this.#sample = sample;
    this.#convert = convert;
  }

  add(args: readonly Value[]): void {
    const value = this.#convert(args[0] as Value);
    this.#count++;
    this.#sum = exact.add(this.#sum, value);
    this.#squares = exact.add(this.#squares, exact.multiply(value, value));
  }

  finish(): Value {
    const n = this.#count;
    if (n === 0 || (this.#sample && n === 1)) return null;
    if (this.#sum.special !== null) return exact.NUMERIC_NAN;
    const count = exact.numericFromInteger(n);
    const spread = exact.subtract(exact.multiply(count, this.#squares), exact.multiply(this.#sum, this.#sum));
    if (exact.signOf(spread) <= 0) return exact.NUMERIC_ZERO;
    const variance = exact.divide(spread, exact.multiply(count, exact.numericFromInteger(this.#sample ? n - 1 : n)));
    return this.#kind === 'variance' ? variance : exact.round(exact.squareRoot(variance), variance.scale);
  }
}

/** Youngs and Cramer's updating method, as float8_accum. */
class FloatSpread implements Accumulator {
  #count = 0;
  #sum = 0;
  #spread = 0;
  readonly #sample: boolean;
  readonly #kind: Kind;

  constructor(kind: Kind, sample: boolean) {
    this.#kind = kind;
    this.#sample = sample;
  }

  add(args: readonly Value[]): void {
    const value = args[0] as number;
    this.#count++;
    this.#sum += value;
    if (this.#count > 1) {
      const rest = value * this.#count - this.#sum;
      this.#spread += (rest * rest) / (this.#count * (this.#count - 1));
    } else if (!Number.isFinite(value)) this.#spread = Number.NaN;
  }

  finish(): Value {
    if (this.#count === 0 || (this.#sample && this.#count === 1)) return null;
    const variance = this.#spread / (this.#sample ? this.#count - 1 : this.#count);
    return this.#kind === 'variance' ? variance : Math.sqrt(variance);
  }
}

const fromInteger = (value: Value): Numeric => exact.numericFromInteger(value as number | bigint);
const asIs = (value: Value): Numeric => value as Numeric;

function family(name: string, kind: Kind, sample: boolean): AggregateFunction[] {
  const exactOver = (argument: TypeKind, convert: (value: Value) => Numeric): AggregateFunction => ({
    name,
    arguments: [argument],
    result: 'numeric',
    strict: true,
    start: () => new ExactSpread(kind, sample, convert),
  });
  const floatOver = (argument: TypeKind): AggregateFunction => ({
    name,
    arguments: [argument],
    result: 'double',
    strict: true,
    start: () => new FloatSpread(kind, sample),
  });
  return [
    exactOver('smallint', fromInteger),
    exactOver('integer', fromInteger),
    exactOver('bigint', fromInteger),
    exactOver('numeric', asIs),
    floatOver('real'),
    floatOver('double'),
  ];
}

/** Sums of two variables; y is the first argument, as in the SQL standard. */
interface Pairs {
  n: number;
  sx: number;
  sxx: number;
  sy: number;
  syy: number;
  sxy: number;
}

class PairSums implements Accumulator {
  readonly #s: Pairs = { n: 0, sx: 0, sxx: 0, sy: 0, syy: 0, sxy: 0 };
  readonly #answer: (sums: Pairs) => Value;

  constructor(answer: (sums: Pairs) => Value) {
    this.#answer = answer;
  }

  add(args: readonly Value[]): void {
    const s = this.#s;
    const y = args[0] as number;
    const x = args[1] as number;
    s.n++;
    s.sx += x;
    s.sy += y;
    if (s.n > 1) {
      const dx = x * s.n - s.sx;
      const dy = y * s.n - s.sy;
      const scale = 1 / (s.n * (s.n - 1));
      s.sxx += dx * dx * scale;
      s.syy += dy * dy * scale;
      s.sxy += dx * dy * scale;
    }
  }

  finish(): Value {
    return this.#answer(this.#s);
  }
}

function pairs(name: string, answer: (sums: Pairs) => number | null): AggregateFunction {
  return {
    name,
    arguments: ['double', 'double'],
    result: 'double',
    strict: true,
    start: () => new PairSums((s) => (s.n === 0 ? null : answer(s))),
  };
}

/** Variances, deviations and the statistics of pairs. */
export const STATISTICS: readonly AggregateFunction[] = [
  ...family('stddev', 'deviation', true),
  ...family('stddev_samp', 'deviation', true),
  ...family('stddev_pop', 'deviation', false),
  ...family('variance', 'variance', true),
  ...family('var_samp', 'variance', true),
  ...family('var_pop', 'variance', false),
  pairs('corr', (s) => (s.sxx === 0 || s.syy === 0 ? null : s.sxy / Math.sqrt(s.sxx * s.syy))),
  pairs('covar_pop', (s) => s.sxy / s.n),
  pairs('covar_samp', (s) => (s.n < 2 ? null : s.sxy / (s.n - 1))),
  pairs('regr_avgx', (s) => s.sx / s.n),
  pairs('regr_avgy', (s) => s.sy / s.n),
  pairs('regr_sxx', (s) => s.sxx),
  pairs('regr_syy', (s) => s.syy),
  pairs('regr_sxy', (s) => s.sxy),
  pairs('regr_slope', (s) => (s.sxx === 0 ? null : s.sxy / s.sxx)),
  pairs('regr_intercept', (s) => (s.sxx === 0 ? null : (s.sy - (s.sx * s.sxy) / s.sxx) / s.n)),
  pairs('regr_r2', (s) => (s.sxx === 0 ? null : s.syy === 0 ? 1 : (s.sxy * s.sxy) / (s.sxx * s.syy))),
  {
    name: 'regr_count',
    arguments: ['double', 'double'],
    result: 'bigint',
    strict: true,
    start: () => new PairSums((s) => BigInt(s.n)),
  },
];
