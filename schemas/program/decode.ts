import type { SqlType } from '../values/type.js';
import type { Value } from '../values/value.js';
import { ByteReader } from './byte-reader.js';
import { readConstant, readType } from './constant-pool.js';
import { FORM_EXPRESSION, FORM_STATEMENT, MAGIC, PROGRAM_VERSION } from './encode.js';
import type { Expression } from './expression.js';
import type { Form, Sort } from './field.js';
import type { Instruction } from './instruction-set.js';
import { INSTRUCTIONS } from './instruction-set.js';
import { invalidProgram } from './invalid-program.js';
import { DEPTH_MAX, PARAMETERS_MAX, tooDeep } from './limits.js';
import type { Statement } from './statement.js';

/**
 * Runs a program on the verifying stack machine: every instruction finds on the stack what its fields name, and one statement is left.
 * Throws SqlError protocol_violation for anything else. Memory stays within a constant factor of the program's length.
 */
export function decodeProgram(bytes: Uint8Array): Statement {
  // The machine has checked every field against the instruction table, and the compiler the table against Statement.
  return run(bytes, FORM_STATEMENT, 'statement') as Statement;
}

/** As decodeProgram, for the bytes of encodeExpression. */
export function decodeExpression(bytes: Uint8Array): Expression {
  return run(bytes, FORM_EXPRESSION, 'expression') as Expression;
}

/** Header and constants of a program. */
export interface ProgramHeader {
  readonly form: number;
  readonly parameterCount: number;
  /** Types of the last parameters, where these are lifted literals. */
  readonly lifted: readonly SqlType[];
  readonly pool: readonly Value[];
}

/** Parameters that a program takes. Throws SqlError for bytes that are no program. */
export function parameterCountOf(bytes: Uint8Array): number {
  return readHeader(new ByteReader(bytes)).parameterCount;
}

/** Types of a program's lifted literals: its last parameters. Throws SqlError for bytes that are no program. */
export function liftedTypesOf(bytes: Uint8Array): readonly SqlType[] {
  return readHeader(new ByteReader(bytes)).lifted;
}

/** Reads up to the first instruction. */
export function readHeader(reader: ByteReader): ProgramHeader {
  for (const byte of MAGIC) if (reader.byte() !== byte) throw invalidProgram('no magic number');
  const version = reader.byte();
  if (version !== PROGRAM_VERSION) throw invalidProgram(`version ${version}`);
  const form = reader.byte();
  const parameterCount = reader.varint();
  if (parameterCount > PARAMETERS_MAX) throw invalidProgram(`${parameterCount} parameters`);
  const lifted = Array.from({ length: reader.count() }, () => readType(reader));
  if (lifted.length > parameterCount) throw invalidProgram(`${lifted.length} lifted literals`);
  const pool = Array.from({ length: reader.count() }, () => readConstant(reader));
  const length = reader.varint();
  if (length !== reader.remaining) throw invalidProgram(`${reader.remaining} bytes of code instead of ${length}`);
  return { form, parameterCount, lifted, pool };
}

/** Reads an opcode and what it pops. */
export function readOpcode(reader: ByteReader): { readonly instruction: Instruction; readonly pops: number } {
  const opcode = reader.byte();
  const instruction = INSTRUCTIONS[opcode];
  if (instruction === undefined) throw invalidProgram(`opcode ${opcode}`);
  return { instruction, pops: instruction.pops ?? reader.varint() };
}

function run(bytes: Uint8Array, form: number, sort: Sort): unknown {
  const reader = new ByteReader(bytes);
  const header = readHeader(reader);
  if (header.form !== form) throw invalidProgram(`form ${header.form}`);
  const machine = new Machine(reader, header);
  while (reader.remaining > 0) machine.step();
  return machine.result(sort);
}

interface Slot {
  readonly sort: Sort;
  readonly kind: string | null;
  readonly depth: number;
  readonly node: unknown;
}

