import { isUtf8 } from 'node:buffer';
import type { ResultColumn } from '#schemas/link/frames.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { type TextContext, type TextParser, textParser } from '#schemas/values/text-form.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { CopyOptions } from './copy-options.js';

/** Reads the data of one COPY FROM STDIN, however it is cut into messages. */
export interface CopyDecoder {
  /** Rows that `bytes` complete are added to `rows`. The bytes are not kept. */
  push(bytes: Buffer, rows: Row[]): void;
  /** The data is complete. */
  end(rows: Row[]): void;
}

/** What a row of fields becomes: the values of the described columns. Owns the line count for messages. */
export class FieldsToRow {
  line = 0;
  readonly #parsers: readonly TextParser[];
  readonly #names: readonly string[];
  readonly #table: string;

  constructor(columns: readonly ResultColumn[], context: TextContext, table: string) {
    this.#parsers = columns.map((column) => textParser(column[1], context));
    this.#names = columns.map(([name]) => name);
    this.#table = table;
  }

  get count(): number {
    return this.#names.length;
  }

  /** Throws 22P04 for a wrong number of fields, and what the types' input functions throw. */
  row(fields: ReadonlyArray<string | null>): Row {
    const parsers = this.#parsers;
    const { length } = parsers;
    if (fields.length > length) throw this.malformed('extra data after last expected column');
    const row: Value[] = [];
    for (let i = 0; i < length; i++) {
      // Only here: a wrong value before the gap is what PostgreSQL complains of.
      if (i === fields.length) throw this.malformed(`missing data for column "${this.#names[i]}"`);
      const field = fields[i] as string | null;
      if (field === null) row.push(null);
      else row.push(this.#value(i, field));
    }
    return row;
  }

  #value(column: number, field: string): Value {
    try {
      return (this.#parsers[column] as TextParser)(field);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      const where = `COPY ${this.#table}, line ${this.line}, column ${this.#names[column]}: "${field}"`;
      throw new SqlError(error.condition, error.message, { ...error.details, where });
    }
  }

  /** HEADER MATCH: throws 22P04 unless the first line names the columns. */
  checkHeader(fields: ReadonlyArray<string | null>): void {
    if (fields.length !== this.count) {
      throw this.malformed(`wrong number of fields in header line: got ${fields.length}, expected ${this.count}`);
    }
    fields.forEach((field, i) => {
      if (field === this.#names[i]) return;
      const got = field === null ? 'got null value' : `got "${field}"`;
      throw this.malformed(`column name mismatch in header line field ${i + 1}: ${got}, expected "${this.#names[i]}"`);
    });
  }

  malformed(message: string): SqlError {
    return new SqlError('bad_copy_file_format', message, { where: `COPY ${this.#table}, line ${this.line}` });
  }
}

/** Bytes → text, keeping back the bytes of a character that is not whole yet. Throws 22021 for what is no text. */
export class CopyText {
  readonly #latin1: boolean;
  #rest: Buffer = Buffer.alloc(0);

  constructor(encoding: CopyOptions['encoding']) {
    this.#latin1 = encoding === 'latin1';
  }

  push(bytes: Buffer): string {
    if (this.#latin1) return this.#checked(bytes, bytes.toString('latin1'));
    const data = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const whole = wholeCharacters(data);
    this.#rest = Buffer.from(data.subarray(whole));
    const part = data.subarray(0, whole);
    if (!isUtf8(part)) throw new SqlError('character_not_in_repertoire', 'invalid byte sequence for encoding "UTF8"');
    return this.#checked(part, part.toString('utf8'));
  }

  end(): void {
    if (this.#rest.length > 0)
      throw new SqlError('character_not_in_repertoire', 'invalid byte sequence for encoding "UTF8"');
  }

  #checked(bytes: Buffer, text: string): string {
    if (bytes.includes(0))
      throw new SqlError('character_not_in_repertoire', 'invalid byte sequence for encoding "UTF8": 0x00');
    return text;
  }
}

/** Length of the longest beginning that ends with a whole character. */
function wholeCharacters(bytes: Buffer): number {
  const { length } = bytes;
  for (let back = 1; back <= Math.min(3, length); back++) {
    const byte = bytes[length - back] as number;
    if (byte < 0x80) return length;
    if (byte >= 0xc0) {
      const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return size > back ? length - back : length;
    }
  }
  return length;
}
