import type { Expression } from '#schemas/program/expression.js';
import { tooDeep } from '#schemas/program/limits.js';
import type { ObjectPath } from '#schemas/program/statement.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import type { Dialect, KeywordClass } from './dialect.js';
import type { Token, TokenList } from './lexer.js';
import type { LiteralLifter } from './literal-lifter.js';
import { characterCount, TOKEN } from './scanner.js';

/** Levels that expressions, queries and joins may nest in a text: what the parser's own recursion holds in one megabyte of stack. */
const NESTING_MAX = 400;

/**
 * A place in a token stream, with the dialect's rules at hand. It never goes back: what a rule has read is decided, so that each
 * literal is lifted at most once.
 */
export class Parser {
  readonly text: string;
  readonly tokens: readonly Token[];
  private readonly lexicalError: SqlError | null;
  readonly dialect: Dialect;
  readonly lifter: LiteralLifter;
  /** Index of the next token. */
  index: number;
  /** Index of the statement's first token: ordinals in trees count from it. */
  readonly first: number;
  /** Where SELECT … INTO has put its rows; read once by the statement's rule. */
  into: { readonly path: ObjectPath; readonly temporary: boolean } | null = null;
  /** Parameters written as ? so far. */
  questionMarks = 0;
  private nesting = 0;
  /** Index of the furthest token at which a rule of several keywords has failed. */
  private furthest = 0;
  private readonly last: Token;

  constructor(text: string, list: TokenList, first: number, dialect: Dialect, lifter: LiteralLifter) {
    this.text = text;
    const { tokens, error } = list;
    this.tokens = tokens;
    this.lexicalError = error;
    this.index = first;
    this.first = first;
    this.dialect = dialect;
    this.lifter = lifter;
    this.last = tokens[tokens.length - 1] ?? { kind: TOKEN.end, text: '', keyword: '', start: 0, end: 0 };
  }

  get token(): Token {
    return this.tokens[this.index] ?? this.last;
  }

  peek(ahead: number): Token {
    return this.tokens[this.index + ahead] ?? this.last;
  }

  /** Ordinal of the next token in the statement. */
  get ordinal(): number {
    return this.index - this.first;
  }

  advance(): Token {
    const token = this.token;
    if (token.kind !== TOKEN.end) this.index++;
    return token;
  }

  // ── keywords ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The next tokens are these keywords. */
  at(first: string, second?: string, third?: string): boolean {
    if (this.token.keyword !== first) return false;
    if (second === undefined) return true;
    if (this.peek(1).keyword !== second) return this.fallShort(1);
    return third === undefined || this.peek(2).keyword === third || this.fallShort(2);
  }

  /**
   * Notes that a rule would have gone on behind `words` more tokens. If nothing else takes these, the error stands where PostgreSQL's parser
   * has it, which reads on while some rule can: GROUP (… is wrong at the parenthesis.
   */
  private fallShort(words: number): false {
    this.furthest = Math.max(this.furthest, this.index + words);
    return false;
  }

  atAny(...keywords: readonly string[]): boolean {
    return this.token.keyword !== '' && keywords.includes(this.token.keyword);
  }

  /** Reads these keywords if they are next. */
  accept(first: string, second?: string, third?: string): boolean {
    if (!this.at(first, second, third)) return false;
    this.index += third !== undefined ? 3 : second !== undefined ? 2 : 1;
    return true;
  }

  /** Reads one of these keywords. */
  acceptAny<const K extends string>(...keywords: readonly K[]): K | null {
    for (const keyword of keywords) if (this.accept(keyword)) return keyword;
    return null;
  }

  /** Reads each of these keywords or fails at the first that is not there. */
  expect(...keywords: readonly string[]): void {
    for (const keyword of keywords) if (!this.accept(keyword)) throw this.syntaxError();
  }

  // ── symbols and operators ────────────────────────────────────────────────────────────────────────────────────────

  atSymbol(symbol: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === TOKEN.symbol && token.text === symbol;
  }

  acceptSymbol(symbol: string): boolean {
    if (!this.atSymbol(symbol)) return false;
    this.index++;
    return true;
  }

  expectSymbol(symbol: string): void {
    if (!this.acceptSymbol(symbol)) throw this.syntaxError();
  }

  atOperator(operator: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === TOKEN.operator && token.text === operator;
  }

  acceptOperator(operator: string): boolean {
    if (!this.atOperator(operator)) return false;
    this.index++;
    return true;
  }

  /** At the end of the statement. */
  atEnd(): boolean {
    return this.token.kind === TOKEN.end || this.atSymbol(';');
  }

  /** The next token can only open a query. */
  startsQuery(): boolean {
    return this.atAny('select', 'with', 'values') || (this.at('table') && this.isIdentifier(this.peek(1)));
  }

  /** The next token goes on with a query that closed its parenthesis. */
  continuesQuery(): boolean {
    return this.atAny('union', 'intersect', 'except', 'order', 'limit', 'offset', 'fetch', 'for');
  }

