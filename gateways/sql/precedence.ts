/**
 * Binding strengths of operators, weakest first: PostgreSQL's table (its grammar's %left, %right and %nonassoc lines). A rule that takes
 * an operand of strength n stops at anything weaker than n.
 */
export const STRENGTH = {
  or: 1,
  and: 2,
  not: 3,
  is: 4,
  comparison: 5,
  /** BETWEEN, IN, LIKE and their like. */
  range: 6,
  /** Operands of `range`, ESCAPE included. */
  escape: 7,
  /** All operators that are not named here. */
  operator: 8,
  sum: 9,
  product: 10,
  power: 11,
  atTimeZone: 12,
  collate: 13,
  sign: 14,
  subscript: 15,
  cast: 16,
} as const;

const INFIX: ReadonlyMap<string, number> = new Map([
  ...['<', '>', '=', '<=', '>=', '<>'].map((symbol) => [symbol, STRENGTH.comparison] as const),
  ...['+', '-'].map((symbol) => [symbol, STRENGTH.sum] as const),
  ...['*', '/', '%'].map((symbol) => [symbol, STRENGTH.product] as const),
  ['^', STRENGTH.power],
]);

/** Strength of an infix operator by its symbol. */
export function infixStrength(symbol: string): number {
  return INFIX.get(symbol) ?? STRENGTH.operator;
}
