import { checkBigint } from '#schemas/values/cast.js';
import type { Interval } from '#schemas/values/interval.js';
import { Numeric } from '#schemas/values/numeric.js';
import * as exact from '#schemas/values/numeric-arithmetic.js';
import type { Value } from '#schemas/values/value.js';
import type { Accumulator, AggregateFunction, TypePattern } from '../definition.js';
import { checkFloat } from '../operators/arithmetic.js';
import { addIntervals, divideInterval } from '../time/interval-arithmetic.js';

/** Sums of small integers stay in a double while it is exact. */
class IntegerSum {
  #small = 0;
  #large = 0n;
  count = 0;

  add(value: number): void {
    this.count++;
    this.#small += value;
    if (this.#small > 4_503_599_627_370_496 || this.#small < -4_503_599_627_370_496) {
      this.#large += BigInt(this.#small);
      this.#small = 0;
    }
  }

  get total(): bigint {
    return this.#large + BigInt(this.#small);
  }
}

class SumIntegers implements Accumulator {
  readonly #sum = new IntegerSum();
  add(args: readonly Value[]): void {
    this.#sum.add(args[0] as number);
  }
  finish(): Value {
    return this.#sum.count === 0 ? null : checkBigint(this.#sum.total);
  }
}

class AverageIntegers implements Accumulator {
  readonly #sum = new IntegerSum();
  add(args: readonly Value[]): void {
    this.#sum.add(args[0] as number);
  }
  finish(): Value {
    return this.#sum.count === 0
      ? null
      : exact.divide(new Numeric(this.#sum.total, 0), exact.numericFromInteger(this.#sum.count));
  }
}

class SumBigints implements Accumulator {
  #total = 0n;
  #count = 0;
  readonly #average: boolean;
  constructor(average: boolean) {
    this.#average = average;
  }
  add(args: readonly Value[]): void {
    this.#total += args[0] as bigint;
    this.#count++;
  }
  finish(): Value {
    if (this.#count === 0) return null;
    const total = new Numeric(this.#total, 0);
    return this.#average ? exact.divide(total, exact.numericFromInteger(this.#count)) : total;
  }
}

class SumNumerics implements Accumulator {
  #total: Numeric | null = null;
  #count = 0;
  readonly #average: boolean;
  constructor(average: boolean) {
    this.#average = average;
  }
  add(args: readonly Value[]): void {
    const value = args[0] as Numeric;
    this.#total = this.#total === null ? value : exact.add(this.#total, value);
    this.#count++;
  }
  finish(): Value {
    if (this.#total === null || !this.#average) return this.#total;
    return exact.divide(this.#total, exact.numericFromInteger(this.#count));
  }
}

class SumFloats implements Accumulator {
  #total = 0;
  #count = 0;
  #infinite = false;
  readonly #average: boolean;
  readonly #fit: (value: number) => number;
  constructor(average: boolean, fit: (value: number) => number) {
    this.#average = average;
    this.#fit = fit;
  }
  add(args: readonly Value[]): void {
    const value = args[0] as number;
    this.#count++;
    this.#infinite ||= !Number.isFinite(value);
    this.#total = checkFloat(this.#fit(this.#total + value), this.#infinite, true);
  }
  finish(): Value {
    if (this.#count === 0) return null;
    return this.#average ? this.#total / this.#count : this.#total;
  }
}

class SumIntervals implements Accumulator {
  #total: Interval | null = null;
  #count = 0;
  readonly #average: boolean;
  constructor(average: boolean) {
    this.#average = average;
  }
  add(args: readonly Value[]): void {
    const value = args[0] as Interval;
    this.#total = this.#total === null ? value : addIntervals(this.#total, value);
    this.#count++;
  }
  finish(): Value {
    if (this.#total === null || !this.#average) return this.#total;
    return divideInterval(this.#total, this.#count);
  }
}

function aggregate(
  name: string,
  argument: TypePattern,
  result: TypePattern,
  start: () => Accumulator,
): AggregateFunction {
  return { name, arguments: [argument], result, strict: true, start };
}

const identity = (value: number): number => value;

/** sum and avg, with PostgreSQL's result types. */
export const SUMS: readonly AggregateFunction[] = [
  aggregate('sum', 'smallint', 'bigint', () => new SumIntegers()),
  aggregate('sum', 'integer', 'bigint', () => new SumIntegers()),
  aggregate('sum', 'bigint', 'numeric', () => new SumBigints(false)),
  aggregate('sum', 'numeric', 'numeric', () => new SumNumerics(false)),
  aggregate('sum', 'real', 'real', () => new SumFloats(false, Math.fround)),
  aggregate('sum', 'double', 'double', () => new SumFloats(false, identity)),
  aggregate('sum', 'interval', 'interval', () => new SumIntervals(false)),
  aggregate('avg', 'smallint', 'numeric', () => new AverageIntegers()),
  aggregate('avg', 'integer', 'numeric', () => new AverageIntegers()),
  aggregate('avg', 'bigint', 'numeric', () => new SumBigints(true)),
  aggregate('avg', 'numeric', 'numeric', () => new SumNumerics(true)),
  aggregate('avg', 'real', 'double', () => new SumFloats(true, identity)),
  aggregate('avg', 'double', 'double', () => new SumFloats(true, identity)),
  aggregate('avg', 'interval', 'interval', () => new SumIntervals(true)),
];
