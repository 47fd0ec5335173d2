import { assert } from '#schemas/kernel/assert.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { Instruction } from './instructions.js';
import type { Frame } from './interpret.js';

/** A compiled expression. */
export type Evaluator = (row: Row, frame: Frame) => Value;

/** A block that is open while source is written; its value ends up in the variable `result`. */
interface Block {
  readonly op: 'and' | 'or' | 'coalesce' | 'if';
  readonly result: string;
}

/**
 * Turns the code of an expression into one JavaScript function.
 *
 * The source is put together from fixed templates and numbers alone: constants and functions are reached through the
 * array `k` by index, so no text that came from a user is ever part of it.
 */
export function compile(code: readonly Instruction[]): Evaluator {
  const simple = compileSimple(code);
  if (simple !== null) return simple;
  const source = new Source();
  for (const instruction of code) source.add(instruction);
  return source.finish();
}

/** The function as it grows: a stack of names and literals stands for the machine's stack of values. */
class Source {
  readonly #k: unknown[] = [];
  readonly #lines: string[] = [];
  readonly #stack: string[] = [];
  readonly #blocks: Block[] = [];
  #names = 0;

  add(instruction: Instruction): void {
    switch (instruction.op) {
      case 'constant':
        this.#stack.push(this.#constant(instruction.value));
        return;
      case 'parameter':
        this.#define(`p[${instruction.index}] ?? null`);
        return;
      case 'column':
        this.#define(`row[${instruction.index}] ?? null`);
        return;
      case 'register':
        this.#define(`r[${instruction.index}] ?? null`);
        return;
      case 'call':
        this.#call(instruction);
        return;
      case 'not': {
        const v = this.#pop();
        this.#define(`${v} === null ? null : ${v} !== true`);
        return;
      }
      case 'is-null':
        this.#define(`${this.#pop()} ${instruction.negated ? '!==' : '==='} null`);
        return;
      case 'is-boolean':
        this.#define(`${this.#pop()} ${instruction.negated ? '!==' : '==='} ${instruction.test}`);
        return;
      case 'array':
        this.#define(`[${this.#popMany(instruction.count).join(', ')}]`);
        return;
      default:
        this.#branch(instruction.op);
    }
  }

  finish(): Evaluator {
    assert(this.#stack.length === 1, 'an expression must leave one value');
    const body = `"use strict"; return function (row, frame) {
      const p = frame.parameters, r = frame.registers, c = frame.evaluation;
      ${this.#lines.join('\n')}
      return ${this.#pop()};
    };`;
    return new Function('k', body)(this.#k) as Evaluator;
  }

  #constant(value: Value): string {
    const literal = typeof value === 'number' && Number.isInteger(value) && !Object.is(value, -0);
    return literal ? `(${value})` : this.#keep(value);
  }

  #call({ evaluate, count, strict }: Extract<Instruction, { op: 'call' }>): void {
    const args = this.#popMany(count);
    const call = `${this.#keep(evaluate)}(${[...args, 'c'].join(', ')})`;
    const unknown = args.map((a) => `${a} === null`).join(' || ');
    this.#define(strict && count > 0 ? `${unknown} ? null : ${call}` : call);
  }

  #branch(op: 'and' | 'or' | 'coalesce' | 'if' | 'else' | 'end'): void {
    if (op === 'else') {
      const block = this.#blocks.at(-1);
      assert(block?.op === 'if', 'an else stands outside of a condition');
      this.#lines.push(`${block.result} = ${this.#pop()};`, '} else {');
    } else if (op === 'end') {
      this.#end();
    } else {
      const top = this.#pop();
      const result = this.#name();
      if (op === 'if') {
        this.#lines.push(`let ${result};`, `if (${top} === true) {`);
      } else {
        const undecided = op === 'coalesce' ? `${result} === null` : `${result} !== ${op === 'or'}`;
        this.#lines.push(`let ${result} = ${top};`, `if (${undecided}) {`);
      }
      this.#blocks.push({ op, result });
    }
  }

  #end(): void {
    const block = this.#blocks.pop();
    assert(block !== undefined, 'an end stands outside of a block');
    const { op, result } = block;
    const right = this.#pop();
    // Unknown on the left: only a decisive right side settles it.
    const value =
      op === 'and' || op === 'or' ? `${result} === null && ${right} !== ${op === 'or'} ? null : ${right}` : right;
    this.#lines.push(`${result} = ${value};`, '}');
    this.#stack.push(result);
  }

  #define(source: string): void {
    const v = this.#name();
    this.#lines.push(`const ${v} = ${source};`);
    this.#stack.push(v);
  }

  #name(): string {
    return `v${this.#names++}`;
  }

  #keep(value: unknown): string {
    return `k[${this.#k.push(value) - 1}]`;
  }

  #pop(): string {
    const top = this.#stack.pop();
    assert(top !== undefined, 'the stack of an expression is empty');
    return top;
  }

  #popMany(count: number): string[] {
    assert(this.#stack.length >= count, 'the stack of an expression is too short');
    return this.#stack.splice(this.#stack.length - count, count);
  }
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
