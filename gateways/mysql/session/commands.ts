import type { TransactionModes } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { type Token, tokenize } from '../../sql/lexer.js';
import { type Lexicon, TOKEN } from '../../sql/scanner.js';

/** A statement about the session, which the gateway itself answers. */
export type Command =
  | { readonly kind: 'use'; readonly database: string }
  | { readonly kind: 'kill'; readonly connection: number; readonly queryOnly: boolean }
  | { readonly kind: 'assign'; readonly variables: ReadonlyArray<readonly [name: string, value: string | null]> }
  | {
      readonly kind: 'modes';
      readonly session: boolean;
      readonly isolation: TransactionModes['isolation'];
      readonly readOnly: boolean | null;
    }
  | {
      readonly kind: 'show';
      readonly what:
        | 'databases'
        | 'tables'
        | 'variables'
        | 'status'
        | 'warnings'
        | 'engines'
        | 'collation'
        | 'charset'
        | 'processlist';
      readonly full: boolean;
      readonly database: string | null;
      readonly like: string | null;
    }
  | {
      readonly kind: 'show-columns' | 'show-create' | 'show-keys';
      readonly table: string;
      readonly database: string | null;
      readonly full: boolean;
      readonly like: string | null;
    };

/** Behind comments, which drivers sign their statements with. */
const OPENINGS = /^(?:\s|\/\*[\s\S]*?\*\/|(?:--|#)[^\n]*\n)*(?:use|set|show|desc|describe|explain|kill)\b/i;

/** The command that a text is; null = it is a statement for the engine. Throws syntax_error and feature_not_supported. */
export function parseCommand(text: string, lexicon: Lexicon): Command | null {
  if (!OPENINGS.test(text)) return null;
  const list = tokenize(text, lexicon);
  if (list.error !== null) throw list.error;
  const c = new Cursor(text, list.tokens);
  const command = parse(c);
  if (command !== null && !c.atEnd()) throw c.syntaxError();
  return command;
}

class Cursor {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #index = 0;

  constructor(text: string, tokens: readonly Token[]) {
    this.#text = text;
    this.#tokens = tokens;
  }

  get token(): Token {
    return (this.#tokens[this.#index] ?? this.#tokens[this.#tokens.length - 1]) as Token;
  }

  atEnd(): boolean {
    return this.token.kind === TOKEN.end || this.token.kind === TOKEN.wrong;
  }

  accept(...words: readonly string[]): boolean {
    if (!words.every((word, i) => this.#tokens[this.#index + i]?.keyword === word)) return false;
    this.#index += words.length;
    return true;
  }

  acceptAny(...words: readonly string[]): boolean {
    return words.some((word) => this.accept(word));
  }

  symbol(text: string): boolean {
    const { token } = this;
    if ((token.kind !== TOKEN.symbol && token.kind !== TOKEN.operator) || token.text !== text) return false;
    this.#index++;
    return true;
  }

  name(): string {
    const { token } = this;
    if (token.kind !== TOKEN.word && token.kind !== TOKEN.quoted) throw this.syntaxError();
    this.#index++;
    return token.text;
  }

  nameOrString(): string {
    return this.token.kind === TOKEN.string ? this.string() : this.name();
  }

  string(): string {
    const { token } = this;
    if (token.kind !== TOKEN.string) throw this.syntaxError();
    this.#index++;
    return token.text;
  }

  /** A literal or word; null = DEFAULT. */
  value(): string | null {
    const { token } = this;
    if (this.accept('default')) return null;
    if (![TOKEN.word, TOKEN.string, TOKEN.integer, TOKEN.decimal].some((kind) => kind === token.kind))
      throw this.syntaxError();
    this.#index++;
    return token.text;
  }

  syntaxError(): SqlError {
    const near = this.#text.slice(this.token.start);
    return new SqlError(
      'syntax_error',
      `You have an error in your SQL syntax; check the manual that corresponds to your server version for the right syntax to use near '${near}'`,
    );
  }
}

const unsupported = (what: string): SqlError => new SqlError('feature_not_supported', `${what} is not supported`);

function parse(c: Cursor): Command | null {
  if (c.accept('use')) return { kind: 'use', database: c.name() };
  if (c.accept('set')) return parseSet(c);
  if (c.accept('kill')) {
    const queryOnly = c.accept('query');
    if (!queryOnly) c.accept('connection');
    const connection = Number(c.value());
    if (!Number.isInteger(connection)) throw c.syntaxError();
    return { kind: 'kill', connection, queryOnly };
  }
  if (c.accept('show')) return parseShow(c);
  const isExplain = c.accept('explain');
  if (!isExplain) c.acceptAny('desc', 'describe');
  if (
    c.token.kind === TOKEN.word &&
    ['select', 'insert', 'update', 'delete', 'with', 'analyze', 'format'].includes(c.token.keyword)
  )
    throw unsupported('EXPLAIN of a statement');
  return describe(c, 'show-columns', false);
}

function parseSet(c: Cursor): Command {
  if (c.accept('names')) {
    const set = c.value();
    if (c.accept('collate')) c.value();
    return { kind: 'assign', variables: characterSets(set) };
  }
  if (c.accept('character', 'set') || c.accept('charset'))
    return { kind: 'assign', variables: characterSets(c.value()) };
  if (c.acceptAny('password', 'role')) throw unsupported('SET PASSWORD and SET ROLE');
  const session = c.acceptAny('session', 'local');
  if (c.accept('transaction')) return transactionModes(c, session);
  const variables: Array<readonly [string, string | null]> = [];
  do {
    if (c.accept('global') || c.accept('persist')) throw unsupported('SET GLOBAL');
    c.acceptAny('session', 'local');
    if (c.symbol('@')) {
      if (!c.symbol('@')) throw unsupported('a user variable');
      if (c.accept('global')) throw unsupported('SET GLOBAL');
      if (c.acceptAny('session', 'local') && !c.symbol('.')) throw c.syntaxError();
    }
    const name = c.name();
    if (!c.symbol('=') && !c.symbol(':=')) throw c.syntaxError();
    variables.push([name, c.value()]);
  } while (c.symbol(','));
  return { kind: 'assign', variables };
}

function characterSets(value: string | null): ReadonlyArray<readonly [string, string | null]> {
  return ['client', 'connection', 'results'].map((part) => [`character_set_${part}`, value] as const);
}

function transactionModes(c: Cursor, session: boolean): Command {
  let isolation: TransactionModes['isolation'] = null;
  let readOnly: boolean | null = null;
  do {
    if (c.accept('read', 'only')) readOnly = true;
    else if (c.accept('read', 'write')) readOnly = false;
    else if (!c.accept('isolation', 'level')) throw c.syntaxError();
    else if (c.accept('serializable')) isolation = 'serializable';
    else if (c.accept('repeatable', 'read')) isolation = 'repeatable read';
    else if (c.accept('read', 'committed') || c.accept('read', 'uncommitted')) isolation = 'read committed';
    else throw c.syntaxError();
  } while (c.symbol(','));
  return { kind: 'modes', session, isolation, readOnly };
}

type Shown = Extract<Command, { kind: 'show' }>['what'];
const PLAIN_SHOWS: Readonly<Record<string, Shown>> = {
  databases: 'databases',
  schemas: 'databases',
  tables: 'tables',
  variables: 'variables',
  status: 'status',
  warnings: 'warnings',
  errors: 'warnings',
  engines: 'engines',
  collation: 'collation',
  charset: 'charset',
  processlist: 'processlist',
};

function parseShow(c: Cursor): Command {
  const full = c.accept('full');
  const extended = c.acceptAny('global', 'session', 'extended', 'storage');
  if (!extended && c.acceptAny('columns', 'fields')) return ofTable(c, 'show-columns', full);
  if (!extended && c.acceptAny('index', 'indexes', 'keys')) return ofTable(c, 'show-keys', full);
  if (!extended && c.accept('create', 'table')) return describe(c, 'show-create', full);
  const what = c.accept('character', 'set') ? 'charset' : PLAIN_SHOWS[c.token.keyword];
  if (what === undefined) throw unsupported(`SHOW ${c.token.text.toUpperCase()}`);
  if (what !== 'charset' || c.token.keyword === 'charset') c.name();
  const database = c.acceptAny('from', 'in') ? c.name() : null;
  const like = c.accept('like') ? c.string() : null;
  const named = like === null && c.accept('where') ? nameCondition(c) : like;
  return { kind: 'show', what, full, database, like: named };
}

/** WHERE Variable_name = '…' [OR …], as drivers ask; one name after the other is all that is understood. */
function nameCondition(c: Cursor): string {
  c.nameOrString();
  if (c.symbol('=') || c.accept('like')) {
    const name = c.string();
    if (c.atEnd()) return name;
  }
  throw unsupported('this WHERE of SHOW');
}

function ofTable(c: Cursor, kind: 'show-columns' | 'show-keys', full: boolean): Command {
  if (!c.acceptAny('from', 'in')) throw c.syntaxError();
  return describe(c, kind, full);
}

function describe(c: Cursor, kind: 'show-columns' | 'show-create' | 'show-keys', full: boolean): Command {
  let table = c.name();
  let database: string | null = null;
  if (c.symbol('.')) {
    database = table;
    table = c.name();
  }
  if (c.acceptAny('from', 'in')) database = c.name();
  const like = c.accept('like') || c.token.kind === TOKEN.string ? c.string() : null;
  return { kind, table, database, full, like };
}
