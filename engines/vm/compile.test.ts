import fc from 'fast-check';
import { TYPES } from '#schemas/values/type-name.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { EvaluationContext } from '../functions/definition.js';
import { compile } from './compile.js';
import { lower, type Placement } from './instructions.js';
import { type Frame, interpret } from './interpret.js';
import type { CallScalar, Evaluate, Scalar } from './scalar.js';

/** Columns 0 to 2 are values of the row, 3 and 4 of registers 1 and 0. */
const placement: Placement = {
  row: (id) => (id < 3 ? 2 - id : undefined),
  register: (id) => (id === 3 ? 1 : id === 4 ? 0 : undefined),
};

/** Which functions ran, in order: short cuts must be the same, since a function may throw or have effects. */
let calls: string[] = [];

const sample: Value[] = [null, true, false, 0, -0, 1, 2.5, Number.NaN, 7n, '', 'it\'s `x`"\\\n', new Uint8Array([1])];
const value: fc.Arbitrary<Value> = fc.constantFrom(...sample);
const truth: fc.Arbitrary<Value> = fc.constantFrom(null, true, false);

function traced(name: string, run: Evaluate): Evaluate {
  return (...args) => {
    calls.push(name);
    return run(...args);
  };
}

const FUNCTIONS: ReadonlyArray<{ readonly name: string; readonly strict: boolean; readonly evaluate: Evaluate }> = [
  { name: 'count', strict: true, evaluate: traced('count', (...args) => args.length) },
  {
    name: 'lenient',
    strict: false,
    evaluate: traced('lenient', (...args) => args.length % 2 === 0 || args[0] === null),
  },
  {
    name: 'first',
    strict: false,
    evaluate: traced('first', (first) =>
      first !== null && typeof first === 'object' && 'user' in first ? 'context' : (first as Value),
    ),
  },
  { name: 'same', strict: true, evaluate: traced('same', (a, b) => Object.is(a, b)) },
  {
    name: 'refuse',
    strict: true,
    evaluate: traced('refuse', () => {
      throw new Error('refused');
    }),
  },
];

function call(at: number, args: readonly Scalar[]): CallScalar {
  const { name, strict, evaluate } = FUNCTIONS[at] as (typeof FUNCTIONS)[number];
  return {
    kind: 'call',
    type: TYPES.boolean,
    name,
    operator: false,
    arguments: args,
    strict,
    volatility: 'immutable',
    evaluate,
  };
}

const type = TYPES.boolean;
const { tree } = fc.letrec<{ tree: Scalar; leaf: Scalar }>((tie) => {
  const node = tie('tree');
  const some = fc.array(node, { minLength: 1, maxLength: 4 });
  return {
    leaf: fc.oneof(
      fc.oneof(value, truth).map((v): Scalar => ({ kind: 'constant', type, value: v })),
      fc.nat(3).map((index): Scalar => ({ kind: 'parameter', type, index })),
      fc.nat(4).map((id): Scalar => ({ kind: 'column', type, id, name: `c${id}` })),
    ),
    tree: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      tie('leaf'),
      fc
        .tuple(fc.constantFrom('and' as const, 'or' as const, 'coalesce' as const), some)
        .map(([kind, operands]): Scalar => ({ kind, type, operands })),
      node.map((operand): Scalar => ({ kind: 'not', type, operand })),
      fc.tuple(node, fc.boolean()).map(([operand, negated]): Scalar => ({ kind: 'is-null', type, operand, negated })),
      fc
        .tuple(node, fc.boolean(), fc.boolean())
        .map(([operand, test, negated]): Scalar => ({ kind: 'is-boolean', type, operand, test, negated })),
      fc
        .tuple(fc.array(fc.record({ when: node, then: node }), { minLength: 1, maxLength: 3 }), node)
        .map(([branches, otherwise]): Scalar => ({ kind: 'case', type, branches, otherwise })),
      fc.array(node, { maxLength: 3 }).map((elements): Scalar => ({ kind: 'array', type, elements })),
      fc.tuple(fc.nat(FUNCTIONS.length - 1), fc.array(node, { maxLength: 3 })).map(([at, args]) => call(at, args)),
    ),
  };
});

