import { isComputedType } from '#schemas/analytics/computed-types.js';
import type { AnalyticScalar } from '#schemas/analytics/plan.js';
import type { Numeric } from '#schemas/values/numeric.js';
import type { SqlType } from '#schemas/values/type.js';
import { TYPES } from '#schemas/values/type-name.js';
import { type ColumnId, columnsOf, isVolatile, type Scalar } from '../../vm/scalar.js';
import { analyticOperation } from './operations.js';

/** How many digits behind the point all values of a numeric show; null where that is not known before the query runs, and for other types. */
export type NumericScale = number | null;

/** An expression that the OLAP tier computes. */
export interface AnalyticExpression {
  readonly scalar: AnalyticScalar;
  readonly scale: NumericScale;
}

/** Summands that do not all show the same number of digits: a sum shows as many as the most of them. `digits`: those of each; null where they are all alike. */
export interface AnalyticSummand extends AnalyticExpression {
  readonly digits: AnalyticScalar | null;
}

type CaseScalar = Extract<Scalar, { kind: 'case' }>;
type AnalyticCase = Extract<AnalyticScalar, { kind: 'case' }>;

/** What is known of a column below. `isComputed`: the tier computes with it; otherwise it may only be handed on. */
export interface KnownColumn {
  readonly isComputed: boolean;
  readonly scale: NumericScale;
}

/** Expressions as the OLAP tier computes them. What needs no row is computed by the engine when the query runs: an input. */
export class AnalyticScalars {
  /** In the order of their indexes. */
  readonly inputs: Scalar[] = [];
  readonly columns = new Map<ColumnId, KnownColumn>();
  /** Why the last expression was none. */
  refusal = '';

  /** Null when the tier cannot compute it exactly. */
  convert(scalar: Scalar): AnalyticExpression | null {
    if (scalar.kind === 'constant' && isComputedNow(scalar.type)) return this.#constant(scalar.type, scalar.value);
    if (columnsOf(scalar).size === 0 && !isVolatile(scalar)) return this.#input(scalar);
    switch (scalar.kind) {
      case 'column':
        return this.#column(scalar);
      case 'call':
        return this.#call(scalar);
      case 'and':
      case 'or':
      case 'coalesce':
        return this.#list(scalar);
      case 'not':
      case 'is-boolean':
        return this.#unary(scalar);
      case 'is-null':
        return this.#isNull(scalar);
      case 'case':
        return this.#case(scalar);
      default:
        return this.#refuse(`an expression of kind ${scalar.kind}`);
    }
  }

  /** A column that is only handed on, whatever its type. */
  handOn(scalar: Scalar): AnalyticExpression | null {
    if (scalar.kind !== 'column') return this.convert(scalar);
    const known = this.columns.get(scalar.id);
    if (known === undefined) return this.#refuse(`column ${scalar.name}`);
    return { scalar: { kind: 'column', type: scalar.type, id: scalar.id }, scale: known.scale };
  }

