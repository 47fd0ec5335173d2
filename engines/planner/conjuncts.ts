import { TYPES } from '#schemas/values/type-name.js';
import type { Scalar } from '../vm/scalar.js';

/** The conditions that a condition is the AND of. */
export function conjuncts(scalar: Scalar): Scalar[] {
  return scalar.kind === 'and' ? scalar.operands.flatMap(conjuncts) : [scalar];
}

/** The AND of conditions; there must be one at least. */
export function conjunction(scalars: readonly Scalar[]): Scalar {
  return scalars.length === 1 ? (scalars[0] as Scalar) : { kind: 'and', type: TYPES.boolean, operands: scalars };
}
