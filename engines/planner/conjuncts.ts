import { TYPES } from '#schemas/values/type-name.js';
import { type Scalar, sameScalar } from '../vm/scalar.js';

/** The conditions that a condition is the AND of. */
export function conjuncts(scalar: Scalar): Scalar[] {
  if (scalar.kind === 'and') return scalar.operands.flatMap(conjuncts);
  return scalar.kind === 'or' ? factored(scalar) : [scalar];
}

/** (a AND b) OR (a AND c) is a AND (b OR c), with nulls too: so a join's condition is found where each branch repeats it. */
function factored(or: Extract<Scalar, { kind: 'and' | 'or' }>): Scalar[] {
  const branches = or.operands.map(conjuncts);
  const [first = [], ...others] = branches;
  const stands = (scalar: Scalar, branch: readonly Scalar[]): boolean => branch.some((s) => sameScalar(s, scalar));
  const common = first.filter((scalar) => others.every((branch) => stands(scalar, branch)));
  if (common.length === 0) return [or];
  const rest = branches.map((branch) => branch.filter((scalar) => !stands(scalar, common)));
  return rest.some((branch) => branch.length === 0) ? common : [...common, { ...or, operands: rest.map(conjunction) }];
}

/** The AND of conditions; there must be one at least. */
export function conjunction(scalars: readonly Scalar[]): Scalar {
  return scalars.length === 1 ? (scalars[0] as Scalar) : { kind: 'and', type: TYPES.boolean, operands: scalars };
}
