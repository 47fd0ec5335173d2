import { assert } from '#schemas/kernel/assert.js';
import type { Value } from '#schemas/values/value.js';
import type { ColumnId, Evaluate, Scalar } from './scalar.js';

/**
 * Code of a scalar expression: instructions for a stack machine with structured branches. A block instruction looks at the top of the stack and either leaves
 * it as the block's result and skips to `end`, or drops it and runs the block's body, whose value is the result.
 */
export type Instruction =
  | { readonly op: 'constant'; readonly value: Value }
  | { readonly op: 'parameter'; readonly index: number }
  /** A value of the input row. */
  | { readonly op: 'column'; readonly index: number }
  /** A value from around the query: a column of an enclosing one, the result of a subquery that ran before. */
  | { readonly op: 'register'; readonly index: number }
  /** Pops `count` arguments. strict: null when one of them is. */
  | { readonly op: 'call'; readonly evaluate: Evaluate; readonly count: number; readonly strict: boolean }
  | { readonly op: 'not' }
  | { readonly op: 'is-null'; readonly negated: boolean }
  | { readonly op: 'is-boolean'; readonly test: boolean; readonly negated: boolean }
  | { readonly op: 'array'; readonly count: number }
  /** and: a false top is the result. or: a true one. coalesce: one that is not null. */
  | { readonly op: 'and' | 'or' | 'coalesce' }
  /** Pops a condition; true runs the part up to `else`, anything else the part behind it. */
  | { readonly op: 'if' }
  | { readonly op: 'else' }
  | { readonly op: 'end' };

/** Where a column's value is found: in the row, or in a register. */
export interface Placement {
  /** Position in the input row; undefined when the row does not have the column. */
  row(id: ColumnId): number | undefined;
  register(id: ColumnId): number | undefined;
}

/** Lowers an expression. Every column must have a place. */
export function lower(scalar: Scalar, placement: Placement): Instruction[] {
  const code: Instruction[] = [];
  emit(scalar, placement, code);
  return code;
}

function emit(scalar: Scalar, placement: Placement, code: Instruction[]): void {
  switch (scalar.kind) {
    case 'constant':
      code.push({ op: 'constant', value: scalar.value });
      return;
    case 'parameter':
      code.push({ op: 'parameter', index: scalar.index });
      return;
    case 'column': {
      const index = placement.row(scalar.id);
      if (index !== undefined) {
        code.push({ op: 'column', index });
        return;
      }
      const register = placement.register(scalar.id);
      assert(register !== undefined, `column ${scalar.name} has no place in the plan`);
      code.push({ op: 'register', index: register });
      return;
    }
    case 'call':
      for (const argument of scalar.arguments) emit(argument, placement, code);
      code.push({ op: 'call', evaluate: scalar.evaluate, count: scalar.arguments.length, strict: scalar.strict });
      return;
    case 'and':
    case 'or':
    case 'coalesce':
      emitBlocks(scalar.kind, scalar.operands, placement, code);
      return;
    case 'not':
      emit(scalar.operand, placement, code);
      code.push({ op: 'not' });
      return;
    case 'is-null':
      emit(scalar.operand, placement, code);
      code.push({ op: 'is-null', negated: scalar.negated });
      return;
    case 'is-boolean':
      emit(scalar.operand, placement, code);
      code.push({ op: 'is-boolean', test: scalar.test, negated: scalar.negated });
      return;
    case 'case':
      for (const branch of scalar.branches) {
        emit(branch.when, placement, code);
        code.push({ op: 'if' });
        emit(branch.then, placement, code);
        code.push({ op: 'else' });
      }
      emit(scalar.otherwise, placement, code);
      for (let i = 0; i < scalar.branches.length; i++) code.push({ op: 'end' });
      return;
    case 'array':
      for (const element of scalar.elements) emit(element, placement, code);
      code.push({ op: 'array', count: scalar.elements.length });
  }
}

/** a AND b AND c: each block's body is the next operand. */
function emitBlocks(
  op: 'and' | 'or' | 'coalesce',
  operands: readonly Scalar[],
  placement: Placement,
  code: Instruction[],
): void {
  emit(operands[0] as Scalar, placement, code);
  for (let i = 1; i < operands.length; i++) {
    code.push({ op });
    emit(operands[i] as Scalar, placement, code);
    code.push({ op: 'end' });
  }
}
