import type { Expression, TypeName } from '#schemas/program/expression.js';
import type { FromItem, Locking, Query, SelectItem } from '#schemas/program/query.js';
import type {
  ColumnConstraint,
  ColumnDefinition,
  OnConflict,
  Option,
  Statement,
  TableConstraint,
  TableIndex,
  UpdateStatement,
} from '#schemas/program/statement.js';
import type { SqlType } from '#schemas/values/type.js';
import type { LocalStatement } from './local-statement.js';
import type { Parser } from './parser.js';
import type { Lexicon } from './scanner.js';

/** How far a keyword may serve as a name; words that are no keywords are `unreserved`. The classes are PostgreSQL's. */
export type KeywordClass = 'unreserved' | 'column-name' | 'type-function' | 'reserved';

/** Parses what its statement's first keyword opened; the keyword is still to be read. */
export type StatementParser = (p: Parser) => Statement | LocalStatement;

/** An infix operator that is a word. */
export interface InfixWord {
  readonly strength: number;
  readonly make: (left: Expression, right: Expression, token: number) => Expression;
}

/** Parses an expression that opens with a keyword of its own; the keyword is still to be read. */
export type SpecialParser = (p: Parser) => Expression;

/**
 * The rules that call each other across files, and that a dialect may replace one by one.
 */
export interface Grammar {
  /** `minimum` is the weakest binding strength that is still taken (see precedence.ts); 0 = all. */
  readonly expression: (p: Parser, minimum?: number) => Expression;
  readonly typeName: (p: Parser) => TypeName;
  /** A query with or without WITH and parentheses. */
  readonly query: (p: Parser) => Query;
  /** Set operations and the clauses behind them, for a query whose first part has been read in parentheses. */
  readonly queryRest: (p: Parser, first: Query) => Query;
  readonly fromItem: (p: Parser) => FromItem;
  readonly selectItems: (p: Parser) => SelectItem[];
  /** Statements by their first keyword. */
  readonly statements: ReadonlyMap<string, StatementParser>;
  /** A dialect's own infix operators by their keywords. */
  readonly infixWords?: ReadonlyMap<string, InfixWord>;
  /** A dialect's own meaning of an infix operator; undefined = the program's. */
  readonly infixOperator?: (
    left: Expression,
    symbol: string,
    right: Expression,
    token: number,
  ) => Expression | undefined;
  /** Expressions by their first keyword. */
  readonly specials: ReadonlyMap<string, SpecialParser>;
  /** A column's type with the constraints that its name stands for; `typeName` where there is none. */
  readonly columnType?: (p: Parser, column: string) => Pick<ColumnDefinition, 'type' | 'constraints'>;
  /** A dialect's own constraints and indexes among the columns of CREATE TABLE, tried first; null = the next token opens none. */
  readonly tableElement?: (p: Parser) => TableConstraint | TableIndex | null;
  /** A dialect's own constraints and attributes of a column, tried before the shared ones; null = the next token opens none. */
  readonly columnAttribute?: (p: Parser) => ColumnConstraint | null;
  /** What may stand behind the columns of CREATE TABLE, before the shared options. */
  readonly tableAttributes?: (p: Parser) => readonly Option[];
  /** A dialect's own clause for rows that are there already, behind the rows of INSERT; null = there is none. */
  readonly onDuplicate?: (p: Parser) => OnConflict | null;
  /** A dialect's own clause behind WHERE for which of the rows are changed; null = all of them. */
  readonly among?: (p: Parser, rows: Pick<UpdateStatement, 'table' | 'alias' | 'where'>) => Query | null;
  /** A dialect's own clause that locks what a query reads; null = there is none. */
  readonly locking?: (p: Parser) => Locking | null;
  /** B'…' and X'…' where they have a value in the program. */
  readonly bits?: (p: Parser) => Expression;
  /** First words (one to three) of valid statements that we do not support, with what the refusal calls them. */
  readonly unsupportedStatements: ReadonlyMap<string, string>;
}

/** A type name as the dialect spells it → PostgreSQL's canonical spelling and default modifiers. */
export interface TypeAlias {
  readonly name: readonly string[];
  readonly modifiers?: readonly number[];
}

/** What one statement of a text came to. */
export interface ParsedStatement {
  /** null when the gateway itself answers it. */
  readonly statement: Statement | null;
  readonly local: LocalStatement | null;
  /** Ordinal in the text of the statement's first token: token ordinals in its tree count from there. */
  readonly firstToken: number;
  /** The client's own parameters. */
  readonly parameterCount: number;
  readonly lifted: readonly LiftedToken[];
  /** Command tag without counts. */
  readonly tag: string;
  readonly returnsRows: boolean;
}

/** A literal that became parameter `parameterCount + (index in the list)`. `token` is counted from the text's first token. */
export interface LiftedToken {
  readonly token: number;
  readonly type: 'unknown' | 'integer' | 'bigint' | 'numeric';
  /** The minus before it was taken into it. */
  readonly negated: boolean;
}

/** A dialect plugin: everything a gateway must know of one dialect of SQL. */
export interface Dialect {
  readonly name: string;
  readonly version: string;
  readonly lexicon: Lexicon;
  readonly keywords: ReadonlyMap<string, KeywordClass>;
  /** Keywords that cannot be a column's alias without AS. */
  readonly labelsThatNeedAs: ReadonlySet<string>;
  readonly grammar: Grammar;
  /** Single-word type names that are spelled otherwise here than in the program. */
  readonly typeAliases: ReadonlyMap<string, TypeAlias>;
  /** Functions that are spelled otherwise here than in the program. */
  readonly functionAliases: ReadonlyMap<string, string>;
  /** Types whose string literals a gateway can convert by itself: only those are lifted from under a cast. */
  readonly convertibleTypes: ReadonlySet<string>;
  /** Operators that would mean something else in the program than they do here: refused. */
  readonly refusedOperators?: ReadonlySet<string>;
  /** LIMIT offset, count is allowed. */
  readonly limitWithOffset?: boolean;
  /** NULL sorts below every value unless the statement says otherwise; otherwise above. */
  readonly nullsSortLow?: boolean;
  /** Canonical type → its name in this dialect's messages and results. */
  readonly displayType: (type: SqlType) => string;
  /** Command tag without counts. */
  readonly tag: (statement: Statement) => string;
  /** The words of an error that the front end raises itself. */
  readonly syntaxError: (near: string | null) => string;
  /** Statements that define the dialect's catalog views over the system tables, in order; run once in a new database. */
  readonly catalogViews: readonly string[];
}
