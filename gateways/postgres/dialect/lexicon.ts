import { Lexicon } from '../../sql/scanner.js';

/** PostgreSQL's lexical structure, with standard_conforming_strings on. */
export const POSTGRES_LEXICON = new Lexicon({
  identifierQuotes: '"',
  stringQuotes: "'",
  fold: 'lower',
  identifierBytesMax: 63,
  backslashEscapes: false,
  prefixedStrings: true,
  bitStrings: true,
  dollarQuotes: true,
  parameters: 'dollar',
  nestedComments: true,
  hashComments: false,
  stringContinuation: 'newline',
  operators: null,
});
