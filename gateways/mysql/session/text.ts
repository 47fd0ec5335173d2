import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Lexicon } from '../../sql/scanner.js';
import { Scanner, TOKEN } from '../../sql/scanner.js';

/** What the session knows and the program cannot: written into a text before it is parsed. */
export interface Facts {
  /** The value of @@name. Throws 1193. */
  variable(name: string): string;
  /** SQL of a function without arguments that asks for the session; undefined = it is none. */
  call(name: string): string | undefined;
}

/** Strings, quoted names and comments, which stay as they are; then what is looked for. */
const SKIPPED = String.raw`'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|${'`'}[^${'`'}]*${'`'}|\/\*(?!!)[\s\S]*?\*\/|--(?=\s|$)[^\n]*|#[^\n]*`;
const VERSIONED = new RegExp(String.raw`${SKIPPED}|\/\*!\d*([\s\S]*?)\*\/`, 'g');
const ASKED = new RegExp(
  String.raw`${SKIPPED}|@@(?:(?:session|global|local)\.)?(\w+)|\b(connection_id|last_insert_id|version|user|current_user|session_user|system_user|schema|row_count|found_rows)\s*\(\s*\)`,
  'gi',
);
const MAY_ASK =
  /@@|\b(?:connection_id|last_insert_id|version|(?:current_|session_|system_)?user|schema|row_count|found_rows)\s*\(/i;

/** The text with versioned comments opened, and with what it asks of the session in place of the question. */
export function answered(text: string, facts: Facts): string {
  const opened = text.includes('/*!')
    ? text.replace(VERSIONED, (all, inside?: string) => (inside === undefined ? all : ` ${inside} `))
    : text;
  if (!MAY_ASK.test(opened)) return opened;
  return opened.replace(ASKED, (all: string, name: string | undefined, call: string | undefined, at: number) => {
    const value =
      name !== undefined
        ? literal(facts.variable(name))
        : call === undefined
          ? undefined
          : facts.call(call.toLowerCase());
    if (value === undefined) return all;
    // Where it is a column of its own, it is named as it was asked for.
    const isColumn =
      /^\s*(?:,|;|$|limit\b|from\b)/i.test(opened.slice(at + all.length)) &&
      /(?:\bselect|,)\s*$/i.test(opened.slice(0, at));
    return isColumn ? `${value} AS \`${all}\`` : value;
  });
}

/** A value as a text may hold it: numbers as numbers. */
function literal(value: string): string {
  return /^\d{1,18}$/.test(value) ? value : quoted(value);
}

/** A string of MySQL's. */
export function quoted(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** The statements of a text, without the semicolons between them and without those that are empty. A text that cannot be scanned is one. */
export function statementsOf(text: string, lexicon: Lexicon): string[] {
  if (!text.includes(';')) return text.trim() === '' ? [] : [text];
  const pieces: string[] = [];
  const scanner = new Scanner(text, lexicon);
  let from = 0;
  let isEmpty = true;
  try {
    for (;;) {
      const kind = scanner.next();
      const isEnd = kind === TOKEN.end;
      if (isEnd || (kind === TOKEN.symbol && text[scanner.start] === ';')) {
        if (!isEmpty) pieces.push(text.slice(from, scanner.start));
        if (isEnd) return pieces;
        from = scanner.end;
        isEmpty = true;
      } else isEmpty = false;
    }
  } catch {
    // The parser says what is wrong with it.
    return [...pieces, text.slice(from)];
  }
}

/** Whether the text of a statement has a LIMIT of its own, outside all parentheses. */
export function hasLimit(text: string, lexicon: Lexicon): boolean {
  const scanner = new Scanner(text, lexicon);
  let depth = 0;
  for (;;) {
    const kind = scanner.next();
    if (kind === TOKEN.end) return false;
    const piece = text.slice(scanner.start, scanner.end);
    if (piece === '(') depth++;
    else if (piece === ')') depth--;
    else if (depth === 0 && kind === TOKEN.word && /^limit$/i.test(piece)) return true;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A text as a client sent it. Throws 22021 where it is not UTF-8. */
export function decodeText(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new SqlError('character_not_in_repertoire', 'invalid byte sequence for encoding "UTF8"');
  }
}
