import { parseCopy } from '../../sql/copy.js';
import { CURSOR_STATEMENTS } from '../../sql/cursor-statements.js';
import { DATA_STATEMENTS, parseSelectItems } from '../../sql/data-statements.js';
import { DEFINITION_STATEMENTS } from '../../sql/definition-statements.js';
import type { Dialect, Grammar } from '../../sql/dialect.js';
import { parseExpression } from '../../sql/expression.js';
import { parseFromItem } from '../../sql/from-item.js';
import { MAINTENANCE_STATEMENTS } from '../../sql/maintenance-statements.js';
import { PREPARED_STATEMENTS } from '../../sql/prepared-statements.js';
import { parseQuery, parseQueryRest } from '../../sql/query.js';
import { SESSION_STATEMENTS } from '../../sql/session-statements.js';
import { STANDARD_SPECIALS } from '../../sql/special-expressions.js';
import { TRANSACTION_STATEMENTS } from '../../sql/transaction-statements.js';
import { parseTypeName } from '../../sql/type-name.js';
import { commandTag } from './command-tag.js';
import { KEYWORDS, LABELS_THAT_NEED_AS } from './keywords.js';
import { POSTGRES_LEXICON } from './lexicon.js';
import { CONVERTIBLE_TYPES, displayType, TYPE_ALIASES } from './types.js';
import { UNSUPPORTED_STATEMENTS } from './unsupported-statements.js';

const grammar: Grammar = {
  expression: parseExpression,
  typeName: parseTypeName,
  query: parseQuery,
  queryRest: parseQueryRest,
  fromItem: parseFromItem,
  selectItems: parseSelectItems,
  statements: new Map([
    ...DATA_STATEMENTS,
    ...DEFINITION_STATEMENTS,
    ...TRANSACTION_STATEMENTS,
    ...SESSION_STATEMENTS,
    ...MAINTENANCE_STATEMENTS,
    ...CURSOR_STATEMENTS,
    ...PREPARED_STATEMENTS,
    ['copy', parseCopy],
  ]),
  specials: STANDARD_SPECIALS,
  unsupportedStatements: UNSUPPORTED_STATEMENTS,
};

/** The PostgreSQL dialect: the plugin that a gateway loads. */
export const dialect: Dialect = {
  name: 'postgres',
  version: '15',
  lexicon: POSTGRES_LEXICON,
  keywords: KEYWORDS,
  labelsThatNeedAs: LABELS_THAT_NEED_AS,
  grammar,
  typeAliases: TYPE_ALIASES,
  functionAliases: new Map(),
  convertibleTypes: CONVERTIBLE_TYPES,
  displayType,
  tag: commandTag,
  syntaxError: (near) => (near === null ? 'syntax error at end of input' : `syntax error at or near "${near}"`),
  catalogViews: [],
};
