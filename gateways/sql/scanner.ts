import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { LexerOptions } from './lexer-options.js';

/** Kinds of tokens. Numbers rather than words: the statement cache compares them for every token of every statement. */
export const TOKEN = {
  end: 0,
  word: 1,
  /** A delimited identifier. */
  quoted: 2,
  string: 3,
  /** B'…' and X'…'. */
  bits: 4,
  integer: 5,
  /** A number with a point or an exponent. */
  decimal: 6,
  parameter: 7,
  operator: 8,
  /** , ( ) [ ] ; . : :: := => .. */
  symbol: 9,
  /** What cannot be a token: made by the lexer, never by the scanner. */
  wrong: 10,
} as const;

export type TokenKind = (typeof TOKEN)[keyof typeof TOKEN];

/** How the string or quoted identifier under the scanner is written. */
export const FORM = { plain: 0, escape: 1, unicode: 2, dollar: 3 } as const;

const CLASS = {
  other: 0,
  space: 1,
  letter: 2,
  digit: 3,
  operator: 4,
  symbol: 5,
  stringQuote: 6,
  identifierQuote: 7,
  dollar: 8,
  dot: 9,
  colon: 10,
  question: 11,
  control: 12,
} as const;

/** Character classes of a dialect's lexical structure, computed once. */
export class Lexicon {
  readonly options: LexerOptions;
  readonly classes = new Uint8Array(128);

  constructor(options: LexerOptions) {
    this.options = options;
    const set = (characters: string, value: number): void => {
      for (const character of characters) this.classes[character.charCodeAt(0)] = value;
    };
    for (let code = 0; code < 32; code++) this.classes[code] = CLASS.control;
    set(' \t\n\r\f\v', CLASS.space);
    set('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_', CLASS.letter);
    set('0123456789', CLASS.digit);
    set('+-*/<>=~!@#%^&|?`', CLASS.operator);
    set(',()[];{}', CLASS.symbol);
    set('$', CLASS.dollar);
    set('.', CLASS.dot);
    set(':', CLASS.colon);
    if (options.parameters === 'question') set('?', CLASS.question);
    set(options.identifierQuotes, CLASS.identifierQuote);
    set(options.stringQuotes, CLASS.stringQuote);
  }
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/**
 * Walks over a text token by token without making objects: the statement cache runs it over every text. After `next`, `kind`, `start` and `end`
 * tell of the token. Throws SqlError syntax_error with a position for tokens that never end and numbers with letters behind them.
 */
export class Scanner {
  readonly text: string;
  private readonly lexicon: Lexicon;
  kind: TokenKind = TOKEN.end;
  start = 0;
  end = 0;
  form: number = FORM.plain;
  /** The string under the scanner stands as it is between two quotes. */
  simple = false;

  constructor(text: string, lexicon: Lexicon) {
    this.text = text;
    this.lexicon = lexicon;
  }

  next(): TokenKind {
    const text = this.text;
    const classes = this.lexicon.classes;
    let at = this.end;
    for (;;) {
      if (at >= text.length) {
        this.start = this.end = text.length;
        return (this.kind = TOKEN.end);
      }
      const code = text.charCodeAt(at);
      if (code < 128 && classes[code] === CLASS.space) at++;
      else {
        const after = this.skipComment(at, code);
        if (after === at) break;
        at = after;
      }
    }
    this.start = at;
    this.form = FORM.plain;
    const code = text.charCodeAt(at);
    switch (code < 128 ? classes[code] : CLASS.letter) {
      case CLASS.letter:
        return this.prefixed(at, code) || this.word(at + 1);
      case CLASS.digit:
        return this.number(at);
      case CLASS.symbol:
        return this.take(TOKEN.symbol, at + 1);
      case CLASS.operator:
        return this.operator(at);
      case CLASS.stringQuote:
        return this.string(at, code, this.lexicon.options.backslashEscapes);
      case CLASS.identifierQuote:
        return this.delimited(at, code);
      case CLASS.dollar:
        return this.dollar(at);
      case CLASS.dot:
        if (isDigit(text.charCodeAt(at + 1))) return this.number(at);
        return this.take(TOKEN.symbol, text.charCodeAt(at + 1) === 46 ? at + 2 : at + 1);
      case CLASS.colon: {
        const second = text.charCodeAt(at + 1);
        return this.take(TOKEN.symbol, second === 58 || second === 61 ? at + 2 : at + 1);
      }
      case CLASS.question:
        return this.take(TOKEN.parameter, at + 1);
      default:
        throw this.failure('syntax error', at, at + 1);
    }
  }

