import { Lexicon } from '../../sql/scanner.js';

/** MySQL's lexical structure; names are found in any case, as with lower_case_table_names=1. */
export const MYSQL_LEXICON = new Lexicon({
  identifierQuotes: '`',
  stringQuotes: '\'"',
  fold: 'lower',
  foldsDelimited: true,
  operatorKeywords: new Map([
    ['&&', 'and'],
    ['||', 'or'],
    ['<=>', 'null_safe_equal'],
  ]),
  identifierBytesMax: 0,
  backslashEscapes: true,
  prefixedStrings: false,
  bitStrings: true,
  dollarQuotes: false,
  parameters: 'question',
  nestedComments: false,
  hashComments: true,
  dashCommentsNeedSpace: true,
  stringContinuation: 'space',
  operators: ['<=>', '->>', '->', '<<', '>>', '<=', '>=', '<>', '!=', '&&', '||'],
});

/** Operators of MySQL whose results would differ from the program's operators of the same spelling, or that it lacks. */
export const REFUSED_OPERATORS: ReadonlySet<string> = new Set([
  ...['^', '~', '!', '&', '|', '<<', '>>', '->', '->>', '@', '@@', '?'],
]);
