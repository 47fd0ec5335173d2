import type { ResultColumn } from '#schemas/link/frames.js';
import { nameOf } from '#schemas/link/named-oid.js';
import { type TextContext, textPrinter } from '#schemas/values/text-form.js';
import type { SqlType } from '#schemas/values/type.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { MessageWriter } from './encode.js';
import { binaryEncoder } from './values/binary.js';

/*
 *   DataRow = 'D' length count:int16 { field }
 *   field   = -1:int32 | size:int32 bytes
 */
const DATA_ROW = 0x44;

/** Writes one non-null value of a row with its length. */
export type FieldWriter = (out: MessageWriter, value: Value) => void;

/** Writes the rows of one result. Hot: a call a field, no objects. */
export class RowWriter {
  readonly #fields: readonly FieldWriter[];

  constructor(fields: readonly FieldWriter[]) {
    this.#fields = fields;
  }

  /** Nothing follows the rows of a plain result. */
  end(_out: MessageWriter): void {}

  write(out: MessageWriter, row: Row): void {
    const fields = this.#fields;
    const count = fields.length;
    out.start(DATA_ROW);
    out.int16(count);
    for (let i = 0; i < count; i++) {
      const value = row[i];
      if (value === null || value === undefined) out.int32(-1);
      else (fields[i] as FieldWriter)(out, value);
    }
    out.end();
  }
}

/** Chooses the writers once for all rows; `binary` per column, an empty list = all text. */
export function rowWriter(
  columns: readonly ResultColumn[],
  binary: readonly boolean[],
  context: TextContext,
): RowWriter {
  return new RowWriter(
    columns.map((column, i) => (binary[i] === true ? binaryField(column[1]) : textField(column[1], context))),
  );
}

const writeInteger: FieldWriter = (out, value) => out.integerField(value as number);
const writeString: FieldWriter = (out, value) => out.textField(value as string);

const writeBigint: FieldWriter = (out, value) => {
  const number = Number(value);
  if (number === (number | 0)) out.integerField(number);
  else out.textField(String(value));
};

function textField(type: SqlType, context: TextContext): FieldWriter {
  switch (type.kind) {
    case 'smallint':
    case 'integer':
      return writeInteger;
    case 'bigint':
      return writeBigint;
    case 'text':
    case 'varchar':
    case 'name':
    case 'json':
    case 'jsonb':
    case 'uuid':
      return writeString;
    case 'regclass':
    case 'regtype':
    case 'regproc':
      return (out, value) => out.textField(nameOf(value));
    default: {
      const print = textPrinter(type, context);
      return (out, value) => out.textField(print(value));
    }
  }
}

const writeBinaryInteger: FieldWriter = (out, value) => {
  out.int32(4);
  out.int32(value as number);
};

export function binaryField(type: SqlType): FieldWriter {
  if (type.kind === 'integer') return writeBinaryInteger;
  const encode = binaryEncoder(type);
  return (out, value) => {
    const at = out.position;
    out.int32(0);
    encode(value, out);
    out.patchInt32(at, out.position - at - 4);
  };
}