  #refuse(what: string): null {
    this.refusal = what;
    return null;
  }

  #constant(type: SqlType, value: Extract<Scalar, { kind: 'constant' }>['value']): AnalyticExpression {
    const scale = type.kind === 'numeric' && value !== null ? (value as Numeric).scale : null;
    return { scalar: { kind: 'constant', type, value }, scale };
  }

  #input(scalar: Scalar): AnalyticExpression | null {
    if (!isComputedNow(scalar.type)) return this.#refuse(`a value of type ${scalar.type.kind}`);
    const index = this.inputs.push(scalar) - 1;
    return { scalar: { kind: 'input', type: scalar.type, index }, scale: null };
  }

  #column(scalar: Extract<Scalar, { kind: 'column' }>): AnalyticExpression | null {
    const known = this.columns.get(scalar.id);
    if (known?.isComputed !== true) return this.#refuse(`column ${scalar.name} of type ${scalar.type.kind}`);
    return { scalar: { kind: 'column', type: scalar.type, id: scalar.id }, scale: known.scale };
  }

  #call(call: Extract<Scalar, { kind: 'call' }>): AnalyticExpression | null {
    const match = analyticOperation(call);
    if (match === null) return this.#refuse(call.operator ? `operator ${call.name}` : `function ${call.name}`);
    const operands = this.#all(match.operands);
    if (operands === null) return null;
    const { operation } = match;
    const scalars = operands.map((each) => each.scalar);
    return {
      scalar: { kind: 'operation', type: call.type, operation, operands: scalars },
      scale: call.type.kind === 'numeric' ? scaleOf(operation, operands) : null,
    };
  }

  #all(scalars: readonly Scalar[]): AnalyticExpression[] | null {
    const converted: AnalyticExpression[] = [];
    for (const scalar of scalars) {
      const each = this.convert(scalar);
      if (each === null) return null;
      converted.push(each);
    }
    return converted;
  }

  #list(scalar: Extract<Scalar, { kind: 'and' | 'or' | 'coalesce' }>): AnalyticExpression | null {
    const operands = this.#all(scalar.operands);
    if (operands === null) return null;
    const scale = scalar.kind === 'coalesce' ? this.#oneScale(scalar.type, operands) : null;
    if (scale === undefined) return null;
    return { scalar: { kind: scalar.kind, type: scalar.type, operands: operands.map((each) => each.scalar) }, scale };
  }

  #unary(scalar: Extract<Scalar, { kind: 'not' | 'is-boolean' }>): AnalyticExpression | null {
    const operand = this.convert(scalar.operand);
    if (operand === null) return null;
    const { type } = scalar;
    if (scalar.kind === 'not') return { scalar: { kind: 'not', type, operand: operand.scalar }, scale: null };
    const { test, negated } = scalar;
    return { scalar: { kind: 'is-boolean', type, operand: operand.scalar, test, negated }, scale: null };
  }

  #isNull({ operand, type, negated }: Extract<Scalar, { kind: 'is-null' }>): AnalyticExpression | null {
    const converted = this.handOn(operand);
    if (converted === null) return null;
    return { scalar: { kind: 'is-null', type, operand: converted.scalar, negated }, scale: null };
  }

  #case(scalar: CaseScalar): AnalyticExpression | null {
    const converted = this.#caseOf(scalar);
    if (converted === null) return null;
    const scale = this.#oneScale(scalar.type, converted.results);
    return scale === undefined ? null : { scalar: converted.scalar, scale };
  }

  /** `results`: what it may come to, without nulls. */
  #caseOf(scalar: CaseScalar): { scalar: AnalyticCase; results: AnalyticExpression[] } | null {
    const whens = this.#all(scalar.branches.map(({ when }) => when));
    const results = this.#all([...scalar.branches.map(({ then }) => then), scalar.otherwise]);
    if (whens === null || results === null) return null;
    const branches = whens.map((when, i) => ({
      when: when.scalar,
      then: (results[i] as AnalyticExpression).scalar,
    }));
    const otherwise = (results.at(-1) as AnalyticExpression).scalar;
    return {
      scalar: { kind: 'case', type: scalar.type, branches, otherwise },
      results: results.filter(({ scalar: each }) => !isNullConstant(each)),
    };
  }

  /** What is added up to a sum. */
  summand(scalar: Scalar): AnalyticSummand | null {
    if (scalar.kind !== 'case' || scalar.type.kind !== 'numeric') {
      const expression = this.convert(scalar);
      return expression === null ? null : { ...expression, digits: null };
    }
    const converted = this.#caseOf(scalar);
    if (converted === null) return null;
    const scales = converted.results.map(({ scale }) => scale);
    if (scales.length > 0 && scales.every((scale) => scale !== null && scale === scales[0]))
      return { scalar: converted.scalar, scale: scales[0] ?? null, digits: null };
    const { branches, otherwise } = converted.scalar;
    const digits: AnalyticScalar = {
      kind: 'case',
      type: TYPES.integer,
      branches: branches.map(({ when, then }) => ({ when, then: digitsOf(then) })),
      otherwise: digitsOf(otherwise),
    };
    return { scalar: converted.scalar, scale: null, digits };
  }

  /** Of results that go into one column: numerics must show the same number of digits. Undefined when they may not. */
  #oneScale(type: SqlType, results: readonly AnalyticExpression[]): NumericScale | undefined {
    if (type.kind !== 'numeric') return null;
    const scale = results[0]?.scale ?? null;
    if (scale !== null && results.every((each) => each.scale === scale)) return scale;
    this.#refuse('a numeric whose values may show different numbers of digits');
    return undefined;
  }
}

function isNullConstant(scalar: AnalyticScalar): boolean {
  return scalar.kind === 'constant' && scalar.value === null;
}

function digitsOf(scalar: AnalyticScalar): AnalyticScalar {
  const type = TYPES.integer;
  return isNullConstant(scalar)
    ? { kind: 'constant', type, value: null }
    : { kind: 'operation', type, operation: 'scale', operands: [scalar] };
}

/** May a single value of this type take part in what the tier computes? A numeric brings its own scale. */
function isComputedNow(type: SqlType): boolean {
  return type.kind === 'numeric' || isComputedType(type);
}

function scaleOf(operation: string, operands: readonly AnalyticExpression[]): NumericScale {
  const scales = operands.map(({ scale }) => scale);
  if (operation.startsWith('extract-')) return 0;
  if (operation === 'cast') return operands[0]?.scalar.type.kind === 'numeric' ? (scales[0] ?? null) : 0;
  if (scales.some((scale) => scale === null)) return null;
  const [a = 0, b = 0] = scales as number[];
  if (operation === 'multiply') return a + b;
  return Math.max(a, b);
}
