import { SqlError } from '#schemas/sqlstate/sql-error.js';

/**
 * PostgreSQL's advanced regular expressions (its manual, section 9.7.3), written as those of another engine. What differs is translated: character classes,
 * word constraints (\m \M \y \Y \A \Z), embedded options, brackets, newline modes.
 */

/** RE2's syntax with lookbehinds, or JavaScript's in Unicode mode. */
export type Syntax = 're2' | 'javascript';

export interface Modes {
  ignoreCase: boolean;
  /** Whether ^ and $ match at line ends, too. */
  newline: boolean;
  expanded: boolean;
  literal: boolean;
  dotNewline: boolean;
}

/** A pattern without its options. */
export interface PosixPattern {
  readonly body: string;
  readonly modes: Readonly<Modes>;
}

export interface Translated {
  readonly source: string;
  /** Whether it has a back reference or looks ahead: what no automaton matches. */
  readonly backtracking: boolean;
  /** Whether some repetition prefers fewer. */
  readonly lazy: boolean;
}

/** RE_DUP_MAX. */
const MOST_REPETITIONS = 255;

const WORD_START = '\\b(?<!\\w)';
const WORD_END = '\\b(?<=\\w)';

const CLASSES: Readonly<Record<string, string>> = {
  alpha: '\\p{L}',
  digit: '\\p{Nd}',
  alnum: '\\p{L}\\p{N}',
  upper: '\\p{Lu}',
  lower: '\\p{Ll}',
  space: '\\s',
  blank: ' \\t',
  punct: '!-\\/:-@\\[-`\\{-~',
  cntrl: '\\x00-\\x1f\\x7f',
  print: ' -~\u{a0}-\u{10ffff}',
  graph: '!-~\u{a1}-\u{10ffff}',
  xdigit: '0-9A-Fa-f',
  word: '\\w',
};

/** Takes the options of `flags` (c i m n p q s t w x; g, b and e say nothing here) and those in front of the pattern. Throws 22023 for an unknown one. */
export function parsePattern(pattern: string, flags: string): PosixPattern {
  const modes: Modes = { ignoreCase: false, newline: false, expanded: false, literal: false, dotNewline: true };
  applyFlags(modes, flags);
  let body = pattern;
  if (body.startsWith('***=')) {
    body = body.slice(4);
    modes.literal = true;
  } else if (body.startsWith('***:')) body = body.slice(4);
  const embedded = /^\(\?([bceimnpqstwx]+)\)/.exec(body);
  if (embedded !== null && !modes.literal) {
    applyFlags(modes, embedded[1] as string);
    body = body.slice(embedded[0].length);
  }
  return { body, modes };
}

