/** What differs between the lexical structures of SQL dialects. */
export interface LexerOptions {
  /** Characters that delimit identifiers, each doubled to stand for itself: `"` or a backquote. */
  readonly identifierQuotes: string;
  /** Characters that delimit strings. */
  readonly stringQuotes: string;
  /** How an unquoted identifier is folded. */
  readonly fold: 'lower' | 'upper' | 'none';
  /** A delimited identifier is folded as a word is: names are found in any case, however they are written. */
  readonly foldsDelimited?: boolean;
  /** Operators that are another way to write a keyword: && for AND. */
  readonly operatorKeywords?: ReadonlyMap<string, string>;
  /** Longer identifiers are cut, as PostgreSQL does; 0 = never. */
  readonly identifierBytesMax: number;
  /** A backslash escapes in every string (MySQL); otherwise in E'…' alone, where that exists. */
  readonly backslashEscapes: boolean;
  /** E'…', U&'…' and U&"…". */
  readonly prefixedStrings: boolean;
  /** B'…' and X'…'. */
  readonly bitStrings: boolean;
  /** $tag$…$tag$. */
  readonly dollarQuotes: boolean;
  /** $1 (`dollar`) or ? (`question`). */
  readonly parameters: 'dollar' | 'question';
  /** A comment inside a comment needs an end of its own. */
  readonly nestedComments: boolean;
  /** -- opens a comment only in front of white space: 5--3 is a difference. */
  readonly dashCommentsNeedSpace?: boolean;
  /** # opens a comment up to the line's end. */
  readonly hashComments: boolean;
  /** Strings that follow each other with a line break (`newline`), or any white space (`space`), between them are one. */
  readonly stringContinuation: 'newline' | 'space';
  /** Operators of several characters, longest first; null = PostgreSQL's rule: the longest run of operator characters. */
  readonly operators: readonly string[] | null;
}
