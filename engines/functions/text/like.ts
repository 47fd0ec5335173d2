import { SqlError } from '#schemas/sqlstate/sql-error.js';

/** LIKE and SIMILAR TO patterns, compiled once and kept: a statement matches one pattern against many rows. */

type Matcher = (text: string) => boolean;

const KEPT = 256;
const compiled = new Map<string, Matcher>();

export function like(text: string, pattern: string): boolean {
  return matcher(pattern)(text);
}

export function likeIgnoringCase(text: string, pattern: string): boolean {
  return matcher(pattern.toLowerCase())(text.toLowerCase());
}

function matcher(pattern: string): Matcher {
  let found = compiled.get(pattern);
  if (found === undefined) {
    found = compileLike(pattern);
    if (compiled.size >= KEPT) compiled.clear();
    compiled.set(pattern, found);
  }
  return found;
}

/**
 * What stands between percent signs is found from the left on, each part once: a later place for an earlier part never makes a match that the first place
 * does not. So the time is that of a search, whatever the pattern, where backtracking would take a power of the length.
 */
function compileLike(pattern: string): Matcher {
  const parts = likeParts(pattern);
  const first = parts[0] as Part;
  if (parts.length === 1) return (text) => first.at(text, 0) === text.length;
  const end = parts[parts.length - 1] as Part;
  const middle = parts.slice(1, -1).filter((part) => part.width > 0);
  return (text) => {
    let from = first.at(text, 0);
    if (from < 0) return false;
    for (const part of middle) {
      from = part.find(text, from);
      if (from < 0) return false;
    }
    return end.endsAt(text, from);
  };
}

/** An escape mark with nothing behind it: an error once a text is long enough to be compared with it. */
const DANGLING = '';

function likeParts(pattern: string): Part[] {
  const parts: Part[] = [];
  let part: (string | null)[] = [];
  const characters = [...pattern];
  for (let i = 0; i < characters.length; i++) {
    let c = characters[i] as string;
    if (c === '%') {
      parts.push(new Part(part));
      part = [];
    } else if (c === '_') part.push(null);
    else {
      if (c === '\\') c = characters[++i] ?? DANGLING;
      part.push(c);
    }
  }
  parts.push(new Part(part));
  return parts;
}

/** Characters in a row, some of which may be any (null). */
class Part {
  readonly width: number;
  readonly #characters: readonly (string | null)[];
  /** The characters when each is given, else null. */
  readonly #text: string | null;

  constructor(characters: readonly (string | null)[]) {
    this.width = characters.length;
    this.#characters = characters;
    this.#text = characters.includes(null) || characters.includes(DANGLING) ? null : characters.join('');
  }

  /** Where a match that begins here ends, or -1. */
  at(text: string, from: number): number {
    if (this.#text !== null) return text.startsWith(this.#text, from) ? from + this.#text.length : -1;
    let at = from;
    for (const c of this.#characters) {
      if (at >= text.length) return -1;
      if (c === null) at += (text.codePointAt(at) as number) > 0xff_ff ? 2 : 1;
      else if (c === DANGLING)
        throw new SqlError('invalid_escape_sequence', 'LIKE pattern must not end with escape character');
      else if (text.startsWith(c, at)) at += c.length;
      else return -1;
    }
    return at;
  }

  /** Where the first match from here on ends, or -1. */
  find(text: string, from: number): number {
    if (this.#text !== null) {
      const found = text.indexOf(this.#text, from);
      return found < 0 ? -1 : found + this.#text.length;
    }
    for (let at = from; at < text.length; at += (text.codePointAt(at) as number) > 0xff_ff ? 2 : 1) {
      const end = this.at(text, at);
      if (end >= 0) return end;
    }
    return -1;
  }

  /** Whether the last characters of a text match, none of them before `from`. */
  endsAt(text: string, from: number): boolean {
    if (this.#text !== null) return text.length - this.#text.length >= from && text.endsWith(this.#text);
    let start = text.length;
    for (let n = 0; n < this.width; n++) {
      if (start <= from) return false;
      start -= start > 1 && (text.codePointAt(start - 2) as number) > 0xff_ff ? 2 : 1;
    }
    return start >= from && this.at(text, start) === text.length;
  }
}

/** like_escape(): a pattern with another escape character, as one with backslashes. An empty escape means none. */
export function likeEscape(pattern: string, mark: string): string {
  const characters = [...mark];
  if (characters.length > 1) {
    throw new SqlError('invalid_escape_sequence', 'invalid escape string', {
      hint: 'Escape string must be empty or one character.',
    });
  }
  if (mark === '\\') return pattern;
  if (mark === '') return pattern.replaceAll('\\', '\\\\');
  let result = '';
  let escaped = false;
  for (const c of pattern) {
    if (c === mark && !escaped) {
      result += '\\';
      escaped = true;
      continue;
    }
    result += c === '\\' && !escaped ? '\\\\' : c;
    escaped = false;
  }
  return result;
}

/** similar_to_escape(): a SIMILAR TO pattern as a POSIX regular expression. */
export function similarEscape(pattern: string, escapeMark: string | null): string {
  const mark = escapeMark ?? '\\';
  if ([...mark].length > 1) {
    throw new SqlError('invalid_escape_sequence', 'invalid escape string', {
      hint: 'Escape string must be empty or one character.',
    });
  }
  return `^(?:${similarBody(pattern, mark, '.*')})$`;
}

/** A part of a SIMILAR TO pattern; `any` is what stands for a percent sign. */
export function similarBody(pattern: string, mark: string, any: '.*' | '.*?'): string {
  let result = '';
  let bracket = false;
  let escaped = false;
  for (const c of pattern) {
    if (escaped) {
      result += `\\${c}`;
      escaped = false;
    } else if (c === mark) escaped = true;
    else if (bracket) {
      result += c === '\\' ? '\\\\' : c;
      if (c === ']') bracket = false;
    } else if (c === '[') {
      result += c;
      bracket = true;
    } else if (c === '%') result += any;
    else if (c === '_') result += '.';
    else if (c === '(') result += '(?:';
    else result += '\\.^$'.includes(c) ? `\\${c}` : c;
  }
  return result;
}