class Machine {
  private readonly reader: ByteReader;
  private readonly header: ProgramHeader;
  private readonly stack: Slot[] = [];
  /** Next child that the running instruction takes, and the end of its children. */
  private cursor = 0;
  private end = 0;
  private depth = 0;

  constructor(reader: ByteReader, header: ProgramHeader) {
    this.reader = reader;
    this.header = header;
  }

  step(): void {
    const { instruction, pops } = readOpcode(this.reader);
    if (pops > this.stack.length) throw invalidProgram(`${instruction.name} pops ${pops} of ${this.stack.length}`);
    const base = this.stack.length - pops;
    this.cursor = base;
    this.end = this.stack.length;
    this.depth = 0;
    const node: Record<string, unknown> = instruction.kind === null ? {} : { kind: instruction.kind };
    for (const [name, form] of instruction.fields) node[name] = this.field(form);
    if (this.cursor !== this.end) throw invalidProgram(`${instruction.name} leaves ${this.end - this.cursor} operands`);
    if (this.depth >= DEPTH_MAX) throw tooDeep();
    if (instruction.name === 'expression.parameter') this.checkParameter(node['index']);
    this.stack.length = base;
    this.stack.push({ sort: instruction.sort, kind: instruction.kind, depth: this.depth + 1, node });
  }

  result(sort: Sort): unknown {
    const [slot] = this.stack;
    if (this.stack.length !== 1 || slot === undefined || slot.sort !== sort)
      throw invalidProgram(`it does not leave one ${sort}`);
    return slot.node;
  }

  private checkParameter(index: unknown): void {
    if (typeof index !== 'number' || index < 0 || index >= this.header.parameterCount)
      throw invalidProgram(`parameter ${String(index)}`);
  }

  private field(form: Form): unknown {
    const reader = this.reader;
    switch (form.form) {
      case 'node':
        return this.pop(form.sort, form.kinds);
      case 'token':
        return reader.varint() - 1;
      case 'integer':
        return reader.signed();
      case 'flag':
        return reader.flag();
      case 'string':
        return this.text();
      case 'value':
        return this.constant();
      case 'scalar':
        return this.scalar();
      case 'type':
        return readType(reader);
      case 'choice': {
        const word = form.choices[reader.byte()];
        if (word === undefined) throw invalidProgram('an unknown choice');
        return word;
      }
      case 'optional':
        return reader.flag() ? this.field(form.inner) : null;
      case 'list':
        return this.list(form.inner);
      case 'record': {
        const fields: Record<string, unknown> = {};
        for (const [name, inner] of form.fields) fields[name] = this.field(inner);
        return fields;
      }
    }
  }

  private list(inner: Form): unknown[] {
    const count = this.reader.varint();
    // An element takes a byte or a child: more elements than both cannot be.
    if (count > this.reader.remaining + this.end - this.cursor) throw invalidProgram(`a list of ${count}`);
    const elements: unknown[] = [];
    for (let i = 0; i < count; i++) elements.push(this.field(inner));
    return elements;
  }

  private pop(sort: Sort, kinds: ReadonlySet<string> | null): unknown {
    const slot = this.cursor < this.end ? this.stack[this.cursor] : undefined;
    if (slot === undefined) throw invalidProgram(`a ${sort} is missing`);
    if (slot.sort !== sort || (kinds !== null && (slot.kind === null || !kinds.has(slot.kind))))
      throw invalidProgram(`a ${slot.sort} stands where a ${sort} should`);
    this.cursor++;
    if (slot.depth > this.depth) this.depth = slot.depth;
    return slot.node;
  }

  private constant(): Value {
    const value = this.header.pool[this.reader.varint()];
    if (value === undefined) throw invalidProgram('a constant is missing');
    return value;
  }

  private text(): string {
    const value = this.constant();
    if (typeof value !== 'string') throw invalidProgram('a constant is no string');
    return value;
  }

  private scalar(): Value {
    const value = this.constant();
    if (typeof value === 'bigint' || (typeof value === 'object' && value !== null))
      throw invalidProgram('a constant is no scalar');
    return value;
  }
}
