import type { Statement } from '#schemas/program/statement.js';
import type { Dialect, ParsedStatement } from './dialect.js';
import type { Token, TokenList } from './lexer.js';
import { tokenize } from './lexer.js';
import { LiteralLifter } from './literal-lifter.js';
import type { LocalStatement } from './local-statement.js';
import { Parser } from './parser.js';
import { TOKEN } from './scanner.js';

/** Statements in which literals may be lifted, by their first keyword. */
const LIFTED_STATEMENTS: ReadonlySet<string> = new Set(['select', 'insert', 'update', 'delete', 'values', 'with', '(']);

/**
 * Parses all statements of a text. Empty statements between semicolons vanish, as in PostgreSQL; a text without any gives no statement.
 * Throws SqlError with a character position: syntax_error, feature_not_supported and what else the grammar itself refuses.
 */
export function parseText(text: string, dialect: Dialect, lift: boolean): ParsedStatement[] {
  const list = tokenize(text, dialect.lexicon);
  const { tokens } = list;
  const statements: ParsedStatement[] = [];
  let index = 0;
  for (;;) {
    while (isSemicolon(tokens[index])) index++;
    const token = tokens[index];
    if (token === undefined || token.kind === TOKEN.end) return statements;
    const statement = parseOne(text, list, index, dialect, lift);
    statements.push(statement.parsed);
    index = statement.end;
  }
}

function isSemicolon(token: Token | undefined): boolean {
  return token !== undefined && token.kind === TOKEN.symbol && token.text === ';';
}

function parseOne(
  text: string,
  list: TokenList,
  first: number,
  dialect: Dialect,
  lift: boolean,
): { readonly parsed: ParsedStatement; readonly end: number } {
  const parameterCount = countParameters(list.tokens, first);
  const head = list.tokens[first];
  const lifter = new LiteralLifter(parameterCount, lift && LIFTED_STATEMENTS.has(head?.keyword || (head?.text ?? '')));
  const parser = new Parser(text, list, first, dialect, lifter);
  const result = parseStatement(parser);
  if (!parser.atEnd()) throw parser.syntaxError();
  const isLocal = result.kind === 'prepare' || result.kind === 'execute' || result.kind === 'deallocate';
  const parsed: ParsedStatement = {
    statement: isLocal ? null : result,
    local: isLocal ? result : null,
    firstToken: first,
    parameterCount: result.kind === 'prepare' ? 0 : parameterCount,
    lifted: lifter.lifted,
    tag: isLocal ? result.kind.toUpperCase() : tagOf(result, head, dialect),
    returnsRows: !isLocal && returnsRows(result),
  };
  return { parsed, end: parser.index };
}

/** START TRANSACTION and BEGIN are one statement with two answers. */
function tagOf(statement: Statement, head: Token | undefined, dialect: Dialect): string {
  return statement.kind === 'begin' && head?.keyword === 'start' ? 'START TRANSACTION' : dialect.tag(statement);
}

/** One statement by its first keyword. */
function parseStatement(p: Parser): Statement | LocalStatement {
  const { statements, unsupportedStatements } = p.dialect.grammar;
  if (p.atSymbol('(')) {
    const query = statements.get('select');
    if (query !== undefined) return query(p);
  }
  const first = p.token.keyword;
  const second = p.peek(1).keyword;
  const refused =
    unsupportedStatements.get(`${first} ${second} ${p.peek(2).keyword}`) ??
    unsupportedStatements.get(`${first} ${second}`) ??
    unsupportedStatements.get(first);
  if (refused !== undefined) throw p.unsupported(refused);
  const rule = statements.get(first);
  if (rule === undefined) throw p.syntaxError();
  return rule(p);
}

/** Parameters of the statement that starts at `first`: the highest $n, or the number of question marks. */
function countParameters(tokens: readonly Token[], first: number): number {
  let highest = 0;
  let marks = 0;
  for (let i = first; i < tokens.length; i++) {
    const token = tokens[i];
    if (token === undefined || isSemicolon(token)) break;
    if (token.kind !== TOKEN.parameter) continue;
    if (token.text === '?') marks++;
    else highest = Math.max(highest, Number(token.text.slice(1)));
  }
  return Math.max(highest, marks);
}

/** Whether a statement answers with rows, so that its client expects their description. */
export function returnsRows(statement: Statement): boolean {
  switch (statement.kind) {
    case 'query':
    case 'show':
    case 'explain':
      return true;
    case 'fetch-cursor':
      return !statement.move;
    case 'insert':
    case 'update':
    case 'delete':
      return statement.returning.length > 0;
    default:
      return false;
  }
}
