import type { Option, Statement } from '#schemas/program/statement.js';
import { alterActions, alterTable } from './alter-table.js';
import { createIndex } from './create-index.js';
import { createTable } from './create-table.js';
import type { StatementParser } from './dialect.js';
import { parseGrant } from './grant.js';
import type { Parser } from './parser.js';
import { sequenceOptions } from './sequence-options.js';
import { optionValue } from './storage-options.js';
import { userName, userOptions } from './user-options.js';

/** CREATE, ALTER, DROP, GRANT, REVOKE, COMMENT by their first keyword. */
export const DEFINITION_STATEMENTS: ReadonlyMap<string, StatementParser> = new Map<string, StatementParser>([
  ['create', parseCreate],
  ['alter', parseAlter],
  ['drop', parseDrop],
  ['grant', parseGrant],
  ['revoke', parseGrant],
  ['comment', parseComment],
]);

function parseCreate(p: Parser): Statement {
  p.expect('create');
  const orReplace = p.accept('or', 'replace');
  if (p.at('unlogged')) throw p.unsupported('UNLOGGED');
  p.acceptAny('local', 'global');
  const temporary = p.acceptAny('temp', 'temporary') !== null;
  if (p.accept('view')) return createView(p, orReplace, temporary);
  if (orReplace || p.at('recursive'))
    throw p.at('recursive')
      ? p.unsupported('CREATE RECURSIVE VIEW')
      : p.unsupported(`CREATE OR REPLACE ${p.token.text.toUpperCase()}`);
  if (p.accept('table')) return createTable(p, temporary);
  if (p.at('sequence') && temporary) throw p.unsupported('CREATE TEMPORARY SEQUENCE');
  if (p.accept('sequence')) return createSequence(p);
  if (temporary) throw p.syntaxError();
  if (p.accept('unique')) return createIndex(p, true);
  if (p.at('index')) return createIndex(p, false);
  if (p.accept('schema')) return createSchema(p);
  if (p.accept('database')) return createDatabase(p);
  const role = p.acceptAny('user', 'role', 'group');
  if (role !== null) return createUser(p, role === 'user');
  throw p.syntaxError();
}

function createView(p: Parser, orReplace: boolean, temporary: boolean): Statement {
  if (temporary) throw p.unsupported('a temporary view');
  const path = p.objectPath();
  const columns = p.atSymbol('(') ? p.parenthesised(() => p.identifier()) : [];
  if (p.at('with')) throw p.unsupported('WITH options of a view');
  p.expect('as');
  const start = p.index;
  const query = p.withoutLifting(() => p.dialect.grammar.query(p));
  const text = p.textBetween(start, p.index);
  if (p.at('with')) throw p.unsupported('WITH CHECK OPTION');
  return { kind: 'create-view', path, orReplace, columns, query, text };
}

function createSequence(p: Parser): Statement {
  const ifNotExists = p.accept('if', 'not', 'exists');
  return { kind: 'create-sequence', path: p.objectPath(), ifNotExists, ...sequenceOptions(p) };
}

function createSchema(p: Parser): Statement {
  const ifNotExists = p.accept('if', 'not', 'exists');
  const token = p.ordinal;
  const named = p.at('authorization') ? null : p.identifier();
  const owner = p.accept('authorization') ? userName(p) : null;
  if (!p.atEnd()) throw p.unsupported('objects inside CREATE SCHEMA');
  return { kind: 'create-schema', name: named ?? owner ?? '', ifNotExists, owner, token };
}

/** CREATE DATABASE name [WITH] option [=] value … */
function createDatabase(p: Parser): Statement {
  const ifNotExists = p.accept('if', 'not', 'exists');
  const token = p.ordinal;
  const name = p.identifier();
  p.accept('with');
  const options: Option[] = [];
  while (!p.atEnd()) {
    const place = p.ordinal;
    const option = p.accept('connection', 'limit') ? 'connection_limit' : p.identifier().toLowerCase();
    p.acceptOperator('=');
    if (p.atEnd()) throw p.syntaxError();
    options.push({ name: option, value: p.accept('default') ? null : optionValue(p), token: place });
  }
  return { kind: 'create-database', name, ifNotExists, options, token };
}

