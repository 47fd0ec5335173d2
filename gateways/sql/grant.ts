import type { ObjectPath, Statement } from '#schemas/program/statement.js';
import type { Parser } from './parser.js';
import { userName } from './user-options.js';

type Grant = Extract<Statement, { kind: 'grant' }>;

/** GRANT and REVOKE of privileges and of roles. */
export function parseGrant(p: Parser): Statement {
  const revoke = p.accept('revoke');
  if (!revoke) p.expect('grant');
  const optionFor = revoke && (p.accept('grant', 'option') || p.accept('admin', 'option'));
  if (optionFor) p.expect('for');
  const token = p.ordinal;
  const words = grantedWords(p);
  if (!p.accept('on')) return grantRoles(p, revoke, words, token, optionFor);
  const privileges = words.length === 1 && words[0] === 'all' ? [] : words;
  const target = grantTarget(p);
  return { kind: 'grant', revoke, privileges, ...target, ...grantees(p, revoke, optionFor) };
}

/** Privileges in lower case, or names of roles: which of them only shows behind the list. */
function grantedWords(p: Parser): string[] {
  if (p.accept('all')) {
    p.accept('privileges');
    if (p.atSymbol('(')) throw p.unsupported('a privilege on columns');
    return ['all'];
  }
  return p.commaList(() => {
    const word = p.label();
    if (p.atSymbol('(')) throw p.unsupported('a privilege on columns');
    return word;
  });
}

function grantRoles(p: Parser, revoke: boolean, names: readonly string[], token: number, optionFor: boolean): Grant {
  const paths: ObjectPath[] = names.map((name) => ({ path: [name], token }));
  return { kind: 'grant', revoke, privileges: [], object: 'role', paths, ...grantees(p, revoke, optionFor) };
}

function grantTarget(p: Parser): Pick<Grant, 'object' | 'paths'> {
  if (p.accept('all', 'tables', 'in')) {
    p.expect('schema');
    return { object: 'all-tables-in-schema', paths: p.commaList(() => p.objectPath()) };
  }
  if (p.at('all')) throw p.unsupported(`GRANT ON ALL ${p.peek(1).text.toUpperCase()}`);
  const isObject = !p.atSymbol('.', 1) && !p.atSymbol(',', 1);
  if (isObject && p.atAny(...REFUSED_OBJECTS) && p.peek(1).keyword !== 'to' && p.peek(1).keyword !== 'from')
    throw p.unsupported(`GRANT ON ${p.token.text.toUpperCase()}`);
  const object = isObject ? p.acceptAny('table', 'schema', 'database', 'sequence') : null;
  return { object: object ?? 'table', paths: p.commaList(() => p.objectPath()) };
}

const REFUSED_OBJECTS = [
  'foreign',
  'function',
  'procedure',
  'routine',
  'language',
  'large',
  'tablespace',
  'domain',
  'type',
  'parameter',
];

function grantees(p: Parser, revoke: boolean, optionFor: boolean): Pick<Grant, 'users' | 'withGrantOption'> {
  p.expect(revoke ? 'from' : 'to');
  const users = p.commaList(() => {
    p.accept('group');
    return userName(p);
  });
  const withOption = !revoke && (p.accept('with', 'grant', 'option') || p.accept('with', 'admin', 'option'));
  if (p.at('granted')) throw p.unsupported('GRANTED BY');
  // What was granted on is not taken back in turn: CASCADE would have to.
  if (revoke && !p.accept('restrict') && p.at('cascade')) p.advance();
  return { users, withGrantOption: withOption || optionFor };
}