/** Throws 2201B for what is malformed as far as it is seen here; the other engine says the rest. */
export function translate(pattern: PosixPattern, syntax: Syntax): Translated {
  if (pattern.modes.literal) {
    return { source: pattern.body.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'), backtracking: false, lazy: false };
  }
  const translator = new Translator(pattern.body, pattern.modes, syntax);
  return { source: translator.run(), backtracking: translator.backtracking, lazy: translator.lazy };
}

export function malformed(reason: string): SqlError {
  return new SqlError('invalid_regular_expression', `invalid regular expression: ${reason}`);
}

function applyFlags(modes: Modes, flags: string): void {
  for (const flag of flags) {
    if (flag === 'i') modes.ignoreCase = true;
    else if (flag === 'c') modes.ignoreCase = false;
    else if (flag === 'x') modes.expanded = true;
    else if (flag === 't') modes.expanded = false;
    else if (flag === 'q') modes.literal = true;
    else if (flag === 'n' || flag === 'm') {
      modes.newline = true;
      modes.dotNewline = false;
    } else if (flag === 's') {
      modes.newline = false;
      modes.dotNewline = true;
    } else if (flag === 'p') modes.dotNewline = false;
    else if (flag === 'w') modes.newline = true;
    else if (flag !== 'g' && flag !== 'e' && flag !== 'b') {
      throw new SqlError('invalid_parameter_value', `invalid regular expression option: "${flag}"`);
    }
  }
}

class Translator {
  backtracking = false;
  lazy = false;
  readonly #text: string;
  readonly #modes: Modes;
  readonly #syntax: Syntax;
  #at = 0;

  constructor(text: string, modes: Modes, syntax: Syntax) {
    this.#text = text;
    this.#modes = modes;
    this.#syntax = syntax;
  }

  run(): string {
    let source = '';
    while (this.#at < this.#text.length) {
      const c = this.#text[this.#at] as string;
      if (c === '\\') source += this.#escape();
      else if (c === '[') source += this.#bracket();
      else if (c === '{') source += this.#bound();
      else if (c === '}' || c === ']' || c === '/') source += this.#literal(c);
      else if (this.#text.startsWith('(?#', this.#at)) this.#comment();
      else if (c === '(') source += this.#open();
      else if (this.#modes.expanded && /\s/.test(c)) this.#at++;
      else if (this.#modes.expanded && c === '#') this.#line();
      else {
        if (c === '?' && '*+?}'.includes(this.#text[this.#at - 1] ?? ' ')) this.lazy = true;
        source += c;
        this.#at++;
      }
    }
    return source;
  }

  /** A bound, or a brace that begins none. */
  #bound(): string {
    const bound = /^\{(\d+)(?:,(\d*))?\}/.exec(this.#text.slice(this.#at));
    if (bound === null) return this.#literal('{');
    const [whole, least, most = ''] = bound;
    if (Number(least) > MOST_REPETITIONS || Number(most) > MOST_REPETITIONS)
      throw malformed('invalid repetition count(s)');
    this.#at += whole.length;
    return whole;
  }

  #open(): string {
    const open = /^\((?:\?(?::|<?[=!])?)?/.exec(this.#text.slice(this.#at))?.[0] ?? '(';
    if (open === '(?') throw malformed('invalid embedded option');
    if (open === '(?=' || open === '(?!') this.backtracking = true;
    this.#at += open.length;
    return open;
  }

  #literal(c: string): string {
    this.#at++;
    return `\\${c}`;
  }

  #comment(): void {
    const end = this.#text.indexOf(')', this.#at);
    this.#at = end < 0 ? this.#text.length : end + 1;
  }

  #line(): void {
    const end = this.#text.indexOf('\n', this.#at);
    this.#at = end < 0 ? this.#text.length : end + 1;
  }

  #escape(): string {
    const c = this.#text[this.#at + 1];
    if (c === undefined) throw malformed('invalid escape \\ sequence');
    this.#at += 2;
    switch (c) {
      case 'm':
        return WORD_START;
      case 'M':
        return WORD_END;
      case 'y':
        return '\\b';
      case 'Y':
        return '\\B';
      case 'A':
        return this.#syntax === 're2' ? '\\A' : '(?<![^])';
      case 'Z':
        return this.#syntax === 're2' ? '\\z' : '(?![^])';
      case 'a':
        return '\\x07';
      case 'e':
        return '\\x1b';
      case 'B':
        return '\\\\';
      case 'x': {
        const hex = /^[0-9a-fA-F]+/.exec(this.#text.slice(this.#at))?.[0] ?? '';
        this.#at += hex.length;
        return this.#codePoint(hex);
      }
      case 'u':
      case 'U': {
        const length = c === 'u' ? 4 : 8;
        const hex = this.#text.slice(this.#at, this.#at + length);
        this.#at += length;
        return this.#codePoint(hex);
      }
      default:
        if (/[1-9]/.test(c)) this.backtracking = true;
        if (c === '0') return this.#codePoint('0');
        return /[dDsSwWnrtfv1-9]/.test(c) ? `\\${c}` : quoted(c);
    }
  }

  #codePoint(hex: string): string {
    const code = Number.parseInt(hex === '' ? '0' : hex, 16);
    if (!(code <= 0x10_ff_ff)) throw malformed('invalid escape \\ sequence');
    return this.#syntax === 're2' ? `\\x{${code.toString(16)}}` : `\\u{${code.toString(16)}}`;
  }

  #bracket(): string {
    const text = this.#text;
    if (text.startsWith('[[:<:]]', this.#at)) {
      this.#at += 7;
      return WORD_START;
    }
    if (text.startsWith('[[:>:]]', this.#at)) {
      this.#at += 7;
      return WORD_END;
    }
    let source = '[';
    this.#at++;
    const negated = text[this.#at] === '^';
    if (negated) {
      source += '^';
      this.#at++;
    }
    if (text[this.#at] === ']') {
      source += '\\]';
      this.#at++;
    }
    for (;;) {
      const c = text[this.#at];
      if (c === undefined) throw malformed('brackets [] not balanced');
      this.#at++;
      if (c === ']') break;
      source += this.#bracketItem(c);
    }
    return `${source}${negated && this.#modes.newline ? '\\n' : ''}]`;
  }

  #bracketItem(c: string): string {
    const special = /^\[([:=.])(.*?)\1\]/s.exec(this.#text.slice(this.#at - 1));
    if (special !== null) {
      this.#at += special[0].length - 1;
      const name = special[2] as string;
      if (special[1] !== ':') return quoted(name);
      const set = CLASSES[name];
      if (set === undefined) throw malformed('invalid character class');
      return set;
    }
    if (c === '\\') {
      this.#at--;
      return this.#escape();
    }
    // A hyphen at either end is itself; in between it makes a range.
    if (c === '-') return this.#text[this.#at] === ']' || '[^'.includes(this.#text[this.#at - 2] ?? '[') ? '\\-' : '-';
    return '[^&~|'.includes(c) ? `\\${c === '&' || c === '~' ? `x${c.charCodeAt(0).toString(16)}` : c}` : c;
  }
}

/** Unicode mode refuses to escape what needs none. */
function quoted(c: string): string {
  return /[\\^$.*+?()[\]{}|/-]/.test(c) ? `\\${c === '-' ? 'x2d' : c}` : c;
}
