import type { Option } from '#schemas/program/statement.js';
import type { Parser } from './parser.js';
import { TOKEN } from './scanner.js';

const FLAGS = ['superuser', 'createdb', 'createrole', 'inherit', 'login', 'replication', 'bypassrls'];

/** [WITH] option … of CREATE and ALTER USER. */
export function userOptions(p: Parser): Option[] {
  p.accept('with');
  const options: Option[] = [];
  while (!p.atEnd()) {
    const token = p.ordinal;
    const read = userOption(p);
    for (const option of read) {
      if (read.length === 1 && options.some((other) => other.name === option.name))
        throw p.errorAt('syntax_error', 'conflicting or redundant options', token);
      options.push({ ...option, token });
    }
  }
  return options;
}

function userOption(p: Parser): ReadonlyArray<Pick<Option, 'name' | 'value'>> {
  if (p.accept('connection', 'limit')) return [{ name: 'connection_limit', value: p.integer(true) }];
  if (p.accept('valid', 'until')) return [{ name: 'valid_until', value: p.string() }];
  if (p.at('unencrypted')) throw p.unsupported('UNENCRYPTED PASSWORD');
  if (p.accept('password') || p.accept('encrypted', 'password'))
    return [{ name: 'password', value: p.accept('null') ? null : p.string() }];
  if (p.at('sysid')) throw p.unsupported('SYSID');
  if (p.accept('in', 'role') || p.accept('in', 'group')) return userNames(p, 'in_role');
  if (p.accept('role') || p.accept('user')) return userNames(p, 'role');
  if (p.accept('admin')) return userNames(p, 'admin');
  const word = p.token.kind === TOKEN.word ? p.token.keyword : '';
  const negated = word.startsWith('no') && FLAGS.includes(word.slice(2));
  const name = negated ? word.slice(2) : word;
  if (!FLAGS.includes(name)) {
    if (word === '') throw p.syntaxError();
    throw p.errorAt('syntax_error', `unrecognized role option "${p.token.text}"`, p.ordinal);
  }
  p.advance();
  return [{ name, value: !negated }];
}

function userNames(p: Parser, name: string): Array<Pick<Option, 'name' | 'value'>> {
  return p.commaList(() => ({ name, value: userName(p) }));
}

/** A user's name; CURRENT_USER and its kin as these words, which no user can be called. */
export function userName(p: Parser): string {
  const word = p.acceptAny('current_user', 'current_role', 'session_user');
  if (word !== null) return word;
  const token = p.ordinal;
  const reserved = p.at('public') || p.at('none');
  const name = p.identifier();
  if (reserved && name === 'none') throw p.errorAt('reserved_name', 'role name "none" is reserved', token);
  return name;
}
