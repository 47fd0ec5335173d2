import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { FORM } from './scanner.js';

/** Value of a string token as written, quotes and prefix included. `position` (1-based) is where errors point. */
export function stringValue(raw: string, form: number, backslashes: boolean, position: () => number): string {
  if (form === FORM.dollar) {
    const tag = raw.indexOf('$', 1) + 1;
    return raw.slice(tag, raw.length - tag);
  }
  const open = raw.search(/['"]/);
  const quote = raw[open] ?? "'";
  const escapes = backslashes || form === FORM.escape;
  let body = raw.slice(open + 1, -1);
  if (body.includes(quote)) body = joinParts(body, quote, escapes);
  if (backslashes && form === FORM.plain) return body.includes('\\') ? refuseNull(unescapeBackslashes(body)) : body;
  if (escapes && body.includes('\\')) return unescapeC(body, position);
  return form === FORM.unicode ? unescapeUnicode(body, position) : body;
}

/** Name of a delimited identifier token. */
export function quotedName(raw: string, form: number, position: () => number): string {
  const open = form === FORM.unicode ? 2 : 0;
  const quote = raw[open] ?? '"';
  const body = raw.slice(open + 1, -1).replaceAll(quote + quote, quote);
  return form === FORM.unicode ? unescapeUnicode(body, position) : body;
}

/** Undoubles quotes and joins the parts of a continued string; backslash sequences are left as they are. */
function joinParts(body: string, quote: string, escapes: boolean): string {
  let out = '';
  for (let at = 0; at < body.length; at++) {
    const character = body[at] ?? '';
    if (escapes && character === '\\') {
      out += character + (body[at + 1] ?? '');
      at++;
    } else if (character !== quote) out += character;
    else if (body[at + 1] === quote) {
      out += quote;
      at++;
    } else at = body.indexOf(quote, at + 1);
  }
  return out;
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

const PLAIN_ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  b: '\b',
  n: '\n',
  r: '\r',
  t: '\t',
  Z: '\u001a',
  // Kept for LIKE, which reads them itself.
  '%': '\\%',
  _: '\\_',
};

/** Escapes of a dialect in which every string has them: any other character stands for itself. */
function unescapeBackslashes(body: string): string {
  return body.replace(/\\([\s\S])/g, (_, character: string) => PLAIN_ESCAPES[character] ?? character);
}

/** E'…': C's escapes; octal and \x bytes together must be UTF-8. */
function unescapeC(body: string, position: () => number): string {
  const pattern =
    /\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|((?:x[0-9A-Fa-f]{1,2}|[0-7]{1,3})(?:\\(?:x[0-9A-Fa-f]{1,2}|[0-7]{1,3}))*)|([\s\S]))/g;
  const text = body.replace(
    pattern,
    (_: string, short?: string, long?: string, bytes?: string, other?: string): string => {
      if (bytes !== undefined) return decodeBytes(bytes);
      if (other === undefined) return codePoint(Number.parseInt(short ?? long ?? '', 16), position);
      if (other === 'u' || other === 'U')
        throw new SqlError('invalid_escape_sequence', 'invalid Unicode escape', {
          hint: 'Unicode escapes must be \\uXXXX or \\UXXXXXXXX.',
          position: position(),
        });
      return ESCAPES[other] ?? other;
    },
  );
  return refuseNull(text);
}

function decodeBytes(escaped: string): string {
  const bytes = escaped
    .split('\\')
    .map((byte) => (byte.startsWith('x') ? Number.parseInt(byte.slice(1), 16) : Number.parseInt(byte, 8) & 0xff));
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    throw new SqlError(
      'character_not_in_repertoire',
      `invalid byte sequence for encoding "UTF8": ${bytes.map((b) => `0x${b.toString(16).padStart(2, '0')}`).join(' ')}`,
    );
  }
}

/** U&'…': \XXXX and \+XXXXXX; \\ is a backslash. */
function unescapeUnicode(body: string, position: () => number): string {
  const text = body.replace(
    /\\(?:([0-9A-Fa-f]{4})|\+([0-9A-Fa-f]{6})|(\\)|)/g,
    (_: string, short?: string, long?: string, backslash?: string): string => {
      if (backslash !== undefined) return '\\';
      const digits = short ?? long;
      if (digits === undefined)
        throw new SqlError('syntax_error', 'invalid Unicode escape', {
          hint: 'Unicode escapes must be \\XXXX or \\+XXXXXX.',
          position: position(),
        });
      return codePoint(Number.parseInt(digits, 16), position);
    },
  );
  return refuseNull(text);
}

function codePoint(code: number, position: () => number): string {
  if (code === 0 || code > 0x10ffff)
    throw new SqlError('syntax_error', 'invalid Unicode escape value', { position: position() });
  return String.fromCodePoint(code);
}

function refuseNull(text: string): string {
  if (text.includes('\0'))
    throw new SqlError('character_not_in_repertoire', 'invalid byte sequence for encoding "UTF8": 0x00');
  if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text))
    throw new SqlError('syntax_error', 'invalid Unicode surrogate pair');
  return text;
}
