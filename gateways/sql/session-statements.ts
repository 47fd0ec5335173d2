import type { Statement } from '#schemas/program/statement.js';
import type { StatementParser } from './dialect.js';
import type { Parser } from './parser.js';
import { TOKEN } from './scanner.js';
import { transactionModes } from './transaction-statements.js';

/** SET, SHOW, RESET, DISCARD by their first keyword. */
export const SESSION_STATEMENTS: ReadonlyMap<string, StatementParser> = new Map<string, StatementParser>([
  ['set', parseSet],
  ['show', (p) => ({ kind: 'show', ...settingOrAll(p) })],
  ['reset', (p) => ({ kind: 'reset', ...settingOrAll(p) })],
  ['discard', parseDiscard],
]);

/** Settings whose values are lists of identifiers: these keep their quotes. */
const IDENTIFIER_LISTS: ReadonlySet<string> = new Set([
  'search_path',
  'temp_tablespaces',
  'session_preload_libraries',
  'local_preload_libraries',
]);

function parseSet(p: Parser): Statement {
  p.expect('set');
  if (p.accept('session', 'characteristics')) {
    p.expect('as', 'transaction');
    return { kind: 'set-transaction', session: true, modes: transactionModes(p) };
  }
  const local = p.at('local') && !isAssigned(p) && p.accept('local');
  if (!local && p.at('session') && !isAssigned(p) && p.peek(1).keyword !== 'authorization') p.accept('session');
  if (p.at('transaction') && !isAssigned(p)) return setTransaction(p);
  const token = p.ordinal;
  const set = (name: string, value: string | null): Statement => ({ kind: 'set', name, value, local, token });
  if (p.accept('time', 'zone')) return set('timezone', timeZone(p));
  if (p.accept('session', 'authorization')) return set('session_authorization', nameOrDefault(p));
  if (p.at('role') && !isAssigned(p) && p.accept('role')) return set('role', nameOrDefault(p));
  if (p.accept('names')) return set('client_encoding', p.atEnd() || p.accept('default') ? null : p.string());
  if (p.at('schema') && p.peek(1).kind === TOKEN.string && p.accept('schema'))
    return set('search_path', quoted(p.string()));
  if (p.at('catalog') || p.at('xml', 'option')) throw p.unsupported(`SET ${p.token.text.toUpperCase()}`);
  const name = settingName(p);
  if (p.at('from', 'current')) throw p.unsupported('SET … FROM CURRENT');
  if (!p.acceptOperator('=')) p.expect('to');
  if (p.accept('default')) return set(name, null);
  return set(name, p.commaList(() => settingValue(p, IDENTIFIER_LISTS.has(name))).join(', '));
}

/** The next token is the name of a setting: TO or = follows it. */
function isAssigned(p: Parser): boolean {
  return p.atOperator('=', 1) || p.peek(1).keyword === 'to' || p.atSymbol('.', 1);
}

function setTransaction(p: Parser): Statement {
  p.expect('transaction');
  if (p.at('snapshot')) throw p.unsupported('SET TRANSACTION SNAPSHOT');
  if (p.atEnd()) throw p.syntaxError();
  return { kind: 'set-transaction', session: false, modes: transactionModes(p) };
}

/** name or class.name, in lower case as settings are found in any case. */
function settingName(p: Parser): string {
  let name = p.identifier();
  while (p.acceptSymbol('.')) name += `.${p.label()}`;
  return name.toLowerCase();
}

function timeZone(p: Parser): string | null {
  if (p.accept('local') || p.accept('default')) return null;
  if (p.at('interval')) throw p.unsupported('an INTERVAL as time zone');
  return settingValue(p, false);
}

function nameOrDefault(p: Parser): string | null {
  if (p.accept('default')) return null;
  return p.token.kind === TOKEN.string ? p.advance().text : p.identifier();
}

/** A word, string or signed number as text. */
function settingValue(p: Parser, isIdentifier: boolean): string {
  const sign = p.acceptOperator('-') ? '-' : '';
  if (sign === '') p.acceptOperator('+');
  const { token } = p;
  switch (token.kind) {
    case TOKEN.integer:
    case TOKEN.decimal:
      p.advance();
      return sign + token.text;
    case TOKEN.string:
    case TOKEN.quoted:
      if (sign !== '') throw p.syntaxError();
      p.advance();
      return isIdentifier ? quoted(token.text) : token.text;
    case TOKEN.word:
      if (sign !== '' || (!p.atAny('true', 'false', 'on', 'off') && p.keywordClass(token) === 'reserved'))
        throw p.syntaxError();
      p.advance();
      return token.text;
    default:
      throw p.syntaxError();
  }
}

/** An identifier as it must be written: quoted unless it is plain. */
function quoted(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** SHOW and RESET: a setting, one of those with names of several words, or ALL (null). */
function settingOrAll(p: Parser): { name: string | null; token: number } {
  p.advance();
  const token = p.ordinal;
  if (p.accept('all')) return { name: null, token };
  if (p.accept('time', 'zone')) return { name: 'timezone', token };
  if (p.accept('transaction', 'isolation', 'level')) return { name: 'transaction_isolation', token };
  if (p.accept('session', 'authorization')) return { name: 'session_authorization', token };
  return { name: settingName(p), token };
}

function parseDiscard(p: Parser): Statement {
  p.expect('discard');
  const target = p.acceptAny('all', 'plans', 'sequences', 'temporary', 'temp');
  if (target === null) throw p.syntaxError();
  return { kind: 'discard', target: target === 'temporary' ? 'temp' : target };
}
