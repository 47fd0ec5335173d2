import { assert } from '../kernel/assert.js';
import { SqlError } from '../sqlstate/sql-error.js';
import type { SqlType } from '../values/type.js';
import type { Value } from '../values/value.js';
import { ByteWriter } from './byte-writer.js';
import { ConstantPoolBuilder, writeConstant, writeType } from './constant-pool.js';
import type { Expression } from './expression.js';
import type { Form, Sort } from './field.js';
import { instructionFor } from './instruction-set.js';
import { DEPTH_MAX, PARAMETERS_MAX, tooDeep } from './limits.js';
import type { Statement } from './statement.js';

/*
 * program := magic "PLP" version form parameters lifted pool codeLength instruction*
 *   version    byte 1
 *   form       byte: 1 statement, 2 expression
 *   parameters varint: one more than the highest parameter index
 *   lifted     varint count, then the types of as many last parameters: literals that the gateway took out of the text
 *   pool       see constant-pool.ts
 * instruction := opcode [pops] immediate*        (instruction-set.ts; pops only where it is not fixed)
 */

export const MAGIC: readonly number[] = [0x50, 0x4c, 0x50];
export const PROGRAM_VERSION = 1;
export const FORM_STATEMENT = 1;
export const FORM_EXPRESSION = 2;

/**
 * The program of a statement. Equal trees with equal lifted types give equal bytes. `lifted` are the types of the last parameters, where these are lifted
 * literals: `a = 1` and `a = 5000000000` bind differently, so their programs differ. Throws SqlError statement_too_complex when the tree is
 * nested too deep.
 */
export function encodeProgram(statement: Statement, lifted: readonly SqlType[] = []): Uint8Array {
  return encode('statement', statement, FORM_STATEMENT, lifted);
}

/** A stored expression: a column's default, a check, an index predicate. */
export function encodeExpression(expression: Expression): Uint8Array {
  return encode('expression', expression, FORM_EXPRESSION, []);
}

function encode(sort: Sort, root: object, form: number, lifted: readonly SqlType[]): Uint8Array {
  const encoder = new Encoder();
  encoder.node(sort, root, 1);
  const out = new ByteWriter();
  for (const byte of MAGIC) out.byte(byte);
  out.byte(PROGRAM_VERSION);
  out.byte(form);
  out.varint(encoder.parameters);
  out.varint(lifted.length);
  for (const type of lifted) writeType(out, type);
  out.varint(encoder.pool.entries.length);
  for (const entry of encoder.pool.entries) writeConstant(out, entry);
  const code = encoder.code.finish();
  out.varint(code.length);
  out.raw(code);
  return out.finish();
}

type Fields = Readonly<Record<string, unknown>>;

class Encoder {
  readonly code = new ByteWriter();
  readonly pool = new ConstantPoolBuilder();
  parameters = 0;

  /** Emits the children of a node, then its own instruction. */
  node(sort: Sort, tree: object, depth: number): void {
    if (depth > DEPTH_MAX) throw tooDeep();
    const fields = tree as Fields;
    const instruction = instructionFor(sort, typeof fields['kind'] === 'string' ? fields['kind'] : null);
    assert(instruction !== undefined, `no instruction builds a ${sort} of kind ${String(fields['kind'])}`);
    let pops = 0;
    for (const [name, form] of instruction.fields) pops += this.children(form, fields[name], depth);
    this.code.byte(instruction.opcode);
    if (instruction.pops === null) this.code.varint(pops);
    for (const [name, form] of instruction.fields) this.immediate(form, fields[name]);
    if (instruction.name === 'expression.parameter') this.countParameter(fields['index'] as number);
  }

  private countParameter(index: number): void {
    if (index >= PARAMETERS_MAX)
      throw new SqlError('program_limit_exceeded', `a statement may have ${PARAMETERS_MAX} parameters`);
    this.parameters = Math.max(this.parameters, index + 1);
  }

  private children(form: Form, field: unknown, depth: number): number {
    switch (form.form) {
      case 'node':
        this.node(form.sort, field as object, depth + 1);
        return 1;
      case 'optional':
        return field === null ? 0 : this.children(form.inner, field, depth);
      case 'list': {
        let count = 0;
        for (const element of field as readonly unknown[]) count += this.children(form.inner, element, depth);
        return count;
      }
      case 'record': {
        let count = 0;
        for (const [name, inner] of form.fields) count += this.children(inner, (field as Fields)[name], depth);
        return count;
      }
      default:
        return 0;
    }
  }

  private immediate(form: Form, field: unknown): void {
    switch (form.form) {
      case 'node':
        return;
      case 'token':
        return this.code.varint((field as number) + 1);
      case 'integer':
        return this.code.signed(field as number);
      case 'flag':
        return this.code.byte(field === true ? 1 : 0);
      case 'string':
      case 'value':
      case 'scalar':
        return this.code.varint(this.pool.index(field as Value));
      case 'type':
        return writeType(this.code, field as SqlType);
      case 'choice': {
        const index = form.choices.indexOf(field as string);
        assert(index >= 0, `${String(field)} is none of ${form.choices.join(', ')}`);
        return this.code.byte(index);
      }
      case 'optional':
        this.code.byte(field === null ? 0 : 1);
        return field === null ? undefined : this.immediate(form.inner, field);
      case 'list': {
        const elements = field as readonly unknown[];
        this.code.varint(elements.length);
        for (const element of elements) this.immediate(form.inner, element);
        return;
      }
      case 'record':
        for (const [name, inner] of form.fields) this.immediate(inner, (field as Fields)[name]);
    }
  }
}
