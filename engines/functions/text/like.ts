import { SqlError } from '#schemas/sqlstate/sql-error.js';

/** LIKE and SIMILAR TO patterns, compiled once and kept: a statement matches one pattern against many rows. */

type Matcher = (text: string) => boolean;

const KEPT = 256;
const sensitive = new Map<string, Matcher>();
const insensitive = new Map<string, Matcher>();

export function like(text: string, pattern: string): boolean {
  return matcher(sensitive, pattern, false)(text);
}

export function likeIgnoringCase(text: string, pattern: string): boolean {
  return matcher(insensitive, pattern, true)(text);
}

function matcher(kept: Map<string, Matcher>, pattern: string, ignoreCase: boolean): Matcher {
  let found = kept.get(pattern);
  if (found === undefined) {
    found = compileLike(pattern, ignoreCase);
    if (kept.size >= KEPT) kept.clear();
    kept.set(pattern, found);
  }
  return found;
}

function compileLike(pattern: string, ignoreCase: boolean): Matcher {
  if (!ignoreCase && !pattern.includes('_') && !pattern.includes('\\')) {
    const simple = /^(%*)([^%]*)(%*)$/.exec(pattern);
    if (simple !== null) {
      const body = simple[2] as string;
      const open = simple[1] !== '';
      const close = simple[3] !== '';
      if (open && close) return (text) => text.includes(body);
      if (open) return (text) => text.endsWith(body);
      if (close) return (text) => text.startsWith(body);
      return (text) => text === body;
    }
  }
  const regex = new RegExp(`^${likeSource(pattern)}$`, ignoreCase ? 'isu' : 'su');
  return (text) => regex.test(text);
}

function likeSource(pattern: string): string {
  let source = '';
  const characters = [...pattern];
  for (let i = 0; i < characters.length; i++) {
    let c = characters[i] as string;
    if (c === '%') source += '.*';
    else if (c === '_') source += '.';
    else {
      if (c === '\\') {
        c = characters[++i] ?? '';
        if (c === '') throw new SqlError('invalid_escape_sequence', 'LIKE pattern must not end with escape character');
      }
      source += quoteRegex(c);
    }
  }
  return source;
}

function quoteRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
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
  let result = '^(?:';
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
    } else if (c === '%') result += '.*';
    else if (c === '_') result += '.';
    else if (c === '(') result += '(?:';
    else result += '\\.^$'.includes(c) ? `\\${c}` : c;
  }
  return `${result})$`;
}
