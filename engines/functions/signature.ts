import type { SqlType } from '#schemas/values/type.js';
import type { Value } from '#schemas/values/value.js';
import type { OperatorDefinition, ScalarFunction, TypePattern } from './definition.js';

/** Short forms in which the library is written: one line a function. */

type Result = ScalarFunction['result'];
type Evaluate = (...args: never[]) => Value;

/** A strict, immutable function. */
export function pure(name: string, args: readonly TypePattern[], result: Result, evaluate: Evaluate): ScalarFunction {
  return { name, arguments: args, result, strict: true, volatility: 'immutable', evaluate };
}

/** A strict function that depends on settings or the transaction. */
export function stable(name: string, args: readonly TypePattern[], result: Result, evaluate: Evaluate): ScalarFunction {
  return { name, arguments: args, result, strict: true, volatility: 'stable', evaluate };
}

/** A function whose answer may differ from call to call. */
export function volatile(
  name: string,
  args: readonly TypePattern[],
  result: Result,
  evaluate: Evaluate,
): ScalarFunction {
  return { name, arguments: args, result, strict: true, volatility: 'volatile', evaluate };
}

/** The same function, called with nulls too. */
export function lenient(definition: ScalarFunction): ScalarFunction {
  return { ...definition, strict: false };
}

/** The same function with a last argument that repeats. */
export function variadic(definition: ScalarFunction): ScalarFunction {
  return { ...definition, variadic: true };
}

/** The same function, made for its argument types. */
export function specialised(
  definition: Omit<ScalarFunction, 'evaluate'>,
  make: (types: readonly SqlType[]) => Evaluate,
): ScalarFunction {
  return { ...definition, evaluate: notSpecialised, specialise: make };
}

/** An infix operator. */
export function infix(
  symbol: string,
  left: TypePattern,
  right: TypePattern,
  result: OperatorDefinition['result'],
  evaluate: Evaluate,
): OperatorDefinition {
  return { symbol, left, right, result, strict: true, volatility: 'immutable', evaluate };
}

/** An infix operator that depends on the session's settings. */
export function stableInfix(
  symbol: string,
  left: TypePattern,
  right: TypePattern,
  result: OperatorDefinition['result'],
  evaluate: Evaluate,
): OperatorDefinition {
  return { symbol, left, right, result, strict: true, volatility: 'stable', evaluate };
}

/** A prefix operator. */
export function prefix(
  symbol: string,
  right: TypePattern,
  result: OperatorDefinition['result'],
  evaluate: Evaluate,
): OperatorDefinition {
  return { symbol, left: null, right, result, strict: true, volatility: 'immutable', evaluate };
}

/** Stands where only `specialise` may be called. */
export const notSpecialised: Evaluate = () => {
  throw new Error('a function that must be specialised was called without it');
};

/** The array type over `element`, as a result. */
export function arrayResult(element: SqlType): () => SqlType {
  const type: SqlType = { kind: 'array', element };
  return () => type;
}