/** What the tree means, straight from the SQL standard's three-valued logic. */
function meaning(scalar: Scalar, row: Row, frame: Frame): Value {
  const of = (operand: Scalar): Value => meaning(operand, row, frame);
  switch (scalar.kind) {
    case 'constant':
      return scalar.value;
    case 'parameter':
      return frame.parameters[scalar.index] ?? null;
    case 'column': {
      const at = placement.row(scalar.id);
      return (at === undefined ? frame.registers[placement.register(scalar.id) as number] : row[at]) ?? null;
    }
    case 'call': {
      const args = scalar.arguments.map(of);
      return scalar.strict && args.some((a) => a === null) ? null : scalar.evaluate(...args, frame.evaluation);
    }
    case 'and':
    case 'or': {
      const decisive = scalar.kind === 'or';
      let result = of(scalar.operands[0] as Scalar);
      for (const operand of scalar.operands.slice(1)) {
        if (result === decisive) return result;
        const right = of(operand);
        result = result === null && right !== decisive ? null : right;
      }
      return result;
    }
    case 'coalesce': {
      for (const operand of scalar.operands) {
        const found = of(operand);
        if (found !== null) return found;
      }
      return null;
    }
    case 'not': {
      const operand = of(scalar.operand);
      return operand === null ? null : operand !== true;
    }
    case 'is-null':
      return (of(scalar.operand) === null) !== scalar.negated;
    case 'is-boolean':
      return (of(scalar.operand) === scalar.test) !== scalar.negated;
    case 'case': {
      const branch = scalar.branches.find(({ when }) => of(when) === true);
      return of(branch?.then ?? scalar.otherwise);
    }
    case 'array':
      return scalar.elements.map(of);
  }
}

/** A value or a refusal, and the functions that were called on the way. */
function outcome(run: () => Value): { readonly result: unknown; readonly calls: readonly string[] } {
  calls = [];
  try {
    return { result: run(), calls };
  } catch (error) {
    return { result: (error as Error).message, calls };
  }
}

// Only the identity of the context matters here: no function of this test asks it anything.
const evaluation = { user: 'someone' } as EvaluationContext;
const rows = fc.array(fc.oneof(value, truth), { maxLength: 3 });

describe('compiled expression code', () => {
  it('gives what the interpreter gives, and both what the expression means, calling the same functions', () => {
    fc.assert(
      fc.property(tree, rows, rows, fc.array(value, { maxLength: 2 }), (scalar, row, parameters, registers) => {
        const code = lower(scalar, placement);
        const frame: Frame = { parameters, registers, evaluation };
        const expected = outcome(() => meaning(scalar, row, frame));
        expect(outcome(() => interpret(code, row, frame))).toEqual(expected);
        expect(outcome(() => compile(code)(row, frame))).toEqual(expected);
      }),
      { numRuns: 3_000 },
    );
  });

  it('never holds text of constants, so that none can be run', () => {
    const hostile = '*/ throw new Error("ran"); /*`this`';
    const scalar = call(2, [{ kind: 'constant', type: TYPES.text, value: hostile }]);
    const evaluator = compile(lower(scalar, placement));
    expect(evaluator([], { parameters: [], registers: [], evaluation })).toBe(hostile);
    expect(String(evaluator)).not.toContain('throw');
  });

  it('reads a column the row is too short for as null', () => {
    const column: Scalar = { kind: 'column', type, id: 0, name: 'c0' };
    for (const scalar of [column, { kind: 'is-null', type, operand: column, negated: false } as const]) {
      const code = lower(scalar, placement);
      const frame: Frame = { parameters: [], registers: [], evaluation };
      expect(compile(code)([], frame)).toEqual(interpret(code, [], frame));
    }
  });
});
