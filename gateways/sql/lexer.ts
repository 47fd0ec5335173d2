import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { TokenKind } from './scanner.js';
import { characterCount, type Lexicon, Scanner, TOKEN } from './scanner.js';
import { quotedName, stringValue } from './string-literal.js';

/** One token of a statement's text. `start` and `end` are UTF-16 offsets. */
export interface Token {
  readonly kind: TokenKind;
  /** A word folded, an identifier or string without quotes and escapes, a number, parameter, operator or symbol as written; != as <>. */
  readonly text: string;
  /** An unquoted word in lower case; '' for everything else, so that quoted words are never keywords. */
  readonly keyword: string;
  readonly start: number;
  readonly end: number;
}

/** Tokens of a text, and what ended them: `error` is the refusal of what follows, if anything that cannot be a token does. */
export interface TokenList {
  /** The last is of kind `end`, or `wrong` where there is an error. */
  readonly tokens: readonly Token[];
  readonly error: SqlError | null;
}

/** All tokens of a text. Does not throw: a parser that never gets as far as the error has a better one to tell. */
export function tokenize(text: string, lexicon: Lexicon): TokenList {
  const scanner = new Scanner(text, lexicon);
  const tokens: Token[] = [];
  try {
    for (;;) {
      const kind = scanner.next();
      tokens.push(tokenOf(scanner, kind, lexicon));
      if (kind === TOKEN.end) return { tokens, error: null };
    }
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    tokens.push({ kind: TOKEN.wrong, text: '', keyword: '', start: scanner.start, end: text.length });
    return { tokens, error };
  }
}

function tokenOf(scanner: Scanner, kind: TokenKind, lexicon: Lexicon): Token {
  const { start, end } = scanner;
  const raw = scanner.text.slice(start, end);
  switch (kind) {
    case TOKEN.word:
      return { kind, text: truncate(fold(raw, lexicon), lexicon), keyword: foldLower(raw), start, end };
    case TOKEN.quoted:
      return {
        kind,
        text: truncate(delimitedName(scanner, raw, lexicon), lexicon),
        keyword: '',
        start,
        end,
      };
    case TOKEN.string:
      return { kind, text: scannedString(scanner, lexicon), keyword: '', start, end };
    default: {
      const keyword = kind === TOKEN.operator ? lexicon.options.operatorKeywords?.get(raw) : undefined;
      if (keyword !== undefined) return { kind: TOKEN.word, text: keyword, keyword, start, end };
      return { kind, text: raw === '!=' ? '<>' : raw, keyword: '', start, end };
    }
  }
}

function delimitedName(scanner: Scanner, raw: string, lexicon: Lexicon): string {
  const name = quotedName(raw, scanner.form, () => characterCount(scanner.text, scanner.start) + 1);
  return lexicon.options.foldsDelimited === true ? fold(name, lexicon) : name;
}

/** Value of the string token under the scanner. */
export function scannedString(scanner: Scanner, lexicon: Lexicon): string {
  const { text, start, end } = scanner;
  if (scanner.simple) return text.slice(start + 1, end - 1);
  return stringValue(
    text.slice(start, end),
    scanner.form,
    lexicon.options.backslashEscapes,
    () => characterCount(text, start) + 1,
  );
}

/** Only ASCII is folded: what PostgreSQL does in a UTF-8 database. */
function foldLower(word: string): string {
  return word.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function fold(word: string, lexicon: Lexicon): string {
  switch (lexicon.options.fold) {
    case 'lower':
      return foldLower(word);
    case 'upper':
      return word.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
    case 'none':
      return word;
  }
}

function truncate(name: string, lexicon: Lexicon): string {
  const max = lexicon.options.identifierBytesMax;
  if (max === 0 || name.length * 3 <= max) return name;
  let bytes = 0;
  let kept = '';
  for (const character of name) {
    bytes += Buffer.byteLength(character);
    if (bytes > max) return kept;
    kept += character;
  }
  return name;
}

/**
 * 1-based character position of the token with this ordinal, counted from the text's first token. Ordinals at or past the last token give the
 * place behind the text; negative ones give 0, "nowhere".
 */
export function characterPosition(text: string, tokenOrdinal: number, lexicon: Lexicon): number {
  if (tokenOrdinal < 0) return 0;
  const scanner = new Scanner(text, lexicon);
  for (let i = 0; i <= tokenOrdinal; i++) if (scanner.next() === TOKEN.end) break;
  return characterCount(text, scanner.start) + 1;
}