  /** One or more of a rule with commas between. */
  commaList<T>(rule: () => T): T[] {
    const items = [rule()];
    while (this.acceptSymbol(',')) items.push(rule());
    return items;
  }

  /** ( rule, … ) with at least one. */
  parenthesised<T>(rule: () => T): T[] {
    this.expectSymbol('(');
    const items = this.commaList(rule);
    this.expectSymbol(')');
    return items;
  }

  // ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────

  keywordClass(token: Token): KeywordClass {
    return this.dialect.keywords.get(token.keyword) ?? 'unreserved';
  }

  /** The token can be a name in any place: a word that is not reserved, or a quoted identifier. */
  isIdentifier(token: Token): boolean {
    if (token.kind === TOKEN.quoted) return true;
    if (token.kind !== TOKEN.word) return false;
    const keywordClass = this.keywordClass(token);
    return keywordClass === 'unreserved' || keywordClass === 'column-name';
  }

  /** The token can name a type or a function. */
  isFunctionName(token: Token): boolean {
    if (token.kind === TOKEN.quoted) return true;
    if (token.kind !== TOKEN.word) return false;
    const keywordClass = this.keywordClass(token);
    return keywordClass === 'unreserved' || keywordClass === 'type-function';
  }

  /** A table's, column's or other object's name. */
  identifier(): string {
    if (!this.isIdentifier(this.token)) throw this.syntaxError();
    return this.advance().text;
  }

  /** A name where every keyword will do: behind AS or a point. */
  label(): string {
    const token = this.token;
    if (token.kind !== TOKEN.word && token.kind !== TOKEN.quoted) throw this.syntaxError();
    return this.advance().text;
  }

  identifiers(): string[] {
    return this.commaList(() => this.identifier());
  }

  /** [schema.]name */
  path(): string[] {
    const path = [this.identifier()];
    while (this.acceptSymbol('.')) path.push(this.label());
    return path;
  }

  objectPath(): ObjectPath {
    const token = this.ordinal;
    const path = this.path();
    if (path.length > 3)
      throw this.errorAt('syntax_error', `improper qualified name (too many dotted names): ${path.join('.')}`, token);
    if (path.length === 3)
      throw this.errorAt(
        'feature_not_supported',
        `cross-database references are not implemented: "${path.join('.')}"`,
        token,
      );
    return { path, token };
  }

  // ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Contents of a string token. */
  string(): string {
    if (this.token.kind !== TOKEN.string) throw this.syntaxError();
    return this.advance().text;
  }

  /** An integer that fits PostgreSQL's int4, with a sign where `signed`. */
  integer(signed = false): number {
    const negative = signed && this.acceptOperator('-');
    if (signed && !negative) this.acceptOperator('+');
    const value = Number(this.token.text);
    if (this.token.kind !== TOKEN.integer || value > 0x7fff_ffff) throw this.syntaxError();
    this.advance();
    return negative ? -value : value;
  }

  /** Text between two tokens as it was written. */
  textBetween(firstIndex: number, endIndex: number): string {
    const from = this.tokens[firstIndex]?.start ?? 0;
    const to = this.tokens[endIndex - 1]?.end ?? from;
    return this.text.slice(from, to);
  }

  /** An expression whose literals stay in the program. */
  fixedExpression(minimum?: number): Expression {
    return this.withoutLifting(() => this.dialect.grammar.expression(this, minimum));
  }

  /** Runs a rule in which literals stay in the program. */
  withoutLifting<T>(rule: () => T): T {
    this.lifter.suspended++;
    try {
      return rule();
    } finally {
      this.lifter.suspended--;
    }
  }

  /** Runs a rule that can contain itself. */
  nested<T>(rule: () => T): T {
    if (++this.nesting > NESTING_MAX) throw tooDeep();
    try {
      return rule();
    } finally {
      this.nesting--;
    }
  }

  // ── refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The error that the next token cannot stand here. */
  syntaxError(): SqlError {
    return this.syntaxErrorAt(Math.max(this.index, this.furthest));
  }

  syntaxErrorAt(index: number): SqlError {
    const token = this.tokens[index] ?? this.last;
    if (token.kind === TOKEN.wrong && this.lexicalError !== null) return this.lexicalError;
    const near = token.kind === TOKEN.end ? null : this.text.slice(token.start, token.end);
    return new SqlError('syntax_error', this.dialect.syntaxError(near), {
      position: characterCount(this.text, token.start) + 1,
    });
  }

  /** `what` is valid but not ours. Points at the next token, or at `token` of the statement. */
  unsupported(what: string, token = this.ordinal): SqlError {
    return this.errorAt('feature_not_supported', `${what} is not supported`, token);
  }

  errorAt(
    condition: SqlError['condition'],
    message: string,
    token: number,
    more: { readonly hint?: string } = {},
  ): SqlError {
    const start = (this.tokens[this.first + token] ?? this.last).start;
    return new SqlError(condition, message, { ...more, position: characterCount(this.text, start) + 1 });
  }
}