  private take(kind: TokenKind, end: number): TokenKind {
    this.end = end;
    return (this.kind = kind);
  }

  private word(from: number): TokenKind {
    const text = this.text;
    const classes = this.lexicon.classes;
    let at = from;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code >= 128) continue;
      const charClass = classes[code];
      if (charClass !== CLASS.letter && charClass !== CLASS.digit && charClass !== CLASS.dollar) break;
    }
    return this.take(TOKEN.word, at);
  }

  private dashesComment(behind: number): boolean {
    return this.lexicon.options.dashCommentsNeedSpace !== true || !(this.text.charCodeAt(behind) > 32);
  }

  /** Index behind a comment that starts at `at`, or `at`. */
  private skipComment(at: number, code: number): number {
    const text = this.text;
    if (
      (code === 45 && text.charCodeAt(at + 1) === 45 && this.dashesComment(at + 2)) ||
      (code === 35 && this.lexicon.options.hashComments)
    ) {
      const line = text.indexOf('\n', at);
      return line < 0 ? text.length : line + 1;
    }
    if (code !== 47 || text.charCodeAt(at + 1) !== 42) return at;
    let depth = 1;
    let end = at + 2;
    while (depth > 0) {
      const close = text.indexOf('*/', end);
      if (close < 0) {
        this.start = at;
        throw this.failure('unterminated /* comment', at, text.length);
      }
      const open = this.lexicon.options.nestedComments ? text.indexOf('/*', end) : -1;
      const nested = open >= 0 && open < close;
      depth += nested ? 1 : -1;
      end = (nested ? open : close) + 2;
    }
    return end;
  }

  /** E'…', B'…', X'…', U&'…' and U&"…", or 0 where the letter at `at` opens a word: the N of N'…' is one, see typed-literal.ts. */
  private prefixed(at: number, code: number): TokenKind | 0 {
    const options = this.lexicon.options;
    const second = this.text.charCodeAt(at + 1);
    if (second === 38 && (code | 32) === 117 && options.prefixedStrings) {
      const quote = this.text.charCodeAt(at + 2);
      if (quote !== 39 && quote !== 34) return 0;
      this.form = FORM.unicode;
      return quote === 39 ? this.string(at + 2, quote, false) : this.delimited(at + 2, quote);
    }
    if (second !== 39) return 0;
    switch (code | 32) {
      case 101:
        if (!options.prefixedStrings) return 0;
        this.form = FORM.escape;
        return this.string(at + 1, second, true);
      case 98:
      case 120:
        if (!options.bitStrings) return 0;
        this.string(at + 1, second, false);
        return (this.kind = TOKEN.bits);
      default:
        return 0;
    }
  }

  private string(open: number, quote: number, backslashes: boolean): TokenKind {
    const text = this.text;
    let at = open + 1;
    this.simple = open === this.start;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === quote) {
        if (text.charCodeAt(at + 1) === quote) {
          this.simple = false;
          at += 2;
        } else {
          const continued = this.continuation(at + 1, quote);
          if (continued === 0) return this.take(TOKEN.string, at + 1);
          this.simple = false;
          at = continued;
        }
      } else if (code === 92 && backslashes) {
        this.simple = false;
        at += 2;
      } else if (at >= text.length) throw this.failure('unterminated quoted string', this.start, text.length);
      else at++;
    }
  }

  /** Index behind the quote that continues a string which closed before `from`; 0 when none does. */
  private continuation(from: number, quote: number): number {
    const text = this.text;
    let at = from;
    let newline = this.lexicon.options.stringContinuation === 'space';
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === 10 || code === 13) newline = true;
      else if (code === 45 && newline && text.charCodeAt(at + 1) === 45) {
        const line = text.indexOf('\n', at);
        if (line < 0) return 0;
        at = line;
      } else if (code !== 32 && code !== 9 && code !== 12 && code !== 11)
        return newline && at > from && code === quote ? at + 1 : 0;
      at++;
    }
  }

  private delimited(open: number, quote: number): TokenKind {
    const text = this.text;
    const mark = quote === 34 ? '"' : String.fromCharCode(quote);
    let at = text.indexOf(mark, open + 1);
    while (at >= 0 && text.charCodeAt(at + 1) === quote) at = text.indexOf(mark, at + 2);
    if (at < 0) throw this.failure('unterminated quoted identifier', this.start, text.length);
    if (at === open + 1) throw this.failure('zero-length delimited identifier', this.start, at + 1);
    return this.take(TOKEN.quoted, at + 1);
  }

  private dollar(at: number): TokenKind {
    const text = this.text;
    const options = this.lexicon.options;
    let end = at + 1;
    if (options.parameters === 'dollar' && isDigit(text.charCodeAt(end))) {
      while (isDigit(text.charCodeAt(end))) end++;
      this.refuseJunk('parameter', at, end);
      return this.take(TOKEN.parameter, end);
    }
    if (!options.dollarQuotes) throw this.failure('syntax error', at, at + 1);
    const tag = /^\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/.exec(text.slice(at, at + 70))?.[0];
    if (tag === undefined) throw this.failure('syntax error', at, at + 1);
    end = text.indexOf(tag, at + tag.length);
    if (end < 0) throw this.failure('unterminated dollar-quoted string', at, text.length);
    this.form = FORM.dollar;
    return this.take(TOKEN.string, end + tag.length);
  }

  private number(from: number): TokenKind {
    const text = this.text;
    let at = from;
    let kind: TokenKind = TOKEN.integer;
    let code = text.charCodeAt(at);
    while (isDigit(code)) code = text.charCodeAt(++at);
    // 1..2 is a range of integers, as in PL/pgSQL's loops, not 1. and .2.
    if (code === 46 && text.charCodeAt(at + 1) !== 46) {
      kind = TOKEN.decimal;
      code = text.charCodeAt(++at);
      while (isDigit(code)) code = text.charCodeAt(++at);
    }
    if ((code | 32) === 101) {
      let exponent = at + 1;
      const sign = text.charCodeAt(exponent);
      if (sign === 43 || sign === 45) exponent++;
      if (isDigit(text.charCodeAt(exponent))) {
        kind = TOKEN.decimal;
        at = exponent;
        while (isDigit(text.charCodeAt(at))) at++;
      }
    }
    this.refuseJunk('numeric literal', from, at);
    return this.take(kind, at);
  }

  private refuseJunk(what: string, start: number, end: number): void {
    const code = this.text.charCodeAt(end);
    const charClass = code < 128 ? this.lexicon.classes[code] : code >= 128 ? CLASS.letter : CLASS.other;
    if (charClass !== CLASS.letter) return;
    this.word(end + 1);
    throw this.failure(`trailing junk after ${what}`, start, this.end);
  }

  private operator(at: number): TokenKind {
    const { operators } = this.lexicon.options;
    if (operators !== null) {
      for (const operator of operators)
        if (this.text.startsWith(operator, at)) return this.take(TOKEN.operator, at + operator.length);
      return this.take(TOKEN.operator, at + 1);
    }
    return this.postgresOperator(at);
  }

  /** The longest run of operator characters, up to a comment; one that ends in + or - must hold a character that no arithmetic has. */
  private postgresOperator(start: number): TokenKind {
    const text = this.text;
    const classes = this.lexicon.classes;
    let end = start + 1;
    let special = isSpecial(text.charCodeAt(start));
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (code >= 128 || classes[code] !== CLASS.operator) break;
      const following = text.charCodeAt(end + 1);
      if ((code === 45 && following === 45) || (code === 47 && following === 42)) break;
      special ||= isSpecial(code);
    }
    if (!special) {
      while (end > start + 1 && (text.charCodeAt(end - 1) === 43 || text.charCodeAt(end - 1) === 45)) end--;
    }
    if (end === start + 2 && text.charCodeAt(start) === 61 && text.charCodeAt(start + 1) === 62)
      return this.take(TOKEN.symbol, end);
    return this.take(TOKEN.operator, end);
  }

  private failure(message: string, start: number, end: number): SqlError {
    return new SqlError('syntax_error', `${message} at or near "${this.text.slice(start, end)}"`, {
      position: characterCount(this.text, start) + 1,
    });
  }
}

/** ~ ! @ # % ^ & | ` ? */
function isSpecial(code: number): boolean {
  return (
    code === 126 ||
    code === 33 ||
    code === 64 ||
    code === 35 ||
    code === 37 ||
    code === 94 ||
    code === 38 ||
    code === 124 ||
    code === 96 ||
    code === 63
  );
}

/** Characters (code points) in the first `offset` UTF-16 units. */
export function characterCount(text: string, offset: number): number {
  let count = 0;
  for (let i = 0; i < offset; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xdc00 || unit > 0xdfff) count++;
  }
  return count;
}
