import type { Expression } from '#schemas/program/expression.js';
import type { CommonTable, GroupItem, Locking, Query, QueryBody, Select } from '#schemas/program/query.js';
import { SqlError } from '#schemas/sqlstate/sql-error.js';
import { parseOrderBy, parseWindow } from './function-call.js';
import type { Parser } from './parser.js';
import { plainQuery, plainSelect, plainTable } from './plain-query.js';
import { STRENGTH } from './precedence.js';
import { primary } from './primary.js';
import { parseRelation } from './relation.js';
import { TOKEN } from './scanner.js';

/** WITH and whether it is RECURSIVE. */
export interface WithClause {
  readonly with: readonly CommonTable[];
  readonly recursive: boolean;
}

export const NO_WITH: WithClause = { with: [], recursive: false };

/** A query with or without WITH and parentheses. */
export function parseQuery(p: Parser): Query {
  return p.nested(() => queryAfterWith(p, p.at('with') ? parseWith(p) : NO_WITH));
}

/** The query behind a WITH clause that has been read. */
export function queryAfterWith(p: Parser, clause: WithClause): Query {
  return queryTail(p, setOperations(p, queryTerm(p), 0), clause);
}

/** Set operations and the clauses behind them, for a query whose first part has been read in parentheses. */
export function parseQueryRest(p: Parser, first: Query): Query {
  return queryTail(p, setOperations(p, first, 0), NO_WITH);
}

/** WITH [RECURSIVE] name [(columns)] AS [[NOT] MATERIALIZED] (statement), … */
export function parseWith(p: Parser): WithClause {
  p.expect('with');
  const recursive = p.accept('recursive');
  return { with: p.commaList(() => commonTable(p)), recursive };
}

function commonTable(p: Parser): CommonTable {
  const token = p.ordinal;
  const name = p.identifier();
  const columns = p.atSymbol('(') ? p.parenthesised(() => p.identifier()) : [];
  p.expect('as');
  const negated = p.at('not', 'materialized') && p.accept('not');
  const materialized = p.accept('materialized') ? !negated : null;
  p.expectSymbol('(');
  const statement = commonStatement(p);
  p.expectSymbol(')');
  if (p.at('search') || p.at('cycle')) throw p.unsupported(`${p.token.text.toUpperCase()} in a WITH query`);
  return { name, columns, materialized, statement, token };
}

function commonStatement(p: Parser): CommonTable['statement'] {
  const rule = p.atAny('insert', 'update', 'delete', 'with')
    ? p.dialect.grammar.statements.get(p.token.keyword)
    : undefined;
  if (rule === undefined) return { kind: 'query', query: parseQuery(p) };
  const statement = p.nested(() => rule(p));
  switch (statement.kind) {
    case 'query':
    case 'insert':
    case 'update':
    case 'delete':
      return statement;
    default:
      throw p.syntaxError();
  }
}

function queryTerm(p: Parser): Query {
  const token = p.ordinal;
  if (p.acceptSymbol('(')) {
    const query = parseQuery(p);
    p.expectSymbol(')');
    return query;
  }
  if (p.at('select')) return plainQuery(parseSelect(p));
  if (p.accept('values')) return plainQuery({ kind: 'values', rows: valuesRows(p), token });
  if (p.accept('table')) return plainQuery(wholeTable(p, token));
  throw p.syntaxError();
}

function valuesRows(p: Parser): Expression[][] {
  const rows = p.commaList(() => p.parenthesised(() => p.dialect.grammar.expression(p)));
  const width = rows[0]?.length;
  for (const row of rows) {
    if (row.length !== width)
      throw p.errorAt('syntax_error', 'VALUES lists must all be the same length', row[0]?.token ?? p.ordinal);
  }
  return rows;
}

function wholeTable(p: Parser, token: number): QueryBody {
  const { table, only } = parseRelation(p);
  return plainSelect([{ kind: 'star', path: [], token }], [plainTable(table.path, only, table.token)], token);
}

/** UNION and EXCEPT of equal strength, INTERSECT stronger; all from the left. */
function setOperations(p: Parser, first: Query, minimum: number): Query {
  let left = first;
  for (;;) {
    const strength = p.at('intersect') ? 2 : p.atAny('union', 'except') ? 1 : 0;
    if (strength === 0 || strength < minimum) return left;
    const token = p.ordinal;
    const operation = p.acceptAny('union', 'except', 'intersect') ?? 'union';
    const all = p.accept('all');
    if (!all) p.accept('distinct');
    const right = setOperations(p, queryTerm(p), strength + 1);
    left = plainQuery({ kind: 'set-operation', operation, all, left, right, token });
  }
}

