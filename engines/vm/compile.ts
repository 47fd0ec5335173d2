import { assert } from '#schemas/kernel/assert.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { Instruction } from './instructions.js';
import type { Frame } from './interpret.js';

/** A compiled expression. */
export type Evaluator = (row: Row, frame: Frame) => Value;

type Block = { readonly op: 'and' | 'or' | 'coalesce'; readonly result: string } | { readonly op: 'if'; readonly result: string };

/**
 * Turns the code of an expression into one JavaScript function.
 *
 * The source is put together from fixed templates and numbers alone: constants and functions are reached through the array `k` by index, so no text that came from a
 * user is ever part of it.
 */
export function compile(code: readonly Instruction[]): Evaluator {
  const simple = compileSimple(code);
  if (simple !== null) return simple;
  const k: unknown[] = [];
  const lines: string[] = [];
  const stack: string[] = [];
  const blocks: Block[] = [];
  let names = 0;
  const name = (): string => `v${names++}`;
  const keep = (value: unknown): string => `k[${k.push(value) - 1}]`;
  const pop = (): string => {
    const top = stack.pop();
    assert(top !== undefined, 'the stack of an expression is empty');
    return top;
  };
  const define = (source: string): void => {
    const v = name();
    lines.push(`const ${v} = ${source};`);
    stack.push(v);
  };
  for (const instruction of code) {
    switch (instruction.op) {
      case 'constant':
        stack.push(typeof instruction.value === 'number' && Number.isInteger(instruction.value) && !Object.is(instruction.value, -0) ? `(${instruction.value})` : keep(instruction.value));
        break;
      case 'parameter':
        define(`p[${instruction.index}] ?? null`);
        break;
      case 'column':
        define(`row[${instruction.index}] ?? null`);
        break;
      case 'register':
        define(`r[${instruction.index}] ?? null`);
        break;
      case 'call': {
        const args = stack.splice(stack.length - instruction.count, instruction.count);
        const call = `${keep(instruction.evaluate)}(${[...args, 'c'].join(', ')})`;
        define(instruction.strict && args.length > 0 ? `${args.map((a) => `${a} === null`).join(' || ')} ? null : ${call}` : call);
        break;
      }
      case 'not': {
        const v = pop();
        define(`${v} === null ? null : ${v} !== true`);
        break;
      }
      case 'is-null':
        define(`${pop()} ${instruction.negated ? '!==' : '==='} null`);
        break;
      case 'is-boolean':
        define(`${pop()} ${instruction.negated ? '!==' : '==='} ${instruction.test}`);
        break;
      case 'array':
        define(`[${stack.splice(stack.length - instruction.count, instruction.count).join(', ')}]`);
        break;
      case 'and':
      case 'or':
      case 'coalesce': {
        const left = pop();
        const result = name();
        lines.push(`let ${result} = ${left};`);
        const decided = instruction.op === 'coalesce' ? `${result} === null` : `${result} !== ${instruction.op === 'or'}`;
        lines.push(`if (${decided}) {`);
        blocks.push({ op: instruction.op, result });
        break;
      }
      case 'if': {
        const result = name();
        lines.push(`let ${result};`, `if (${pop()} === true) {`);
        blocks.push({ op: 'if', result });
        break;
      }
      case 'else': {
        const block = blocks.at(-1);
        assert(block !== undefined, 'an else stands outside of a condition');
        lines.push(`${block.result} = ${pop()};`, '} else {');
        break;
      }
      case 'end': {
        const block = blocks.pop();
        assert(block !== undefined, 'an end stands outside of a block');
        const right = pop();
        const decisive = block.op === 'or' ? 'true' : 'false';
        // Unknown on the left: only a decisive right side settles it.
        const value = block.op === 'and' || block.op === 'or' ? `${block.result} === null && ${right} !== ${decisive} ? null : ${right}` : right;
        lines.push(`${block.result} = ${value};`, '}');
        stack.push(block.result);
        break;
      }
    }
  }
  assert(stack.length === 1, 'an expression must leave one value');
  const body = `"use strict"; return function (row, frame) { const p = frame.parameters, r = frame.registers, c = frame.evaluation; ${lines.join('\n')} return ${pop()}; };`;
  return new Function('k', body)(k) as Evaluator;
}

/** Expressions so short that a closure is as fast as compiled source, and costs no compilation. */
function compileSimple(code: readonly Instruction[]): Evaluator | null {
  if (code.length !== 1) return null;
  const only = code[0] as Instruction;
  switch (only.op) {
    case 'constant': {
      const { value } = only;
      return () => value;
    }
    case 'parameter': {
      const { index } = only;
      return (_row, frame) => frame.parameters[index] ?? null;
    }
    case 'column': {
      const { index } = only;
      return (row) => row[index] ?? null;
    }
    case 'register': {
      const { index } = only;
      return (_row, frame) => frame.registers[index] ?? null;
    }
    default:
      return null;
  }
}
