import { TYPES } from '#schemas/values/type-name.js';
import type { Scalar } from '../vm/scalar.js';
import { conjuncts } from './conjuncts.js';

const column = (id: number): Scalar => ({ kind: 'column', type: TYPES.boolean, id, name: `c${id}` });
const and = (...operands: Scalar[]): Scalar => ({ kind: 'and', type: TYPES.boolean, operands });
const or = (...operands: Scalar[]): Scalar => ({ kind: 'or', type: TYPES.boolean, operands });
const [a, b, c, d] = [column(1), column(2), column(3), column(4)] as [Scalar, Scalar, Scalar, Scalar];

describe('the conjuncts of a condition', () => {
  it('are those of an AND, however deep', () => {
    expect(conjuncts(and(a, and(b, c)))).toEqual([a, b, c]);
    expect(conjuncts(a)).toEqual([a]);
  });

  it('are what every branch of an OR repeats, and the OR of the rest', () => {
    expect(conjuncts(or(and(a, b), and(c, a)))).toEqual([a, or(b, c)]);
    expect(conjuncts(or(and(a, b, c), and(a, b, d)))).toEqual([a, b, or(c, d)]);
    expect(conjuncts(or(and(a, or(and(b, c), and(b, d))), and(b, a)))).toEqual([a, b]);
  });

  it('are the repeated ones alone where a branch has nothing more', () => {
    expect(conjuncts(or(a, and(a, b)))).toEqual([a]);
  });

  it('are the OR itself where nothing is repeated', () => {
    expect(conjuncts(or(a, and(b, c)))).toEqual([or(a, and(b, c))]);
  });
});