type Tail = { -readonly [K in 'orderBy' | 'limit' | 'withTies' | 'offset' | 'locking']: Query[K] };

/** ORDER BY, LIMIT, OFFSET, FETCH and FOR, added to a query that may have some of its own from inside its parentheses. */
function queryTail(p: Parser, query: Query, clause: WithClause): Query {
  const tail: Tail = {
    orderBy: query.orderBy,
    limit: query.limit,
    withTies: query.withTies,
    offset: query.offset,
    locking: query.locking,
  };
  const start = p.index;
  if (p.at('order', 'by')) {
    if (query.orderBy.length > 0) throw p.errorAt('syntax_error', 'multiple ORDER BY clauses not allowed', p.ordinal);
    tail.orderBy = parseOrderBy(p);
  }
  while (tailClause(p, tail));
  if (tail.withTies && tail.orderBy.length === 0)
    throw new SqlError('syntax_error', 'WITH TIES cannot be specified without ORDER BY clause');
  if (clause.with.length > 0 && query.with.length > 0) throw p.unsupported('WITH around a parenthesised WITH', 0);
  const both = clause.with.length > 0 ? clause : query;
  if (start === p.index && both === query) return query;
  return { ...query, ...tail, with: both.with, recursive: both.recursive };
}

function tailClause(p: Parser, tail: Tail): boolean {
  const token = p.ordinal;
  if (p.at('limit') || p.at('fetch')) {
    if (tail.limit !== null) throw p.errorAt('syntax_error', 'multiple LIMIT clauses not allowed', token);
    Object.assign(tail, p.accept('limit') ? limitClause(p, token) : fetchClause(p));
    return true;
  }
  if (p.accept('offset')) {
    if (tail.offset !== null) throw p.errorAt('syntax_error', 'multiple OFFSET clauses not allowed', token);
    tail.offset = p.dialect.grammar.expression(p);
    if (!p.accept('row')) p.accept('rows');
    return true;
  }
  const own = p.dialect.grammar.locking?.(p) ?? null;
  if (own !== null) {
    tail.locking = [...tail.locking, own];
    return true;
  }
  if (!p.at('for') || p.peek(1).keyword === 'system_time') return false;
  p.advance();
  if (p.accept('read', 'only')) return true;
  tail.locking = [...tail.locking, locking(p, token)];
  return true;
}

function limitClause(p: Parser, token: number): Partial<Pick<Tail, 'limit' | 'offset'>> {
  if (p.accept('all')) return { limit: null };
  const limit = p.dialect.grammar.expression(p);
  if (!p.atSymbol(',')) return { limit };
  if (p.dialect.limitWithOffset !== true) throw p.errorAt('syntax_error', 'LIMIT #,# syntax is not supported', token);
  p.advance();
  return { offset: limit, limit: p.dialect.grammar.expression(p) };
}

/** FETCH FIRST | NEXT [count] ROW | ROWS ONLY | WITH TIES */
function fetchClause(p: Parser): Pick<Tail, 'limit' | 'withTies'> {
  p.expect('fetch');
  const token = p.ordinal;
  if (p.acceptAny('first', 'next') === null) throw p.syntaxError();
  const limit: Expression = p.atAny('row', 'rows')
    ? { kind: 'constant', type: { kind: 'integer' }, value: 1, token }
    : fetchCount(p);
  if (p.acceptAny('row', 'rows') === null) throw p.syntaxError();
  if (p.accept('only')) return { limit, withTies: false };
  p.expect('with', 'ties');
  return { limit, withTies: true };
}

/** A count without operators, as the standard has it: ROW and ROWS follow and could be names. */
function fetchCount(p: Parser): Expression {
  return p.token.kind === TOKEN.operator ? p.dialect.grammar.expression(p, STRENGTH.sign) : primary(p);
}

function locking(p: Parser, token: number): Locking {
  const strength = lockStrength(p);
  const of = p.accept('of') ? p.commaList(() => p.path().join('.')) : [];
  const wait = p.accept('nowait') ? 'nowait' : p.accept('skip', 'locked') ? 'skip-locked' : 'block';
  return { strength, of, wait, token };
}

function lockStrength(p: Parser): Locking['strength'] {
  if (p.accept('update')) return 'update';
  if (p.accept('share')) return 'share';
  if (p.accept('key', 'share')) return 'key-share';
  p.expect('no', 'key', 'update');
  return 'no-key-update';
}