function createUser(p: Parser, login: boolean): Statement {
  const ifNotExists = p.accept('if', 'not', 'exists');
  const token = p.ordinal;
  const name = p.identifier();
  const options = userOptions(p);
  const implied: Option[] = options.some((option) => option.name === 'login')
    ? []
    : [{ name: 'login', value: login, token }];
  return { kind: 'create-user', name, ifNotExists, options: [...implied, ...options], token };
}

function parseAlter(p: Parser): Statement {
  p.expect('alter');
  const object = p.acceptAny('table', 'index', 'view');
  if (object !== null) return alterTable(p, object);
  if (p.accept('sequence')) return alterSequence(p);
  if (p.acceptAny('user', 'role', 'group') !== null) return alterUser(p);
  if (p.atAny('schema', 'database')) throw p.unsupported(`ALTER ${p.token.text.toUpperCase()}`);
  throw p.syntaxError();
}

function alterSequence(p: Parser): Statement {
  const ifExists = p.accept('if', 'exists');
  const path = p.objectPath();
  if (p.at('rename') || p.at('set', 'schema') || p.at('owner', 'to'))
    return { kind: 'alter-table', object: 'sequence', path, ifExists, actions: alterActions(p, 'sequence') };
  return { kind: 'alter-sequence', path, ifExists, ...sequenceOptions(p) };
}

function alterUser(p: Parser): Statement {
  const token = p.ordinal;
  const name = p.accept('all') ? 'all' : userName(p);
  if (p.atAny('set', 'reset', 'rename', 'in', 'add', 'drop'))
    throw p.unsupported(`ALTER ROLE … ${p.token.text.toUpperCase()}`);
  return { kind: 'alter-user', name, options: userOptions(p), token };
}

function parseDrop(p: Parser): Statement {
  p.expect('drop');
  const object =
    p.acceptAny('table', 'index', 'view', 'sequence', 'schema', 'database') ??
    (p.acceptAny('user', 'role', 'group') === null ? null : 'user');
  if (object === null) throw p.syntaxError();
  if (object === 'index') p.accept('concurrently');
  const ifExists = p.accept('if', 'exists');
  const paths = p.commaList(() => p.objectPath());
  if (object === 'database' && (p.at('with') || p.atSymbol('('))) throw p.unsupported('DROP DATABASE … WITH (FORCE)');
  const cascade = p.accept('cascade');
  if (!cascade) p.accept('restrict');
  return { kind: 'drop', object, paths, ifExists, cascade };
}

const COMMENTED = ['table', 'view', 'index', 'sequence', 'schema', 'database', 'role'];

/** Objects that we do not have. */
const UNCOMMENTED = [
  ...['access', 'aggregate', 'cast', 'collation', 'conversion', 'domain', 'event', 'extension', 'foreign', 'function'],
  ...[
    'language',
    'large',
    'materialized',
    'operator',
    'policy',
    'procedural',
    'procedure',
    'publication',
    'routine',
    'rule',
  ],
  ...['server', 'statistics', 'subscription', 'tablespace', 'text', 'transform', 'trigger', 'type'],
];

function parseComment(p: Parser): Statement {
  p.expect('comment', 'on');
  if (p.accept('column')) {
    const token = p.ordinal;
    const path = p.path();
    const column = path.pop();
    if (column === undefined || path.length === 0)
      throw p.errorAt('syntax_error', 'column name must be qualified', token);
    return { kind: 'comment', object: 'column', path: { path, token }, column, text: commentText(p) };
  }
  if (p.accept('constraint')) {
    const column = p.identifier();
    p.expect('on');
    if (p.at('domain')) throw p.unsupported('COMMENT ON DOMAIN');
    return { kind: 'comment', object: 'constraint', path: p.objectPath(), column, text: commentText(p) };
  }
  const object = p.acceptAny(...COMMENTED);
  if (object === null)
    throw p.atAny(...UNCOMMENTED) ? p.unsupported(`COMMENT ON ${p.token.text.toUpperCase()}`) : p.syntaxError();
  return { kind: 'comment', object, path: p.objectPath(), column: null, text: commentText(p) };
}

function commentText(p: Parser): string | null {
  p.expect('is');
  return p.accept('null') ? null : p.string();
}
