/**
 * Splits date and time input into fields as PostgreSQL's ParseDateTime does. Every reader of such text (dates, times, intervals) works on these.
 *
 *   number  1999, 12.5, .5           time    12:34:56.7
 *   date    1999-01-08, 08-Jan-99, America/New_York, GMT-8: parts joined by - / . (a zone name has the same shape)
 *   zone    +02, -03:30: a sign and digits           word  letters        special  -infinity: a sign and letters
 */
export type TokenKind = 'number' | 'date' | 'time' | 'zone' | 'word' | 'special';

export interface Token {
  readonly kind: TokenKind;
  /** In lower case. */
  readonly text: string;
}

const BLANK = /[ \t-\r]+/y;
/** More fields than any date has; PostgreSQL stops there too. */
const TOKENS_MAX = 25;

function matchAt(text: string, at: number, pattern: RegExp): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

/** A token that begins with a digit: what follows the digits tells times, dates and numbers apart. */
function digitsAt(text: string, at: number): Token {
  const digits = matchAt(text, at, /\d+/y);
  let end = at + digits.length;
  const delimiter = text[end] ?? '';
  if (delimiter === ':') return { kind: 'time', text: matchAt(text, at, /\d+:[\d:.]*/y) };
  if (delimiter !== '-' && delimiter !== '/' && delimiter !== '.') return { kind: 'number', text: digits };
  end++;
  const second = matchAt(text, end, /\d+/y);
  if (second === '') return { kind: 'date', text: text.slice(at, end) + takeWhile(text, end, /[a-z\d]/, delimiter) };
  end += second.length;
  // Two parts joined by a point are a number; a third must be joined as the first two are.
  if (text[end] !== delimiter) return { kind: delimiter === '.' ? 'number' : 'date', text: text.slice(at, end) };
  return { kind: 'date', text: text.slice(at, end) + takeWhile(text, end, /\d/, delimiter) };
}

function takeWhile(text: string, at: number, part: RegExp, delimiter: string): string {
  let end = at;
  while (end < text.length && (part.test(text[end] as string) || text[end] === delimiter)) end++;
  return text.slice(at, end);
}

/** `isWord` tells which letters are a word of their own before a digit (t12:34, j2451187). */
function tokenAt(text: string, at: number, isWord: (letters: string) => boolean): Token | null {
  const c = text[at] as string;
  if (c >= '0' && c <= '9') return digitsAt(text, at);
  if (c === '.') return { kind: 'number', text: matchAt(text, at, /\.\d*/y) };
  if (c >= 'a' && c <= 'z') return wordAt(text, at, isWord);
  return c === '+' || c === '-' ? signedAt(text, at) : null;
}

function wordAt(text: string, at: number, isWord: (letters: string) => boolean): Token {
  const word = matchAt(text, at, /[a-z]+/y);
  const next = text[at + word.length] ?? '';
  const joined = /[-/.]/.test(next) || (/[+\d]/.test(next) && !isWord(word));
  if (!joined) return { kind: 'word', text: word };
  return { kind: 'date', text: matchAt(text, at, /[a-z\d+\-/_.:]+/y) };
}

/** A sign, then behind any blanks digits or letters. */
function signedAt(text: string, at: number): Token | null {
  const signed = /([+-])[ \t-\r]*(?:(\d[\d:.-]*)|([a-z]+))/y;
  signed.lastIndex = at;
  const match = signed.exec(text);
  if (match === null) return null;
  const [, sign, digits, letters] = match;
  return digits === undefined
    ? { kind: 'special', text: `${sign}${letters}` }
    : { kind: 'zone', text: `${sign}${digits}` };
}

function lengthAt(text: string, at: number, token: Token): number {
  // Blanks behind a sign are not part of the token's text.
  const sign = text[at] === '+' || text[at] === '-' ? /[+-][ \t-\r]*/y : null;
  if (sign === null) return token.text.length;
  sign.lastIndex = at;
  return (sign.exec(text) as RegExpExecArray)[0].length + token.text.length - 1;
}

/** The fields of a text in order, or null when it holds a character that belongs into none. */
export function tokenizeDatetime(source: string, isWord: (letters: string) => boolean): Token[] | null {
  const text = source.toLowerCase();
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const blank = matchAt(text, at, BLANK);
    if (blank !== '') {
      at += blank.length;
      continue;
    }
    const token = tokenAt(text, at, isWord);
    if (token !== null) {
      if (tokens.length >= TOKENS_MAX) return null;
      tokens.push(token);
      at += lengthAt(text, at, token);
    } else if (/[!-/:-@[-`{-~]/.test(text[at] as string) && !/[+-]/.test(text[at] as string)) {
      // Other punctuation only separates.
      at++;
    } else {
      return null;
    }
  }
  return tokens;
}
