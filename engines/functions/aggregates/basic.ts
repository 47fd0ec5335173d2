import { type Comparator, comparator } from '#schemas/values/compare.js';
import type { SqlType, TypeKind } from '#schemas/values/type.js';
import type { Value } from '#schemas/values/value.js';
import type { Accumulator, AggregateFunction, TypePattern } from '../definition.js';

class Count implements Accumulator {
  #count = 0;
  add(): void {
    this.#count++;
  }
  finish(): Value {
    return BigInt(this.#count);
  }
}

/** Keeps the value that stands first in the order given by `sign`. */
class Extreme implements Accumulator {
  #best: Value = null;
  readonly #compare: Comparator;
  readonly #sign: 1 | -1;
  constructor(compare: Comparator, sign: 1 | -1) {
    this.#compare = compare;
    this.#sign = sign;
  }
  add(args: readonly Value[]): void {
    const value = args[0] as Value;
    if (this.#best === null || this.#compare(value, this.#best) * this.#sign > 0) this.#best = value;
  }
  finish(): Value {
    return this.#best;
  }
}

class Fold implements Accumulator {
  #state: Value = null;
  readonly #step: (state: never, value: never) => Value;
  constructor(step: (state: never, value: never) => Value) {
    this.#step = step;
  }
  add(args: readonly Value[]): void {
    const value = args[0] as Value;
    this.#state = this.#state === null ? value : this.#step(this.#state as never, value as never);
  }
  finish(): Value {
    return this.#state;
  }
}

const ORDERED: readonly TypePattern[] = [
  'smallint',
  'integer',
  'bigint',
  'numeric',
  'real',
  'double',
  'text',
  'char',
  'date',
  'time',
  'timetz',
  'timestamp',
  'timestamptz',
  'interval',
  'oid',
  'anyarray',
];

function extreme(name: string, sign: 1 | -1): AggregateFunction[] {
  return ORDERED.map((argument) => ({
    name,
    arguments: [argument],
    result: argument,
    strict: true,
    start: (types: readonly SqlType[]) => new Extreme(comparator(types[0] as SqlType), sign),
  }));
}

function fold(name: string, kind: TypeKind, step: (state: never, value: never) => Value): AggregateFunction {
  return { name, arguments: [kind], result: kind, strict: true, start: () => new Fold(step) };
}

const both = (a: boolean, b: boolean): boolean => a && b;
const either = (a: boolean, b: boolean): boolean => a || b;

function bits(kind: 'smallint' | 'integer'): AggregateFunction[] {
  return [
    fold('bit_and', kind, (a: number, b: number) => a & b),
    fold('bit_or', kind, (a: number, b: number) => a | b),
    fold('bit_xor', kind, (a: number, b: number) => a ^ b),
  ];
}

/** count, min, max, boolean and bit aggregates. */
export const BASIC_AGGREGATES: readonly AggregateFunction[] = [
  { name: 'count', arguments: [], result: 'bigint', strict: false, start: () => new Count() },
  { name: 'count', arguments: ['any'], result: 'bigint', strict: true, start: () => new Count() },
  ...extreme('max', 1),
  ...extreme('min', -1),
  fold('bool_and', 'boolean', both),
  fold('every', 'boolean', both),
  fold('bool_or', 'boolean', either),
  ...bits('smallint'),
  ...bits('integer'),
  fold('bit_and', 'bigint', (a: bigint, b: bigint) => a & b),
  fold('bit_or', 'bigint', (a: bigint, b: bigint) => a | b),
  fold('bit_xor', 'bigint', (a: bigint, b: bigint) => a ^ b),
];
