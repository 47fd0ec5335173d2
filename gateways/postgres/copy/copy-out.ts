import type { ResultColumn } from '#schemas/link/frames.js';
import { nameOf } from '#schemas/link/named-oid.js';
import { type TextContext, textPrinter } from '#schemas/values/text-form.js';
import type { Row, Value } from '#schemas/values/value.js';
import type { MessageWriter } from '../encode.js';
import { COPY_DONE } from '../messages/bare.js';
import { COPY_OUT_RESPONSE, writeCopyResponse } from '../messages/copy-response.js';
import { binaryField, type FieldWriter } from '../row-writer.js';
import type { Session } from '../session.js';
import type { Shape } from '../statement-source.js';
import { BINARY_SIGNATURE } from './binary-format.js';
import { type CopyOptions, copyOutOptions } from './copy-options.js';

/*
 *   CopyOutResponse, then a CopyData = 'd' length bytes for each row, then CopyDone
 */
const COPY_DATA = 0x64;

/** Writes the rows of one COPY TO STDOUT; `end` writes what stands behind the last. */
export interface CopyOut {
  write(out: MessageWriter, row: Row): void;
  end(out: MessageWriter): void;
}

/** Announces the data and answers its writer. */
export function openCopyOut(session: Session, shape: Shape, columns: readonly ResultColumn[]): CopyOut {
  const { statement } = shape;
  const options = copyOutOptions(statement?.kind === 'copy-out' ? statement.options : [], columns);
  writeCopyResponse(session.out, COPY_OUT_RESPONSE, options.format === 'binary', columns.length);
  return copyWriter(session.out, options, columns, session.format.context);
}

/** The writer of a format; a header has been written. */
export function copyWriter(
  out: MessageWriter,
  options: CopyOptions,
  columns: readonly ResultColumn[],
  context: TextContext,
): CopyOut {
  if (options.format === 'binary') return new BinaryCopyOut(columns);
  const copy = new TextCopyOut(options, columns, context);
  if (options.header !== false) copy.header(out, columns);
  return copy;
}

class BinaryCopyOut implements CopyOut {
  readonly #fields: readonly FieldWriter[];
  #begun = false;

  constructor(columns: readonly ResultColumn[]) {
    this.#fields = columns.map((column) => binaryField(column[1]));
  }

  write(out: MessageWriter, row: Row): void {
    out.start(COPY_DATA);
    this.#begin(out);
    out.int16(this.#fields.length);
    for (let i = 0; i < this.#fields.length; i++) {
      const value = row[i] ?? null;
      if (value === null) out.int32(-1);
      else (this.#fields[i] as FieldWriter)(out, value);
    }
    out.end();
  }

  end(out: MessageWriter): void {
    out.start(COPY_DATA);
    this.#begin(out);
    out.int16(-1);
    out.end();
    out.empty(COPY_DONE);
  }

  #begin(out: MessageWriter): void {
    if (this.#begun) return;
    this.#begun = true;
    out.bytes(BINARY_SIGNATURE);
    out.int32(0);
    out.int32(0);
  }
}

class TextCopyOut implements CopyOut {
  readonly #print: ReadonlyArray<(value: Value) => string>;
  readonly #escape: ReadonlyArray<(text: string, single: boolean) => string>;
  readonly #delimiter: string;
  readonly #nullText: string;
  readonly #latin1: boolean;
  readonly #options: CopyOptions;

  constructor(options: CopyOptions, columns: readonly ResultColumn[], context: TextContext) {
    this.#print = columns.map((column) =>
      column[1].kind.startsWith('reg') ? nameOf : textPrinter(column[1], context),
    );
    this.#options = options;
    this.#delimiter = options.delimiter;
    this.#nullText = options.nullText;
    this.#latin1 = options.encoding === 'latin1';
    this.#escape = columns.map(([name]) => {
      if (options.format === 'text') return textEscaper(options.delimiter);
      return csvEscaper(options, options.forceQuote === 'all' || options.forceQuote.has(name));
    });
  }

  header(out: MessageWriter, columns: readonly ResultColumn[]): void {
    const single = columns.length === 1;
    // FORCE_QUOTE is for values, not for names.
    const quoted = this.#options.format === 'text' ? textEscaper(this.#delimiter) : csvEscaper(this.#options, false);
    this.#line(out, columns.map(([name]) => quoted(name, single)).join(this.#delimiter));
  }

  write(out: MessageWriter, row: Row): void {
    const print = this.#print;
    const single = print.length === 1;
    let line = '';
    for (let i = 0; i < print.length; i++) {
      if (i > 0) line += this.#delimiter;
      const value = row[i] ?? null;
      line +=
        value === null
          ? this.#nullText
          : (this.#escape[i] as (text: string, single: boolean) => string)(
              (print[i] as (v: Value) => string)(value),
              single,
            );
    }
    this.#line(out, line);
  }

  end(out: MessageWriter): void {
    out.empty(COPY_DONE);
  }

  #line(out: MessageWriter, line: string): void {
    out.start(COPY_DATA);
    if (this.#latin1) out.bytes(Buffer.from(line, 'latin1'));
    else out.text(line);
    out.byte(0x0a);
    out.end();
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

function textEscaper(delimiter: string): (text: string) => string {
  const special = delimiter === '\t' ? /[\b\f\n\r\t\v\\]/g : new RegExp(`[\\b\\f\\n\\r\\t\\v\\\\\\${delimiter}]`, 'g');
  const plain = delimiter === '\t' ? /[\b\f\n\r\t\v\\]/ : new RegExp(special.source);
  return (text) => (plain.test(text) ? text.replace(special, (c) => ESCAPES[c] ?? `\\${c}`) : text);
}

/** A value is quoted when it could be read otherwise, or when it is asked for. */
function csvEscaper(o: CopyOptions, forced: boolean): (text: string, single: boolean) => string {
  return (text, single) => {
    const needed =
      forced ||
      text === o.nullText ||
      // Alone on its line it would end the data for old readers.
      (single && text === '\\.') ||
      text.includes(o.delimiter) ||
      text.includes(o.quote) ||
      /[\r\n]/.test(text);
    if (!needed) return text;
    let body = '';
    for (const c of text) body += c === o.quote || c === o.escape ? o.escape + c : c;
    return o.quote + body + o.quote;
  };
}
