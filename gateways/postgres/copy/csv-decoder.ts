import type { ResultColumn } from '#schemas/link/frames.js';
import type { Row } from '#schemas/values/value.js';
import { type CopyDecoder, CopyText, type FieldsToRow } from './copy-decoder.js';
import type { CopyOptions } from './copy-options.js';

/*
 *   data   = { record eol } [ '\.' eol … ]
 *   record = field { delimiter field }
 *   field  = { character | quote { character | escape quote | escape escape } quote }
 *
 * An unquoted field that equals the null text is NULL.
 */

/** COPY's CSV format. Owns the record that is being read: its finished fields, the one begun, and whether it stands inside quotes. */
export class CsvDecoder implements CopyDecoder {
  readonly #text: CopyText;
  readonly #to: FieldsToRow;
  readonly #options: CopyOptions;
  readonly #notNull: readonly boolean[];
  readonly #nullable: readonly boolean[];
  #header: CopyOptions['header'];
  #fields: Array<string | null> = [];
  #field = '';
  #quoted = false;
  #inside = false;
  /** Something of the record has been read. */
  #begun = false;
  /** Characters that cannot be understood before the next one is there. */
  #rest = '';
  #ended = false;

  constructor(options: CopyOptions, columns: readonly ResultColumn[], to: FieldsToRow) {
    this.#text = new CopyText(options.encoding);
    this.#to = to;
    this.#options = options;
    this.#header = options.header;
    this.#notNull = columns.map(([name]) => options.forceNotNull.has(name) || options.forceNotNull.has('*'));
    this.#nullable = columns.map(([name]) => options.forceNull.has(name) || options.forceNull.has('*'));
  }

  push(bytes: Buffer, rows: Row[]): void {
    if (this.#ended) return;
    this.#scan(this.#rest + this.#text.push(bytes), false, rows);
  }

  end(rows: Row[]): void {
    this.#text.end();
    if (this.#ended) return;
    this.#scan(this.#rest, true, rows);
    if (this.#ended) return;
    if (this.#inside) {
      this.#to.line++;
      throw this.#to.malformed('unterminated CSV quoted field');
    }
    if (this.#begun) this.#record(rows);
  }

  #scan(data: string, complete: boolean, rows: Row[]): void {
    let at = 0;
    while (at < data.length && !this.#ended) {
      const next = this.#inside
        ? this.#insideQuotes(data, at, complete)
        : this.#outsideQuotes(data, at, complete, rows);
      if (next === at) break;
      at = next;
    }
    this.#rest = data.slice(at);
  }

  /** Reads up to and with the next quote or escape; answers where to go on, `at` itself when more is needed. */
  #insideQuotes(data: string, at: number, complete: boolean): number {
    const { quote, escape: escaper } = this.#options;
    let end = at;
    while (end < data.length && data[end] !== quote && data[end] !== escaper) end++;
    if (end > at) {
      this.#field += data.slice(at, end);
      return end;
    }
    const c = data[at];
    if (c === escaper) {
      const following = data[at + 1];
      if (following === undefined && !complete) return at;
      if (following === quote || following === escaper) {
        this.#field += following;
        return at + 2;
      }
      if (c !== quote) {
        this.#field += c;
        return at + 1;
      }
    }
    this.#inside = false;
    return at + 1;
  }

  #outsideQuotes(data: string, at: number, complete: boolean, rows: Row[]): number {
    const { quote, delimiter } = this.#options;
    let end = at;
    for (; end < data.length; end++) {
      const c = data[end];
      if (c === delimiter || c === quote || c === '\n' || c === '\r') break;
    }
    if (end > at) {
      this.#field += data.slice(at, end);
      this.#begun = true;
      return end;
    }
    const c = data[at];
    if (c === '\r' || c === '\n') {
      if (c === '\r' && at + 1 === data.length && !complete) return at;
      this.#record(rows);
      return c === '\r' && data[at + 1] === '\n' ? at + 2 : at + 1;
    }
    this.#begun = true;
    if (c === quote) {
      this.#inside = true;
      this.#quoted = true;
    } else {
      this.#finishField();
    }
    return at + 1;
  }

  #finishField(): void {
    const i = this.#fields.length;
    const isNull =
      this.#field === this.#options.nullText && (this.#quoted ? this.#nullable[i] === true : this.#notNull[i] !== true);
    this.#fields.push(isNull ? null : this.#field);
    this.#field = '';
    this.#quoted = false;
  }

  #record(rows: Row[]): void {
    this.#to.line++;
    if (this.#fields.length === 0 && this.#field === '\\.' && !this.#quoted) {
      this.#ended = true;
      return;
    }
    this.#finishField();
    const fields = this.#fields;
    this.#fields = [];
    this.#begun = false;
    if (this.#header !== false) {
      if (this.#header === 'match') this.#to.checkHeader(fields);
      this.#header = false;
      return;
    }
    rows.push(this.#to.row(fields));
  }
}
