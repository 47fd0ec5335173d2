import type { SqlType } from '../values/type.js';
import type { Value } from '../values/value.js';
import { ByteReader } from './byte-reader.js';
import { readType } from './constant-pool.js';
import { readHeader, readOpcode } from './decode.js';
import type { Form } from './field.js';
import { invalidProgram } from './invalid-program.js';

/**
 * One line an instruction: its offset, name, what it pops, and its immediates by name. Throws SqlError for bytes that cannot be read; sorts
 * are not verified, so that a program which the verifier refuses can still be looked at.
 */
export function disassemble(bytes: Uint8Array): string {
  const reader = new ByteReader(bytes);
  const header = readHeader(reader);
  const lines = [
    `; ${header.form === 1 ? 'statement' : 'expression'}, ${header.parameterCount} parameters, ${header.pool.length} constants`,
  ];
  const start = reader.position;
  while (reader.remaining > 0) {
    const offset = String(reader.position - start).padStart(5, '0');
    const { instruction, pops } = readOpcode(reader);
    const immediates = instruction.fields.map(([name, form]) => [name, printField(reader, header.pool, form)] as const);
    const shown = immediates.filter(([, text]) => text !== '').map(([name, text]) => `${name}=${text}`);
    lines.push([offset, instruction.name, `pop ${pops}`, ...shown].join('  '));
  }
  return `${lines.join('\n')}\n`;
}

function printField(reader: ByteReader, pool: readonly Value[], form: Form): string {
  switch (form.form) {
    case 'node':
      return '';
    case 'token':
      return String(reader.varint() - 1);
    case 'integer':
      return String(reader.signed());
    case 'flag':
      return String(reader.flag());
    case 'string':
    case 'value':
    case 'scalar':
      return printConstant(pool[reader.varint()]);
    case 'type':
      return printType(readType(reader));
    case 'choice':
      return form.choices[reader.byte()] ?? '?';
    case 'optional':
      return reader.flag() ? printField(reader, pool, form.inner) || 'popped' : 'none';
    case 'list': {
      const count = reader.varint();
      if (count > reader.bytes.length) throw invalidProgram(`a list of ${count}`);
      const elements = Array.from({ length: count }, () => printField(reader, pool, form.inner));
      return elements.every((text) => text === '') ? `[${count}]` : `[${elements.join(' ')}]`;
    }
    case 'record':
      return `(${form.fields.map(([, inner]) => printField(reader, pool, inner)).join(' ')})`;
  }
}

function printConstant(value: Value | undefined): string {
  if (value === undefined) return '?';
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? `${inner}` : inner));
}

function printType(type: SqlType): string {
  return type.kind === 'array' ? `${printType(type.element)}[]` : type.kind;
}
