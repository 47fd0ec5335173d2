import type { Expression } from '#schemas/program/expression.js';
import { parseNumeric } from '#schemas/values/numeric-arithmetic.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Value } from '#schemas/values/value.js';
import type { LiftedToken } from './dialect.js';

type LiteralType = LiftedToken['type'];
type Parameter = Extract<Expression, { kind: 'parameter' }>;
type Constant = Extract<Expression, { kind: 'constant' }>;

const INTEGER_MAX = 2_147_483_647;
const BIGINT_MAX = 9_223_372_036_854_775_807n;

/** Type of an integer literal by its digits: the smallest that holds it. */
export function integerType(digits: string): 'integer' | 'bigint' | 'numeric' {
  if (digits.length < 10) return 'integer';
  if (digits.length < 16) return Number(digits) <= INTEGER_MAX ? 'integer' : 'bigint';
  return digits.length <= 19 && BigInt(digits) <= BIGINT_MAX ? 'bigint' : 'numeric';
}

/** Value of a number as written, in the internal form of `type`. */
export function numberValue(text: string, type: 'integer' | 'bigint' | 'numeric'): Value {
  switch (type) {
    case 'integer':
      return Number(text);
    case 'bigint':
      return BigInt(text);
    case 'numeric':
      return parseNumeric(text);
  }
}

/**
 * Whether a literal can be lifted at all. The integers one past the ends of integer and bigint cannot: with a minus before them they are of
 * the smaller type, without one of the larger.
 */
export function isLiftable(type: LiteralType, text: string): boolean {
  return type === 'unknown' || (text !== '2147483648' && text !== '9223372036854775808');
}

/** SQL type of a literal. */
export function literalType(type: LiteralType): SqlType {
  return type === 'numeric' ? { kind: 'numeric', precision: null, scale: null } : { kind: type };
}

/**
 * Turns literals into parameters while a statement is parsed, so that texts that differ in nothing else share one program. Whether a
 * literal is lifted depends only on the place where it stands and on its type, never on its value: the statement cache relies on it.
 */
export class LiteralLifter {
  /** Above 0 literals stay constants. */
  suspended: number;
  readonly lifted: LiftedToken[] = [];
  private readonly parameterCount: number;
  /** What the latest lifted literal is without lifting. */
  private latestConstant: Constant | null = null;

  /** `parameterCount` are the client's own. */
  constructor(parameterCount: number, enabled: boolean) {
    this.parameterCount = parameterCount;
    this.suspended = enabled ? 0 : 1;
  }

  /** The literal at token `index` of the text, `ordinal` of the statement. */
  literal(type: LiteralType, value: Value, text: string, index: number, ordinal: number): Constant | Parameter {
    const constant: Constant = { kind: 'constant', type: literalType(type), value, token: ordinal };
    if (this.suspended > 0 || !isLiftable(type, text)) return constant;
    this.latestConstant = constant;
    this.lifted.push({ token: index, type, negated: false });
    return { kind: 'parameter', index: this.parameterCount + this.lifted.length - 1, token: ordinal };
  }

  /** The lifted number that `expression` is, if it is the latest lifted one. */
  private latest(expression: Expression): LiftedToken | null {
    const last = this.lifted[this.lifted.length - 1];
    const isLast = expression.kind === 'parameter' && expression.index === this.parameterCount + this.lifted.length - 1;
    return isLast && expression.index >= this.parameterCount && last !== undefined ? last : null;
  }

  /** Takes a minus sign into the lifted number just read; false when it is none. */
  negate(expression: Expression): boolean {
    const last = this.latest(expression);
    if (last === null || last.type === 'unknown') return false;
    this.lifted[this.lifted.length - 1] = { ...last, negated: !last.negated };
    return true;
  }

  /** The constant again where `expression` is the string just lifted; any other expression as it is. */
  restore(expression: Expression): Expression {
    if (this.latest(expression)?.type !== 'unknown' || this.latestConstant === null) return expression;
    this.lifted.pop();
    return this.latestConstant;
  }
}
