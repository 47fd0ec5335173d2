import { assert, unreachable } from '#schemas/kernel/assert.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { EvaluationContext } from '../functions/definition.js';
import type { Instruction } from './instructions.js';

/** What an expression is evaluated against besides its row. */
export interface Frame {
  readonly parameters: Row;
  /** Values of enclosing queries' columns and of subqueries that ran before; written by operators. */
  readonly registers: Value[];
  readonly evaluation: EvaluationContext;
}

/**
 * The plain reading of the instruction set: what `compile` must agree with. Three-valued logic: and, or and not treat null as unknown.
 */
export function interpret(code: readonly Instruction[], row: Row, frame: Frame): Value {
  const stack: Value[] = [];
  const pop = (): Value => {
    assert(stack.length > 0, 'the stack of an expression is empty');
    return stack.pop() as Value;
  };
  /** Left operands of and/or blocks that are being run. */
  const pending: Array<{ readonly op: 'and' | 'or' | 'coalesce' | 'if'; readonly left: Value }> = [];
  for (let at = 0; at < code.length; at++) {
    const instruction = code[at] as Instruction;
    switch (instruction.op) {
      case 'constant':
        stack.push(instruction.value);
        break;
      case 'parameter':
        stack.push(frame.parameters[instruction.index] ?? null);
        break;
      case 'column':
        stack.push(row[instruction.index] ?? null);
        break;
      case 'register':
        stack.push(frame.registers[instruction.index] ?? null);
        break;
      case 'call': {
        const args = stack.splice(stack.length - instruction.count, instruction.count);
        stack.push(instruction.strict && args.includes(null) ? null : instruction.evaluate(...args, frame.evaluation));
        break;
      }
      case 'not': {
        const value = pop();
        stack.push(value === null ? null : value !== true);
        break;
      }
      case 'is-null':
        stack.push((pop() === null) !== instruction.negated);
        break;
      case 'is-boolean':
        stack.push((pop() === instruction.test) !== instruction.negated);
        break;
      case 'array':
        stack.push(stack.splice(stack.length - instruction.count, instruction.count));
        break;
      case 'and':
      case 'or':
      case 'coalesce': {
        const left = pop();
        const decided = instruction.op === 'coalesce' ? left !== null : left === (instruction.op === 'or');
        if (decided) {
          stack.push(left);
          at = endOf(code, at);
        } else {
          pending.push({ op: instruction.op, left });
        }
        break;
      }
      case 'if':
        if (pop() === true) pending.push({ op: 'if', left: null });
        else {
          at = elseOf(code, at);
          pending.push({ op: 'if', left: null });
        }
        break;
      case 'else':
        at = endOf(code, at) - 1;
        break;
      case 'end': {
        const block = pending.pop();
        if (
          (block?.op === 'and' || block?.op === 'or') &&
          block.left === null &&
          stack.at(-1) !== (block.op === 'or')
        ) {
          pop();
          stack.push(null);
        }
        break;
      }
      default:
        unreachable(instruction);
    }
  }
  assert(stack.length === 1, 'an expression must leave one value');
  return pop();
}

const OPENS: ReadonlySet<Instruction['op']> = new Set<Instruction['op']>(['and', 'or', 'coalesce', 'if']);

/** The `end` of the block that begins, or whose else stands, at `at`. */
function endOf(code: readonly Instruction[], at: number): number {
  let depth = 0;
  for (let i = at + 1; i < code.length; i++) {
    const { op } = code[i] as Instruction;
    if (OPENS.has(op)) depth++;
    else if (op === 'end' && depth-- === 0) return i;
  }
  throw new Error('a block of an expression has no end');
}

function elseOf(code: readonly Instruction[], at: number): number {
  let depth = 0;
  for (let i = at + 1; i < code.length; i++) {
    const { op } = code[i] as Instruction;
    if (OPENS.has(op)) depth++;
    else if (op === 'end') depth--;
    else if (op === 'else' && depth === 0) return i;
  }
  throw new Error('a condition of an expression has no else');
}
