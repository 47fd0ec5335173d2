import type { FromItem, Locking, SelectItem } from '#schemas/program/query.js';
import type { OnConflict, Statement } from '#schemas/program/statement.js';
import { assignment, DATA_STATEMENTS, parseSelectItem } from '../../sql/data-statements.js';
import type { Dialect, Grammar } from '../../sql/dialect.js';
import { parseExpression } from '../../sql/expression.js';
import { parseFromItem } from '../../sql/from-item.js';
import { parseText } from '../../sql/parse-text.js';
import type { Parser } from '../../sql/parser.js';
import { parseQuery, parseQueryRest } from '../../sql/query.js';
import { TRANSACTION_STATEMENTS } from '../../sql/transaction-statements.js';
import { among } from './among.js';
import { requireIndependent, update } from './assignments.js';
import { columnAttribute, MYSQL_DEFINITIONS, tableAttributes } from './definitions.js';
import { FUNCTION_ALIASES, hexadecimal, MYSQL_SPECIALS } from './expressions.js';
import { MYSQL_FUNCTIONS } from './functions.js';
import { tableElement } from './indexes.js';
import { insert, replace } from './insert.js';
import { KEYWORDS, LABELS_THAT_NEED_AS } from './keywords.js';
import { MYSQL_LEXICON, REFUSED_OPERATORS } from './lexicon.js';
import { infixOperator, MYSQL_OPERATORS } from './operators.js';
import { shownItem } from './quotients.js';
import { rangedType } from './ranges.js';
import { CONVERTIBLE_TYPES, columnType, displayType } from './types.js';

/** Statements that MySQL has and we do not, by their first words. */
const UNSUPPORTED_STATEMENTS: ReadonlyMap<string, string> = new Map(
  [
    ...['load', 'handler', 'call', 'do', 'lock', 'unlock', 'flush', 'optimize', 'repair', 'install', 'xa'],
    ...['update ignore', 'delete ignore', 'insert low_priority', 'insert delayed'],
    ...['replace low_priority', 'replace delayed'],
    ...['procedure', 'function', 'trigger', 'event', 'fulltext', 'spatial'].map((object) => `create ${object}`),
    ...['prepare', 'execute', 'deallocate', 'explain', 'rename'],
  ].map((opening) => [opening, opening.toUpperCase()] as const),
);

const grammar: Grammar = {
  expression: parseExpression,
  typeName: columnType,
  query: parseQuery,
  queryRest: parseQueryRest,
  fromItem,
  selectItems,
  statements: new Map([
    ...DATA_STATEMENTS,
    ...MYSQL_DEFINITIONS,
    ...TRANSACTION_STATEMENTS,
    ['insert', insert],
    ['replace', replace],
    ['update', update],
  ]),
  infixWords: MYSQL_OPERATORS,
  infixOperator,
  specials: new Map([...MYSQL_SPECIALS, ...MYSQL_FUNCTIONS]),
  bits: hexadecimal,
  columnType: rangedType,
  tableElement,
  columnAttribute,
  tableAttributes,
  onDuplicate,
  locking,
  among,
  unsupportedStatements: UNSUPPORTED_STATEMENTS,
};

/** A column that is an expression is named as it was written. */
function selectItems(p: Parser): SelectItem[] {
  return p.commaList(() => {
    const start = p.index;
    const item = shownItem(parseSelectItem(p));
    if (item.kind !== 'expression' || item.alias !== null || item.expression.kind === 'column') return item;
    return { ...item, alias: p.textBetween(start, p.index) };
  });
}

/** FROM DUAL: one row of nothing. */
function fromItem(p: Parser): FromItem {
  const token = p.ordinal;
  if (!p.accept('dual')) return parseFromItem(p);
  const [query] = parseText('select', p.dialect, false).flatMap(({ statement }) =>
    statement?.kind === 'query' ? [statement.query] : [],
  );
  if (query === undefined) throw p.syntaxError();
  return { kind: 'subquery', query, lateral: false, alias: { name: 'dual', columns: [] }, token };
}

/** ON DUPLICATE KEY UPDATE: whichever unique key is met. */
function onDuplicate(p: Parser): OnConflict | null {
  const token = p.ordinal;
  if (!p.at('on', 'duplicate')) return null;
  p.expect('on', 'duplicate', 'key', 'update');
  const sets = p.commaList(() => assignment(p));
  requireIndependent(sets);
  return { target: { kind: 'none' }, update: { sets, where: null }, token };
}

/** LOCK IN SHARE MODE, which is FOR SHARE. */
function locking(p: Parser): Locking | null {
  const token = p.ordinal;
  if (!p.at('lock', 'in', 'share')) return null;
  p.expect('lock', 'in', 'share', 'mode');
  return { strength: 'share', of: [], wait: 'block', token };
}

/** The MySQL dialect: the plugin that a gateway loads. */
export const dialect: Dialect = {
  name: 'mysql',
  version: '8.0',
  lexicon: MYSQL_LEXICON,
  keywords: KEYWORDS,
  labelsThatNeedAs: LABELS_THAT_NEED_AS,
  grammar,
  typeAliases: new Map(),
  functionAliases: FUNCTION_ALIASES,
  convertibleTypes: CONVERTIBLE_TYPES,
  refusedOperators: REFUSED_OPERATORS,
  limitWithOffset: true,
  nullsSortLow: true,
  displayType,
  tag: (statement: Statement) => statement.kind.replaceAll('-', ' ').toUpperCase(),
  syntaxError: (near) =>
    `You have an error in your SQL syntax; check the manual that corresponds to your server version for the right syntax to use near '${near ?? ''}'`,
  catalogViews: [],
};
