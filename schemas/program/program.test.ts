import fc from 'fast-check';
import { SqlError } from '../sqlstate/sql-error.js';
import { Interval } from '../values/interval.js';
import { Numeric } from '../values/numeric.js';
import type { SqlType } from '../values/type.js';
import type { Value } from '../values/value.js';
import { decodeExpression, decodeProgram, liftedTypesOf, parameterCountOf } from './decode.js';
import { disassemble } from './disassemble.js';
import { encodeExpression, encodeProgram } from './encode.js';
import type { Expression } from './expression.js';
import { INSTRUCTIONS } from './instruction-set.js';
import { DEPTH_MAX } from './limits.js';
import { programHash } from './program-hash.js';
import type { Statement } from './statement.js';

const value: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.double(),
    fc.bigInt(),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array(),
    fc.tuple(fc.bigInt(), fc.nat(100)).map(([unscaled, scale]) => new Numeric(unscaled, scale)),
    fc.constantFrom('NaN', 'Infinity', '-Infinity').map((special) => new Numeric(0n, 0, special)),
    fc
      .tuple(fc.integer(), fc.integer(), fc.bigInt())
      .map(([months, days, micros]) => new Interval(months, days, micros)),
    fc.array(tie('value'), { maxLength: 3, depthIdentifier: 'array' }),
  ),
})).value;

const type: fc.Arbitrary<SqlType> = fc.constantFrom<SqlType>(
  { kind: 'integer' },
  { kind: 'unknown' },
  { kind: 'numeric', precision: 10, scale: -2 },
  { kind: 'numeric', precision: null, scale: null },
  { kind: 'varchar', length: 5 },
  { kind: 'char', length: 3 },
  { kind: 'array', element: { kind: 'text' } },
);

const expression: fc.Arbitrary<Expression> = fc.letrec<{ node: Expression }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    fc.tuple(type, value).map(([t, v]): Expression => ({ kind: 'constant', type: t, value: v, token: 7 })),
    fc.nat(100).map((index): Expression => ({ kind: 'parameter', index, token: -1 })),
    fc.tuple(fc.array(fc.string()), fc.nat()).map(([path, token]): Expression => ({ kind: 'column', path, token })),
    fc
      .tuple(fc.constantFrom<'and' | 'or'>('and', 'or'), fc.array(tie('node'), { maxLength: 4 }))
      .map(([kind, operands]): Expression => ({ kind, operands, token: 1 })),
    fc
      .tuple(
        fc.option(tie('node')),
        fc.array(fc.record({ when: tie('node'), then: tie('node') }, { noNullPrototype: true }), { maxLength: 3 }),
        fc.option(tie('node')),
      )
      .map(([operand, branches, otherwise]): Expression => ({ kind: 'case', operand, branches, otherwise, token: 2 })),
  ),
})).node;

const begin: Statement = { kind: 'begin', modes: { isolation: 'serializable', readOnly: null, deferrable: true } };

function refusalOf(work: () => unknown): SqlError | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof SqlError) return error;
    throw error;
  }
}

describe('programs', () => {
  it('give every expression back', () => {
    fc.assert(
      fc.property(expression, (tree) => {
        expect(decodeExpression(encodeExpression(tree))).toEqual(tree);
      }),
    );
  });

  it('are equal for equal trees, and have equal hashes', () => {
    expect(programHash(encodeProgram(begin))).toBe(programHash(encodeProgram({ ...begin })));
    expect(programHash(encodeProgram(begin))).toMatch(/^[0-9a-f]{64}$/);
  });

  it('count their parameters', () => {
    const operands: Expression[] = [7, 2].map((index) => ({ kind: 'parameter', index, token: 0 }));
    expect(parameterCountOf(encodeExpression({ kind: 'or', operands, token: 0 }))).toBe(8);
  });

  it('tell the types of lifted literals, and differ by them', () => {
    const sets: Statement = {
      kind: 'delete',
      with: [],
      recursive: false,
      table: { path: ['t'], token: 0 },
      alias: null,
      using: [],
      among: null,
      returning: [],
      where: { kind: 'parameter', index: 0, token: 0 },
    };
    const program = encodeProgram(sets, [{ kind: 'bigint' }]);
    expect(liftedTypesOf(program)).toEqual([{ kind: 'bigint' }]);
    expect(decodeProgram(program)).toEqual(sets);
    expect(programHash(program)).not.toBe(programHash(encodeProgram(sets, [{ kind: 'integer' }])));
  });

  it('list their instructions', () => {
    const text = disassemble(
      encodeExpression({ kind: 'not', operand: { kind: 'column', path: ['a'], token: 3 }, token: 1 }),
    );
    expect(text).toContain('expression.column  pop 0  path=["a"]  token=3');
    expect(text).toContain('expression.not  pop 1  token=1');
  });

  it('have one instruction an opcode', () => {
    const names = INSTRUCTIONS.flatMap((instruction) => instruction?.name ?? []);
    expect(new Set(names).size).toBe(names.length);
  });

  it('refuse to nest deeper than they may, on both sides', () => {
    const nested = (depth: number): Expression => {
      let tree: Expression = { kind: 'default', token: 0 };
      for (let i = 1; i < depth; i++) tree = { kind: 'not', operand: tree, token: 0 };
      return tree;
    };
    const deepest = encodeExpression(nested(DEPTH_MAX));
    expect(decodeExpression(deepest)).toEqual(nested(DEPTH_MAX));
    expect(refusalOf(() => encodeExpression(nested(DEPTH_MAX + 1)))?.condition).toBe('statement_too_complex');
    // One more NOT behind the last: opcode 7, token 0. The code's length is the two bytes before the code.
    const code = 2 * DEPTH_MAX;
    const header = deepest.subarray(0, deepest.length - code - 2);
    const longer = Uint8Array.from([
      ...header,
      ((code + 2) & 0x7f) | 0x80,
      (code + 2) >> 7,
      ...deepest.subarray(-code),
      7,
      1,
    ]);
    expect(refusalOf(() => decodeExpression(longer))?.condition).toBe('statement_too_complex');
  });

  it('do not pass for each other', () => {
    expect(refusalOf(() => decodeExpression(encodeProgram(begin)))?.condition).toBe('protocol_violation');
    expect(refusalOf(() => decodeProgram(new Uint8Array()))?.condition).toBe('protocol_violation');
  });

  it('are refused when any byte of them is wrong, never worse', () => {
    fc.assert(
      fc.property(
        expression,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (tree, changes) => {
          const bytes = encodeExpression(tree);
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          refusalOf(() => decodeExpression(bytes));
          refusalOf(() => disassemble(bytes));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('are refused when they are noise', () => {
    const header = [0x50, 0x4c, 0x50, 1, 1, 2, 0, 1, 5, 1, 97];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (code) => {
        const bytes = Uint8Array.from([...header, code.length, ...code]);
        refusalOf(() => decodeProgram(bytes));
        refusalOf(() => decodeProgram(code));
      }),
      { numRuns: 3000 },
    );
  });

  it('are refused before memory is spent on what they promise', () => {
    // VALUES with 2^40 rows, none of which is there.
    const bytes = Uint8Array.from([0x50, 0x4c, 0x50, 1, 1, 0, 0, 0, 8, 0x49, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20]);
    expect(refusalOf(() => decodeProgram(bytes))?.message).toContain('a list of 1099511627776');
  });
});
