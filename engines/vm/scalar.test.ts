import type { SqlType } from '#schemas/values/type.js';
import { TYPES } from '#schemas/values/type-name.js';
import { type CallScalar, type Scalar, sameScalar } from './scalar.js';

const x: Scalar = { kind: 'column', type: TYPES.numeric, id: 1, name: 'x' };
const cast = (type: SqlType): CallScalar => ({
  kind: 'call',
  type,
  name: 'cast',
  operator: false,
  arguments: [x],
  strict: true,
  volatility: 'immutable',
  evaluate: (v) => v as number,
});

describe('structural equality', () => {
  it('tells casts to different modifiers apart', () => {
    expect(
      sameScalar(cast({ kind: 'numeric', precision: 4, scale: 1 }), cast({ kind: 'numeric', precision: 4, scale: 2 })),
    ).toBe(false);
    expect(sameScalar(cast({ kind: 'varchar', length: 3 }), cast({ kind: 'varchar', length: 3 }))).toBe(true);
  });

  it('never takes two calls of a volatile function for one', () => {
    const random: Scalar = { ...cast(TYPES.double), name: 'random', arguments: [], volatility: 'volatile' };
    expect(sameScalar(random, { ...random })).toBe(false);
  });

  it('tells an operator from a function of its name, and zero from minus zero', () => {
    expect(sameScalar(cast(TYPES.text), { ...cast(TYPES.text), operator: true })).toBe(false);
    expect(
      sameScalar(
        { kind: 'constant', type: TYPES.double, value: 0 },
        { kind: 'constant', type: TYPES.double, value: -0 },
      ),
    ).toBe(false);
  });
});
