import type { CastFunction } from '#schemas/values/cast.js';
import type { SqlType } from '#schemas/values/type.js';
import { sameType } from '#schemas/values/type-name.js';
import type { Value } from '#schemas/values/value.js';
import type { EvaluationContext } from '../functions/definition.js';

/** Identity of one column of one relation of a statement, wherever it ends up in rows. */
export type ColumnId = number;

/**
 * A bound scalar expression: every name is resolved, every type is known, every operator is a function. What it costs to evaluate, and where columns stand in a row, is
 * settled when it is lowered to instructions.
 */
export type Scalar =
  | { readonly kind: 'constant'; readonly type: SqlType; readonly value: Value; readonly token?: number }
  | { readonly kind: 'parameter'; readonly type: SqlType; readonly index: number }
  /** `token`: where the statement names it. */
  | {
      readonly kind: 'column';
      readonly type: SqlType;
      readonly id: ColumnId;
      readonly name: string;
      readonly token?: number;
    }
  | CallScalar
  | { readonly kind: 'and' | 'or'; readonly type: SqlType; readonly operands: readonly Scalar[] }
  | { readonly kind: 'not'; readonly type: SqlType; readonly operand: Scalar }
  | { readonly kind: 'is-null'; readonly type: SqlType; readonly operand: Scalar; readonly negated: boolean }
  | {
      readonly kind: 'is-boolean';
      readonly type: SqlType;
      readonly operand: Scalar;
      readonly test: boolean;
      readonly negated: boolean;
    }
  | { readonly kind: 'coalesce'; readonly type: SqlType; readonly operands: readonly Scalar[] }
  | {
      readonly kind: 'case';
      readonly type: SqlType;
      readonly branches: ReadonlyArray<{ readonly when: Scalar; readonly then: Scalar }>;
      readonly otherwise: Scalar;
    }
  | { readonly kind: 'array'; readonly type: SqlType; readonly elements: readonly Scalar[] };

/** A function or operator applied. `evaluate` takes the arguments positionally and then the evaluation context. */
export interface CallScalar {
  readonly kind: 'call';
  readonly type: SqlType;
  /** For EXPLAIN and column names; the symbol of an operator. */
  readonly name: string;
  readonly operator: boolean;
  readonly arguments: readonly Scalar[];
  readonly strict: boolean;
  readonly volatility: 'immutable' | 'stable' | 'volatile';
  readonly evaluate: Evaluate;
  /** Constants that `evaluate` knows beside its arguments: the list of IN. */
  readonly list?: readonly Scalar[];
}

// Arguments are values and, last, the context; the binder has matched them to the function's own parameter types.
export type Evaluate = (...args: Array<Value | EvaluationContext>) => Value;

/** A cast as a function of value and context: what it needs of the context is looked up again only when that changes. */
export function contextCast(make: (context: EvaluationContext['text']) => CastFunction): Evaluate {
  let from: EvaluationContext['text'] | null = null;
  let cast: CastFunction | null = null;
  return (value, context) => {
    const { text } = context as EvaluationContext;
    if (cast === null || from !== text) {
      cast = make(text);
      from = text;
    }
    return cast(value as Value);
  };
}

/** Every direct operand of an expression. */
export function operandsOf(scalar: Scalar): readonly Scalar[] {
  switch (scalar.kind) {
    case 'constant':
    case 'parameter':
    case 'column':
      return [];
    case 'call':
      return scalar.arguments;
    case 'and':
    case 'or':
    case 'coalesce':
      return scalar.operands;
    case 'not':
    case 'is-null':
    case 'is-boolean':
      return [scalar.operand];
    case 'case':
      return [...scalar.branches.flatMap((b) => [b.when, b.then]), scalar.otherwise];
    case 'array':
      return scalar.elements;
  }
}

/** The same expression with its direct operands replaced, in the order of `operandsOf`. */
export function withOperands(scalar: Scalar, operands: readonly Scalar[]): Scalar {
  const at = (i: number): Scalar => operands[i] as Scalar;
  switch (scalar.kind) {
    case 'constant':
    case 'parameter':
    case 'column':
      return scalar;
    case 'call':
      return { ...scalar, arguments: operands };
    case 'and':
    case 'or':
    case 'coalesce':
      return { ...scalar, operands };
    case 'not':
    case 'is-null':
    case 'is-boolean':
      return { ...scalar, operand: at(0) };
    case 'case':
      return {
        ...scalar,
        branches: scalar.branches.map((_, i) => ({ when: at(2 * i), then: at(2 * i + 1) })),
        otherwise: at(operands.length - 1),
      };
    case 'array':
      return { ...scalar, elements: operands };
  }
}

/** Rebuilds an expression bottom-up. */
export function mapScalar(scalar: Scalar, change: (scalar: Scalar) => Scalar): Scalar {
  const operands = operandsOf(scalar);
  if (operands.length === 0) return change(scalar);
  return change(
    withOperands(
      scalar,
      operands.map((operand) => mapScalar(operand, change)),
    ),
  );
}

export function columnsOf(scalar: Scalar, into: Set<ColumnId> = new Set()): Set<ColumnId> {
  if (scalar.kind === 'column') into.add(scalar.id);
  else for (const operand of operandsOf(scalar)) columnsOf(operand, into);
  return into;
}

export function isVolatile(scalar: Scalar): boolean {
  return (scalar.kind === 'call' && scalar.volatility === 'volatile') || operandsOf(scalar).some(isVolatile);
}

/** Structural equality: the same columns, constants and functions. */
export function sameScalar(a: Scalar, b: Scalar): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind) return false;
  if (a.kind === 'column' && b.kind === 'column') return a.id === b.id;
  if (a.kind === 'parameter' && b.kind === 'parameter') return a.index === b.index;
  // Modifiers count: x::numeric(4,1) and x::numeric(4,2) are two values.
  if (!sameType(a.type, b.type)) return false;
  if (a.kind === 'constant' && b.kind === 'constant') return Object.is(a.value, b.value);
  if (
    a.kind === 'call' &&
    b.kind === 'call' &&
    (a.name !== b.name || a.operator !== b.operator || a.volatility === 'volatile' || !sameList(a.list, b.list))
  )
    return false;
  if (a.kind === 'is-null' && b.kind === 'is-null' && a.negated !== b.negated) return false;
  if (a.kind === 'is-boolean' && b.kind === 'is-boolean' && (a.negated !== b.negated || a.test !== b.test))
    return false;
  const x = operandsOf(a);
  const y = operandsOf(b);
  return x.length === y.length && x.every((operand, i) => sameScalar(operand, y[i] as Scalar));
}

function sameList(a: readonly Scalar[] = [], b: readonly Scalar[] = []): boolean {
  return a.length === b.length && a.every((item, i) => sameScalar(item, b[i] as Scalar));
}
