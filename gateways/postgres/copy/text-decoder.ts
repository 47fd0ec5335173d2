import { isUtf8 } from 'node:buffer';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Row } from '#schemas/values/value.js';
import { type CopyDecoder, CopyText, type FieldsToRow } from './copy-decoder.js';
import type { CopyOptions } from './copy-options.js';

/*
 *   data  = { line eol } [ '\.' eol … ]
 *   eol   = LF | CR LF | CR      (the first line's holds for all)
 *   line  = field { delimiter field }
 *   field = null text | { character | '\' escape }
 */

/** COPY's text format. A line without a backslash, the usual one, is only split. */
export class TextDecoder implements CopyDecoder {
  readonly #text: CopyText;
  readonly #to: FieldsToRow;
  readonly #delimiter: string;
  readonly #nullText: string;
  #header: CopyOptions['header'];
  #rest = '';
  /** '' = not known yet. */
  #eol: '' | '\n' | '\r\n' | '\r' = '';
  #ended = false;

  constructor(options: CopyOptions, to: FieldsToRow) {
    this.#text = new CopyText(options.encoding);
    this.#to = to;
    this.#delimiter = options.delimiter;
    this.#nullText = options.nullText;
    this.#header = options.header;
  }

  push(bytes: Buffer, rows: Row[]): void {
    if (this.#ended) return;
    const data = this.#rest + this.#text.push(bytes);
    if (this.#eol === '') this.#eol = eolOf(data, false);
    if (this.#eol === '') {
      this.#rest = data;
      return;
    }
    const { length } = this.#eol;
    let start = 0;
    for (let from = 0; !this.#ended; ) {
      const end = data.indexOf(this.#eol, from);
      if (end < 0) break;
      if (isEscaped(data, start, end)) {
        // A backslash before the line's end makes it data.
        from = end + length;
        continue;
      }
      this.#line(data.slice(start, end), rows);
      start = end + length;
      from = start;
    }
    this.#rest = this.#ended ? '' : data.slice(start);
  }

  end(rows: Row[]): void {
    this.#text.end();
    if (this.#ended) return;
    if (this.#eol === '' && eolOf(this.#rest, true) !== '') this.push(Buffer.alloc(0), rows);
    const last = this.#eol === '' && this.#rest.endsWith('\r') ? this.#rest.slice(0, -1) : this.#rest;
    if (last !== '' || this.#rest !== '') this.#line(last, rows);
  }

  #line(line: string, rows: Row[]): void {
    this.#to.line++;
    if (line === '\\.') {
      this.#ended = true;
      return;
    }
    const fields = line.includes('\\') || this.#nullText !== '\\N' ? this.#fields(line) : line.split(this.#delimiter);
    if (this.#header !== false) {
      if (this.#header === 'match') this.#to.checkHeader(fields);
      this.#header = false;
      return;
    }
    rows.push(this.#to.row(fields));
  }

  #fields(line: string): Array<string | null> {
    const fields: Array<string | null> = [];
    let start = 0;
    for (let i = 0; i <= line.length; i++) {
      if (i < line.length && line[i] === '\\') {
        i++;
        if (i < line.length) continue;
      }
      if (i < line.length && line[i] !== this.#delimiter) continue;
      const raw = line.slice(start, i);
      fields.push(raw === this.#nullText ? null : unescaped(raw));
      start = i + 1;
    }
    return fields;
  }
}

function isEscaped(text: string, start: number, at: number): boolean {
  let backslashes = 0;
  while (at - 1 - backslashes >= start && text[at - 1 - backslashes] === '\\') backslashes++;
  return backslashes % 2 === 1;
}

/** The first line's end; '' while that cannot be told. */
function eolOf(data: string, complete: boolean): '' | '\n' | '\r\n' | '\r' {
  const at = data.search(/[\r\n]/);
  if (at < 0) return '';
  if (data[at] === '\n') return '\n';
  if (at + 1 < data.length) return data[at + 1] === '\n' ? '\r\n' : '\r';
  return complete ? '\r' : '';
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

function unescaped(raw: string): string {
  if (!raw.includes('\\')) return raw;
  let hasBytes = false;
  const text = raw.replace(
    /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|([\s\S])|$)/g,
    (_all, octal: string, hex: string, other: string) => {
      if (other !== undefined) return ESCAPES[other] ?? other;
      if (octal === undefined && hex === undefined) return '\\';
      const code = octal !== undefined ? Number.parseInt(octal, 8) & 0xff : Number.parseInt(hex, 16);
      if (code === 0)
        throw new SqlError('character_not_in_repertoire', 'invalid byte sequence for encoding "UTF8": 0x00');
      if (code > 127) hasBytes = true;
      return code > 127 ? String.fromCharCode(0xf700 + code) : String.fromCharCode(code);
    },
  );
  return hasBytes ? joinBytes(text) : text;
}

/** Escaped bytes above 127, kept in private characters till now, are parts of UTF-8 characters. */
function joinBytes(text: string): string {
  const parts = [...text].map((c) => {
    const code = c.codePointAt(0) ?? 0;
    return code >= 0xf780 && code <= 0xf7ff ? Buffer.from([code - 0xf700]) : Buffer.from(c, 'utf8');
  });
  const bytes = Buffer.concat(parts);
  if (!isUtf8(bytes)) throw new SqlError('character_not_in_repertoire', 'invalid byte sequence for encoding "UTF8"');
  return bytes.toString('utf8');
}