function parseSelect(p: Parser): Select {
  const token = p.ordinal;
  p.expect('select');
  const distinct = parseDistinct(p);
  // SELECT FROM t has no columns, and is allowed.
  const isEmpty =
    p.atEnd() || p.atSymbol(')') || p.atAny('from', 'where', 'group', 'having', 'window', 'into') || p.continuesQuery();
  if (isEmpty && distinct.kind !== 'none') throw p.syntaxError();
  const items = isEmpty ? [] : p.withoutLifting(() => p.dialect.grammar.selectItems(p));
  if (p.accept('into')) selectInto(p);
  const from = p.accept('from') ? p.commaList(() => p.dialect.grammar.fromItem(p)) : [];
  const where = p.accept('where') ? p.dialect.grammar.expression(p) : null;
  // Grouped expressions are compared with those of the list: two parameters would never be equal. So nothing is lifted here.
  return p.withoutLifting(() => {
    const groupBy = p.accept('group', 'by') ? groupItems(p) : [];
    const having = p.accept('having') ? p.dialect.grammar.expression(p) : null;
    const windows = p.accept('window') ? p.commaList(() => namedWindow(p)) : [];
    return { kind: 'select', distinct, items, from, where, groupBy, having, windows, token };
  });
}

function parseDistinct(p: Parser): Select['distinct'] {
  if (p.accept('all')) return { kind: 'none' };
  if (!p.accept('distinct')) return { kind: 'none' };
  if (!p.accept('on')) return { kind: 'rows' };
  return p.withoutLifting(() => ({ kind: 'on', expressions: p.parenthesised(() => p.dialect.grammar.expression(p)) }));
}

/** INTO [TEMP | UNLOGGED] [TABLE] name */
function selectInto(p: Parser): void {
  const token = p.ordinal;
  if (p.into !== null) throw p.syntaxErrorAt(p.index - 1);
  if (p.at('unlogged')) throw p.unsupported('UNLOGGED');
  const temporary = p.acceptAny('temp', 'temporary', 'local', 'global') !== null;
  if (temporary) p.acceptAny('temp', 'temporary');
  p.accept('table');
  p.into = { path: { ...p.objectPath(), token }, temporary };
}

function namedWindow(p: Parser): Select['windows'][number] {
  const name = p.identifier();
  p.expect('as');
  return { name, window: parseWindow(p) };
}

function groupItems(p: Parser): GroupItem[] {
  if (p.at('distinct')) throw p.unsupported('GROUP BY DISTINCT');
  p.accept('all');
  return p.commaList(() => groupItem(p));
}

function groupItem(p: Parser): GroupItem {
  const token = p.ordinal;
  if (p.atAny('rollup', 'cube') && p.atSymbol('(', 1))
    return {
      kind: 'sets',
      form: p.advance().keyword === 'rollup' ? 'rollup' : 'cube',
      sets: p.parenthesised(() => groupingSet(p)),
      token,
    };
  if (p.at('grouping', 'sets')) {
    p.expect('grouping', 'sets');
    return { kind: 'sets', form: 'grouping-sets', sets: p.parenthesised(() => expandedSets(p)).flat(), token };
  }
  if (p.atSymbol('(') && p.atSymbol(')', 1))
    return { kind: 'sets', form: 'grouping-sets', sets: [groupingSet(p)], token };
  return { kind: 'expression', expression: p.dialect.grammar.expression(p) };
}

/** a, (a, b) or () */
function groupingSet(p: Parser): Expression[] {
  if (p.acceptSymbol('(')) {
    if (p.acceptSymbol(')')) return [];
    const set = p.commaList(() => p.dialect.grammar.expression(p));
    p.expectSymbol(')');
    return set;
  }
  return [p.dialect.grammar.expression(p)];
}

/** One member of GROUPING SETS; ROLLUP, CUBE and GROUPING SETS inside it are written out. */
function expandedSets(p: Parser): Expression[][] {
  if (p.atAny('rollup', 'cube') && p.atSymbol('(', 1)) {
    const isRollup = p.advance().keyword === 'rollup';
    const token = p.ordinal;
    const parts = p.parenthesised(() => groupingSet(p));
    if (!isRollup && parts.length > CUBE_MAX)
      throw p.errorAt('too_many_columns', `CUBE is limited to ${CUBE_MAX} elements`, token);
    return isRollup ? rollup(parts) : cube(parts);
  }
  if (p.accept('grouping', 'sets')) return p.nested(() => p.parenthesised(() => expandedSets(p)).flat());
  return [groupingSet(p)];
}

/** PostgreSQL's limit for CUBE. */
const CUBE_MAX = 12;

function rollup(parts: readonly Expression[][]): Expression[][] {
  return Array.from({ length: parts.length + 1 }, (_, dropped) => parts.slice(0, parts.length - dropped).flat());
}

function cube(parts: readonly Expression[][]): Expression[][] {
  return Array.from({ length: 2 ** parts.length }, (_, mask) =>
    parts.filter((_part, i) => (mask & (1 << i)) === 0).flat(),
  );
}
