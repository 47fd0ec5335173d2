import { SqlError } from '#schemas/sqlstate/sql-error.js';

/**
 * PostgreSQL's advanced regular expressions as JavaScript ones. What differs is translated: character classes, word constraints (\m \M \y \Y \A \Z), embedded
 * options, brackets, newline modes. An alternation takes its first matching branch here, not the longest: an accepted difference.
 */

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
  print: '\\x20-\\x7e\\u{a0}-\\u{10ffff}',
  graph: '\\x21-\\x7e\\u{a1}-\\u{10ffff}',
  xdigit: '0-9A-Fa-f',
  word: '\\w',
};

const KEPT = 256;
const compiled = new Map<string, RegExp>();

/** The regular expression for `pattern` under `flags` (c i m n p q s t w x, and g). Throws 2201B for a pattern that is none, 22023 for an unknown flag. */
export function posixRegex(pattern: string, flags: string): RegExp {
  const key = `${flags}/${pattern}`;
  let regex = compiled.get(key);
  if (regex === undefined) {
    regex = compile(pattern, flags);
    if (compiled.size >= KEPT) compiled.clear();
    compiled.set(key, regex);
  }
  regex.lastIndex = 0;
  return regex;
}

interface Modes {
  ignoreCase: boolean;
  newline: boolean;
  expanded: boolean;
  literal: boolean;
  dotNewline: boolean;
}

function compile(pattern: string, flags: string): RegExp {
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
  const source = modes.literal ? body.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&') : new Translator(body, modes).run();
  try {
    return new RegExp(
      source,
      `u${modes.ignoreCase ? 'i' : ''}${modes.newline ? 'm' : ''}${modes.dotNewline ? 's' : ''}`,
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^.*: /, '').toLowerCase() : 'malformed';
    throw new SqlError('invalid_regular_expression', `invalid regular expression: ${reason}`);
  }
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
  readonly #text: string;
  readonly #modes: Modes;
  #at = 0;

  constructor(text: string, modes: Modes) {
    this.#text = text;
    this.#modes = modes;
  }

  run(): string {
    let source = '';
    while (this.#at < this.#text.length) {
      const c = this.#text[this.#at] as string;
      if (c === '\\') source += this.#escape();
      else if (c === '[') source += this.#bracket();
      else if (c === '{' && !/^\{\d+(,\d*)?\}/.test(this.#text.slice(this.#at))) source += this.#literal(c);
      else if (c === '}' && !/\{\d+(,\d*)?$/.test(this.#text.slice(0, this.#at))) source += this.#literal(c);
      else if (c === ']' || c === '/') source += this.#literal(c);
      else if (this.#text.startsWith('(?#', this.#at)) this.#comment();
      else if (this.#modes.expanded && /\s/.test(c)) this.#at++;
      else if (this.#modes.expanded && c === '#') this.#line();
      else {
        source += c;
        this.#at++;
      }
    }
    return source;
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
    if (c === undefined)
      throw new SqlError('invalid_regular_expression', 'invalid regular expression: invalid escape \\ sequence');
    this.#at += 2;
    switch (c) {
      case 'm':
        return '\\b(?=\\w)';
      case 'M':
        return '\\b(?<=\\w)';
      case 'y':
        return '\\b';
      case 'Y':
        return '\\B';
      case 'A':
        return '(?<![^])';
      case 'Z':
        return '(?![^])';
      case 'a':
        return '\\x07';
      case 'e':
        return '\\x1b';
      case 'B':
        return '\\\\';
      case 'x': {
        const hex = /^[0-9a-fA-F]+/.exec(this.#text.slice(this.#at))?.[0] ?? '';
        this.#at += hex.length;
        return `\\u{${hex === '' ? '0' : hex}}`;
      }
      case 'u':
      case 'U': {
        const length = c === 'u' ? 4 : 8;
        const hex = this.#text.slice(this.#at, this.#at + length);
        this.#at += length;
        return `\\u{${hex}}`;
      }
      default:
        return /[dDsSwWnrtfv0-9]/.test(c) ? `\\${c}` : quoted(c);
    }
  }

  #bracket(): string {
    const text = this.#text;
    if (text.startsWith('[[:<:]]', this.#at)) {
      this.#at += 7;
      return '\\b(?=\\w)';
    }
    if (text.startsWith('[[:>:]]', this.#at)) {
      this.#at += 7;
      return '\\b(?<=\\w)';
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
      if (c === undefined)
        throw new SqlError('invalid_regular_expression', 'invalid regular expression: brackets [] not balanced');
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
      if (set === undefined)
        throw new SqlError('invalid_regular_expression', 'invalid regular expression: invalid character class');
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
